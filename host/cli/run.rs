//! `aio-host run`: a guest under its policy, from its file to its end.

use std::ffi::OsString;
#[cfg(unix)]
use std::fmt::Display;
use std::path::{Path, PathBuf};
use std::sync::Arc;

#[cfg(unix)]
use aio_host::aio_loop::net::TcpListener;
use aio_host::{GuestOptions, Host, Inherited, Limits, Policy, Program, Stdio, policy};

use crate::args::{GrantArgs, LimitArgs, RunArgs, RunningArgs};
use crate::report::{self, Failure};
use crate::{progress, supervise};

/// Runs the guest; the number is its own exit code.
pub(crate) fn run(args: RunArgs) -> Result<u8, Failure> {
    let (guest, guest_args) = split_guest(args.guest_and_args)?;
    let work = Work {
        guest,
        args: guest_args,
        stdio: Stdio::Inherit,
        inherited: inherited(&args.grants)?,
        policy: policy(args.grants, &args.limits)?,
        allow_precompiled: args.allow_precompiled,
        park_in_place: !args.no_park_in_place,
        stack_max: args.limits.max_stack,
    };
    work.run(&args.running)
}

/// A guest that is to be run, and what it gets.
pub(crate) struct Work {
    pub(crate) guest: PathBuf,
    /// The first is its own name.
    pub(crate) args: Vec<String>,
    pub(crate) stdio: Stdio,
    pub(crate) policy: Policy,
    pub(crate) inherited: Inherited,
    pub(crate) allow_precompiled: bool,
    pub(crate) park_in_place: bool,
    /// In bytes; none is the default.
    pub(crate) stack_max: Option<usize>,
}

impl Work {
    /// Runs it to its end; the number is its own exit code.
    pub(crate) fn run(self, running: &RunningArgs) -> Result<u8, Failure> {
        let mut builder = Host::builder().fuel(self.policy.limits.fuel.is_some());
        if let Some(bytes) = self.stack_max {
            builder = builder.stack_max(bytes);
        }
        if running.no_cache {
            builder = builder.cache(None);
        }
        let mut host = builder.build()?;
        let program = load(&host, &self.guest, self.allow_precompiled)?;
        let options = GuestOptions {
            args: self.args,
            stdio: self.stdio,
            inherited: self.inherited,
            on_denied: Arc::new(|refusal| report::line(format_args!("refused: {refusal}"))),
            park_in_place: self.park_in_place,
            ..GuestOptions::new(self.policy)
        };
        supervise::run(&mut host, &program, options, running.grace)
    }
}

#[cfg(unix)]
pub(crate) fn inherited(grants: &GrantArgs) -> Result<Inherited, Failure> {
    let inherited = Inherited::default();
    for (name, number) in &grants.listen_fd {
        let wrong =
            |why: &dyn Display| Failure::Usage(format!("--listen-fd {name}={number}: {why}"));
        let listener = TcpListener::passed(*number).map_err(|error| wrong(&error))?;
        if inherited.add(name, listener).is_some() {
            return Err(wrong(&"the name is given twice"));
        }
    }
    Ok(inherited)
}

#[cfg(not(unix))]
pub(crate) fn inherited(_grants: &GrantArgs) -> Result<Inherited, Failure> {
    Ok(Inherited::default())
}

