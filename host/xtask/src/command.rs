//! Programs that xtask runs. Every failure names the command; none is ignored.

use std::env;
use std::process::{Command, Output, Stdio};

use anyhow::{Context, Result, bail};

use crate::project::Project;

/// The cargo that runs this tool, started in the top folder.
pub(crate) fn cargo(project: &Project) -> Command {
    let mut command = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(project.root());
    command
}

/// The active compiler.
pub(crate) fn rustc() -> Command {
    Command::new(env::var_os("RUSTC").unwrap_or_else(|| "rustc".into()))
}

/// Runs `command` with its output in view.
pub(crate) fn run(command: &mut Command) -> Result<()> {
    let status = command.status().with_context(|| start(command))?;
    if !status.success() {
        bail!("{}: {status}", describe(command));
    }
    Ok(())
}

/// Runs `command` and returns what it printed. Its complaints become part of the error.
pub(crate) fn output(command: &mut Command) -> Result<String> {
    let output = command
        .stdin(Stdio::null())
        .output()
        .with_context(|| start(command))?;
    if !output.status.success() {
        bail!("{}: {}", describe(command), complaint(&output));
    }
    String::from_utf8(output.stdout)
        .with_context(|| format!("{}: output is not UTF-8", describe(command)))
}

/// The command line as one would type it.
pub(crate) fn describe(command: &Command) -> String {
    let mut line = command.get_program().to_string_lossy().into_owned();
    for argument in command.get_args() {
        line.push(' ');
        line.push_str(&argument.to_string_lossy());
    }
    line
}

fn start(command: &Command) -> String {
    format!("start {}", command.get_program().to_string_lossy())
}

fn complaint(output: &Output) -> String {
    let stderr = String::from_utf8_lossy(&output.stderr);
    match stderr.trim() {
        "" => output.status.to_string(),
        text => format!("{}: {text}", output.status),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_names_the_command_and_its_complaint() {
        let error = output(rustc().args(["--print", "nonsense"])).unwrap_err();
        let text = error.to_string();
        assert!(text.contains("--print nonsense"), "{text}");
        assert!(text.lines().count() > 1, "{text}");
    }

    #[test]
    fn a_missing_program_is_named() {
        let error = run(&mut Command::new("no-such-program-of-ours")).unwrap_err();
        assert_eq!(error.to_string(), "start no-such-program-of-ours");
    }
}
