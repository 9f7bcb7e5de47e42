//! What people read: one line on standard error for each thing that went wrong, and the remedy. A
//! reader that has gone away is not an error of ours, and nothing here panics for it.

use std::error::Error as _;
use std::fmt::Display;
use std::io::{self, Write};

use aio_host::Error;

/// Why a command did not end well. What exit code that is, `main` knows.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The command line or the policy file is wrong.
    Usage(String),
    /// The library said no.
    Host(Error),
    /// A signal ended the guest before its time.
    Signal(i32),
    /// The system failed this program, not the guest.
    System(String),
    /// The guest lacks something, or this host does.
    Missing(String),
    /// What is to be run is not there.
    NotFound(String),
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Host(error)
    }
}

/// Tells why a command failed.
pub(crate) fn failure(failure: &Failure) {
    match failure {
        Failure::Usage(reason)
        | Failure::System(reason)
        | Failure::Missing(reason)
        | Failure::NotFound(reason) => line(reason),
        Failure::Host(error) => {
            line(error);
            backtrace(error);
        }
        Failure::Signal(_) => line("killed"),
    }
}

/// Tells on one line what clap says on several: the error, and the flag that was perhaps meant.
pub(crate) fn usage(text: &str) {
    line(one_line(text));
}

fn one_line(text: &str) -> String {
    let text = text.strip_prefix("error: ").unwrap_or(text);
    let (error, rest) = text.split_once("\n\n").unwrap_or((text, ""));
    let similar = rest.lines().find(|line| line.contains("similar"));
    let tip = similar.map(|line| line.trim_start().trim_start_matches("tip: "));
    let error: Vec<&str> = error.lines().map(str::trim).collect();
    let tip = tip.map_or_else(String::new, |tip| format!("; {tip}"));
    format!("{}{tip}; see --help", error.join(" "))
}

/// Writes one line to standard error.
pub(crate) fn line(text: impl Display) {
    // Whoever does not listen to standard error any more cannot be told that, either.
    drop(writeln!(
        io::stderr().lock(),
        "aio-host: {}",
        harmless(text)
    ));
}

/// The text without what a terminal would take for a command: some of it is a guest's.
fn harmless(text: impl Display) -> String {
    let text = text.to_string();
    let is_harmful = |c: char| c.is_control() && !matches!(c, '\n' | '\t');
    text.replace(is_harmful, "\u{fffd}")
}

/// Writes a command's result to standard output. A reader that has seen enough is no failure.
pub(crate) fn output(text: &str) -> Result<(), Failure> {
    let mut stdout = io::stdout().lock();
    let written = stdout
        .write_all(text.as_bytes())
        .and_then(|()| stdout.flush());
    match written {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(Failure::System(format!(
            "write to standard output: {error}"
        ))),
        _ => Ok(()),
    }
}

/// Writes where in the guest a trap happened. The line before has said what it was.
fn backtrace(error: &Error) {
    if let Error::Trap { .. } = error
        && let Some(source) = error.source()
    {
        // As in `line`.
        drop(writeln!(io::stderr().lock(), "{}", harmless(source)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_guests_words_are_no_commands_to_a_terminal() {
        let text = "a\x1b[31mb\u{9b}c\r\x07d\n\té";
        let expected = "a\u{fffd}[31mb\u{fffd}c\u{fffd}\u{fffd}d\n\té";
        assert_eq!(harmless(text), expected);
    }

    #[test]
    fn what_clap_says_becomes_one_line() {
        let text = "error: unexpected argument '--alow-net' found\n\n  \
            tip: a similar argument exists: '--allow-net'\n\nUsage: x\n";
        assert_eq!(
            one_line(text),
            "unexpected argument '--alow-net' found; a similar argument exists: '--allow-net'; see --help"
        );
        let text = "error: the following were not provided:\n  <GUEST>\n\nUsage: x\n";
        assert_eq!(
            one_line(text),
            "the following were not provided: <GUEST>; see --help"
        );
    }
}
