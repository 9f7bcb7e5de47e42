//! The layers of the architecture: a lower module names no higher one. Reads the paths `crate::`
//! and `super::` of production code; crate borders are the compiler's business.

use super::code;
use super::{Finding, Source};

/// A crate: where its source lies and which modules stand on which, lowest first.
struct Crate {
    folder: &'static str,
    layers: &'static [&'static [&'static str]],
    /// Modules that name no other and may be named by all.
    common: &'static [&'static str],
}

const CRATES: [Crate; 2] = [
    Crate {
        folder: "host/loop/src/",
        layers: &[
            &["sys"],
            &["core"],
            &[
                "net", "fd", "dns", "pipe", "tls", "process", "signal", "terminal",
            ],
            &["testing"],
        ],
        common: &[],
    },
    Crate {
        folder: "host/runtime/",
        layers: &[
            &["capability", "quota", "interrupt", "solo", "ticker"],
            &[
                "children",
                "handles",
                "socket",
                "identities",
                "stdio",
                "socket",
                "stream",
                "subscriptions",
                "datagrams",
                "inherited",
                "policy",
                "preopens",
                "confine",
                "no_confine",
                "adapt",
                "assets",
                "cache",
            ],
            // The linker binds the imports to one type of state, so these name each other.
            &["imports", "wasi", "state", "options", "workers"],
            &["engine", "program", "guest", "host", "check"],
        ],
        common: &["error"],
    },
];

/// Finds paths that lead upwards, and modules without a layer.
pub(super) fn check(source: &Source) -> Vec<Finding> {
    let Some((krate, module)) = CRATES.iter().find_map(|krate| krate.module_of(source)) else {
        return Vec::new();
    };
    let Some(own) = krate.layer(module[0]) else {
        let name = module[0];
        return vec![source.finding(1, format!("module `{name}` has no layer in tidy/layers.rs"))];
    };
    let code = code::production(&source.text);
    paths(&code, &module)
        .into_iter()
        .filter(|(_, name)| krate.layer(name).is_some_and(|layer| layer > own))
        .map(|(line, name)| source.finding(line, format!("`{}` stands below `{name}`", module[0])))
        .collect()
}

impl Crate {
    /// The path of the module in `source`, unless it is the root that ties all together.
    fn module_of<'a>(&'static self, source: &'a Source) -> Option<(&'static Self, Vec<&'a str>)> {
        let path = source.path.strip_prefix(self.folder)?;
        let path = path.strip_suffix(".rs")?;
        let path = path.strip_suffix("/mod").unwrap_or(path);
        (path != "lib").then(|| (self, path.split('/').collect()))
    }

    fn layer(&self, module: &str) -> Option<usize> {
        if self.common.contains(&module) {
            return Some(0);
        }
        self.layers.iter().position(|layer| layer.contains(&module))
    }
}

/// The modules of the crate's root that `code` names, with the line of each.
fn paths<'a>(code: &'a str, module: &[&str]) -> Vec<(usize, &'a str)> {
    let mut found = Vec::new();
    for (index, rest) in roots(code, module.len()) {
        let line = code[..index].lines().count().max(1);
        found.extend(heads(rest).into_iter().map(|name| (line, name)));
    }
    found
}

/// What follows each path prefix that means the crate's root, from a module `depth` levels deep.
fn roots(code: &str, depth: usize) -> impl Iterator<Item = (usize, &str)> {
    let up = "super::".repeat(depth);
    let by_name = code.match_indices("crate::");
    let absolute = by_name.map(|(index, prefix)| (index, &code[index + prefix.len()..]));
    let by_steps: Vec<_> = code
        .match_indices(&up)
        .map(|(index, _)| (index, &code[index + up.len()..]))
        .collect();
    absolute.chain(by_steps)
}

/// The first segments of the path or of the group of paths that `rest` begins with.
fn heads(rest: &str) -> Vec<&str> {
    let Some(group) = rest.strip_prefix('{') else {
        return code::words(rest).take(1).collect();
    };
    let mut depth = 0_usize;
    let mut heads = Vec::new();
    let mut item = 0;
    for (index, c) in group.char_indices() {
        match c {
            '{' => depth += 1,
            '}' if depth == 0 => {
                heads.extend(code::words(&group[item..index]).next());
                break;
            }
            '}' => depth -= 1,
            ',' if depth == 0 => {
                heads.extend(code::words(&group[item..index]).next());
                item = index + 1;
            }
            _ => {}
        }
    }
    heads
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(path: &str, text: &str) -> Vec<String> {
        let findings = check(&Source::new(path, text));
        findings.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_lower_module_does_not_name_a_higher_one() {
        assert_eq!(
            found("host/loop/src/sys/fd.rs", "a\nuse crate::core::Token;"),
            ["host/loop/src/sys/fd.rs:2: `sys` stands below `core`"]
        );
        assert!(found("host/loop/src/core/turn.rs", "use crate::sys::Fd;").is_empty());
        assert!(found("host/loop/src/core/mod.rs", "use crate::core::Fd;").is_empty());
        assert!(found("host/loop/src/lib.rs", "use crate::net::Fd;").is_empty());
    }

    #[test]
    fn groups_and_steps_upwards_are_paths_too() {
        let path = "host/runtime/imports/tcp.rs";
        let group =
            "use crate::{\n    error::Error,\n    handles::{self, Table},\n    guest::A,\n};";
        assert_eq!(found(path, group).len(), 1);
        assert_eq!(found(path, "use super::super::guest::Guest;").len(), 1);
        assert!(found(path, "use super::guest::Guest;").is_empty());
        assert!(found(path, "use super::super::quota::Quota;").is_empty());
        assert_eq!(
            found("host/runtime/quota.rs", "fn f() -> super::host::A").len(),
            1
        );
    }

    #[test]
    fn tests_and_comments_may_look_up() {
        let text = "// crate::net\n#[cfg(test)]\nmod tests { use crate::testing::Clock; }";
        assert!(found("host/loop/src/core/turn.rs", text).is_empty());
    }

    #[test]
    fn a_new_module_is_given_a_layer() {
        assert_eq!(found("host/runtime/new.rs", "").len(), 1);
        assert!(found("host/cli/new.rs", "").is_empty());
    }
}
