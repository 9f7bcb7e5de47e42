//! Rules about programs of the host, and the decision whether one may be run.

use std::ffi::OsStr;
use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use super::denial::{Denial, SHOWN_MAX};
use super::{Grants, Policy, RuleError, programs};

/// Names a program with the beginning of its arguments: `PROGRAM[ ARG...]`, split into words as a
/// shell does, or `*` for every program.
///
/// The program is found at once: by the host's PATH if it has no slash. A rule holds for the place
/// that was found, whatever else is called so later.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunRule(Which);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Which {
    All,
    Program { path: PathBuf, args: Vec<String> },
}

impl RunRule {
    /// Reads a rule as [`RunRule::from_str`] does, and takes a relative path from `folder` instead
    /// of the working directory.
    ///
    /// # Errors
    ///
    /// Also for a program that does not exist.
    pub fn read(text: &str, folder: &Path) -> Result<Self, RuleError> {
        if text == "*" {
            return Ok(Self(Which::All));
        }
        let words = shlex::split(text).filter(|_| !text.contains('\0'));
        let mut words = words
            .ok_or_else(|| RuleError::new("a quote is not closed, or there is a NUL"))?
            .into_iter();
        let program = words.next().unwrap_or_default();
        if program.is_empty() {
            return Err(RuleError::new("the program is empty; `*` is every program"));
        }
        let path = programs::find(&program, folder).filter(|path| programs::exists(path));
        let path = path.ok_or_else(|| missing(&program))?;
        let args = words.collect();
        Ok(Self(Which::Program { path, args }))
    }

    /// Whether it names a program at `path`; what has no place is covered with all others only.
    fn covers(&self, path: Option<&Path>, args: &[String]) -> bool {
        match &self.0 {
            Which::All => true,
            Which::Program {
                path: named,
                args: prefix,
            } => path == Some(named) && args.starts_with(prefix),
        }
    }

    /// The place of the program, if it is one alone.
    fn place(&self) -> Option<&Path> {
        match &self.0 {
            Which::All => None,
            Which::Program { path, .. } => Some(path),
        }
    }
}

fn missing(program: &str) -> RuleError {
    let wanted = if program.contains('/') {
        "does not exist"
    } else {
        "is not found in PATH"
    };
    RuleError::new(format!("the program {program} {wanted}"))
}

impl FromStr for RunRule {
    type Err = RuleError;

    fn from_str(text: &str) -> Result<Self, RuleError> {
        Self::read(text, Path::new(""))
    }
}

impl fmt::Display for RunRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Which::All => f.write_str("*"),
            Which::Program { path, args } => {
                let path = path.to_string_lossy();
                let words = std::iter::once(&*path).chain(args.iter().map(String::as_str));
                // What has a NUL is no rule.
                f.write_str(&shlex::try_join(words).unwrap_or_default())
            }
        }
    }
}

impl Policy {
    /// Tells the places of the programs that are granted one by one; none if all are granted.
    pub fn programs(&self) -> Vec<&Path> {
        let all = self.all || self.run.allow.iter().any(|rule| rule.place().is_none());
        let rules = self.run.allow.iter().filter(|_| !all);
        rules.filter_map(RunRule::place).collect()
    }
}

impl Grants {
    /// Decides on running `program` with `args`, those after its name, and tells the absolute path
    /// that is to be executed. What does not exist may be told too: executing it fails.
    ///
    /// A deny holds for a link to what it names too.
    ///
    /// # Errors
    ///
    /// The denial, if it is not granted or denied.
    pub fn run(&self, program: &str, args: &[String]) -> Result<PathBuf, Denial> {
        if !self.may_run(program) {
            return Err(not_granted(program, args));
        }
        let found = programs::find(program, Path::new(""));
        if let Some(rule) = self.denies_run(found.as_deref(), args) {
            return Err(Denial::denied(operation(program, args), "run", rule));
        }
        let mut rules = self.policy.run.allow.iter();
        if self.policy.all || rules.any(|rule| rule.covers(found.as_deref(), args)) {
            return Ok(found.unwrap_or_else(|| nowhere(program)));
        }
        Err(not_granted(program, args))
    }

    /// Whether some rule could cover a program that is called so. No other is looked for: where a
    /// guest leads the system is its own choice.
    fn may_run(&self, program: &str) -> bool {
        let name = program.rsplit('/').next();
        let called = |place: &Path| place.file_name().and_then(OsStr::to_str) == name;
        let mut rules = self.policy.run.allow.iter();
        self.policy.all || rules.any(|rule| rule.place().is_none_or(called))
    }

    fn denies_run(&self, path: Option<&Path>, args: &[String]) -> Option<&RunRule> {
        let deny = &self.policy.run.deny;
        if deny.is_empty() {
            return None;
        }
        let links = path.map_or_else(Vec::new, programs::links);
        let leads = |rule: &RunRule| links.iter().any(|link| rule.covers(Some(link), args));
        deny.iter()
            .find(|rule| rule.covers(None, args) || leads(rule))
    }
}

