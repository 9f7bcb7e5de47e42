//! Compiled code of one guest, ready to be instantiated any number of times.

use std::sync::{Arc, OnceLock};

use wasmtime::component::{Component, InstancePre};

use crate::assets::Assets;
use crate::state::State;

/// The beginning of the name of our own main interface.
pub(crate) const AIO_RUN: &str = "aio:host/run@0.1.";

/// The beginnings of the interfaces with a main call, the preferred first.
pub(crate) const MAINS: [&str; 3] = [AIO_RUN, "wasi:cli/run@0.3.", "wasi:cli/run@0.2."];

/// A compiled component. Cloning is cheap.
#[derive(Clone)]
pub struct Program {
    shared: Arc<Shared>,
}

struct Shared {
    name: String,
    component: Component,
    assets: Assets,
    linked: OnceLock<InstancePre<State>>,
}

impl Program {
    pub(crate) fn new(name: &str, component: Component, assets: Assets) -> Self {
        let shared = Shared {
            name: name.into(),
            component,
            assets,
            linked: OnceLock::new(),
        };
        Self {
            shared: Arc::new(shared),
        }
    }

    /// The name it was loaded under.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.shared.name
    }

    pub(crate) fn component(&self) -> &Component {
        &self.shared.component
    }

    /// What travels with it.
    pub(crate) fn assets(&self) -> &Assets {
        &self.shared.assets
    }

    /// Whether it imports any interface of `aio:host`.
    pub(crate) fn imports_host(&self) -> bool {
        let component = self.component();
        let imports = component.component_type();
        let mut imports = imports.imports(component.engine());
        imports.any(|(name, _)| name.starts_with("aio:host/"))
    }

    /// The program with its imports resolved: done once, by the first instantiation.
    pub(crate) fn linked(&self) -> &OnceLock<InstancePre<State>> {
        &self.shared.linked
    }
}

impl std::fmt::Debug for Program {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Program")
            .field("name", &self.name())
            .finish_non_exhaustive()
    }
}
