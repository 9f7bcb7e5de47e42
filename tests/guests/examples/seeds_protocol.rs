//! `tests/asyncio/protocol.py` as a guest: a child watched through callbacks.

use std::cell::RefCell;
use std::collections::BTreeSet;

use aio_guest::process::{Child, Command, Stdio};
use aio_guest::{ErrorCode, join};
use test_guests::python::{boolean, list, text};
use test_guests::succeeds;

aio_guest::main!(run);

const SCRIPT: &str =
    "echo 'disk 40 of 100'; echo 'tape 7 of 10'; echo 'drum: no answer' >&2; exit 3";

/// What a child's pipes and its end are told to.
#[derive(Default)]
struct Watcher {
    received: [Vec<u8>; 3],
    ended: BTreeSet<u32>,
    code: Option<i32>,
}

impl Watcher {
    fn connection_made(child: &Child) {
        println!("begun: {}", boolean(child.id() > 0));
    }

    fn pipe_data_received(&mut self, number: u32, data: &[u8]) {
        self.received[number as usize].extend(data);
    }

    fn pipe_connection_lost(&mut self, number: u32) {
        self.ended.insert(number);
    }

    fn process_exited(&mut self, code: i32) {
        self.code = Some(code);
    }
}

async fn run() -> Result<(), String> {
    let mut command = Command::new("sh");
    command.args(["-c", SCRIPT]);
    command.stdout(Stdio::Pipe).stderr(Stdio::Pipe);
    let child = succeeds(command.spawn(), "spawn")?;
    let watcher = RefCell::default();
    Watcher::connection_made(&child);
    let pipes = join(watch(&child, 1, &watcher), watch(&child, 2, &watcher));
    let (exit, (stdout, stderr)) = join(child.wait(), pipes).await;
    succeeds(stdout, "read standard output")?;
    succeeds(stderr, "read standard error")?;
    let exit = succeeds(exit, "wait")?;
    let mut watcher = watcher.into_inner();
    watcher.process_exited(exit.status.returncode());
    tell(&watcher)
}

async fn watch(child: &Child, number: u32, watcher: &RefCell<Watcher>) -> Result<(), ErrorCode> {
    let pipe = child.take_pipe(number)?;
    loop {
        let data = pipe.read(65_536).await?;
        if data.is_empty() {
            watcher.borrow_mut().pipe_connection_lost(number);
            return Ok(());
        }
        watcher.borrow_mut().pipe_data_received(number, &data);
    }
}

fn tell(watcher: &Watcher) -> Result<(), String> {
    parse(&text(&watcher.received[1])).ok_or("what came is no table")?;
    println!("complaint: {}", text(&watcher.received[2]).trim());
    let ended: Vec<_> = watcher.ended.iter().collect();
    println!("pipes ended: {}", list(&ended));
    println!("code: {}", watcher.code.ok_or("the child has not ended")?);
    Ok(())
}

fn parse(table: &str) -> Option<()> {
    for line in table.lines() {
        let mut words = line.split(' ');
        let (name, used) = (words.next()?, words.next()?.parse::<u32>().ok()?);
        let size = words.nth(1)?.parse::<u32>().ok()?;
        println!("{name}: {} %", 100 * used / size);
    }
    Some(())
}