fn not_granted(program: &str, args: &[String]) -> Denial {
    Denial::not_granted(operation(program, args), Some(flag(program, args)))
}

/// The path of what has no place: the system is to say so.
fn nowhere(program: &str) -> PathBuf {
    std::path::absolute(program).unwrap_or_else(|_empty| program.into())
}

/// Says what is to be done, with as many of the arguments as are shown.
fn operation(program: &str, args: &[String]) -> String {
    let mut text = format!("run {program}");
    for arg in args {
        if text.len() > SHOWN_MAX {
            break;
        }
        text.push(' ');
        text.push_str(arg);
    }
    super::denial::printable(&text)
}

/// Names the flag that grants the program; of what runs a script that it is given, no more than
/// that. What does not go through shells as it is has a place-holder.
fn flag(program: &str, args: &[String]) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./+@:".contains(c);
    let is_plain = !program.is_empty() && program.len() <= SHOWN_MAX && program.chars().all(plain);
    let program = if is_plain { program } else { "PROGRAM" };
    match args.first().map(String::as_str) {
        Some("-c") => format!("--allow-run=\"{program} -c\""),
        _ => format!("--allow-run={program}"),
    }
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use std::os::unix::fs::{PermissionsExt, symlink};
    use std::sync::Arc;

    use super::*;

    fn grants(policy: Policy) -> Grants {
        Grants::new(Arc::new(policy))
    }

    fn allowing(rule: &str) -> Grants {
        grants(Policy::default().allow_run(rule.parse().unwrap()))
    }

    fn args(of: &[&str]) -> Vec<String> {
        of.iter().map(|arg| (*arg).to_owned()).collect()
    }

    fn said(result: Result<PathBuf, Denial>) -> String {
        result.unwrap_err().to_string()
    }

    fn wrong(text: &str) -> String {
        text.parse::<RunRule>().unwrap_err().to_string()
    }

    /// A folder with a program of the name, without links in its path.
    fn folder(names: &[&str]) -> (tempfile::TempDir, PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        for name in names {
            let path = folder.path().join(name);
            std::fs::write(&path, "").unwrap();
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
        }
        let path = folder.path().canonicalize().unwrap();
        (folder, path)
    }

    #[test]
    fn nothing_is_granted_by_default() {
        let none = grants(Policy::default());
        assert_eq!(
            said(none.run("ls", &args(&["-l"]))),
            "run ls -l: not granted; --allow-run=ls would allow it"
        );
        assert_eq!(
            said(none.run("/bin/sh", &args(&["-c", "rm -r /"]))),
            "run /bin/sh -c rm -r /: not granted; --allow-run=\"/bin/sh -c\" would allow it"
        );
    }

    #[test]
    fn a_name_is_the_program_of_the_path() {
        let sh = Path::new("/bin").canonicalize().unwrap().join("sh");
        for (rule, asked) in [("sh", "sh"), ("sh", "/bin/sh"), ("/bin/sh", "sh")] {
            assert!(allowing(rule).run(asked, &[]).is_ok(), "{rule} {asked}");
        }
        assert_eq!(allowing("/bin/sh").run("/bin/../bin//sh", &[]), Ok(sh));
        assert!(allowing("/bin/sh").run("/bin/ls", &[]).is_err());
    }

    #[test]
    fn what_is_executed_has_no_link_but_the_last() {
        let (_keep, own) = folder(&["busybox"]);
        for name in ["ls", "sh"] {
            symlink("busybox", own.join(name)).unwrap();
        }
        symlink(".", own.join("self")).unwrap();
        let ls = own.join("ls").display().to_string();
        let by_link = own.join("self/ls").display().to_string();
        let granted = allowing(&ls);
        assert_eq!(granted.run(&by_link, &[]), Ok(own.join("ls")));
        for other in ["sh", "busybox", "self/sh"] {
            let other = own.join(other).display().to_string();
            assert!(granted.run(&other, &[]).is_err(), "{other}");
        }
    }

    #[test]
    fn arguments_are_compared_word_by_word() {
        let granted = allowing("/bin/sh -c 'echo a'");
        assert!(granted.run("/bin/sh", &args(&["-c", "echo a"])).is_ok());
        let more = args(&["-c", "echo a", "b"]);
        assert!(granted.run("/bin/sh", &more).is_ok());
        for refused in [
            &["-c", "echo ab"][..],
            &["-c", "echo"],
            &["-c", "echo", "a"],
            &["-c"],
            &[],
            &["-ce", "echo a"],
            &["", "-c", "echo a"],
        ] {
            assert!(
                granted.run("/bin/sh", &args(refused)).is_err(),
                "{refused:?}"
            );
        }
    }

    #[test]
    fn every_program_is_granted_by_a_star_and_by_all() {
        for all in [allowing("*"), grants(Policy::allow_all())] {
            assert!(all.run("/bin/sh", &args(&["-c", ""])).is_ok());
            let nowhere = all.run("/no/such/program", &[]).unwrap();
            assert_eq!(nowhere, Path::new("/no/such/program"));
            assert!(!all.run("no-such-program", &[]).unwrap().exists());
        }
    }

    #[test]
    fn a_program_that_is_not_there_tells_nobody_so() {
        let granted = allowing("/bin/sh");
        for absent in ["/no/such/program", "/bin/no-such", "no-such-program"] {
            assert!(said(granted.run(absent, &[])).contains("not granted"));
        }
    }

    #[test]
    fn what_is_no_path_of_a_program_is_no_program() {
        let long = format!("/{}", "x".repeat(5000));
        for odd in [
            "",
            "/",
            "/bin/",
            "/bin/.",
            "/bin/..",
            "/bin/sh/",
            "/bin/sh\0",
            "sh\0",
            ".",
            "..",
            &long,
        ] {
            assert!(allowing("/bin/sh").run(odd, &[]).is_err(), "{odd:?}");
            assert!(allowing("*").run(odd, &[]).is_ok(), "{odd:?}");
        }
    }

    #[test]
    fn a_deny_beats_every_allow() {
        let policy = Policy::allow_all().deny_run("/bin/sh -c".parse().unwrap());
        let granted = grants(policy);
        let sh = Path::new("/bin").canonicalize().unwrap().join("sh");
        assert_eq!(
            said(granted.run("sh", &args(&["-c", "x"]))),
            format!(
                "run sh -c x: denied by the policy's rule `deny run {} -c`",
                sh.display()
            )
        );
        assert!(granted.run("/bin/sh", &args(&["-e"])).is_ok());
        let nothing = grants(Policy::allow_all().deny_run("*".parse().unwrap()));
        assert!(nothing.run("/bin/sh", &[]).is_err());
        assert!(nothing.run("/no/such/program", &[]).is_err());
    }

    #[test]
    fn a_link_leads_around_no_deny() {
        let (_keep, own) = folder(&["tool", "other"]);
        symlink("tool", own.join("link")).unwrap();
        symlink("link", own.join("far")).unwrap();
        symlink("round", own.join("round")).unwrap();
        let tool = own.join("tool").display().to_string();
        let granted = grants(Policy::allow_all().deny_run(tool.parse().unwrap()));
        for (name, runs) in [
            ("tool", false),
            ("link", false),
            ("far", false),
            ("other", true),
            ("round", true),
        ] {
            let path = own.join(name).display().to_string();
            assert_eq!(granted.run(&path, &[]).is_ok(), runs, "{name}");
        }
    }

    #[test]
    fn a_relative_program_of_a_file_lies_beside_it() {
        let (_keep, own) = folder(&["tool"]);
        let rule = RunRule::read("./tool -x", &own).unwrap();
        assert_eq!(rule.to_string(), format!("{}/tool -x", own.display()));
        assert!(RunRule::read("./tools", &own).is_err());
    }

    #[test]
    fn rules_that_are_none_say_why() {
        for (text, why) in [
            ("", "the program is empty"),
            ("  ", "the program is empty"),
            ("''", "the program is empty"),
            ("/bin/sh 'x", "a quote is not closed"),
            ("/bin/sh\0", "a quote is not closed, or there is a NUL"),
            ("/no/such/program", "/no/such/program does not exist"),
            ("no-such-program -x", "no-such-program is not found in PATH"),
            ("/bin/", "does not exist"),
            ("* x", "is not found in PATH"),
        ] {
            assert!(wrong(text).contains(why), "{text:?}: {}", wrong(text));
        }
    }

    #[test]
    fn a_rule_is_shown_with_its_words() {
        let sh = Path::new("/bin").canonicalize().unwrap().join("sh");
        let rule: RunRule = "sh -c  'a b'".parse().unwrap();
        assert_eq!(rule.to_string(), format!("{} -c 'a b'", sh.display()));
        assert_eq!("*".parse::<RunRule>().unwrap().to_string(), "*");
    }

    #[test]
    fn programs_are_told_unless_all_are_granted() {
        let one = Policy::default().allow_run("/bin/sh".parse().unwrap());
        assert_eq!(one.programs().len(), 1);
        assert!(one.clone().and_allow_all().programs().is_empty());
        assert!(one.allow_run("*".parse().unwrap()).programs().is_empty());
    }

    #[test]
    fn a_hostile_request_is_shown_harmless_and_short() {
        let none = grants(Policy::default());
        let said = said(none.run("$(reboot)\x1b", &args(&["x".repeat(1 << 20).as_str(); 3])));
        assert!(said.len() < 600 && !said.contains('\x1b'), "{said}");
        assert!(said.contains("--allow-run=PROGRAM"), "{said}");
    }
}
