//! `aio:host/process` as a guest sees it, and what is left on the host when the guest has ended.

use std::future::poll_fn;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use aio_host::{Captured, GuestOptions, Input, Output, Policy, Stdio};
use rustix::event::{PollFd, PollFlags, poll};
use rustix::fd::OwnedFd;
use rustix::io::Errno;
use rustix::process::{Pid, PidfdFlags, Resource, Rlimit, Signal, pidfd_open, prlimit};
use tempfile::TempDir;

use super::embedding::{host, start, text, within_a_minute};
use super::support::{LOOPBACK, Running, guest, passes, run, wait_until};

const ALL: &[&str] = &["--allow-run"];

#[test]
fn children_end_and_all_who_wait_are_told() {
    passes(ALL, "process_children", &[]);
}

#[test]
fn children_are_spawned_and_waited_for_on_the_ring() {
    passes(ALL, "process_ring", &["20"]);
}

#[test]
fn a_thousand_children_at_once_are_all_reaped() {
    let files = rustix::process::getrlimit(Resource::Nofile);
    let most = Rlimit {
        current: files.maximum,
        ..files
    };
    prlimit(None, Resource::Nofile, most).unwrap();
    // And those that were let go and have yet to end.
    let flags = ["--allow-run", "--max-children=1016"];
    passes(&flags, "process_ring", &["1000"]);
}

#[test]
fn descriptors_lead_where_the_guest_says_and_nowhere_else() {
    let data = tempfile::tempdir().unwrap();
    let path = data.path().join("fifo");
    rustix::fs::mknodat(
        rustix::fs::CWD,
        &path,
        rustix::fs::FileType::Fifo,
        rustix::fs::Mode::from_bits_truncate(0o600),
        0,
    )
    .unwrap();
    std::fs::create_dir(data.path().join("folder")).unwrap();
    let folder = data.path().display();
    let (data, fixed) = (
        format!("--dir={folder}::/data"),
        format!("--dir={folder}::/fixed:ro"),
    );
    let flags = [ALL, LOOPBACK, &[&data, &fixed]].concat();
    let ran = run(&flags, &guest("process_redirects"), &[]);
    let denied = ["write /fixed/new: not granted; --dir=HOST::/fixed without :ro"];
    ran.fails(0, &denied);
    for advice in [
        "read /etc/passwd: ",
        "work in /etc: not granted; --dir=HOST::/etc",
    ] {
        assert!(ran.stderr.contains(advice), "{ran:?}");
    }
}

#[test]
fn pipes_have_every_door_and_other_kinds_of_objects_are_codes() {
    passes(ALL, "process_kinds", &[]);
}

#[test]
fn every_bound_of_a_command_holds() {
    passes(
        &["--allow-run", "--allow-child-env=*"],
        "process_bounds",
        &[],
    );
}

/// A folder with everything that is no program.
fn no_programs() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str, mode| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
    };
    write("plain", "#!/bin/sh\n", 0o644);
    write("bare", "echo no shebang\n", 0o755);
    write("orphan", "#!/nonexistent/shell\n", 0o755);
    std::fs::create_dir(folder.path().join("folder")).unwrap();
    folder
}

#[test]
fn what_is_no_program_is_a_code_by_either_door() {
    let folder = no_programs();
    let path = folder.path().to_str().unwrap();
    passes(ALL, "process_failures", &[path]);
}

#[test]
fn only_what_is_granted_is_run() {
    let flags = ["--allow-run=echo hello", "--allow-child-env=LANG*"];
    let ran = run(&flags, &guest("process_denied"), &[]);
    let denials = [
        "refused: run echo goodbye: not granted; --allow-run=echo would allow it",
        "refused: run /bin/sh -c echo hello: not granted; --allow-run=\"/bin/sh -c\"",
        "refused: set PATH for a child: not granted; --allow-child-env=PATH",
        "refused: set LD_PRELOAD for a child: not granted; --allow-child-env=LD_PRELOAD",
    ];
    ran.fails(0, &denials);
}

#[test]
fn children_are_counted_with_their_handles_and_pipes() {
    for (children, handles) in [("1", "12"), ("4", "20")] {
        let flags = [
            "--allow-run",
            &format!("--max-children={children}"),
            &format!("--max-handles={handles}"),
            "--max-buffered=65536",
        ];
        passes(&flags, "process_quota", &[children, handles]);
    }
}

#[test]
fn pipes_end_in_every_order_and_children_while_they_write() {
    passes(ALL, "process_faults", &[]);
}

#[test]
fn no_descriptor_is_left_of_children_that_were_and_were_not() {
    let mut running = Running::start(ALL, &guest("process_descriptors"), &[]);
    assert_eq!(running.line(), "done");
    let before = running.descriptors();
    // Asked to stop, it does all of it once more.
    running.signal(Signal::TERM);
    assert_eq!(running.line(), "done");
    // Those that were let go end a moment later.
    wait_until("all is closed", || running.descriptors() <= before);
}

/// The processes of a guest, each by a descriptor that tells its end: none for one that has ended.
fn left_by(running: &mut Running) -> Vec<(Pid, Option<OwnedFd>)> {
    let line = running.line();
    let ids: Vec<i32> = line
        .split(' ')
        .map(|id| id.parse().unwrap_or_else(|_| panic!("{line:?}")))
        .collect();
    assert_eq!(ids.len(), 4, "{line:?}");
    let pids = ids.into_iter().map(|id| Pid::from_raw(id).unwrap());
    pids.map(|pid| (pid, opened(pid))).collect()
}

