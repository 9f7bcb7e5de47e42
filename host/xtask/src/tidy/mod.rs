//! Style as a test: what a reviewer would otherwise have to see. Textual checks only; what the
//! compiler or clippy can check is left to them.

mod code;
mod layers;
mod lines;
mod owners;
mod roll_call;

use std::fmt;
use std::fs;
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::command;
use crate::project::Project;

/// One file of the project.
#[derive(Clone, Debug)]
struct Source {
    /// Relative to the top folder, with forward slashes.
    path: String,
    text: String,
}

impl Source {
    fn new(path: &str, text: impl Into<String>) -> Self {
        Self {
            path: path.to_owned(),
            text: text.into(),
        }
    }

    fn has_extension(&self, extension: &str) -> bool {
        self.path
            .rsplit_once('.')
            .is_some_and(|(_, found)| found == extension)
    }

    fn is_rust(&self) -> bool {
        self.has_extension("rs")
    }

    /// The name of the file without its extension.
    fn stem(&self) -> &str {
        let name = self.path.rsplit('/').next().unwrap_or_default();
        name.split_once('.').map_or(name, |(stem, _)| stem)
    }

    fn finding(&self, line: usize, what: impl Into<String>) -> Finding {
        Finding {
            path: self.path.clone(),
            line,
            what: what.into(),
        }
    }
}

/// Something to mend. Lines count from one.
#[derive(Debug, PartialEq)]
struct Finding {
    path: String,
    line: usize,
    what: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.path, self.line, self.what)
    }
}

/// Checks every file that git tracks or would add.
pub(crate) fn run(project: &Project) -> Result<()> {
    let sources = sources(project)?;
    let findings = check(&sources);
    for finding in &findings {
        println!("{finding}");
    }
    match findings.len() {
        0 => Ok(()),
        count => bail!("{count} findings in {} files", sources.len()),
    }
}

fn check(sources: &[Source]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for source in sources {
        findings.extend(lines::check(source));
        findings.extend(owners::check(source));
        findings.extend(layers::check(source));
    }
    findings.extend(roll_call::check(sources));
    findings
}

fn sources(project: &Project) -> Result<Vec<Source>> {
    let mut git = Command::new("git");
    git.current_dir(project.root());
    git.args(["ls-files", "-z", "--cached", "--others"]);
    let listed = command::output(git.arg("--exclude-standard"))?;
    let mut sources = Vec::new();
    for path in listed.split_terminator('\0') {
        sources.extend(read(project, path)?);
    }
    Ok(sources)
}

/// The file, unless it is no text or was deleted and git was not told.
fn read(project: &Project, path: &str) -> Result<Option<Source>> {
    let file = project.path(path);
    if !file.is_file() {
        return Ok(None);
    }
    let bytes = fs::read(&file).with_context(|| format!("read {path}"))?;
    Ok(String::from_utf8(bytes)
        .ok()
        .map(|text| Source::new(path, text)))
}
