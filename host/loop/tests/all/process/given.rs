//! What a child gets of this process: what it was given and nothing else.

use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::time::Duration;

use aio_loop::pipe;
use aio_loop::process::{ExitStatus, Group, Limits, Run};
use aio_loop::testing::virtual_loop;

use super::{command, output, read_all, shell};

/// Lists the descriptors that stay open, by a shell that opens none.
const LIST: &str = "for f in /proc/self/fd/*; do [ -e $f ] && echo ${f##*/}; done; true";

fn said(command: &aio_loop::process::Command) -> String {
    let mut event_loop = virtual_loop().unwrap();
    let handle = event_loop.handle().clone();
    let (said, exit) = event_loop.block_on(output(&handle, command));
    assert_eq!(exit.status, ExitStatus::Code(0), "{said}");
    said
}

#[test]
fn a_child_gets_its_arguments_and_no_other_environment() {
    assert_eq!(said(&command("/usr/bin/env", ["env"])), "");
    let set = command("/usr/bin/env", ["env"]);
    let set = set.environment([("A", "1"), ("B", "x=y")]).unwrap();
    assert_eq!(said(&set), "A=1\nB=x=y\n");
    let args = ["sh", "-c", "echo \"$0|$1|$2|$#\"", "zero", "", "a b"];
    assert_eq!(said(&command("/bin/sh", args)), "zero||a b|2\n");
}

#[test]
fn a_child_gets_not_one_descriptor_too_many() {
    // Not even of those that would stay open in a program.
    let leaky: Vec<OwnedFd> = (0..8)
        .map(|_| rustix::io::dup(std::io::stderr()).unwrap())
        .collect();
    assert_eq!(said(&shell(LIST)), "0\n1\n2\n");
    drop(leaky);
}

#[test]
fn descriptors_are_what_they_were_given_as_however_they_are_numbered() {
    let mut event_loop = virtual_loop().unwrap();
    let handle = event_loop.handle().clone();
    event_loop.block_on(async {
        let (reader, stdout) = pipe::from_child(&handle).unwrap();
        // Numbers that cross: each source is where the other one is to be.
        let (first_reader, first) = pipe::from_child(&handle).unwrap();
        let (second_reader, second) = pipe::from_child(&handle).unwrap();
        let number = |fd: &OwnedFd| u32::try_from(fd.as_raw_fd()).unwrap();
        let (one, two) = (number(&first), number(&second));
        let script = format!("{LIST}; echo first >&$ONE; echo second >&$TWO; echo high >&255");
        let variables = [("ONE", two.to_string()), ("TWO", one.to_string())];
        let variables = variables.map(|(name, value)| (name.to_owned(), value));
        // The plain shell knows descriptors of one digit only.
        let shell = command("/bin/bash", ["bash", "-c", &script]);
        let shell = shell.environment(variables).unwrap();
        let (high_reader, high) = pipe::from_child(&handle).unwrap();
        let given: Vec<(u32, BorrowedFd<'_>)> = vec![
            (255, high.as_fd()),
            (two, first.as_fd()),
            (one, second.as_fd()),
            (1, stdout.as_fd()),
        ];
        let run = Run {
            descriptors: &given,
            ..Run::default()
        };
        let child = shell.spawn(&handle, &run).unwrap();
        drop(given);
        drop((stdout, first, second, high));
        let mut numbers = vec![0, 1, 2, one, two, 255];
        numbers.sort_unstable();
        let mut listed: Vec<u32> = read_all(&reader)
            .await
            .lines()
            .map(|line| line.parse().unwrap())
            .collect();
        listed.sort_unstable();
        assert_eq!(listed, numbers);
        assert_eq!(read_all(&first_reader).await, "first\n");
        assert_eq!(read_all(&second_reader).await, "second\n");
        assert_eq!(read_all(&high_reader).await, "high\n");
        assert_eq!(child.wait().await.unwrap().status, ExitStatus::Code(0));
    });
}

#[test]
fn a_descriptor_is_given_once_and_has_a_number_of_the_system() {
    let event_loop = virtual_loop().unwrap();
    let null = std::fs::File::open("/dev/null").unwrap();
    for numbers in [[7, 7], [0, 0], [3, u32::MAX]] {
        let descriptors = numbers.map(|number| (number, null.as_fd()));
        let run = Run {
            descriptors: &descriptors,
            ..Run::default()
        };
        let refused = shell("exit 0").spawn(event_loop.handle(), &run);
        let error = refused.unwrap_err();
        assert_eq!(
            error.kind(),
            std::io::ErrorKind::InvalidInput,
            "{numbers:?}"
        );
    }
}

#[test]
fn no_signal_is_blocked_or_ignored_in_a_child() {
    // Programs in Rust ignore SIGPIPE.
    let script = "while read -r name value; do case $name in Sig[BI]*) echo $value;; esac; \
                  done </proc/self/status";
    let none = "0000000000000000";
    assert_eq!(said(&shell(script)), format!("{none}\n{none}\n"));
}

#[test]
fn a_child_leads_a_group_or_a_session_if_told() {
    // Process, its parent, its group and its session.
    let script = "read pid name state parent group session rest </proc/self/stat; \
                  [ $pid = $group ] && echo leads; [ $pid = $session ] && echo session; true";
    assert_eq!(said(&shell(script)), "");
    assert_eq!(said(&shell(script).group(Group::New)), "leads\n");
    let session = shell(script).group(Group::NewSession);
    assert_eq!(said(&session), "leads\nsession\n");
}

#[test]
fn a_child_works_in_its_directory() {
    let mut event_loop = virtual_loop().unwrap();
    let handle = event_loop.handle().clone();
    let folder = tempfile::tempdir().unwrap();
    let real = folder.path().canonicalize().unwrap();
    let directory = std::fs::File::open(folder.path()).unwrap();
    event_loop.block_on(async {
        let (reader, stdout) = pipe::from_child(&handle).unwrap();
        let run = Run {
            directory: Some(directory.as_fd()),
            descriptors: &[(1, stdout.as_fd())],
        };
        let child = shell("pwd").spawn(&handle, &run).unwrap();
        drop(stdout);
        assert_eq!(read_all(&reader).await.trim(), real.to_str().unwrap());
        child.wait().await.unwrap();
    });
}

#[test]
fn a_child_may_use_what_its_limits_say() {
    let limits = Limits {
        cpu: Some(Duration::from_secs(77)),
        memory: Some(1 << 30),
        files: Some(33),
    };
    let script = "ulimit -t; ulimit -v; ulimit -n";
    let limited = said(&shell(script).limits(limits));
    assert_eq!(limited, "77\n1048576\n33\n");
    // More than this process may is not to be had.
    let most = Limits {
        files: Some(u64::MAX),
        ..Limits::default()
    };
    let own = rustix::process::getrlimit(rustix::process::Resource::Nofile).maximum;
    let said = said(&shell("ulimit -n").limits(most));
    let told = own.map_or_else(|| "unlimited".to_owned(), |own| own.to_string());
    assert_eq!(said.trim(), told);
}
