//! What can be seen only in a process of its own: that no child and no descriptor is left, and what
//! happens when the process comes to its own end.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::Stdio;

use aio_loop::Loop;
use aio_loop::process::{Child, Command, ExitStatus, Group, Run};
use aio_loop::signal::signals;
use aio_loop::testing::virtual_loop;
use rustix::process::{Pid, Resource, Rlimit, WaitId, WaitIdOptions, setrlimit, waitid};
use signal_hook::consts::SIGCHLD;

use super::{command, output, shell, start};

/// Runs the other half of a test, which has to pass.
fn run(half: &str) {
    passed(&half_of(half).output().unwrap());
}

fn passed(output: &std::process::Output) {
    let told = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{told}");
    assert!(told.contains("1 passed"), "{told}");
}

fn half_of(name: &str) -> std::process::Command {
    let mut half = std::process::Command::new(std::env::current_exe().unwrap());
    let name = format!("process::alone::{name}");
    half.args(["--exact", &name, "--ignored", "--nocapture"]);
    half
}

fn open_descriptors() -> usize {
    std::fs::read_dir("/proc/self/fd").unwrap().count()
}

/// Whether this process has a child, ended or not.
fn has_children() -> bool {
    let options = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
    !matches!(waitid(WaitId::All, options), Err(rustix::io::Errno::CHILD))
}

fn exists(pid: u32) -> bool {
    Path::new(&format!("/proc/{pid}")).exists()
}

#[test]
fn nothing_is_left_of_children_that_never_were() {
    run("failing_half");
}

#[test]
#[ignore = "the other half of the test above"]
fn failing_half() {
    let event_loop = virtual_loop().unwrap();
    let missing = Command::new(Path::new("/nonexistent")).unwrap();
    let spawn = || {
        missing
            .spawn(event_loop.handle(), &Run::default())
            .unwrap_err()
    };
    spawn();
    let before = open_descriptors();
    for _ in 0..100 {
        spawn();
    }
    assert_eq!(open_descriptors(), before);
    assert!(!has_children());
}

#[test]
fn a_thousand_children_at_once_are_all_reaped() {
    run("thousand_half");
}

#[test]
#[ignore = "the other half of the test above"]
fn thousand_half() {
    let mut event_loop = virtual_loop().unwrap();
    let handle = event_loop.handle().clone();
    let gate = command("/bin/sh", ["sh", "-c", "read line"]);
    let (reader, writer) = rustix::pipe::pipe_with(rustix::pipe::PipeFlags::CLOEXEC).unwrap();
    let run = Run {
        descriptors: &[(0, std::os::fd::AsFd::as_fd(&reader))],
        ..Run::default()
    };
    drop(gate.spawn(&handle, &run).unwrap().kill());
    let maximum = rustix::process::getrlimit(Resource::Nofile).maximum;
    let limit = Rlimit {
        current: maximum,
        maximum,
    };
    setrlimit(Resource::Nofile, limit).unwrap();
    event_loop.block_on(async {
        let before = open_descriptors();
        let children: Vec<Child> = (0..1000)
            .map(|_| gate.spawn(&handle, &run).unwrap())
            .collect();
        drop(writer);
        for child in &children {
            assert_eq!(child.wait().await.unwrap().status, ExitStatus::Code(1));
        }
        drop(children);
        // The writer is closed too.
        while open_descriptors() >= before {
            handle.sleep(std::time::Duration::ZERO).await;
        }
    });
    assert!(!has_children());
}

#[test]
fn ends_are_told_in_a_process_that_was_started_to_ignore_them() {
    for half in ["ignoring_half", "ignoring_again_half"] {
        let half = half_of(half);
        let ignoring = std::process::Command::new("/usr/bin/env")
            .arg("--ignore-signal=CHLD")
            .arg(half.get_program())
            .args(half.get_args())
            .output();
        passed(&ignoring.unwrap());
    }
}

fn ignores(number: i32) -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let ignored = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    u64::from_str_radix(ignored.unwrap().trim(), 16).unwrap() & 1 << (number - 1) != 0
}

