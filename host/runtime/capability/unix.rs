//! Rules about abstract names of Unix sockets. What has a path is granted by its directory.

use std::fmt;
use std::str::FromStr;

use super::denial::{Denial, printable};
use super::{Grants, RuleError};

/// The longest abstract name, in bytes.
const NAME_MAX: usize = 107;

/// Names abstract Unix sockets, to listen at, connect or send to: `@NAME`, or `@PREFIX*` for all
/// names that begin so. The `@` is not part of the name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnixRule {
    name: String,
    is_prefix: bool,
}

impl UnixRule {
    pub(super) fn covers(&self, name: &[u8]) -> bool {
        match self.is_prefix {
            true => name.starts_with(self.name.as_bytes()),
            false => name == self.name.as_bytes(),
        }
    }
}

impl Grants {
    /// Decides on the abstract Unix socket `name`; `verb` says what is to be done, such as "connect
    /// to".
    pub fn abstract_name(&self, verb: &str, name: &[u8]) -> Result<(), Denial> {
        let operation = || printable(&format!("{verb} @{}", String::from_utf8_lossy(name)));
        let rules = &self.policy.unix;
        if let Some(rule) = rules.deny.iter().find(|rule| rule.covers(name)) {
            return Err(Denial::denied(operation(), "unix", rule));
        }
        if self.policy.all || rules.allow.iter().any(|rule| rule.covers(name)) {
            return Ok(());
        }
        Err(Denial::not_granted(operation(), Some(flag(name))))
    }
}

impl FromStr for UnixRule {
    type Err = RuleError;

    fn from_str(text: &str) -> Result<Self, RuleError> {
        let Some(name) = text.strip_prefix('@') else {
            return Err(RuleError::new(
                "an abstract name begins with `@`; sockets with a path are granted by `dir`",
            ));
        };
        let (name, is_prefix) = match name.strip_suffix('*') {
            Some(prefix) => (prefix, true),
            None => (name, false),
        };
        if name.is_empty() && !is_prefix {
            return Err(RuleError::new("the name is empty; `@*` is every name"));
        }
        if name.len() > NAME_MAX {
            return Err(RuleError::new("no abstract name is longer than 107 bytes"));
        }
        Ok(Self {
            name: name.to_owned(),
            is_prefix,
        })
    }
}

impl fmt::Display for UnixRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let star = if self.is_prefix { "*" } else { "" };
        write!(f, "@{}{star}", self.name)
    }
}

/// Names the flag that grants `name`. What does not go through shells and lists as it is has the
/// flag for all names.
pub(super) fn flag(name: &[u8]) -> String {
    let plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"-_./:@+".contains(byte);
    match std::str::from_utf8(name) {
        Ok(text) if name.iter().all(plain) => format!("--allow-unix=@{text}"),
        _ => "--allow-unix='@*'".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::capability::Policy;

    fn grants(policy: Policy) -> Grants {
        Grants::new(Arc::new(policy))
    }

    fn said(result: Result<(), Denial>) -> String {
        result.unwrap_err().to_string()
    }

    fn rule(text: &str) -> UnixRule {
        text.parse().unwrap()
    }

    #[test]
    fn a_name_covers_itself_alone() {
        assert!(rule("@app").covers(b"app"));
        for name in [&b"ap"[..], b"app1", b"@app", b"App", b"app\0", b""] {
            assert!(!rule("@app").covers(name), "{name:?}");
        }
    }

    #[test]
    fn a_star_at_the_end_covers_all_that_begin_so() {
        assert!(rule("@app/*").covers(b"app/"));
        assert!(rule("@app/*").covers(b"app/\xff\0"));
        assert!(!rule("@app/*").covers(b"app"));
        assert!(rule("@*").covers(b"\xff") && rule("@*").covers(b""));
        assert!(!rule("@a*b").covers(b"axb") && rule("@a*b").covers(b"a*b"));
    }

    #[test]
    fn the_longest_name_has_107_bytes() {
        let longest = "n".repeat(NAME_MAX);
        assert!(rule(&format!("@{longest}")).covers(longest.as_bytes()));
        assert!(format!("@{longest}n").parse::<UnixRule>().is_err());
        assert!(format!("@{longest}*").parse::<UnixRule>().is_ok());
    }

    #[test]
    fn rules_are_shown_as_they_are_written() {
        for text in ["@app", "@app/*", "@*"] {
            assert_eq!(rule(text).to_string(), text);
        }
    }

    #[test]
    fn malformed_rules_say_why() {
        for (text, why) in [
            ("", "begins with `@`"),
            ("app", "begins with `@`"),
            ("/run/app.sock", "granted by `dir`"),
            ("*", "begins with `@`"),
            ("@", "empty"),
        ] {
            let error = text.parse::<UnixRule>().unwrap_err().to_string();
            assert!(error.contains(why), "{text}: {error}");
        }
    }

    #[test]
    fn an_abstract_name_is_granted_by_its_rule() {
        let none = grants(Policy::default());
        assert_eq!(
            said(none.abstract_name("connect to", b"app")),
            "connect to @app: not granted; --allow-unix=@app would allow it"
        );
        let some = grants(Policy::default().allow_unix("@app".parse().unwrap()));
        assert_eq!(some.abstract_name("listen at", b"app"), Ok(()));
        assert!(some.abstract_name("listen at", b"app2").is_err());
        assert_eq!(
            grants(Policy::allow_all()).abstract_name("send to", b"x"),
            Ok(())
        );
    }

    #[test]
    fn a_denied_abstract_name_is_refused_whatever_allows_it() {
        let policy = Policy::allow_all()
            .allow_unix("@app".parse().unwrap())
            .deny_unix("@app*".parse().unwrap());
        let some = grants(policy);
        assert_eq!(
            said(some.abstract_name("connect to", b"app\x1b")),
            "connect to @app\\u{1b}: denied by the policy's rule `deny unix @app*`"
        );
        assert_eq!(some.abstract_name("connect to", b"other"), Ok(()));
    }

    #[test]
    fn the_advised_flag_covers_the_name() {
        for name in [&b"app/1.sock"[..], b"a b", b"a,b", b"a*", b"\xff", b"$(x)"] {
            let flag = flag(name);
            let text = flag.split_once('=').unwrap().1.trim_matches('\'');
            assert!(rule(text).covers(name), "{flag}");
        }
    }
}
