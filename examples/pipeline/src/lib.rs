//! A pipeline as of a shell, without a shell: each program is handed the pipe of the one before, so
//! that what they write never enters the guest.
//!
//! ```text
//! cargo xtask guests
//! aio-host run --allow-run=printf --allow-run=sort --allow-run="uniq -c" \
//!     target/guests/wasm32-wasip2/release/pipeline.wasm \
//!     printf '%s\n' pear apple pear '|' sort '|' uniq -c
//! ```

use std::env;

use aio_guest::process::{Child, Command, Stdio};
use aio_guest::{ByteStream, ErrorCode};

aio_guest::main!(run);

async fn run() -> Result<(), String> {
    let words: Vec<String> = env::args().skip(1).collect();
    let stages: Vec<_> = words.split(|word| word == "|").collect();
    let children = start(&stages)?;
    let mut ended = Ok(());
    for (child, stage) in children.iter().zip(&stages) {
        let exit = child.wait().await.map_err(|code| told(&stage[0], code))?;
        // As in a shell, the last one's end is the end of all.
        ended = match exit.status.success() {
            true => Ok(()),
            false => Err(format!("{}: {}", stage[0], exit.status)),
        };
    }
    ended
}

fn start(stages: &[&[String]]) -> Result<Vec<Child>, String> {
    let mut children = Vec::new();
    let mut before: Option<ByteStream> = None;
    for (index, stage) in stages.iter().enumerate() {
        let [program, arguments @ ..] = stage else {
            return Err("usage: pipeline PROGRAM [ARG]... ['|' PROGRAM [ARG]...]...".to_owned());
        };
        let mut command = Command::new(program);
        command.args(arguments);
        if let Some(pipe) = &before {
            command.stdin(pipe);
        }
        let is_last = index + 1 == stages.len();
        if !is_last {
            command.stdout(Stdio::Pipe);
        }
        let child = command.spawn().map_err(|code| told(program, code))?;
        // The pipe is the child's alone from here on: when the child ends, its writer hears of it.
        before = match is_last {
            true => None,
            false => Some(child.take_stdout().map_err(|code| told(program, code))?),
        };
        children.push(child);
    }
    Ok(children)
}

fn told(program: &str, code: ErrorCode) -> String {
    format!("{program}: {}", code.name())
}
