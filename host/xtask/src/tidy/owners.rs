//! Who may name which library: the event loop alone knows how it polls, the runtime alone knows
//! what runs the guests. Native code only; guests are another world.

use super::code;
use super::{Finding, Source};

/// A library and the folders that may name it.
struct Owner {
    library: &'static str,
    folders: &'static [&'static str],
}

const OWNERS: [Owner; 4] = [
    Owner {
        library: "mio",
        // The benchmark's native server is what the loop is compared with.
        folders: &["host/loop/", "host/xtask/src/bench/"],
    },
    Owner {
        library: "wasmtime",
        folders: &["host/runtime/"],
    },
    Owner {
        library: "wasmtime_wasi",
        folders: &["host/runtime/"],
    },
    Owner {
        library: "clap",
        folders: &["host/cli/", "host/xtask/"],
    },
];

/// Finds names of libraries that another folder owns.
pub(super) fn check(source: &Source) -> Vec<Finding> {
    if !source.is_rust() || !source.path.starts_with("host/") {
        return Vec::new();
    }
    let code = code::code(&source.text);
    let numbered = code.lines().enumerate();
    numbered
        .flat_map(|(index, line)| foreign(source, line).map(move |what| (index + 1, what)))
        .map(|(line, what)| source.finding(line, what))
        .collect()
}

fn foreign(source: &Source, line: &str) -> impl Iterator<Item = String> {
    let owners = OWNERS.iter().filter(|owner| !owner.owns(&source.path));
    owners
        .filter(|owner| code::words(line).any(|word| word == owner.library))
        .map(Owner::complaint)
}

impl Owner {
    fn owns(&self, path: &str) -> bool {
        self.folders.iter().any(|folder| path.starts_with(folder))
    }

    fn complaint(&self) -> String {
        let Self { library, folders } = self;
        format!("`{library}` is named in {} only", folders.join(" and "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(path: &str, text: &str) -> Vec<usize> {
        let findings = check(&Source::new(path, text));
        findings.into_iter().map(|finding| finding.line).collect()
    }

    #[test]
    fn a_library_is_named_by_its_owner_only() {
        let text = "//! Uses.\nuse mio::Poll;\nuse wasmtime::Store;\n";
        assert_eq!(lines("host/loop/src/core/reactor.rs", text), [3]);
        assert_eq!(lines("host/runtime/guest.rs", text), [2]);
        assert_eq!(lines("host/cli/main.rs", text), [2, 3]);
        assert!(lines("tests/all/main.rs", text).is_empty());
    }

    #[test]
    fn prose_and_longer_words_may_name_it() {
        let text = "// mio\nlet a = \"mio\";\nlet mio_like = 1;\n";
        assert!(lines("host/cli/main.rs", text).is_empty());
    }
}
