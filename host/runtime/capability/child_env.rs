//! Rules about the environment of children, and what a child gets of it.

use std::fmt;
use std::str::FromStr;

use super::denial::{Denial, printable};
use super::{EnvRule, Grants, RuleError};

/// What the names begin with that decide which code a program loads. Only rules that say so cover
/// them.
const LOADERS: [&str; 3] = ["LD_", "DYLD_", "PYTHON"];

/// Names variables that a guest may set for a child as it likes: `NAME`, or `PREFIX*` for all names
/// that begin so. Names that begin with `LD_`, `DYLD_` or `PYTHON` are covered only by rules that
/// begin so too.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChildEnvRule {
    name: String,
    is_prefix: bool,
}

impl ChildEnvRule {
    fn grants(&self, name: &str) -> bool {
        let named = loader(name).is_none_or(|loader| self.name.starts_with(loader));
        named && self.covers(name)
    }

    fn covers(&self, name: &str) -> bool {
        match self.is_prefix {
            true => name.starts_with(&self.name),
            false => name == self.name,
        }
    }
}

/// Tells what a name begins with, if that decides which code is loaded.
fn loader(name: &str) -> Option<&'static str> {
    let mut loaders = LOADERS.into_iter();
    loaders.find(|loader| name.starts_with(loader))
}

impl FromStr for ChildEnvRule {
    type Err = RuleError;

    fn from_str(text: &str) -> Result<Self, RuleError> {
        let (name, is_prefix) = match text.strip_suffix('*') {
            Some("") => {
                let name = String::new();
                return Ok(Self {
                    name,
                    is_prefix: true,
                });
            }
            Some(prefix) => (prefix, true),
            None => (text, false),
        };
        if name.contains('*') {
            return Err(RuleError::new("a `*` stands at the end only"));
        }
        let name: EnvRule = name.parse()?;
        Ok(Self {
            name: name.as_str().to_owned(),
            is_prefix,
        })
    }
}

impl fmt::Display for ChildEnvRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let star = if self.is_prefix { "*" } else { "" };
        write!(f, "{}{star}", self.name)
    }
}

impl Grants {
    /// Decides on the environment of a child: all of `wanted`, or without that what the guest
    /// itself has. Each variable of `wanted` has to be the guest's own, with the same value, or to
    /// be granted; what is not granted to a child is left out of the guest's own.
    ///
    /// # Errors
    ///
    /// The denial of the first that is not granted or denied. A name that is none is never granted.
    pub fn child_env(
        &self,
        wanted: Option<Vec<(String, String)>>,
    ) -> Result<Vec<(String, String)>, Denial> {
        let Some(wanted) = wanted else {
            let own = self.env.iter();
            let passed = own.filter(|(name, value)| self.variable(name, value).is_ok());
            return Ok(passed.cloned().collect());
        };
        for (name, value) in &wanted {
            self.variable(name, value)?;
        }
        Ok(wanted)
    }

    fn variable(&self, name: &str, value: &str) -> Result<(), Denial> {
        let operation = || printable(&format!("set {name} for a child"));
        let rules = &self.policy.child_env;
        if name.parse::<EnvRule>().is_err() {
            return Err(Denial::not_granted(operation(), None));
        }
        if let Some(rule) = rules.deny.iter().find(|rule| rule.covers(name)) {
            return Err(Denial::denied(operation(), "child-env", rule));
        }
        if self.sets(name) || self.passes_on(name, value) {
            return Ok(());
        }
        Err(Denial::not_granted(operation(), Some(flag(name))))
    }

    /// Whether the guest may choose the value.
    fn sets(&self, name: &str) -> bool {
        let all = self.policy.all && loader(name).is_none();
        let mut rules = self.policy.child_env.allow.iter();
        all || rules.any(|rule| rule.grants(name))
    }

    /// Whether it is the guest's own, and no more than that is needed.
    fn passes_on(&self, name: &str, value: &str) -> bool {
        let named = loader(name).is_none() || self.policy.env.names.allows(name);
        let own = |pair: &(String, String)| pair.0 == name && pair.1 == value;
        named && self.env.iter().any(own)
    }
}

