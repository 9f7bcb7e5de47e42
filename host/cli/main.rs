//! The command line `aio-host`: reads it, does what it says, and is the one place that decides
//! exit codes.

mod args;
mod check;
mod compile;
mod json;
mod progress;
mod python;
mod report;
mod run;
mod supervise;

use std::process::ExitCode;

use aio_host::Error;
use clap::Parser;
use clap::error::ErrorKind;

use args::{Args, Command};
use report::Failure;

fn main() -> ExitCode {
    let args = match Args::try_parse() {
        Ok(args) => args,
        Err(error) => return told_by_clap(&error),
    };
    match execute(args.command) {
        Ok(code) => ExitCode::from(code),
        Err(failure) => {
            report::failure(&failure);
            ExitCode::from(exit_code(&failure))
        }
    }
}

fn execute(command: Command) -> Result<u8, Failure> {
    match command {
        Command::Run(args) => run::run(*args),
        Command::Python(args) => python::run(*args),
        Command::Compile(args) => compile::compile(&args).map(|()| 0),
        Command::Check(args) => check::check(&args).map(|()| 0),
    }
}

/// Prints the help that was asked for, or says what is wrong with the command line.
fn told_by_clap(error: &clap::Error) -> ExitCode {
    if matches!(
        error.kind(),
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion
    ) {
        // A reader that has gone away has seen enough of the help.
        drop(error.print());
        return ExitCode::SUCCESS;
    }
    if error.kind() == ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand {
        drop(error.print());
    } else {
        report::usage(&error.to_string());
    }
    ExitCode::from(USAGE)
}

const USAGE: u8 = 2;
const HOST_FAILED: u8 = 125;
const NOT_RUNNABLE: u8 = 126;
const NOT_FOUND: u8 = 127;
/// What a shell shows for a process that SIGABRT ended.
const TRAPPED: u8 = 134;

fn exit_code(failure: &Failure) -> u8 {
    match failure {
        Failure::Usage(_) => USAGE,
        Failure::Host(error) => error_code(error),
        Failure::Signal(number) => signal_code(*number),
        Failure::System(_) => HOST_FAILED,
        Failure::Missing(_) => NOT_RUNNABLE,
        Failure::NotFound(_) => NOT_FOUND,
    }
}

fn error_code(error: &Error) -> u8 {
    match error {
        Error::Failed { .. } => 1,
        Error::Config(_) => USAGE,
        Error::NotComponent { .. } | Error::Link { .. } => NOT_RUNNABLE,
        Error::Precompiled { .. } | Error::NoExport { .. } => NOT_RUNNABLE,
        Error::File { operation, .. } if *operation == "read" => NOT_FOUND,
        Error::Trap { .. } | Error::OutOfFuel { .. } | Error::TimedOut { .. } => TRAPPED,
        _ => HOST_FAILED,
    }
}

/// What a shell shows for a process that this signal ended.
fn signal_code(number: i32) -> u8 {
    let code = number.checked_add(128);
    code.and_then(|code| u8::try_from(code).ok())
        .unwrap_or(HOST_FAILED)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signals_end_in_their_shells_codes() {
        assert_eq!(signal_code(2), 130);
        assert_eq!(signal_code(15), 143);
        assert_eq!(signal_code(127), 255);
        assert_eq!(signal_code(128), HOST_FAILED);
        assert_eq!(signal_code(i32::MAX), HOST_FAILED);
    }
}
