//! Checks of single files, line by line: the header, the width, the length, unfinished work,
//! panics by `unwrap`, and what belongs to one machine only.

use super::code;
use super::{Finding, Source};

const COLUMNS_MAX: usize = 100;
const LINES_MAX: usize = 600;

/// Folders that exist on somebody's machine only.
const MACHINE_PATHS: [&str; 3] = ["/root/", "/Users/", "/work/"];

/// Servers of packages: which one is used is a matter of the machine's settings. Written in two
/// parts, or this file would be a finding.
const REGISTRIES: [&str; 7] = [
    concat!("registry.", "npmjs.org"),
    concat!("registry.", "yarnpkg.com"),
    concat!("files.", "pythonhosted.org"),
    concat!("static.", "crates.io"),
    concat!("index.", "crates.io"),
    concat!("deb.", "debian.org"),
    concat!("proxy.", "golang.org"),
];

/// All checks of one file.
pub(super) fn check(source: &Source) -> Vec<Finding> {
    let mut findings = Vec::new();
    findings.extend(header(source));
    findings.extend(length(source));
    findings.extend(columns(source));
    findings.extend(unfinished(source));
    findings.extend(machine(source));
    findings.extend(unwraps(source));
    findings
}

fn header(source: &Source) -> Option<Finding> {
    let wrong = source.is_rust() && !source.text.starts_with("//! ");
    wrong.then(|| source.finding(1, "no `//!` that says what the file is for"))
}

fn length(source: &Source) -> Option<Finding> {
    let lines = source.text.lines().count();
    let wrong = in_host(source) && lines > LINES_MAX;
    wrong.then(|| source.finding(lines, format!("{lines} lines, more than {LINES_MAX}")))
}

fn columns(source: &Source) -> Vec<Finding> {
    if !source.is_rust() && !source.has_extension("wit") {
        return Vec::new();
    }
    findings(source, &source.text, |line| {
        let columns = line.chars().count();
        // An address cannot be broken; a text that a test expects stands as the user sees it.
        let quoted = line.trim_start().starts_with('"') || source.path.starts_with("tests/");
        let wrong = columns > COLUMNS_MAX && !quoted && !line.contains("://");
        wrong.then(|| format!("{columns} columns, more than {COLUMNS_MAX}"))
    })
}

fn unfinished(source: &Source) -> Vec<Finding> {
    let mark = concat!("TO", "DO");
    findings(source, &source.text, |line| {
        let marked = code::words(line).any(|word| word == mark);
        let wrong = marked && !has_issue_number(line);
        wrong.then(|| format!("{mark} without the number of an issue"))
    })
}

fn has_issue_number(line: &str) -> bool {
    let mut parts = line.split('#').skip(1);
    parts.any(|part| part.starts_with(|c: char| c.is_ascii_digit()))
}

fn machine(source: &Source) -> Vec<Finding> {
    // The table of what is looked for would be found.
    if source.path.ends_with("tidy/lines.rs") {
        return Vec::new();
    }
    findings(source, &source.text, |line| {
        let path = MACHINE_PATHS.iter().find(|path| names_path(line, path));
        let found = path.or_else(|| REGISTRIES.iter().find(|host| line.contains(**host)));
        found.map(|found| format!("`{found}` belongs to one machine"))
    })
}

/// Whether `path` begins a path in `line`, not just a part of a longer one.
fn names_path(line: &str, path: &str) -> bool {
    line.match_indices(path).any(|(index, _)| {
        let before = line[..index].chars().next_back();
        before.is_none_or(|c| !c.is_alphanumeric() && !"._-*}~/$>".contains(c))
    })
}

fn unwraps(source: &Source) -> Vec<Finding> {
    if !in_host(source) || is_test(source) {
        return Vec::new();
    }
    let call = concat!(".unwrap", "()");
    findings(source, &code::production(&source.text), |line| {
        line.contains(call)
            .then(|| "`unwrap()` outside tests".to_owned())
    })
}

fn in_host(source: &Source) -> bool {
    source.is_rust() && source.path.starts_with("host/")
}

fn is_test(source: &Source) -> bool {
    let path = &source.path;
    path.ends_with("/tests.rs") || path.contains("/tests/") || path.contains("/benches/")
}

fn findings(source: &Source, text: &str, wrong: impl Fn(&str) -> Option<String>) -> Vec<Finding> {
    let numbered = text.lines().enumerate();
    numbered
        .filter_map(|(index, line)| Some(source.finding(index + 1, wrong(line)?)))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rust(text: &str) -> Source {
        Source::new("host/a.rs", text)
    }

    #[test]
    fn a_file_says_what_it_is_for() {
        assert_eq!(header(&rust("//! Does.\n")), None);
        assert_eq!(header(&rust("use a;\n")).unwrap().line, 1);
        assert_eq!(header(&Source::new("a.toml", "[a]\n")), None);
    }

    #[test]
    fn a_file_of_the_host_has_a_bounded_length() {
        assert_eq!(length(&rust(&"a\n".repeat(LINES_MAX))), None);
        assert!(length(&rust(&"a\n".repeat(LINES_MAX + 1))).is_some());
        let test = Source::new("tests/a.rs", "a\n".repeat(LINES_MAX + 1));
        assert_eq!(length(&test), None);
    }

    #[test]
    fn a_line_has_a_bounded_width_counted_in_characters() {
        assert_eq!(columns(&rust(&"é".repeat(COLUMNS_MAX))), []);
        let wide = "é".repeat(COLUMNS_MAX + 1);
        assert_eq!(columns(&rust(&format!("a\n{wide}")))[0].line, 2);
        assert_eq!(columns(&rust(&format!("// https://{wide}"))), []);
        assert_eq!(columns(&Source::new("a.md", wide)), []);
    }

    #[test]
    fn unfinished_work_has_an_issue() {
        let mark = concat!("TO", "DO");
        assert_eq!(unfinished(&rust(&format!("// {mark}(#12): later"))), []);
        assert_eq!(unfinished(&rust(&format!("// {mark}: later"))).len(), 1);
        assert_eq!(unfinished(&rust(&format!("// {mark}#: later"))).len(), 1);
    }

    #[test]
    fn nothing_belongs_to_one_machine() {
        let found = |text: &str| machine(&rust(text)).len();
        assert_eq!(found("cd /root/x"), 1);
        assert_eq!(found("\"/Users/someone\""), 1);
        assert_eq!(found(&format!("https://{}/x", REGISTRIES[0])), 1);
        assert_eq!(found("target/work/x and {}/root/x and $HOME/root/x"), 0);
    }

    #[test]
    fn only_tests_unwrap() {
        let found = |path: &str, text: &str| unwraps(&Source::new(path, text)).len();
        let call = concat!("a.unwrap", "();");
        assert_eq!(found("host/a.rs", call), 1);
        assert_eq!(found("tests/all/a.rs", call), 0);
        assert_eq!(found("host/loop/tests/a.rs", call), 0);
        assert_eq!(found("host/a.rs", &format!("/// {call}")), 0);
        assert_eq!(found("host/a.rs", "a.unwrap_or(1);"), 0);
        let test = format!("#[cfg(test)]\nmod tests {{ {call} }}");
        assert_eq!(found("host/a.rs", &test), 0);
        assert_eq!(found("host/a.rs", &format!("{test}\n{call}")), 1);
    }
}
