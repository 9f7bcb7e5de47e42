//! The table of both runs, and the tests that differ, each with its reason and its cause.

use std::collections::{BTreeMap, BTreeSet};

use crate::table::Table;

use super::expected::{Entry, Expected};
use super::outcome::{Outcome, Outcomes, Result, short};

/// Both runs.
pub(super) struct Report<'a> {
    expected: &'a Expected,
    files: BTreeMap<&'a str, [Outcomes; 2]>,
    differences: Vec<Difference<'a>>,
}

/// A test that passed natively and not in the guest, or failed in the guest only.
struct Difference<'a> {
    test: String,
    reason: String,
    cause: Option<&'a str>,
}

impl<'a> Report<'a> {
    pub(super) fn new(expected: &'a Expected) -> Self {
        Self {
            expected,
            files: BTreeMap::new(),
            differences: Vec::new(),
        }
    }

    /// Adds what became of a file, or a part of it: `which` is 0 natively and 1 in the guest.
    pub(super) fn add(&mut self, file: &'a str, which: usize, outcomes: Outcomes) {
        self.files.entry(file).or_default()[which].extend(outcomes);
    }

    /// The files with tests that differ without being listed, and all their other tests.
    pub(super) fn all_but_unexpected(&self) -> Vec<(&'a str, Vec<String>)> {
        let files = self.files.iter().filter_map(|(file, both)| {
            let tests: BTreeSet<_> = both.iter().flat_map(Outcomes::tests).collect();
            let (again, others): (Vec<_>, Vec<_>) =
                tests.into_iter().partition(|test| self.is_unexpected(test));
            (!again.is_empty()).then_some((*file, others))
        });
        files.collect()
    }

    fn is_unexpected(&self, test: &str) -> bool {
        let mut unexpected = self.differences.iter().filter(|one| one.cause.is_none());
        unexpected.any(|one| one.test == short(test))
    }

    /// Finds the differences.
    pub(super) fn compare(&mut self) {
        self.differences.clear();
        for [native, guest] in self.files.values() {
            let tests: BTreeSet<_> = native.results.keys().chain(guest.results.keys()).collect();
            for test in tests {
                let reason = difference(native.results.get(test), guest.results.get(test));
                self.differences.extend(reason.map(|reason| Difference {
                    test: test.clone(),
                    reason,
                    cause: self.expected.cause(test).map(|entry| entry.cause.as_str()),
                }));
            }
        }
    }

    /// Whether every difference is in the list.
    pub(super) fn is_as_expected(&self) -> bool {
        self.differences.iter().all(|one| one.cause.is_some())
    }

    /// The tests that differ without being in the list.
    pub(super) fn complaint(&self, list: &str) -> String {
        let unexpected = self.of_cause(None);
        format!("differences that {list} does not list:\n{unexpected}")
    }

    pub(super) fn text(&self) -> String {
        let causes: BTreeSet<_> = self
            .differences
            .iter()
            .filter_map(|one| one.cause)
            .collect();
        let mut text = self.table();
        for cause in causes {
            text += &format!("\n{cause}\n{}", self.of_cause(Some(cause)));
        }
        for entry in self.without_use() {
            text += &format!("\nlisted, but as in CPython: {}", entry.pattern);
        }
        text + "\n"
    }

    fn table(&self) -> String {
        let header = [
            "file", "native", "failed", "skipped", "s", "guest", "failed", "skipped", "s", "differ",
        ];
        let mut table = Table::new(1, header);
        let mut sums = [Outcomes::default(), Outcomes::default()];
        for (file, both) in &self.files {
            table.row(self.row(file, both));
            for (sum, one) in sums.iter_mut().zip(both) {
                sum.extend(one.clone());
            }
        }
        table.row(self.row("", &sums));
        table.text()
    }

    fn row(&self, file: &str, both: &[Outcomes; 2]) -> Vec<String> {
        let mut cells = vec![if file.is_empty() { "all" } else { file }.to_owned()];
        for one in both {
            let outcomes = [Outcome::Passed, Outcome::Failed, Outcome::Skipped];
            cells.extend(outcomes.map(|outcome| one.count(outcome).to_string()));
            cells.push(one.time.as_secs().to_string());
        }
        let of_file =
            |one: &&Difference<'_>| file.is_empty() || one.test.split('.').next() == Some(file);
        cells.push(self.differences.iter().filter(of_file).count().to_string());
        cells
    }

    fn of_cause(&self, cause: Option<&str>) -> String {
        let ones = self.differences.iter().filter(|one| one.cause == cause);
        ones.map(|one| format!("  {}: {}\n", one.test, one.reason))
            .collect()
    }

    /// Lines of the list of which nothing came, though their file was run.
    fn without_use(&self) -> impl Iterator<Item = &Entry> {
        let entries = self.expected.entries.iter();
        let ran = entries.filter(|entry| self.files.contains_key(entry.file()));
        ran.filter(|entry| !self.differences.iter().any(|one| entry.is_of(&one.test)))
    }
}

/// Why the guest's outcome counts as another one.
fn difference(native: Option<&Result>, guest: Option<&Result>) -> Option<String> {
    let native = native.map(|result| result.outcome);
    let Some(guest) = guest else {
        return (native == Some(Outcome::Passed)).then(|| "not run".to_owned());
    };
    let differs = match guest.outcome {
        Outcome::Passed => false,
        Outcome::Failed => native != Some(Outcome::Failed),
        Outcome::Skipped => native == Some(Outcome::Passed),
    };
    let word = if guest.outcome == Outcome::Skipped {
        "skipped: "
    } else {
        ""
    };
    differs.then(|| format!("{word}{}", guest.reason))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outcomes(words: &[(&str, Outcome)]) -> Outcomes {
        let mut outcomes = Outcomes::default();
        for (test, outcome) in words {
            outcomes.note(test, *outcome, "because");
        }
        outcomes
    }

    fn differing(native: &[(&str, Outcome)], guest: &[(&str, Outcome)], list: &str) -> Vec<String> {
        let expected = Expected::parse(list).unwrap();
        let mut report = Report::new(&expected);
        report.add("f", 0, outcomes(native));
        report.add("f", 1, outcomes(guest));
        report.compare();
        let unexpected = report.differences.iter().filter(|one| one.cause.is_none());
        unexpected
            .map(|one| format!("{}: {}", one.test, one.reason))
            .collect()
    }

    #[test]
    fn what_only_the_guest_fails_differs() {
        use Outcome::{Failed, Passed, Skipped};
        let native = [
            ("f.a", Passed),
            ("f.b", Passed),
            ("f.c", Failed),
            ("f.d", Skipped),
        ];
        let guest = [("f.b", Skipped), ("f.c", Failed), ("f.d", Failed)];
        let found = differing(&native, &guest, "");
        assert_eq!(
            found,
            ["f.a: not run", "f.b: skipped: because", "f.d: because"]
        );
        assert!(differing(&native, &native, "").is_empty());
    }

    #[test]
    fn what_is_listed_is_expected() {
        let native = [("f.a", Outcome::Passed), ("f.b", Outcome::Passed)];
        let found = differing(&native, &[], "cause\n  f.a\n");
        assert_eq!(found, ["f.b: not run"]);
    }
}
