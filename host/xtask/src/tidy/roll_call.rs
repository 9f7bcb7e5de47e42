//! The roll call: every guest program has a test that names it, and every function of the WIT
//! package has a guest that calls it by name.

use std::collections::BTreeSet;

use super::{Finding, Source, code};

/// Finds programs without a test and functions without a program.
pub(super) fn check(sources: &[Source]) -> Vec<Finding> {
    let mut findings = untested(sources);
    findings.extend(uncalled(sources));
    findings
}

fn untested(sources: &[Source]) -> Vec<Finding> {
    let tests = sources
        .iter()
        .filter(|source| source.is_rust() && source.path.starts_with("tests/all/"));
    let named: BTreeSet<_> = tests.flat_map(|test| names(&test.text)).collect();
    let programs = sources.iter().filter_map(|s| Some((s, program(s)?)));
    programs
        .filter(|(_, name)| !named.contains(*name) && !named.contains(&*kebab(name)))
        .map(|(source, name)| source.finding(1, format!("no test in tests/all names `{name}`")))
        .collect()
}

/// The name of the program in `source`, if it is one of the test programs.
fn program(source: &Source) -> Option<&str> {
    let inner = source.path.strip_prefix("tests/guests/")?;
    let stem = source.stem();
    match (source.is_rust(), stem) {
        (true, "lib" | "build" | "mod") => None,
        (true, "main") => inner.split('/').next(),
        (true, _) => Some(stem),
        (false, _) => source.has_extension("wat").then_some(stem),
    }
}

fn uncalled(sources: &[Source]) -> Vec<Finding> {
    let guests = sources.iter().filter(|source| is_guest(source));
    let mentioned: BTreeSet<_> = guests.flat_map(|guest| names(&guest.text)).collect();
    let wit = sources.iter().filter(|source| is_own_wit(source));
    wit.flat_map(|file| functions(&file.text).map(move |(line, name)| (file, line, name)))
        .filter(|(_, _, name)| !mentioned.contains(name) && !mentioned.contains(&*snake(name)))
        .map(|(file, line, name)| file.finding(line, format!("no guest calls `{name}`")))
        .collect()
}

fn is_guest(source: &Source) -> bool {
    let place = ["tests/guests/", "examples/"];
    let language = source.is_rust() || source.has_extension("wat");
    language && place.iter().any(|folder| source.path.starts_with(folder))
}

fn is_own_wit(source: &Source) -> bool {
    let path = &source.path;
    source.has_extension("wit") && path.starts_with("wit/") && !path.starts_with("wit/deps/")
}

/// The functions that a WIT file declares, with their lines.
fn functions(wit: &str) -> impl Iterator<Item = (usize, &str)> {
    let numbered = wit.lines().enumerate();
    numbered.filter_map(|(index, line)| Some((index + 1, function(line)?)))
}

fn function(line: &str) -> Option<&str> {
    let (name, kind) = line.trim().split_once(": ")?;
    let kind = kind.strip_prefix("static ").unwrap_or(kind);
    let kind = kind.strip_prefix("async ").unwrap_or(kind);
    // A name that is a word of WIT's own stands behind a sign.
    let name = name.strip_prefix('%').unwrap_or(name);
    let plain = !name.contains([' ', '/']);
    (kind.starts_with("func(") && plain).then_some(name)
}

/// Every name in `text`, by its parts and as one with dashes.
fn names(text: &str) -> impl Iterator<Item = &str> {
    let with_dashes = text.split(|c: char| !c.is_alphanumeric() && c != '-');
    code::words(text).chain(with_dashes)
}

fn kebab(name: &str) -> String {
    name.replace('_', "-")
}

fn snake(name: &str) -> String {
    name.replace('-', "_")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn whats(sources: &[Source]) -> Vec<String> {
        let findings = check(sources);
        findings.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn every_program_has_a_test_that_names_it() {
        let test = Source::new(
            "tests/all/a.rs",
            "guest(\"by-name\"); run(by_word); part_of_it",
        );
        let programs = [
            "tests/guests/by_name.rs",
            "tests/guests/examples/by_word.rs",
            "tests/guests/part_of.wat",
            "tests/guests/forgotten/src/main.rs",
            "tests/guests/src/lib.rs",
            "tests/guests/build.rs",
        ];
        let mut sources = programs.map(|path| Source::new(path, "")).to_vec();
        sources.push(test);
        assert_eq!(
            whats(&sources),
            [
                "tests/guests/part_of.wat:1: no test in tests/all names `part_of`",
                "tests/guests/forgotten/src/main.rs:1: no test in tests/all names `forgotten`",
            ]
        );
    }

    #[test]
    fn every_function_has_a_guest_that_calls_it() {
        let wit = "    /// now: func() is documented\n    now: func() -> u64;\n    \
            sleep-until: async func(a: u64);\n    listen: static async func();\n    \
            read: func();\n    %option: func();\n";
        let sources = [
            Source::new("wit/timers.wit", wit),
            Source::new("wit/deps/a.wit", wit),
            Source::new("examples/a/lib.rs", "timers::sleep_until(1) option"),
            Source::new(
                "examples/a.wat",
                "\"[method]tcp-stream.read\" \"[static]x.listen\"",
            ),
        ];
        assert_eq!(whats(&sources), ["wit/timers.wit:2: no guest calls `now`"]);
    }
}