fn opened(pid: Pid) -> Option<OwnedFd> {
    match pidfd_open(pid, PidfdFlags::empty()) {
        Err(Errno::SRCH) => None,
        opened => Some(opened.unwrap()),
    }
}

/// Waits for the end of a process, for the watchdog to end the test if it does not come.
fn ends(process: &Option<OwnedFd>) {
    let Some(process) = process else { return };
    let mut ended = [PollFd::new(process, PollFlags::IN)];
    assert_eq!(poll(&mut ended, None).unwrap(), 1);
}

/// Fails the test unless all have ended and the guest's own children were reaped; the last one is
/// a child of another's, and whose to reap is not for the host to say.
#[track_caller]
fn all_have_ended(left: &[(Pid, Option<OwnedFd>)]) {
    left.iter().for_each(|(_, process)| ends(process));
    for (pid, _) in &left[..3] {
        assert!(!exists(*pid));
    }
}

/// Whether it is there; one that has ended is until it is reaped.
fn exists(pid: Pid) -> bool {
    Path::new(&format!("/proc/{}", pid.as_raw_nonzero())).exists()
}

const GRACE: &[&str] = &["--allow-run", "--child-grace=50ms"];

#[test]
fn no_child_is_left_however_its_guest_ends() {
    for how in ["return", "trap"] {
        let mut running = Running::start(GRACE, &guest("process_leaves"), &[how]);
        let left = left_by(&mut running);
        running.end();
        all_have_ended(&left);
    }
}

#[test]
fn a_child_whose_handle_is_closed_ends_and_is_reaped() {
    let mut running = Running::start(GRACE, &guest("process_leaves"), &["drop"]);
    let left = left_by(&mut running);
    left.iter().for_each(|(_, process)| ends(process));
    for (pid, _) in &left[..3] {
        while exists(*pid) {
            std::thread::yield_now();
        }
    }
    running.signal(Signal::KILL);
}

#[test]
fn no_child_is_left_when_its_guest_is_asked_to_stop() {
    let mut running = Running::start(GRACE, &guest("process_leaves"), &["wait"]);
    let left = left_by(&mut running);
    running.signal(Signal::TERM);
    running.end();
    all_have_ended(&left);
}

/// What a child has started itself is out of reach then.
#[test]
fn no_child_is_left_when_the_host_is_killed() {
    let mut running = Running::start(GRACE, &guest("process_leaves"), &["wait"]);
    let mut left = left_by(&mut running);
    running.signal(Signal::KILL);
    let (grandchild, _) = left.pop().unwrap();
    for (_, process) in &left {
        ends(process);
    }
    // Ours to end, as nobody else's.
    rustix::process::kill_process(grandchild, Signal::KILL).ok();
}

/// Runs a guest whose child inherits streams, on streams of the embedder's.
fn inherits(stdio: Stdio, words: &[&str]) -> u8 {
    let mut host = host();
    let program = host.load(guest("process_inherit")).unwrap();
    let mut options = GuestOptions::new(Policy::allow_all());
    let words = [&["process_inherit"], words].concat();
    options.args = words.into_iter().map(str::to_owned).collect();
    options.stdio = stdio;
    let instantiation = host.instantiate(&program, options);
    let ran = host.block_on(async { instantiation.await?.run().await });
    ran.unwrap()
}

#[test]
fn a_child_inherits_descriptors_and_nothing_that_is_kept_in_memory() {
    within_a_minute(|| {
        let folder = tempfile::tempdir().unwrap();
        let create = |name| std::fs::File::create_new(folder.path().join(name)).unwrap();
        std::fs::write(folder.path().join("in"), "in\n").unwrap();
        let input = std::fs::File::open(folder.path().join("in")).unwrap();
        let stdio = Stdio::Streams {
            stdin: Input::Descriptor(Arc::new(input.into())),
            stdout: Output::Descriptor(Arc::new(create("out").into())),
            stderr: Output::Descriptor(Arc::new(create("err").into())),
        };
        assert_eq!(inherits(stdio, &["012"]), 0);
        let read = |name| std::fs::read_to_string(folder.path().join(name)).unwrap();
        assert_eq!(
            (read("out"), read("err")),
            ("in\nout\n".into(), "err\n".into())
        );
        assert_eq!(inherits(Stdio::Null, &["012"]), 0);
        let captured = || Output::Captured(Captured::new(64));
        for stream in ["0", "1", "2"] {
            let stdio = Stdio::Streams {
                stdin: Input::Bytes(b"bytes".to_vec()),
                stdout: captured(),
                stderr: captured(),
            };
            assert_eq!(inherits(stdio, &[stream, "not-supported"]), 0);
        }
    });
}

#[test]
fn no_child_is_left_when_an_embedder_drops_guest_and_host() {
    within_a_minute(|| {
        let mut host = host();
        let (mut guest, printed) = start(&mut host, "process_leaves", &["wait"]);
        let handle = host.handle().clone();
        let mut line = String::new();
        let told = async {
            while !line.ends_with('\n') {
                handle.sleep(Duration::from_millis(1)).await;
                line.push_str(&text(&printed));
            }
        };
        {
            let (mut run, mut told) = (pin!(guest.run()), pin!(told));
            host.block_on(poll_fn(|cx| {
                assert!(run.as_mut().poll(cx).is_pending(), "the guest waits");
                told.as_mut().poll(cx)
            }));
        }
        drop(guest);
        drop(host);
        let ids = line.trim().split(' ').take(3);
        let pids = ids.map(|id| Pid::from_raw(id.parse().unwrap()).unwrap());
        pids.for_each(|pid| assert!(!exists(pid)));
    });
}
