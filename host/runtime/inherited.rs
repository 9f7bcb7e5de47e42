//! Listeners that the embedder has opened and passes to guests by name. Passing one is the grant:
//! whoever knows its name may take it, once.

use std::collections::BTreeMap;
use std::net::TcpListener;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Listeners by name. Clones share them: one that a guest has taken is gone for all.
#[derive(Clone, Debug, Default)]
pub struct Inherited(Arc<Mutex<BTreeMap<String, TcpListener>>>);

impl Inherited {
    /// Passes `listener` under `name`; returns the one that had this name.
    pub fn add(&self, name: impl Into<String>, listener: TcpListener) -> Option<TcpListener> {
        self.lock().insert(name.into(), listener)
    }

    pub(crate) fn take(&self, name: &str) -> Option<TcpListener> {
        self.lock().remove(name)
    }

    /// A map is whole at every moment, also after a panic of another thread.
    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, TcpListener>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_listener_is_taken_once_whoever_takes_it() {
        let listeners = Inherited::default();
        let listener = || TcpListener::bind("127.0.0.1:0").unwrap();
        assert!(listeners.add("http", listener()).is_none());
        assert!(listeners.add("http", listener()).is_some());
        let other = listeners.clone();
        assert!(other.take("https").is_none());
        assert!(other.take("http").is_some());
        assert!(listeners.take("http").is_none());
    }
}
