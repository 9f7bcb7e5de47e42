//! What a program imports and exports, seen before it runs: what the host provides, which flags it
//! would need, and what is missing.

use wasmtime::Engine;
use wasmtime::component::Linker;
use wasmtime::component::types::ComponentItem;

use crate::error::chain;
use crate::program::{MAINS, Program};
use crate::state::State;

/// The outcome of [`Host::check`](crate::Host::check).
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Report {
    /// What the program imports, in its order.
    pub imports: Vec<Import>,
    /// What the program exports, in its order.
    pub exports: Vec<Export>,
    /// Why it cannot be linked, if it cannot.
    pub problem: Option<String>,
}

/// One import.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Import {
    /// The interface or function, with its version.
    pub name: String,
    /// What the host has for it.
    pub support: Support,
}

/// What the host has for an import.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Support {
    /// Provided to every guest.
    Provided,
    /// Provided, and some of it only if these flags grant it.
    Partly(&'static str),
    /// Provided, and refuses everything unless these flags grant it.
    Granted(&'static str),
    /// Not provided: the program cannot be instantiated.
    Missing,
}

/// One export.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Export {
    /// The interface or function, with its version.
    pub name: String,
    /// Whether `aio-host run` calls it.
    pub main: bool,
}

const UNIX: &str = "--dir, --allow-unix";
const NET: &str = "--allow-net, --allow-listen";

/// The interfaces that are linked, each with the compatible versions' common beginning.
const LINKED: &[(&str, &[&str], Support)] = &[
    ("aio:host/types", &["0.1."], Support::Provided),
    ("aio:host/timers", &["0.1."], Support::Provided),
    ("aio:host/streams", &["0.1."], Support::Provided),
    ("aio:host/tcp", &["0.1."], Support::Granted(NET)),
    ("aio:host/udp", &["0.1."], Support::Granted(NET)),
    ("aio:host/unix", &["0.1."], Support::Granted(UNIX)),
    ("aio:host/sockets", &["0.1."], Support::Granted(NET)),
    ("aio:host/tls", &["0.1."], Support::Partly("--tls-identity")),
    ("aio:host/dns", &["0.1."], Support::Granted("--allow-net")),
    (
        "aio:host/process",
        &["0.1."],
        Support::Granted("--allow-run, --allow-child-env"),
    ),
    (
        "aio:host/signals",
        &["0.1."],
        Support::Granted("--allow-signal"),
    ),
    (
        "aio:host/stdio",
        &["0.1."],
        Support::Partly("--allow-terminal"),
    ),
    ("aio:host/workers", &["0.1."], Support::Provided),
    ("aio:host/assets", &["0.1."], Support::Provided),
    ("aio:host/ring", &["0.1."], Support::Granted(NET)),
    ("wasi:io/", &["0.2."], Support::Provided),
    ("wasi:clocks/", &["0.2.", "0.3."], Support::Provided),
    ("wasi:random/", &["0.2.", "0.3."], Support::Provided),
    (
        "wasi:cli/environment",
        &["0.2.", "0.3."],
        Support::Granted("--allow-env, --env"),
    ),
    ("wasi:cli/", &["0.2.", "0.3."], Support::Provided),
    (
        "wasi:filesystem/",
        &["0.2.", "0.3."],
        Support::Granted("--dir"),
    ),
    ("wasi:sockets/", &["0.2.", "0.3."], Support::Granted(NET)),
];

impl Report {
    pub(crate) fn new(engine: &Engine, linker: &Linker<State>, program: &Program) -> Self {
        let component = program.component().component_type();
        let imports = component
            .imports(engine)
            .filter(|(_, item)| is_linked(&item.ty));
        let exports = component.exports(engine);
        Self {
            imports: imports.map(|(name, _)| Import::new(name)).collect(),
            exports: exports.map(|(name, _)| Export::new(name)).collect(),
            problem: linker
                .instantiate_pre(program.component())
                .err()
                .map(|error| chain(&error)),
        }
    }

    /// Whether the program can be instantiated.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.problem.is_none()
    }

    /// The flags without which some imports refuse something, each once.
    #[must_use]
    pub fn flags(&self) -> Vec<&'static str> {
        let granted = self
            .imports
            .iter()
            .filter_map(|import| match import.support {
                Support::Granted(flags) | Support::Partly(flags) => Some(flags),
                _ => None,
            });
        let mut flags: Vec<_> = granted.flat_map(|flags| flags.split(", ")).collect();
        flags.sort_unstable();
        flags.dedup();
        flags
    }
}

impl Import {
    fn new(name: &str) -> Self {
        Self {
            name: name.into(),
            support: support(name),
        }
    }
}

impl Export {
    fn new(name: &str) -> Self {
        Self {
            name: name.into(),
            main: MAINS.iter().any(|interface| name.starts_with(interface)),
        }
    }
}

fn support(name: &str) -> Support {
    let Some((interface, version)) = name.split_once('@') else {
        return Support::Missing;
    };
    LINKED
        .iter()
        .find(|(prefix, versions, _)| {
            interface.starts_with(prefix) && versions.iter().any(|known| version.starts_with(known))
        })
        .map_or(Support::Missing, |(_, _, support)| *support)
}

/// Types are described, not linked.
fn is_linked(item: &ComponentItem) -> bool {
    !matches!(item, ComponentItem::Type(_) | ComponentItem::Resource(_))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_told_apart() {
        assert_eq!(support("wasi:cli/stdout@0.2.9"), Support::Provided);
        assert_eq!(support("wasi:cli/stdout@0.3.0"), Support::Provided);
        assert_eq!(support("wasi:cli/stdout@0.4.0"), Support::Missing);
        assert_eq!(support("wasi:io/poll@0.3.0"), Support::Missing);
    }

    #[test]
    fn what_is_unknown_is_missing() {
        assert_eq!(support("wasi:http/types@0.2.0"), Support::Missing);
        assert_eq!(support("log"), Support::Missing);
    }

    #[test]
    fn what_needs_a_grant_names_the_flag() {
        assert_eq!(
            support("aio:host/dns@0.1.0"),
            Support::Granted("--allow-net")
        );
        assert_eq!(
            support("aio:host/process@0.1.0"),
            Support::Granted("--allow-run, --allow-child-env")
        );
        assert_eq!(
            support("aio:host/stdio@0.1.0"),
            Support::Partly("--allow-terminal")
        );
    }
}
