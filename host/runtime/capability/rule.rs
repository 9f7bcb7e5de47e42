//! Why the text of a rule is not a rule.

use std::borrow::Cow;

/// Says why a text is not a rule. The text itself is not repeated.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct RuleError(Cow<'static, str>);

impl RuleError {
    pub(crate) fn new(reason: impl Into<Cow<'static, str>>) -> Self {
        Self(reason.into())
    }
}
