//! A calculator at a terminal: reads a line, prints what it comes to, and asks for the next.
//!
//! ```text
//! cargo xtask guests
//! aio-host run --allow-signal=INT target/guests/wasm32-wasip2/release/repl.wasm
//! ```
//!
//! Ctrl-D ends it. Ctrl-C begins a new line when the signal is granted, and else ends it too: then
//! it is the host's request to stop. The terminal edits the line.

mod calculator;

use std::io::Write;

use aio_guest::ring::{Batch, Outcome};
use aio_guest::{Handle, Ring, signal, stdio};

use calculator::Calculator;

aio_guest::main!(run);

/// Tokens of what is waited for.
const INPUT: u64 = 1;
const INTERRUPT: u64 = 2;

/// The longest line; a terminal has no longer ones.
const LINE_MAX: usize = 4096;

async fn run() -> Result<(), String> {
    let stdin = stdio::stdin().map_err(|code| format!("open standard input: {}", code.name()))?;
    // Without the grant the host asks to stop instead.
    let interrupts = signal::signal(signal::INT).ok();
    let mut repl = Repl {
        ring: Ring::new(),
        input: stdin.as_handle(),
        line: Vec::new(),
        calculator: Calculator::default(),
    };
    if let Some(interrupts) = &interrupts {
        repl.ring.next_signal(INTERRUPT, interrupts.as_handle());
    }
    repl.ask();
    repl.ring.read(INPUT, repl.input, 4096);
    loop {
        let batch = repl.ring.enter(None);
        let batch = batch.map_err(|code| format!("wait: {}", code.name()))?;
        if !repl.take(&batch)? {
            println!();
            return Ok(());
        }
        if let Some(interrupts) = &interrupts
            && batch.iter().any(|completion| completion.token == INTERRUPT)
        {
            repl.ring.next_signal(INTERRUPT, interrupts.as_handle());
        }
    }
}

struct Repl {
    ring: Ring,
    input: Handle,
    /// What was read of the line that has not ended yet.
    line: Vec<u8>,
    calculator: Calculator,
}

impl Repl {
    /// Takes what has come; whether to go on.
    fn take(&mut self, batch: &Batch) -> Result<bool, String> {
        if batch.stop() {
            return Ok(false);
        }
        for completion in batch.iter() {
            match completion.outcome {
                Outcome::Data([]) => return Ok(false),
                Outcome::Data(data) => self.read(data)?,
                Outcome::Signalled(_) => {
                    // The terminal has forgotten its line by itself.
                    self.line.clear();
                    println!();
                    self.ask();
                }
                Outcome::Failed(code) => return Err(format!("read: {}", code.name())),
                _ => (),
            }
        }
        Ok(true)
    }

    fn read(&mut self, data: &[u8]) -> Result<(), String> {
        self.line.extend_from_slice(data);
        while let Some(end) = self.line.iter().position(|&byte| byte == b'\n') {
            let line: Vec<u8> = self.line.drain(..=end).collect();
            self.answer(&String::from_utf8_lossy(&line));
            self.ask();
        }
        if self.line.len() > LINE_MAX {
            return Err(format!("a line has more than {LINE_MAX} bytes"));
        }
        self.ring.read(INPUT, self.input, 4096);
        Ok(())
    }

    fn answer(&mut self, line: &str) {
        match self.calculator.run(line) {
            Ok(None) => (),
            Ok(Some(value)) => println!("{value}"),
            Err(error) => println!("{error}"),
        }
    }

    /// A terminal whose reader has gone is told by the next read.
    fn ask(&self) {
        print!("> ");
        std::io::stdout().flush().unwrap_or_default();
    }
}