/// Names the flag that grants `name`, if it can be written in a shell.
fn flag(name: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '_';
    match name.chars().all(plain) {
        true => format!("--allow-child-env={name}"),
        false => "--allow-child-env=NAME".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::capability::Policy;

    fn pairs(of: &[(&str, &str)]) -> Vec<(String, String)> {
        let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        of.iter().map(owned).collect()
    }

    /// A policy at work in a guest of a host with these variables.
    fn grants(policy: Policy, host: &[(&str, &str)]) -> Grants {
        let env = policy.env(pairs(host));
        Grants::new(Arc::new(policy)).with_env(env)
    }

    fn allowing(rules: &[&str]) -> Grants {
        let allow = |policy: Policy, rule: &&str| policy.allow_child_env(rule.parse().unwrap());
        grants(rules.iter().fold(Policy::default(), allow), &[])
    }

    fn sets(grants: &Grants, name: &str) -> bool {
        let given = pairs(&[(name, "x")]);
        let answer = grants.child_env(Some(given.clone()));
        assert!(answer.is_err() || answer == Ok(given));
        answer.is_ok()
    }

    fn said(result: Result<Vec<(String, String)>, Denial>) -> String {
        result.unwrap_err().to_string()
    }

    const HOST: [(&str, &str); 4] = [
        ("LANG", "C"),
        ("SECRET", "s"),
        ("LD_PRELOAD", "/evil.so"),
        ("PYTHONPATH", "/p"),
    ];

    #[test]
    fn a_child_has_what_the_guest_was_granted() {
        let nothing = grants(Policy::default(), &HOST);
        assert_eq!(nothing.child_env(None), Ok(vec![]));
        let policy = Policy::default()
            .allow_env("LANG".parse().unwrap())
            .set_env("MODE".parse().unwrap(), "fast");
        let some = grants(policy, &HOST);
        let expected = pairs(&[("LANG", "C"), ("MODE", "fast")]);
        assert_eq!(some.child_env(None), Ok(expected));
    }

    #[test]
    fn an_own_variable_is_passed_on_with_its_own_value_only() {
        let some = grants(Policy::default().allow_env("LANG".parse().unwrap()), &HOST);
        let own = pairs(&[("LANG", "C")]);
        assert_eq!(some.child_env(Some(own.clone())), Ok(own));
        assert_eq!(some.child_env(Some(vec![])), Ok(vec![]));
        assert_eq!(
            said(some.child_env(Some(pairs(&[("LANG", "de")])))),
            "set LANG for a child: not granted; --allow-child-env=LANG would allow it"
        );
        assert!(some.child_env(Some(pairs(&[("SECRET", "s")]))).is_err());
    }

    #[test]
    fn a_name_and_a_beginning_are_granted() {
        let some = allowing(&["MODE", "GIT_*"]);
        for name in ["MODE", "GIT_", "GIT_DIR"] {
            assert!(sets(&some, name), "{name}");
        }
        for name in ["MODEL", "mode", "GIT", "XGIT_DIR", "GIT_*="] {
            assert!(!sets(&some, name), "{name}");
        }
    }

    #[test]
    fn what_loads_code_is_granted_by_its_name_alone() {
        for (rule, name) in [
            ("LD_PRELOAD", "LD_PRELOAD"),
            ("LD_*", "LD_AUDIT"),
            ("DYLD_*", "DYLD_X"),
            ("PYTHON*", "PYTHON"),
            ("PYTHONPATH", "PYTHONPATH"),
        ] {
            assert!(sets(&allowing(&[rule]), name), "{rule} {name}");
            for wide in ["*", "L*", "LD*", "D*", "P*", "PYTHO*"] {
                assert!(!sets(&allowing(&[wide]), name), "{wide} {name}");
            }
            assert!(!sets(&grants(Policy::allow_all(), &HOST), name));
        }
        assert!(sets(&allowing(&["*"]), "LDX") && sets(&allowing(&["*"]), "XLD_"));
    }

    #[test]
    fn what_loads_code_is_not_passed_on_unless_named() {
        let all = grants(Policy::allow_all(), &HOST);
        let expected = pairs(&[("LANG", "C"), ("SECRET", "s")]);
        assert_eq!(all.child_env(None), Ok(expected));
        let own = Some(pairs(&[("LD_PRELOAD", "/evil.so")]));
        assert!(all.child_env(own.clone()).is_err());
        let named = Policy::allow_all().allow_env("LD_PRELOAD".parse().unwrap());
        let named = grants(named, &HOST);
        assert!(named.child_env(own).is_ok());
        assert_eq!(named.child_env(None).unwrap().len(), 3);
        let ruled = Policy::allow_all().allow_child_env("PYTHON*".parse().unwrap());
        assert_eq!(grants(ruled, &HOST).child_env(None).unwrap().len(), 3);
    }

    #[test]
    fn a_deny_beats_every_allow() {
        let policy = Policy::allow_all()
            .allow_child_env("*".parse().unwrap())
            .deny_child_env("SEC*".parse().unwrap());
        let some = grants(policy, &HOST);
        assert_eq!(some.child_env(None), Ok(pairs(&[("LANG", "C")])));
        assert_eq!(
            said(some.child_env(Some(pairs(&[("SECOND", "x")])))),
            "set SECOND for a child: denied by the policy's rule `deny child-env SEC*`"
        );
        assert!(sets(&some, "OTHER"));
    }

    #[test]
    fn hostile_names_are_refused_whatever_is_granted() {
        let all = grants(Policy::allow_all(), &HOST);
        let some = allowing(&["*", "LD_*"]);
        for name in ["", "A=B", "=", "A\0", "\0LD_PRELOAD", "LD_PRELOAD=/x"] {
            assert!(!sets(&all, name) && !sets(&some, name), "{name:?}");
        }
        let long = "N".repeat(1 << 20);
        assert!(sets(&some, &long) && !sets(&allowing(&["A"]), &long));
        let twice = pairs(&[("A", "1"), ("A", "2")]);
        assert_eq!(some.child_env(Some(twice.clone())), Ok(twice));
        let said = said(allowing(&[]).child_env(Some(pairs(&[("$(x)\x1b", "")]))));
        assert!(said.contains("--allow-child-env=NAME") && !said.contains('\x1b'));
    }

    #[test]
    fn rules_are_shown_as_they_are_written_or_say_why_not() {
        for text in ["A", "GIT_*", "*"] {
            assert_eq!(text.parse::<ChildEnvRule>().unwrap().to_string(), text);
        }
        for (text, why) in [
            ("", "is empty"),
            ("A=B", "no `=`"),
            ("A\0", "no NUL"),
            ("A*B", "at the end only"),
            ("**", "at the end only"),
        ] {
            let error = text.parse::<ChildEnvRule>().unwrap_err().to_string();
            assert!(error.contains(why), "{text:?}: {error}");
        }
    }
}
