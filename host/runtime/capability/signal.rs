//! Rules about signals that a guest may listen for, and the terminal.

use std::fmt;
use std::str::FromStr;

use super::{Denial, Grants, RuleError};

/// The greatest number of a signal.
const NUMBER_MAX: u32 = 64;

/// Names a signal to listen for: `TERM`, `SIGTERM` or its number, in any case, or `*` for all.
/// SIGKILL, SIGSTOP and the faults SIGSEGV, SIGBUS, SIGFPE and SIGILL are none: no program can wait
/// for them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SignalRule(Option<u32>);

impl SignalRule {
    fn covers(self, number: u32) -> bool {
        self.0.is_none_or(|named| named == number)
    }
}

impl FromStr for SignalRule {
    type Err = RuleError;

    fn from_str(text: &str) -> Result<Self, RuleError> {
        if text == "*" {
            return Ok(Self(None));
        }
        let number = match text.parse() {
            Ok(number) => number,
            Err(_) => names::number(text).ok_or_else(|| {
                RuleError::new("a signal is a name, such as TERM, a number, or `*` for all")
            })?,
        };
        if !(1..=NUMBER_MAX).contains(&number) {
            return Err(RuleError::new("signals have the numbers 1 to 64"));
        }
        if names::is_beyond_waiting(number) {
            return Err(RuleError::new(
                "no program can wait for SIGKILL, SIGSTOP, SIGSEGV, SIGBUS, SIGFPE and SIGILL",
            ));
        }
        Ok(Self(Some(number)))
    }
}

impl fmt::Display for SignalRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            None => f.write_str("*"),
            Some(number) => f.write_str(&shown(number)),
        }
    }
}

/// The name if it has one, else the number.
fn shown(number: u32) -> String {
    names::name(number).map_or_else(|| number.to_string(), str::to_owned)
}

impl Grants {
    /// Decides on listening for the signal `number`. The terminal's grants SIGWINCH.
    ///
    /// # Errors
    ///
    /// The denial, if it is not granted or denied.
    pub fn signal(&self, number: u32) -> Result<(), Denial> {
        let operation = || format!("listen for signal {}", shown(number));
        let rules = &self.policy.signal;
        if let Some(rule) = rules.deny.iter().find(|rule| rule.covers(number)) {
            return Err(Denial::denied(operation(), "signal", rule));
        }
        let resized = names::is_resize(number) && self.terminal().is_ok();
        if self.policy.all || resized || rules.allow.iter().any(|rule| rule.covers(number)) {
            return Ok(());
        }
        let flag = format!("--allow-signal={}", shown(number));
        // What is no signal cannot be granted.
        let flag = Some(flag).filter(|_| shown(number).parse::<SignalRule>().is_ok());
        Err(Denial::not_granted(operation(), flag))
    }

    /// Decides on what a program may do with a terminal beside reading and writing: its size, raw
    /// mode, and escape sequences as they are.
    ///
    /// # Errors
    ///
    /// The denial, if it is not granted.
    pub fn terminal(&self) -> Result<(), Denial> {
        if self.policy.grants_terminal() {
            return Ok(());
        }
        let flag = "--allow-terminal".to_owned();
        Err(Denial::not_granted("control the terminal", Some(flag)))
    }
}

#[cfg(unix)]
mod names {
    use rustix::process::Signal;

    /// Of several names of one number the first is shown.
    const NAMES: [(&str, Signal); 32] = [
        ("HUP", Signal::HUP),
        ("INT", Signal::INT),
        ("QUIT", Signal::QUIT),
        ("ILL", Signal::ILL),
        ("TRAP", Signal::TRAP),
        ("ABRT", Signal::ABORT),
        ("IOT", Signal::ABORT),
        ("BUS", Signal::BUS),
        ("FPE", Signal::FPE),
        ("KILL", Signal::KILL),
        ("USR1", Signal::USR1),
        ("SEGV", Signal::SEGV),
        ("USR2", Signal::USR2),
        ("PIPE", Signal::PIPE),
        ("ALRM", Signal::ALARM),
        ("TERM", Signal::TERM),
        ("CHLD", Signal::CHILD),
        ("CLD", Signal::CHILD),
        ("CONT", Signal::CONT),
        ("STOP", Signal::STOP),
        ("TSTP", Signal::TSTP),
        ("TTIN", Signal::TTIN),
        ("TTOU", Signal::TTOU),
        ("URG", Signal::URG),
        ("XCPU", Signal::XCPU),
        ("XFSZ", Signal::XFSZ),
        ("VTALRM", Signal::VTALARM),
        ("PROF", Signal::PROF),
        ("WINCH", Signal::WINCH),
        ("IO", Signal::IO),
        ("POLL", Signal::IO),
        ("SYS", Signal::SYS),
    ];

    const BEYOND_WAITING: [Signal; 6] = [
        Signal::KILL,
        Signal::STOP,
        Signal::SEGV,
        Signal::BUS,
        Signal::FPE,
        Signal::ILL,
    ];

    pub(super) fn number(name: &str) -> Option<u32> {
        let name = name.to_ascii_uppercase();
        let name = name.strip_prefix("SIG").unwrap_or(&name);
        let (_, signal) = NAMES.iter().find(|(known, _)| *known == name)?;
        u32::try_from(signal.as_raw()).ok()
    }

    pub(super) fn name(number: u32) -> Option<&'static str> {
        let found = NAMES.iter().find(|(_, signal)| is(*signal, number));
        found.map(|(name, _)| *name)
    }

    pub(super) fn is_beyond_waiting(number: u32) -> bool {
        BEYOND_WAITING.iter().any(|signal| is(*signal, number))
    }

    pub(super) fn is_resize(number: u32) -> bool {
        is(Signal::WINCH, number)
    }

    fn is(signal: Signal, number: u32) -> bool {
        u32::try_from(signal.as_raw()) == Ok(number)
    }
}

/// Where the system has no signals of this kind.
#[cfg(not(unix))]
mod names {
    pub(super) fn number(_name: &str) -> Option<u32> {
        None
    }

    pub(super) fn name(_number: u32) -> Option<&'static str> {
        None
    }

    pub(super) fn is_beyond_waiting(_number: u32) -> bool {
        false
    }

    pub(super) fn is_resize(_number: u32) -> bool {
        false
    }
}
