//! Children: real programs, how they end, what they get of this process, and that nothing of them
//! is left whatever happens.

mod alone;
#[cfg(any(
    target_arch = "x86_64",
    target_arch = "aarch64",
    target_arch = "riscv64"
))]
mod confined;
mod failures;
mod given;

use std::ffi::OsStr;
use std::path::Path;
use std::sync::Arc;
use std::task::{Context, Waker};
use std::time::Duration;

use aio_loop::pipe::{self, PipeReader};
use aio_loop::process::{Child, Command, Exit, ExitStatus, Group, Run};
use aio_loop::testing::virtual_loop;
use aio_loop::{Handle, Loop};
use rustix::process::{Pid, WaitId, WaitIdOptions, waitid};

/// A script of the shell, whose environment is empty.
fn shell(script: &str) -> Command {
    command("/bin/sh", ["sh", "-c", script])
}

fn command<S: AsRef<OsStr>>(program: &str, args: impl IntoIterator<Item = S>) -> Command {
    let command = Command::new(Path::new(program)).unwrap();
    command.arguments(args).unwrap()
}

/// Starts a child whose output is read here.
fn start(handle: &Handle, command: &Command) -> (Child, PipeReader) {
    let (reader, writer) = pipe::from_child(handle).unwrap();
    let descriptors = [(1, std::os::fd::AsFd::as_fd(&writer))];
    let run = Run {
        descriptors: &descriptors,
        ..Run::default()
    };
    (command.spawn(handle, &run).unwrap(), reader)
}

async fn read_all(reader: &PipeReader) -> String {
    let mut all = Vec::new();
    let mut buf = [0; 4096];
    loop {
        match reader.read(&mut buf).await.unwrap() {
            0 => return String::from_utf8(all).unwrap(),
            count => all.extend_from_slice(&buf[..count]),
        }
    }
}

/// What a child says, and how it ends.
async fn output(handle: &Handle, command: &Command) -> (String, Exit) {
    let (child, reader) = start(handle, command);
    let said = read_all(&reader).await;
    (said, child.wait().await.unwrap())
}

fn status(script: &str) -> ExitStatus {
    let mut event_loop = virtual_loop().unwrap();
    let handle = event_loop.handle().clone();
    event_loop.block_on(async {
        let child = shell(script).spawn(&handle, &Run::default()).unwrap();
        child.wait().await.unwrap().status
    })
}

#[test]
fn a_child_ends_with_a_code_or_by_a_signal() {
    assert_eq!(status("exit 0"), ExitStatus::Code(0));
    assert_eq!(status("exit 255"), ExitStatus::Code(255));
    assert_eq!(status("kill -9 $$"), ExitStatus::Signal(9));
    assert_eq!(status("kill -34 $$"), ExitStatus::Signal(34));
}

#[test]
fn many_wait_for_one_child_and_each_is_told() {
    let mut event_loop = virtual_loop().unwrap();
    let handle = event_loop.handle().clone();
    event_loop.block_on(async {
        let child = shell("read line; exit 3");
        let (writer, stdin) = pipe::to_child(&handle).unwrap();
        let run = Run {
            descriptors: &[(0, std::os::fd::AsFd::as_fd(&stdin))],
            ..Run::default()
        };
        let child = Arc::new(child.spawn(&handle, &run).unwrap());
        drop(stdin);
        assert_eq!(child.try_wait(), None);
        let waits: Vec<_> = (0..100)
            .map(|_| {
                let child = Arc::clone(&child);
                handle.spawn(async move { child.wait().await.unwrap() })
            })
            .collect();
        writer.write_all(b"go\n").await.unwrap();
        for wait in waits {
            assert_eq!(wait.await.unwrap().status, ExitStatus::Code(3));
        }
        assert_eq!(child.wait().await.unwrap().status, ExitStatus::Code(3));
        assert!(child.try_wait().is_some());
        assert!(child.registration().readiness().readable);
    });
}

#[test]
fn a_wait_that_is_given_up_takes_nothing_from_the_next() {
    let mut event_loop = virtual_loop().unwrap();
    let handle = event_loop.handle().clone();
    event_loop.block_on(async {
        let child = shell("exit 1").spawn(&handle, &Run::default()).unwrap();
        let mut cx = Context::from_waker(Waker::noop());
        drop(std::pin::pin!(child.wait()).as_mut().poll(&mut cx));
        assert_eq!(child.wait().await.unwrap().status, ExitStatus::Code(1));
    });
}

#[test]
fn signals_reach_a_child_while_it_runs() {
    let mut event_loop = virtual_loop().unwrap();
    let handle = event_loop.handle().clone();
    event_loop.block_on(async {
        let script = "trap 'exit 9' USR1; echo ready; while :; do read line; done";
        let (writer, stdin) = pipe::to_child(&handle).unwrap();
        let (reader, stdout) = pipe::from_child(&handle).unwrap();
        let fds = [&stdin, &stdout].map(std::os::fd::AsFd::as_fd);
        let run = Run {
            descriptors: &[(0, fds[0]), (1, fds[1])],
            ..Run::default()
        };
        let child = shell(script).spawn(&handle, &run).unwrap();
        assert_eq!(reader.read(&mut [0; 16]).await.unwrap(), 6);
        for number in [0, 65, u32::MAX] {
            let error = child.signal(number).unwrap_err();
            assert_eq!(error.raw_os_error(), Some(22), "EINVAL for {number}");
        }
        child.signal(10).unwrap();
        writer.write_all(b"\n").await.unwrap();
        assert_eq!(child.wait().await.unwrap().status, ExitStatus::Code(9));
        for sent in [child.terminate(), child.kill(), child.signal(64)] {
            assert_eq!(sent.unwrap_err().raw_os_error(), Some(3), "ESRCH");
        }
    });
}

