//! Refusals, in words, and telling each of them once.

use std::borrow::Cow;
use std::collections::HashSet;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

/// How many different refusals are told.
const TOLD_MAX: usize = 64;

/// How many characters of a guest's text are shown.
pub(super) const SHOWN_MAX: usize = 256;

/// A refused operation, and what would grant it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Denial {
    operation: String,
    reason: Cow<'static, str>,
    remedy: Remedy,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Remedy {
    Flag(String),
    /// Nothing but the removal of this rule.
    Rule(String),
    None,
}

impl Denial {
    /// Refuses `operation`, which `flag` would grant, for want of a rule. Control characters in the
    /// operation are escaped.
    pub fn not_granted(operation: impl AsRef<str>, flag: Option<String>) -> Self {
        Self {
            operation: printable(operation.as_ref()),
            reason: "not granted".into(),
            remedy: flag.map_or(Remedy::None, Remedy::Flag),
        }
    }

    /// Refuses `operation` on an address of a `kind` that a grant by name does not reach.
    pub(super) fn withheld(operation: String, kind: &str, flag: Option<String>) -> Self {
        Self {
            operation,
            reason: format!("granted by name, which reaches no {kind} address").into(),
            remedy: flag.map_or(Remedy::None, Remedy::Flag),
        }
    }

    /// Refuses `operation` because of a deny `rule` about `kind`.
    pub(super) fn denied(operation: String, kind: &str, rule: &dyn fmt::Display) -> Self {
        Self {
            operation,
            reason: "denied".into(),
            remedy: Remedy::Rule(format!("deny {kind} {rule}")),
        }
    }
}

impl fmt::Display for Denial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.operation, self.reason)?;
        match &self.remedy {
            Remedy::Flag(flag) => write!(f, "; {flag} would allow it"),
            Remedy::Rule(rule) => write!(f, " by the policy's rule `{rule}`"),
            Remedy::None => f.write_str(", and no flag would allow it"),
        }
    }
}

/// Shows a guest's text without what would disturb a terminal or a log, and without its end if it
/// is long.
pub(super) fn printable(text: &str) -> String {
    let shown = text.chars().take(SHOWN_MAX);
    let mut printable: String = shown.flat_map(escaped).collect();
    if text.chars().nth(SHOWN_MAX).is_some() {
        printable.push_str("...");
    }
    printable
}

/// Leaves all of ASCII that can be seen, so that escaping twice changes nothing.
fn escaped(c: char) -> impl Iterator<Item = char> {
    let seen = c == ' ' || c.is_ascii_graphic();
    let plain = seen.then_some(c);
    let escape = (!seen).then(|| c.escape_default());
    plain.into_iter().chain(escape.into_iter().flatten())
}

/// Tells each refusal once, and at most 64 different ones; then that there are more.
#[derive(Clone)]
pub struct Denials {
    tell: Arc<dyn Fn(&str) + Send + Sync>,
    told: Arc<Mutex<HashSet<Denial>>>,
}

impl Denials {
    /// Tells refusals to `tell`, a line at a time without its end.
    pub fn new(tell: Arc<dyn Fn(&str) + Send + Sync>) -> Self {
        Self {
            tell,
            told: Arc::default(),
        }
    }

    /// Tells `denial` unless it was told before. No lock is held meanwhile.
    pub fn report(&self, denial: &Denial) {
        match self.remember(denial) {
            Some(count) if count <= TOLD_MAX => (self.tell)(&denial.to_string()),
            Some(_) => (self.tell)("more was refused, which is not shown"),
            None => {}
        }
    }

    /// Tells the how-manieth `denial` is, if it is new and to be spoken of. One more than is told
    /// is remembered: that one stands for all that follow.
    fn remember(&self, denial: &Denial) -> Option<usize> {
        // A set of strings is whole at every moment, also after a panic of another thread.
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        if told.len() > TOLD_MAX || told.contains(denial) {
            return None;
        }
        told.insert(denial.clone());
        Some(told.len())
    }
}

impl fmt::Debug for Denials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Denials").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn denial(number: usize) -> Denial {
        Denial::not_granted(format!("connect to {number}"), Some("--x".to_owned()))
    }

    fn recorder() -> (Denials, Arc<Mutex<Vec<String>>>) {
        let lines = Arc::new(Mutex::new(Vec::new()));
        let into = lines.clone();
        let tell = move |line: &str| into.lock().unwrap().push(line.to_owned());
        (Denials::new(Arc::new(tell)), lines)
    }

    #[test]
    fn a_refusal_is_told_once() {
        let (denials, lines) = recorder();
        denials.report(&denial(1));
        denials.clone().report(&denial(1));
        denials.report(&denial(2));
        let lines = lines.lock().unwrap();
        assert_eq!(
            *lines,
            [
                "connect to 1: not granted; --x would allow it",
                "connect to 2: not granted; --x would allow it"
            ]
        );
    }

    #[test]
    fn after_the_last_one_line_says_that_there_are_more() {
        let (denials, lines) = recorder();
        for number in 0..TOLD_MAX {
            denials.report(&denial(number));
        }
        assert_eq!(lines.lock().unwrap().len(), TOLD_MAX);
        for number in TOLD_MAX..TOLD_MAX + 3 {
            denials.report(&denial(number));
        }
        let lines = lines.lock().unwrap();
        assert_eq!(lines.len(), TOLD_MAX + 1);
        assert_eq!(
            lines.last().unwrap(),
            "more was refused, which is not shown"
        );
    }

    #[test]
    fn a_guests_text_can_do_no_harm_to_a_terminal() {
        assert_eq!(
            printable("a\x1b[2J\r\n\u{202e}b"),
            "a\\u{1b}[2J\\r\\n\\u{202e}b"
        );
        assert_eq!(printable(&printable("a\x1b\\")), printable("a\x1b\\"));
    }

    #[test]
    fn a_guests_text_is_cut() {
        let longest = "a".repeat(SHOWN_MAX);
        assert_eq!(printable(&longest), longest);
        assert_eq!(printable(&format!("{longest}b")), format!("{longest}..."));
    }
}
