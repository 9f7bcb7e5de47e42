//! The list of expected differences: lines that begin at the margin are causes, those below them
//! the tests that differ by it. `*` at the end stands for any rest, `!` has a test not run at all.

use anyhow::{Result, ensure};

use super::outcome::full;

/// One line of the list.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) pattern: String,
    pub(super) cause: String,
    never_run: bool,
}

/// The list.
#[derive(Debug, Default)]
pub(super) struct Expected {
    pub(super) entries: Vec<Entry>,
}

impl Expected {
    pub(super) fn parse(text: &str) -> Result<Self> {
        let mut found = Self::default();
        let mut cause = "";
        let lines = text
            .lines()
            .filter(|line| !line.starts_with('#') && !line.is_empty());
        for line in lines {
            if line.starts_with(' ') {
                ensure!(!cause.is_empty(), "{line}: no cause");
                found.entries.push(Entry::parse(line.trim(), cause));
            } else {
                cause = line;
            }
        }
        Ok(found)
    }

    /// The cause that is given for a test; of several lines the first one holds.
    pub(super) fn cause(&self, test: &str) -> Option<&Entry> {
        self.entries.iter().find(|entry| entry.is_of(test))
    }

    /// The tests of a file that the guest is not to run.
    pub(super) fn never_run(&self, file: &str) -> Vec<String> {
        let of_file = |entry: &&Entry| entry.never_run && entry.file() == file;
        let entries = self.entries.iter().filter(of_file);
        entries.map(|entry| full(&entry.pattern)).collect()
    }
}

impl Entry {
    fn parse(line: &str, cause: &str) -> Self {
        let never_run = line.starts_with('!');
        Self {
            pattern: line.trim_start_matches('!').trim().to_owned(),
            cause: cause.to_owned(),
            never_run,
        }
    }

    /// The file that its tests are in.
    pub(super) fn file(&self) -> &str {
        self.pattern.split('.').next().unwrap_or_default()
    }

    pub(super) fn is_of(&self, test: &str) -> bool {
        match self.pattern.strip_suffix('*') {
            Some(beginning) => test.starts_with(beginning),
            None => test == self.pattern,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIST: &str = "# Comment\n\nno threads\n  a.B.*\n  ! a.C.x\nother\n  d.E.y\n";

    #[test]
    fn a_test_differs_by_the_cause_above_it() {
        let list = Expected::parse(LIST).unwrap();
        let cause = |test| list.cause(test).map(|entry| entry.cause.as_str());
        assert_eq!(cause("a.B.x"), Some("no threads"));
        assert_eq!(cause("a.C.x"), Some("no threads"));
        assert_eq!(cause("d.E.y"), Some("other"));
        assert_eq!(cause("d.E.yy"), None);
    }

    #[test]
    fn what_is_never_run_is_named_in_full() {
        let list = Expected::parse(LIST).unwrap();
        assert_eq!(list.never_run("a"), ["test.test_asyncio.a.C.x"]);
        assert!(list.never_run("d").is_empty());
    }

    #[test]
    fn a_test_without_a_cause_is_refused() {
        assert!(Expected::parse("  a.B.x\n").is_err());
    }
}
