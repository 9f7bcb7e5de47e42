//! What an embedder decides about one guest before it runs.

use std::sync::Arc;

use crate::capability::Policy;
use crate::wasi::Stdio;

/// What a guest is given.
#[derive(Clone)]
pub struct GuestOptions {
    /// What it may touch, and how much.
    pub policy: Policy,
    /// Its arguments; the first is its name, by custom.
    pub args: Vec<String>,
    /// Its standard streams.
    pub stdio: Stdio,
    /// Is told once of each thing that the policy refused, with the flag that would allow it.
    pub on_denied: Arc<dyn Fn(&str) + Send + Sync>,
}

impl GuestOptions {
    /// No arguments, no standard streams; refusals go to the log.
    #[must_use]
    pub fn new(policy: Policy) -> Self {
        Self {
            policy,
            args: Vec::new(),
            stdio: Stdio::Null,
            on_denied: Arc::new(|denial| tracing::warn!("refused: {denial}")),
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
