//! Every bound of a command at its most and one beyond, and what is no command at all.

use aio_guest::process::{Command, ExitStatus, ExtraDescriptor, File, FileMode, Stdio};
use aio_guest::{ErrorCode, process::Prepared};
use test_guests::{equal, fails, succeeds};

aio_guest::main!(run);

async fn run() -> Result<(), String> {
    counts().await?;
    lengths().await?;
    malformed()
}

fn prepared(command: &Command) -> Result<Prepared, ErrorCode> {
    command.prepare()
}

async fn counts() -> Result<(), String> {
    let args = |count| {
        let mut command = Command::new("true");
        command.args(std::iter::repeat_n("x", count));
        command
    };
    ends(&args(4096)).await?;
    fails(prepared(&args(4097)), ErrorCode::OutOfRange, "arguments")?;
    let variables = |count: usize| {
        let mut command = Command::new("true");
        command.env_clear();
        for number in 0..count {
            command.env(&format!("N{number}"), "");
        }
        command
    };
    ends(&variables(1024)).await?;
    fails(
        prepared(&variables(1025)),
        ErrorCode::OutOfRange,
        "variables",
    )?;
    let extra = |numbers: std::ops::Range<u32>| {
        let mut command = Command::new("true");
        for number in numbers {
            command.descriptor(null(number));
        }
        command
    };
    ends(&extra(192..256)).await?;
    fails(
        prepared(&extra(3..68)),
        ErrorCode::OutOfRange,
        "descriptors",
    )?;
    for number in [0, 2, 256, u32::MAX] {
        let mut command = Command::new("true");
        command.descriptor(null(number));
        fails(prepared(&command), ErrorCode::OutOfRange, "a number")?;
    }
    for number in [3, u32::MAX] {
        let mut command = Command::new("true");
        command.stdout(Stdio::Standard(number));
        fails(prepared(&command), ErrorCode::OutOfRange, "a stream")?;
    }
    ends(Command::new("true").stderr(Stdio::Standard(1))).await
}

fn null(number: u32) -> ExtraDescriptor {
    ExtraDescriptor {
        number,
        reads: false,
        redirect: Stdio::Null,
    }
}

/// What the host takes together is more than one text that the system takes.
async fn lengths() -> Result<(), String> {
    const ALL: usize = 1 << 20;
    let of_length = |length: usize| {
        let mut command = Command::new("true");
        command.env_clear();
        // Each has an end, and so has the name of the program.
        let mut rest = length - "true".len() - 1;
        while rest > 0 {
            let word = rest.min(100_001);
            command.arg("x".repeat(word - 1));
            rest -= word;
        }
        command
    };
    ends(&of_length(ALL)).await?;
    fails(
        prepared(&of_length(ALL + 1)),
        ErrorCode::ArgumentsTooLong,
        "all words",
    )?;
    let mut word = Command::new("true");
    word.arg("x".repeat(200_000));
    fails(
        word.spawn().map(drop),
        ErrorCode::ArgumentsTooLong,
        "one word",
    )?;
    let program = |length: usize| Command::new(format!("/{}", "x".repeat(length - 1)));
    fails(
        program(4095).spawn().map(drop),
        ErrorCode::NameTooLong,
        "a program that the system refuses",
    )?;
    fails(
        prepared(&program(4096)),
        ErrorCode::NameTooLong,
        "a program",
    )?;
    let within = |length: usize| {
        let mut command = Command::new("true");
        command.current_dir("x".repeat(length));
        command
    };
    succeeds(prepared(&within(4095)), "a directory")?;
    let long = prepared(&within(4096)).map(drop);
    fails(long, ErrorCode::NameTooLong, "a directory")?;
    let input = |length: usize| {
        let mut command = Command::new("true");
        let (path, mode) = ("x".repeat(length), FileMode::Read);
        command.stdin(Stdio::File(File { path, mode }));
        command
    };
    succeeds(prepared(&input(4095)), "a file")?;
    fails(prepared(&input(4096)), ErrorCode::NameTooLong, "a file")
}

fn malformed() -> Result<(), String> {
    let set = |change: &dyn Fn(&mut Command)| {
        let mut command = Command::new("true");
        change(&mut command);
        prepared(&command)
    };
    let invalid = ErrorCode::InvalidArgument;
    fails(prepared(&Command::new("")), invalid, "no program")?;
    fails(prepared(&Command::new("a\0b")), invalid, "NUL")?;
    fails(prepared(&Command::shell("a\0b")), invalid, "a script")?;
    fails(
        set(&|it| {
            it.arg("\0");
        }),
        invalid,
        "argument",
    )?;
    for (name, value) in [("", ""), ("A=B", ""), ("A\0", ""), ("A", "\0")] {
        let change = |command: &mut Command| {
            command.env_clear().env(name, value);
        };
        fails(set(&change), invalid, "variable")?;
    }
    fails(
        set(&|it| {
            it.stdin(Stdio::Stdout);
        }),
        invalid,
        "stdin",
    )?;
    fails(
        set(&|it| {
            it.stdout(Stdio::Stdout);
        }),
        invalid,
        "stdout",
    )?;
    let twice = |it: &mut Command| {
        it.descriptor(null(7)).descriptor(null(7));
    };
    fails(set(&twice), invalid, "twice")?;
    for redirect in [Stdio::Inherit, Stdio::Stdout] {
        let descriptor = ExtraDescriptor {
            redirect,
            ..null(3)
        };
        let extra = |it: &mut Command| {
            it.descriptor(descriptor.clone());
        };
        fails(set(&extra), invalid, "of the guest's own")?;
    }
    Ok(())
}

async fn ends(command: &Command) -> Result<(), String> {
    let child = succeeds(command.spawn(), "spawn")?;
    let exit = succeeds(child.wait().await, "wait")?;
    equal(exit.status, ExitStatus::Code(0), "status")
}