/// Adds up the policy file and the flags. Of limits, which do not add up, the flag's counts.
pub(crate) fn policy(grants: GrantArgs, limits: &LimitArgs) -> Result<Policy, Failure> {
    let mut policy = match &grants.policy {
        Some(path) => policy::read(path).map_err(|error| Failure::Usage(error.to_string()))?,
        None => Policy::default(),
    };
    limit(&mut policy.limits, limits);
    if grants.allow_all {
        policy = policy.and_allow_all();
    }
    policy = grants.allow_net.into_iter().fold(policy, Policy::allow_net);
    policy = grants
        .allow_listen
        .into_iter()
        .fold(policy, Policy::allow_listen);
    policy = grants
        .allow_unix
        .into_iter()
        .fold(policy, Policy::allow_unix);
    policy = grants.allow_env.into_iter().fold(policy, Policy::allow_env);
    policy = grants.allow_run.into_iter().fold(policy, Policy::allow_run);
    let names = grants.allow_child_env.into_iter();
    policy = names.fold(policy, Policy::allow_child_env);
    let signals = grants.allow_signal.into_iter();
    policy = signals.fold(policy, Policy::allow_signal);
    if grants.allow_terminal {
        policy = policy.allow_terminal();
    }
    policy = grants.dir.into_iter().fold(policy, Policy::allow_dir);
    let identities = grants.tls_identity.into_iter();
    policy = identities.fold(policy, Policy::allow_tls_identity);
    let set = |policy: Policy, (name, value)| policy.set_env(name, value);
    Ok(grants.env.into_iter().fold(policy, set))
}

fn limit(limits: &mut Limits, flags: &LimitArgs) {
    limits.memory_max = flags.max_memory.unwrap_or(limits.memory_max);
    limits.handles_max = flags.max_handles.unwrap_or(limits.handles_max);
    limits.sockets_max = flags.max_sockets.unwrap_or(limits.sockets_max);
    limits.buffered_max = flags.max_buffered.unwrap_or(limits.buffered_max);
    limits.lookups_max = flags.max_lookups.unwrap_or(limits.lookups_max);
    limits.operations_max = flags.max_operations.unwrap_or(limits.operations_max);
    limits.children_max = flags.max_children.unwrap_or(limits.children_max);
    limits.child = flags.child_limit.unwrap_or(limits.child);
    limits.child_grace = flags.child_grace.unwrap_or(limits.child_grace);
    limits.confine_children |= flags.confine_children;
    limits.workers_max = flags.max_workers.unwrap_or(limits.workers_max);
    limits.jobs_max = flags.max_jobs.unwrap_or(limits.jobs_max);
    limits.timeout = flags.timeout.or(limits.timeout);
    limits.fuel = flags.fuel.or(limits.fuel);
}

/// Takes apart the guest's path and what the guest gets as its arguments, of which the first is
/// its own name.
fn split_guest(guest_and_args: Vec<OsString>) -> Result<(PathBuf, Vec<String>), Failure> {
    let mut words = guest_and_args.into_iter();
    let path = words.next().map(PathBuf::from).unwrap_or_default();
    let name = path.file_name().unwrap_or(path.as_os_str());
    let mut args = vec![name.to_string_lossy().into_owned()];
    for word in words {
        args.push(unicode(word)?);
    }
    Ok((path, args))
}

/// An argument of a guest as text, which it has to be.
pub(crate) fn unicode(word: OsString) -> Result<String, Failure> {
    word.into_string().map_err(|word| {
        let word = word.to_string_lossy();
        Failure::Usage(format!(
            "argument {word:?} is not UTF-8, which guests require"
        ))
    })
}

