//! Runs what its arguments say, and tells what came of it: `[NAME=VALUE]... PROGRAM [ARG]...`, or
//! `shell SCRIPT`. With `-` in front the environment is what is named and no more.

use aio_guest::process::{Command, ExitStatus};
use test_guests::python::text;

aio_guest::main!(run);

async fn run() -> Result<(), String> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let command = command(&words)?;
    match command.output().await {
        Ok(output) => {
            print!("{}", text(&output.stdout));
            eprint!("{}", text(&output.stderr));
            ended(output.status)
        }
        Err(code) => Err(format!("{code:?}")),
    }
}

fn command(words: &[String]) -> Result<Command, String> {
    let alone = words.first().is_some_and(|word| word == "-");
    let words = words.get(usize::from(alone)..).unwrap_or_default();
    let named = words.iter().take_while(|word| word.contains('=')).count();
    let (variables, words) = words.split_at(named);
    let (program, arguments) = words.split_first().ok_or("nothing to run")?;
    let mut command = match (program.as_str(), arguments) {
        ("shell", [script]) => Command::shell(script),
        _ => Command::new(program),
    };
    if program != "shell" {
        command.args(arguments);
    }
    if alone {
        command.env_clear();
    }
    for (name, value) in variables.iter().filter_map(|pair| pair.split_once('=')) {
        command.env(name, value);
    }
    Ok(command)
}

fn ended(status: ExitStatus) -> Result<(), String> {
    match status {
        ExitStatus::Code(0) => Ok(()),
        status => Err(format!("{status:?}")),
    }
}
