//! Confined children where there are no children.

use crate::capability::Policy;
use crate::error::{Error, Result};

/// Refuses a guest whose children the system cannot confine although the policy says so.
pub(crate) fn require(policy: &Policy) -> Result<()> {
    match policy.limits.confine_children {
        true => Err(Error::Config(
            "--confine-children: this system has no children to confine".into(),
        )),
        false => Ok(()),
    }
}