fn load(host: &Host, path: &Path, allow_precompiled: bool) -> Result<Program, Failure> {
    let what = format!("compiling {}", path.display());
    let loaded = progress::announced(&what, || host.load(path));
    match loaded {
        Err(aio_host::Error::Precompiled { .. }) if allow_precompiled => {
            #[allow(unsafe_code, reason = "only the caller can vouch for native code")]
            // SAFETY: whoever gave --allow-precompiled vouches for the file.
            let program = unsafe { host.load_precompiled(path) };
            Ok(program?)
        }
        loaded => Ok(loaded?),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use clap::Parser;

    use super::*;
    use crate::args::{Args, Command};

    fn parsed(flags: &[&str]) -> RunArgs {
        let args = [&["aio-host", "run"], flags, &["dir/g.wasm", "-x"]].concat();
        match Args::try_parse_from(args).unwrap().command {
            Command::Run(args) => *args,
            other => panic!("{other:?}"),
        }
    }

    fn made(flags: &[&str]) -> Policy {
        let args = parsed(flags);
        policy(args.grants, &args.limits).unwrap()
    }

    #[test]
    fn no_flags_grant_nothing() {
        assert_eq!(made(&[]), Policy::default());
    }

    #[test]
    fn every_flag_arrives() {
        let mut expected = Policy::allow_all()
            .allow_net("a:1".parse().unwrap())
            .allow_listen("127.0.0.1:0".parse().unwrap())
            .allow_unix("@app*".parse().unwrap())
            .allow_env("LANG".parse().unwrap())
            .allow_run("*".parse().unwrap())
            .allow_run("/bin/sh -c".parse().unwrap())
            .allow_child_env("GIT_*".parse().unwrap())
            .allow_signal("TERM".parse().unwrap())
            .allow_signal("HUP".parse().unwrap())
            .allow_terminal()
            .allow_dir("a::/a:ro".parse().unwrap())
            .allow_tls_identity("web=c.pem,k.pem".parse().unwrap())
            .set_env("K".parse().unwrap(), "V");
        expected.limits.memory_max = 1024;
        expected.limits.handles_max = 7;
        expected.limits.sockets_max = 6;
        expected.limits.buffered_max = 2048;
        expected.limits.lookups_max = 4;
        expected.limits.operations_max = 3;
        expected.limits.children_max = 8;
        expected.limits.child.files = Some(9);
        expected.limits.child_grace = Duration::ZERO;
        expected.limits.confine_children = true;
        expected.limits.workers_max = 0;
        expected.limits.jobs_max = 1;
        expected.limits.timeout = Some(Duration::from_millis(5));
        expected.limits.fuel = Some(9);
        let flags = [
            "-A",
            "--allow-net=a:1",
            "--allow-listen=127.0.0.1:0",
            "--allow-unix=@app*",
            "--allow-env=LANG",
            "--allow-run",
            "--allow-run=/bin/sh -c",
            "--allow-child-env=GIT_*",
            "--allow-signal=sigterm,1",
            "--allow-terminal",
            "--dir=a::/a:ro",
            "--tls-identity=web=c.pem,k.pem",
            "--env=K=V",
            "--max-memory=1KiB",
            "--max-handles=7",
            "--max-sockets=6",
            "--max-buffered=2KiB",
            "--max-lookups=4",
            "--max-operations=3",
            "--max-children=8",
            "--child-limit=files=9",
            "--child-grace=0s",
            "--confine-children",
            "--max-workers=0",
            "--max-jobs=1",
            "--timeout=5ms",
            "--fuel=9",
        ];
        assert_eq!(made(&flags), expected);
    }

    #[test]
    fn rules_of_file_and_flags_add_up_and_a_flags_limit_counts() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("p.toml");
        let text =
            "[allow]\nnet = ['a']\n[deny]\nnet = ['c']\n[limits]\nfuel = 1\nmax-handles = 2\n";
        std::fs::write(&file, text).unwrap();
        let file = format!("--policy={}", file.display());
        let mut expected = Policy::default()
            .allow_net("a".parse().unwrap())
            .allow_net("b".parse().unwrap())
            .deny_net("c".parse().unwrap());
        expected.limits.fuel = Some(3);
        expected.limits.handles_max = 2;
        assert_eq!(made(&["--allow-net=b", "--fuel=3", &file]), expected);
    }

    #[test]
    fn the_guest_is_its_own_first_argument() {
        let (path, args) = split_guest(parsed(&[]).guest_and_args).unwrap();
        assert_eq!(path, Path::new("dir/g.wasm"));
        assert_eq!(args, ["g.wasm", "-x"]);
    }

    #[test]
    #[cfg(unix)]
    fn an_argument_that_is_not_unicode_is_refused() {
        use std::os::unix::ffi::OsStringExt;
        let words = vec!["g".into(), OsString::from_vec(vec![b'a', 0xff])];
        assert!(matches!(split_guest(words), Err(Failure::Usage(_))));
    }
}
