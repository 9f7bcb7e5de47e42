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

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::capability::Policy;

    const HUP: u32 = 1;
    const INT: u32 = 2;
    const TERM: u32 = 15;

    fn grants(policy: Policy) -> Grants {
        Grants::new(Arc::new(policy))
    }

    fn rule(text: &str) -> SignalRule {
        text.parse().unwrap()
    }

    fn said(result: Result<(), Denial>) -> String {
        result.unwrap_err().to_string()
    }

    fn resize() -> u32 {
        names::number("WINCH").unwrap()
    }

    #[test]
    fn a_signal_has_a_name_in_any_case_or_a_number() {
        for text in ["TERM", "SIGTERM", "term", "SigTerm", "15"] {
            assert_eq!(rule(text), rule("TERM"), "{text}");
            assert_eq!(rule(text).to_string(), "TERM");
        }
        assert_eq!(rule("64").to_string(), "64");
        assert_eq!(rule("*").to_string(), "*");
    }

    #[test]
    fn what_no_program_can_wait_for_is_no_rule() {
        for text in ["KILL", "STOP", "SEGV", "BUS", "FPE", "ILL", "9", "SIGKILL"] {
            let error = text.parse::<SignalRule>().unwrap_err().to_string();
            assert!(error.contains("no program can wait"), "{text}: {error}");
        }
    }

    #[test]
    fn rules_that_are_none_say_why() {
        for (text, why) in [
            ("", "is a name"),
            ("SIG", "is a name"),
            ("SIGSIGTERM", "is a name"),
            ("-1", "is a name"),
            ("4294967296", "is a name"),
            ("0", "1 to 64"),
            ("65", "1 to 64"),
        ] {
            let error = text.parse::<SignalRule>().unwrap_err().to_string();
            assert!(error.contains(why), "{text:?}: {error}");
        }
    }

    #[test]
    fn a_signal_is_granted_by_its_rule() {
        let none = grants(Policy::default());
        assert_eq!(
            said(none.signal(TERM)),
            "listen for signal TERM: not granted; --allow-signal=TERM would allow it"
        );
        let some = grants(Policy::default().allow_signal(rule("TERM")));
        assert_eq!(some.signal(TERM), Ok(()));
        assert!(some.signal(INT).is_err());
        for all in [
            grants(Policy::allow_all()),
            grants(Policy::default().allow_signal(rule("*"))),
        ] {
            assert_eq!((all.signal(TERM), all.signal(64)), (Ok(()), Ok(())));
        }
    }

    #[test]
    fn what_is_no_signal_has_no_flag() {
        let none = grants(Policy::default());
        for number in [0, 9, 65, u32::MAX] {
            assert!(said(none.signal(number)).contains("no flag"), "{number}");
        }
        assert!(said(none.signal(64)).contains("--allow-signal=64"));
    }

    #[test]
    fn a_deny_beats_every_allow() {
        let policy = Policy::allow_all()
            .allow_signal(rule("HUP"))
            .deny_signal(rule("1"));
        let some = grants(policy);
        assert_eq!(
            said(some.signal(HUP)),
            "listen for signal HUP: denied by the policy's rule `deny signal HUP`"
        );
        assert_eq!(some.signal(TERM), Ok(()));
    }

    #[test]
    fn the_terminal_is_granted_by_its_flag_and_tells_that_it_changes() {
        let none = grants(Policy::default());
        assert_eq!(
            said(none.terminal()),
            "control the terminal: not granted; --allow-terminal would allow it"
        );
        assert!(none.signal(resize()).is_err());
        let some = grants(Policy::default().allow_terminal());
        assert_eq!((some.terminal(), some.signal(resize())), (Ok(()), Ok(())));
        assert!(some.signal(TERM).is_err());
        assert_eq!(grants(Policy::allow_all()).terminal(), Ok(()));
        let denied = Policy::allow_all().deny_signal(rule("WINCH"));
        assert!(grants(denied).signal(resize()).is_err());
    }
}