#[test]
#[ignore = "a half of the test above"]
fn ignoring_half() {
    assert!(ignores(SIGCHLD));
    let mut event_loop = virtual_loop().unwrap();
    let handle = event_loop.handle().clone();
    let (_, exit) = event_loop.block_on(output(&handle, &shell("exit 3")));
    assert_eq!(exit.status, ExitStatus::Code(3));
}

/// The listener would put back that the signal is ignored while the child runs.
#[test]
#[ignore = "a half of the test above"]
fn ignoring_again_half() {
    assert!(ignores(SIGCHLD));
    let mut event_loop = virtual_loop().unwrap();
    let handle = event_loop.handle().clone();
    let listener = signals(&handle, &[SIGCHLD]).unwrap();
    let child = start(&handle, &command("/bin/sleep", ["sleep", "1000"])).0;
    drop(listener);
    child.kill().unwrap();
    let exit = event_loop.block_on(child.wait()).unwrap();
    assert_eq!(exit.status, ExitStatus::Signal(9));
}

#[test]
fn children_end_with_their_loop() {
    run("loop_half");
}

#[test]
#[ignore = "the other half of the test above"]
fn loop_half() {
    let sleep = command("/bin/sleep", ["sleep", "1000"]);
    let event_loop = virtual_loop().unwrap();
    let handle = event_loop.handle().clone();
    let kept = start(&handle, &sleep).0;
    let (closed, pid) = {
        let child = start(&handle, &sleep).0;
        let pid = child.id();
        child.close();
        (child, pid)
    };
    drop(event_loop);
    assert_eq!(kept.try_wait().unwrap().status, ExitStatus::Signal(9));
    assert_eq!(closed.try_wait().unwrap().status, ExitStatus::Signal(9));
    assert!(!exists(pid) && !exists(kept.id()));
    let late = start(&handle, &sleep).0;
    assert_eq!(late.try_wait().unwrap().status, ExitStatus::Signal(9));
    assert!(!has_children());
}

#[test]
fn children_end_with_the_thread_that_spawned_them() {
    run("thread_half");
}

#[test]
#[ignore = "the other half of the test above"]
fn thread_half() {
    let thread = std::thread::spawn(|| {
        let event_loop = virtual_loop().unwrap();
        let sleep = command("/bin/sleep", ["sleep", "1000"]);
        let child = start(event_loop.handle(), &sleep).0;
        let pid = child.id();
        std::mem::forget((child, event_loop));
        pid
    });
    let pid = i32::try_from(thread.join().unwrap()).unwrap();
    let pid = WaitId::Pid(Pid::from_raw(pid).unwrap());
    let ended = waitid(pid, WaitIdOptions::EXITED).unwrap().unwrap();
    assert_eq!(ended.terminating_signal(), Some(9));
}

#[test]
fn children_end_with_a_process_that_is_killed() {
    let mut half = half_of("killed_half");
    let mut half = half.stdout(Stdio::piped()).spawn().unwrap();
    let lines = BufReader::new(half.stdout.take().unwrap()).lines();
    let mut pids = lines.filter_map(|line| {
        let line = line.unwrap();
        let pid = line.strip_prefix("child ")?;
        Some(pid.parse::<i32>().unwrap())
    });
    let pid = Pid::from_raw(pids.next().unwrap()).unwrap();
    let pidfd = rustix::process::pidfd_open(pid, rustix::process::PidfdFlags::empty()).unwrap();
    half.kill().unwrap();
    half.wait().unwrap();
    let mut ended = [rustix::event::PollFd::new(
        &pidfd,
        rustix::event::PollFlags::IN,
    )];
    assert_eq!(rustix::event::poll(&mut ended, None).unwrap(), 1);
}

#[test]
#[ignore = "the other half of the test above"]
fn killed_half() {
    let mut event_loop = virtual_loop().unwrap();
    let sleep = command("/bin/sleep", ["sleep", "1000"]);
    let child = start(event_loop.handle(), &sleep).0;
    writeln!(std::io::stdout(), "\nchild {}", child.id()).unwrap();
    event_loop.block_on(child.wait()).unwrap();
}

