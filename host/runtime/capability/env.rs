//! The names of environment variables.

use std::str::FromStr;

use super::RuleError;

/// Names one environment variable: not empty, without `=` and NUL.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EnvRule(String);

impl EnvRule {
    /// Tells the name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for EnvRule {
    type Err = RuleError;

    fn from_str(text: &str) -> Result<Self, RuleError> {
        if text.is_empty() {
            return Err(RuleError::new("the name of the variable is empty"));
        }
        if text.contains(['=', '\0']) {
            return Err(RuleError::new(
                "the name of a variable has no `=` and no NUL",
            ));
        }
        Ok(Self(text.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_without_a_meaning_are_refused() {
        assert!("LANG".parse::<EnvRule>().is_ok());
        for text in ["", "A=B", "A\0"] {
            assert!(text.parse::<EnvRule>().is_err(), "{text:?}");
        }
    }
}
