//! Rules about programs of the host, and the decision whether one may be run.

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
        let found = programs::find(program, Path::new(""));
        if let Some(rule) = self.denies_run(found.as_deref(), args) {
            return Err(Denial::denied(operation(program, args), "run", rule));
        }
        let mut rules = self.policy.run.allow.iter();
        if self.policy.all || rules.any(|rule| rule.covers(found.as_deref(), args)) {
            return Ok(found.unwrap_or_else(|| nowhere(program)));
        }
        let flag = flag(program, args);
        Err(Denial::not_granted(operation(program, args), Some(flag)))
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