#[test]
fn a_system_without_room_for_a_process_says_so() {
    run("pids_half");
}

#[test]
#[ignore = "the other half of the test above"]
fn pids_half() {
    let event_loop = virtual_loop().unwrap();
    let program = Command::new(Path::new("/bin/true")).unwrap();
    drop(program.spawn(event_loop.handle(), &Run::default()).unwrap());
    let none = Rlimit {
        current: Some(0),
        maximum: Some(0),
    };
    setrlimit(Resource::Nproc, none).unwrap();
    // The limit is not for root, so this thread is not root any more.
    rustix::thread::set_thread_res_gid(nobody_group(), nobody_group(), nobody_group()).ok();
    rustix::thread::set_thread_res_uid(nobody(), nobody(), nobody()).ok();
    let before = open_descriptors();
    let refused = program.spawn(event_loop.handle(), &Run::default());
    assert_eq!(refused.unwrap_err().raw_os_error(), Some(11), "EAGAIN");
    assert_eq!(open_descriptors(), before);
}

fn nobody() -> rustix::process::Uid {
    rustix::process::Uid::from_raw(65_534)
}

fn nobody_group() -> rustix::process::Gid {
    rustix::process::Gid::from_raw(65_534)
}

#[test]
fn a_leader_that_left_its_group_ends_like_others() {
    let mut event_loop = Loop::new().unwrap();
    let handle = event_loop.handle().clone();
    event_loop.block_on(async {
        let half = half_of("wandering_half");
        let program = half.get_program().to_owned();
        let wanderer = command(
            program.to_str().unwrap(),
            std::iter::once(program.as_os_str()).chain(half.get_args()),
        );
        let (child, reader) = start(&handle, &wanderer.group(Group::New));
        let mut said = String::new();
        while !said.contains("gone") {
            let mut buf = [0; 256];
            let count = reader.read(&mut buf).await.unwrap();
            assert!(count > 0, "{said}");
            said.push_str(std::str::from_utf8(&buf[..count]).unwrap());
        }
        child.signal(23).unwrap();
        assert_eq!(child.end().await.status, ExitStatus::Signal(15));
    });
}

#[test]
#[ignore = "the other half of the test above"]
fn wandering_half() {
    let parent = rustix::process::getppid();
    let group = rustix::process::getpgid(parent).unwrap();
    rustix::process::setpgid(None, Some(group)).unwrap();
    writeln!(std::io::stdout(), "gone").unwrap();
    loop {
        std::thread::park();
    }
}

#[test]
fn a_child_is_made_without_a_copy_of_the_memory() {
    run("large_half");
}

/// A copy shares its pages until one side writes to them: each costs a fault then.
#[test]
#[ignore = "the other half of the test above"]
#[cfg(target_os = "linux")]
fn large_half() {
    const PAGES: usize = 32_768;
    const PAGE: usize = 4096;
    let mut event_loop = virtual_loop().unwrap();
    let handle = event_loop.handle().clone();
    let mut memory = vec![1_u8; PAGES * PAGE];
    event_loop.block_on(async {
        let (child, _) = start(&handle, &shell("exit 0"));
        let before = minor_faults();
        memory.iter_mut().step_by(PAGE).for_each(|byte| *byte = 2);
        let faults = minor_faults() - before;
        assert!(faults < 16, "{faults} pages had been shared");
        child.wait().await.unwrap();
    });
    assert!(memory.iter().step_by(PAGE).all(|byte| *byte == 2));
}

#[cfg(target_os = "linux")]
fn minor_faults() -> u64 {
    let stat = std::fs::read_to_string("/proc/thread-self/stat").unwrap();
    // The name of the program is in parentheses; the faults are the eighth field behind it.
    let (_, fields) = stat.rsplit_once(')').unwrap();
    fields.split_whitespace().nth(7).unwrap().parse().unwrap()
}
