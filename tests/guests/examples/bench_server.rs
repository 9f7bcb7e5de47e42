//! What the benchmark loads beside echo: a server that sends or receives without end, 64 KiB at a
//! time, or that serves echo beside a timer of 10 ms and prints how late it was when told to stop.

use std::time::Duration;

use aio_guest::ring::{Completion, Outcome, Ring};
use aio_guest::{Handle, ListenOptions, TcpListener, socket_address, timers};
use test_guests::{announce, argument, succeeds};

aio_guest::main!(run);

const CHUNK: u32 = 65_536;
const REQUEST_MAX: u32 = 16_384;
const TICK: Duration = Duration::from_millis(10);

const ACCEPT: u64 = 0;
const TIMER: u64 = 1;
/// Added to the handle that a token is about.
const CONNECTION: u64 = 1 << 63;

async fn run() -> Result<(), String> {
    let address = socket_address(&argument(1)?)?;
    let mode = argument(2)?;
    let listener = TcpListener::listen(address, ListenOptions::default());
    let listener = succeeds(listener, "listen")?;
    announce(succeeds(listener.local_address(), "local address")?);
    let mut server = Server::new(listener.as_handle(), &mode)?;
    loop {
        let batch = succeeds(server.ring.enter(None), "enter")?;
        for completion in &batch {
            server.react(&completion);
        }
        if batch.stop() {
            server.late.iter().for_each(|late| println!("late {late}"));
            return Ok(());
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Mode {
    Send,
    Receive,
    Echo,
}

struct Server {
    ring: Ring,
    listener: Handle,
    mode: Mode,
    chunk: Vec<u8>,
    /// When the timer is to fire.
    deadline: u64,
    /// Nanoseconds.
    late: Vec<u64>,
}

impl Server {
    fn new(listener: Handle, mode: &str) -> Result<Self, String> {
        let mode = match mode {
            "send" => Mode::Send,
            "receive" => Mode::Receive,
            "timer" => Mode::Echo,
            _ => return Err(format!("{mode:?} is none of send, receive and timer")),
        };
        let mut server = Self {
            ring: Ring::new(),
            listener,
            mode,
            chunk: vec![0; CHUNK as usize],
            deadline: timers::now(),
            late: Vec::new(),
        };
        server.ring.accept(ACCEPT, listener);
        if mode == Mode::Echo {
            server.set_timer();
        }
        Ok(server)
    }

    fn set_timer(&mut self) {
        self.deadline = timers::now() + TICK.as_nanos() as u64;
        self.ring.sleep_until(TIMER, self.deadline);
    }

    fn react(&mut self, completion: &Completion<'_>) {
        match (completion.token, &completion.outcome) {
            (ACCEPT, Outcome::Accepted(handle, _)) => self.begin(*handle),
            (TIMER, Outcome::Done) => {
                self.late.push(timers::now().saturating_sub(self.deadline));
                self.set_timer();
            }
            (token, outcome) if token >= CONNECTION => self.go_on(token - CONNECTION, outcome),
            _ => (),
        }
    }

    fn begin(&mut self, handle: Handle) {
        let token = CONNECTION + handle;
        match self.mode {
            Mode::Send => self.ring.write(token, handle, &self.chunk),
            Mode::Receive => self.ring.read_many(token, handle, CHUNK),
            Mode::Echo => self.ring.read_many(token, handle, REQUEST_MAX),
        };
        self.ring.accept(ACCEPT, self.listener);
    }

    fn go_on(&mut self, handle: Handle, outcome: &Outcome<'_>) {
        match outcome {
            Outcome::Written(_) => {
                self.ring.write(CONNECTION + handle, handle, &self.chunk);
            }
            Outcome::Data(data) if !data.is_empty() => {
                if self.mode == Mode::Echo {
                    // Its peers have one request under way, which fits what a socket holds.
                    self.ring.write(0, handle, data).quiet();
                }
            }
            _ => self.ring.close(0, handle).quiet(),
        }
    }
}
