//! What became of tests, by their names without the suite's own.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Deserialize;

const SUITE: &str = "test.test_asyncio.";

/// What became of one test.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub(super) enum Outcome {
    Passed,
    Failed,
    Skipped,
}

/// What became of one test, and why, unless it passed.
#[derive(Clone, Debug)]
pub(super) struct Result {
    pub(super) outcome: Outcome,
    pub(super) reason: String,
}

/// What became of all tests of one file.
#[derive(Clone, Debug, Default)]
pub(super) struct Outcomes {
    pub(super) results: BTreeMap<String, Result>,
    pub(super) time: Duration,
}

impl Outcomes {
    /// Notes what became of a test of the suite.
    pub(super) fn note(&mut self, test: &str, outcome: Outcome, reason: impl Into<String>) {
        let reason = reason.into();
        let name = short(test).to_owned();
        self.results.insert(name, Result { outcome, reason });
    }

    /// Adds others, which hold where both know of a test.
    pub(super) fn extend(&mut self, others: Self) {
        self.results.extend(others.results);
        self.time += others.time;
    }

    /// The names of all tests, as the suite has them.
    pub(super) fn tests(&self) -> impl Iterator<Item = String> {
        self.results.keys().map(|name| full(name))
    }

    /// How many tests had this outcome.
    pub(super) fn count(&self, outcome: Outcome) -> usize {
        let all = self.results.values();
        all.filter(|result| result.outcome == outcome).count()
    }
}

/// The name of a test or file within the suite.
pub(super) fn short(test: &str) -> &str {
    test.strip_prefix(SUITE).unwrap_or(test)
}

/// Its whole name.
pub(super) fn full(name: &str) -> String {
    format!("{SUITE}{name}")
}
