//! What an embedder decides about one guest before it runs.

use std::sync::Arc;

use crate::capability::Policy;
use crate::inherited::Inherited;
use crate::stdio::Stdio;

/// What a guest is given.
#[derive(Clone)]
pub struct GuestOptions {
    /// What it may touch, and how much.
    pub policy: Policy,
    /// Its arguments; the first is its name, by custom.
    pub args: Vec<String>,
    /// Its standard streams.
    pub stdio: Stdio,
    /// Listeners that it may take over by name, whatever the policy says of listening.
    pub inherited: Inherited,
    /// Is told once of each thing that the policy refused, with the flag that would allow it.
    pub on_denied: Arc<dyn Fn(&str) + Send + Sync>,
    /// Whether it waits on its ring without giving up its stack when nothing else is runnable,
    /// which is quicker. There is no reason to say no but to measure that.
    pub park_in_place: bool,
}

impl GuestOptions {
    /// No arguments, no standard streams; refusals go to the log.
    #[must_use]
    pub fn new(policy: Policy) -> Self {
        Self {
            policy,
            args: Vec::new(),
            stdio: Stdio::Null,
            inherited: Inherited::default(),
            on_denied: Arc::new(|denial| tracing::warn!("refused: {denial}")),
            park_in_place: true,
        }
    }
}

impl std::fmt::Debug for GuestOptions {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("GuestOptions")
            .field("policy", &self.policy)
            .finish_non_exhaustive()
    }
}