#[test]
fn a_child_that_nobody_wants_is_asked_to_end() {
    let mut event_loop = Loop::new().unwrap();
    let handle = event_loop.handle().clone();
    event_loop.block_on(async {
        let (child, _reader) = start(&handle, &command("/bin/sleep", ["sleep", "1000"]));
        assert_eq!(child.end().await.status, ExitStatus::Signal(15));
    });
}

#[test]
fn a_child_that_does_not_end_when_asked_is_killed_after_the_grace() {
    let mut event_loop = virtual_loop().unwrap();
    let handle = event_loop.handle().clone();
    event_loop.block_on(async {
        let stubborn = shell("trap '' TERM; echo ready; while :; do sleep 1; done");
        let stubborn = stubborn.grace(Duration::from_secs(7));
        let (child, reader) = start(&handle, &stubborn);
        assert_eq!(reader.read(&mut [0; 16]).await.unwrap(), 6);
        let begun = handle.now();
        assert_eq!(child.end().await.status, ExitStatus::Signal(9));
        assert!(handle.now() - begun >= Duration::from_secs(7));
    });
}

#[test]
fn who_waits_for_a_child_that_is_closed_is_told() {
    let mut event_loop = Loop::new().unwrap();
    let handle = event_loop.handle().clone();
    event_loop.block_on(async {
        let (child, _reader) = start(&handle, &command("/bin/sleep", ["sleep", "1000"]));
        let child = Arc::new(child);
        let waiting = Arc::clone(&child);
        let wait = handle.spawn(async move { waiting.wait().await });
        handle.sleep(Duration::ZERO).await;
        child.close();
        let error = wait.await.unwrap().unwrap_err();
        assert_eq!(error.kind(), std::io::ErrorKind::NotConnected);
        let child = Arc::try_unwrap(child).unwrap();
        assert_eq!(child.end().await.status, ExitStatus::Signal(15));
    });
}

#[test]
fn a_group_is_signalled_as_one_and_ends_with_its_leader() {
    for group in [Group::New, Group::NewSession] {
        let mut event_loop = virtual_loop().unwrap();
        let handle = event_loop.handle().clone();
        event_loop.block_on(async {
            // The output stays open for as long as one of the two runs.
            let script = "sleep 1000 & echo ready; read line";
            let (_stdin, read) = pipe::to_child(&handle).unwrap();
            let (reader, stdout) = pipe::from_child(&handle).unwrap();
            let fds = [&read, &stdout].map(std::os::fd::AsFd::as_fd);
            let run = Run {
                descriptors: &[(0, fds[0]), (1, fds[1])],
                ..Run::default()
            };
            let child = shell(script).group(group).spawn(&handle, &run).unwrap();
            drop(stdout);
            assert_eq!(reader.read(&mut [0; 16]).await.unwrap(), 6);
            child.signal(9).unwrap();
            assert_eq!(read_all(&reader).await, "");
            assert_eq!(child.wait().await.unwrap().status, ExitStatus::Signal(9));
        });
    }
}

#[test]
fn what_a_closed_leader_leaves_in_its_group_is_killed() {
    let mut event_loop = Loop::new().unwrap();
    let handle = event_loop.handle().clone();
    event_loop.block_on(async {
        let script = "(trap '' TERM; echo ready; while :; do sleep 1; done) & read line";
        let (_stdin, read) = pipe::to_child(&handle).unwrap();
        let (reader, stdout) = pipe::from_child(&handle).unwrap();
        let fds = [&read, &stdout].map(std::os::fd::AsFd::as_fd);
        let run = Run {
            descriptors: &[(0, fds[0]), (1, fds[1])],
            ..Run::default()
        };
        let child = shell(script)
            .group(Group::New)
            .spawn(&handle, &run)
            .unwrap();
        drop(stdout);
        assert_eq!(reader.read(&mut [0; 16]).await.unwrap(), 6);
        assert_eq!(child.end().await.status, ExitStatus::Signal(15));
        assert_eq!(read_all(&reader).await, "");
    });
}

#[test]
fn a_child_of_somebody_else_is_left_to_them() {
    let mut event_loop = virtual_loop().unwrap();
    let handle = event_loop.handle().clone();
    let mut other = std::process::Command::new("/bin/sh");
    let mut other = other.args(["-c", "exit 7"]).spawn().unwrap();
    let process = WaitId::Pid(Pid::from_child(&other));
    waitid(process, WaitIdOptions::EXITED | WaitIdOptions::NOWAIT).unwrap();
    event_loop.block_on(async {
        let (_, exit) = output(&handle, &shell("exit 3")).await;
        assert_eq!(exit.status, ExitStatus::Code(3));
    });
    assert_eq!(other.wait().unwrap().code(), Some(7));
}

#[test]
fn what_a_child_has_used_is_told() {
    let mut event_loop = virtual_loop().unwrap();
    let handle = event_loop.handle().clone();
    event_loop.block_on(async {
        let script = "i=0; while [ $i -lt 20000 ]; do i=$((i+1)); done";
        let (_, exit) = output(&handle, &shell(script)).await;
        assert!(
            exit.user_time + exit.system_time > Duration::ZERO,
            "{exit:?}"
        );
        assert!(exit.max_resident > 64 * 1024, "{exit:?}");
    });
}
