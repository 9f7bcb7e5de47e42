//! The other systems' way to spawn and to watch, on this one.

use std::ffi::CString;
use std::os::fd::AsFd;
use std::ptr;

use rustix::io::Errno;

use super::*;
use crate::process::{Exit, ExitStatus, null};
use crate::sys::{Descriptor, Group};

/// Spawns a shell with `input` and `output`, whose numbers are 0 and `number`.
fn try_shell(
    script: &str,
    [input, output]: [&OwnedFd; 2],
    number: RawFd,
    confine: Option<&dyn Fn() -> Result<(), Errno>>,
) -> io::Result<Watch> {
    let texts = ["/bin/sh", "-c", script].map(|text| CString::new(text).unwrap());
    let arguments: Vec<_> = texts.iter().map(|text| text.as_ptr()).collect();
    let null = null().unwrap();
    let descriptors = [
        (0, input.as_fd()),
        (1, null),
        (2, null),
        (number, output.as_fd()),
    ];
    let mut descriptors = descriptors.map(|(number, source)| Descriptor { number, source });
    Watch::spawn(&mut Plan {
        program: &texts[0],
        arguments: &[&*arguments, &[ptr::null()]].concat(),
        environment: &[ptr::null()],
        directory: None,
        descriptors: &mut descriptors,
        group: Group::New,
        limits: &[],
        confine,
    })
}

fn shell(script: &str) -> Watch {
    let (reader, writer) = sys::pipe().unwrap();
    try_shell(script, [&reader, &writer], 3, None).unwrap()
}

fn end(watch: &Watch) -> ExitStatus {
    assert!(watch.has_ended(true) && watch.has_ended(false));
    let reaped = sys::reap(watch.pid(), false).unwrap();
    Exit::from(reaped.unwrap()).status
}

#[test]
fn the_end_of_a_child_is_seen_and_stays_for_who_takes_it() {
    let (reader, writer) = sys::pipe().unwrap();
    let watch = try_shell("read line; exit 3", [&reader, &writer], 3, None).unwrap();
    assert!(!watch.has_ended(false));
    rustix::io::write(&writer, b"go\n").unwrap();
    assert_eq!(end(&watch), ExitStatus::Code(3));
    assert_eq!(
        watch.signal(9).unwrap_err().raw_os_error(),
        Some(3),
        "ESRCH"
    );
}

#[test]
fn a_child_that_is_killed_is_seen_to_end() {
    let (reader, writer) = sys::pipe().unwrap();
    let watch = try_shell("read line", [&reader, &writer], 3, None).unwrap();
    watch.signal(9).unwrap();
    assert_eq!(end(&watch), ExitStatus::Signal(9));
}

#[test]
fn each_of_many_ends_by_itself_and_leaves_no_thread() {
    let (reader, writer) = sys::pipe().unwrap();
    let (_, output) = sys::pipe().unwrap();
    let children: Vec<_> = (0..50)
        .map(|code| {
            let script = format!("read line; exit {code}");
            try_shell(&script, [&reader, &output], 3, None).unwrap()
        })
        .collect();
    while watchers() < children.len() {
        thread::yield_now();
    }
    drop((reader, writer));
    for (code, watch) in (0..).zip(&children) {
        assert_eq!(end(watch), ExitStatus::Code(code));
    }
    // One that has closed its pipe is about to be gone.
    while watchers() > 0 {
        thread::yield_now();
    }
}

fn watchers() -> usize {
    let threads = std::fs::read_dir("/proc/self/task").unwrap();
    let names = threads.map(|thread| thread.unwrap().path().join("comm"));
    let names = names.filter_map(|name| std::fs::read_to_string(name).ok());
    names.filter(|name| name == "aio-child\n").count()
}

#[test]
fn a_child_gets_what_it_was_given_at_numbers_that_were_taken() {
    let [here, there] = [0; 2].map(|_| sys::pipe().unwrap());
    // Of this very number the pipe is that tells why there is no program, or a later one.
    for number in 3..40 {
        let script = "exec >&$1; for f in /proc/self/fd/*; do [ -e $f ] && echo ${f##*/}; done; :";
        let script = script.replace("$1", &number.to_string());
        let script = match number {
            // The plain shell knows descriptors of one digit only.
            3..10 => script,
            _ => format!("exec /bin/bash -c '{script}'"),
        };
        let watch = try_shell(&script, [&here.0, &there.1], number, None).unwrap();
        assert_eq!(end(&watch), ExitStatus::Code(0));
        let mut said = [0; 64];
        let count = rustix::io::read(&there.0, &mut said).unwrap();
        let mut expected = ["0", "1", "2", &number.to_string()].map(|number| format!("{number}\n"));
        expected.sort_unstable();
        assert_eq!(said[..count], *expected.concat().as_bytes());
    }
}

#[test]
fn why_there_is_no_program_is_told_and_no_child_is_left() {
    let (reader, writer) = sys::pipe().unwrap();
    let refuse = || Err(Errno::XDEV);
    let refused = try_shell("", [&reader, &writer], 3, Some(&refuse)).unwrap_err();
    assert_eq!(refused.raw_os_error(), Some(Errno::XDEV.raw_os_error()));
    let beyond = rustix::process::getrlimit(rustix::process::Resource::Nofile).current;
    let beyond = RawFd::try_from(beyond.unwrap()).unwrap();
    let refused = try_shell("", [&reader, &writer], beyond, None).unwrap_err();
    assert!(refused.raw_os_error().is_some());
    assert_eq!(end(&shell("exit 0")), ExitStatus::Code(0));
}
