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
