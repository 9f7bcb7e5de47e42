//! One program that is kept running, and what the ring is asked for it.

use std::time::Duration;

use aio_guest::process::{Command, Exit, Prepared};
use aio_guest::ring::Spawned;
use aio_guest::signal::{KILL, TERM};
use aio_guest::types::Instant;
use aio_guest::{ErrorCode, Handle, Ring, timers};

const DELAY_FIRST: Duration = Duration::from_millis(100);
const DELAY_MAX: Duration = Duration::from_secs(10);

/// How long a program may take to stop before it is killed.
const GRACE: Duration = Duration::from_secs(3);

/// What a completion tells about a service: the low bits of its token.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Event {
    Started,
    Ended,
    Rested,
    GraceOver,
}

impl Event {
    pub(crate) fn from_token(token: u64) -> (usize, Self) {
        let event = match token & 3 {
            0 => Self::Started,
            1 => Self::Ended,
            2 => Self::Rested,
            _ => Self::GraceOver,
        };
        let index = (token >> 2).checked_sub(1);
        (index.map_or(usize::MAX, |index| index as usize), event)
    }

    /// Never 0: that is the token of what is nobody's.
    fn token(self, index: usize) -> u64 {
        (index as u64 + 1) << 2 | self as u64
    }
}

pub(crate) struct Service {
    index: usize,
    name: String,
    command: Prepared,
    state: State,
    started: Instant,
    /// Before the next start.
    delay: Duration,
}

#[derive(Clone, Copy, PartialEq)]
enum State {
    Stopped,
    Starting,
    Running(Handle),
    Stopping(Handle),
}

impl Service {
    pub(crate) fn new(index: usize, words: &[String]) -> Result<Self, String> {
        let [program, arguments @ ..] = words else {
            return Err("usage: supervisor PROGRAM [ARG]... [-- PROGRAM [ARG]...]...".to_owned());
        };
        let command = Command::new(program).args(arguments).prepare();
        Ok(Self {
            index,
            name: format!("{} ({program})", index + 1),
            command: command.map_err(|code| format!("{program}: {}", code.name()))?,
            state: State::Stopped,
            started: 0,
            delay: DELAY_FIRST,
        })
    }

    /// Whether no child is there, nor will be without another start.
    pub(crate) fn is_stopped(&self) -> bool {
        self.state == State::Stopped
    }

    pub(crate) fn start(&mut self, ring: &mut Ring) {
        self.state = State::Starting;
        ring.spawn(self.token(Event::Started), self.command.as_handle());
    }

    pub(crate) fn started(&mut self, ring: &mut Ring, spawned: &Spawned) {
        println!("{}: started", self.name);
        self.state = State::Running(spawned.child);
        self.started = timers::now();
        ring.wait(self.token(Event::Ended), spawned.child);
    }

    pub(crate) fn not_started(&mut self, ring: &mut Ring, code: ErrorCode) {
        println!("{}: not started: {}", self.name, code.name());
        self.rest(ring);
    }

    pub(crate) fn ended(&mut self, ring: &mut Ring, exit: &Exit) {
        println!("{}: ended with {}", self.name, exit.status);
        let state = std::mem::replace(&mut self.state, State::Stopped);
        match state {
            State::Stopping(child) => {
                ring.cancel(0, self.token(Event::GraceOver)).quiet();
                ring.close(0, child).quiet();
            }
            State::Running(child) => {
                ring.close(0, child).quiet();
                if u128::from(timers::now() - self.started) >= DELAY_MAX.as_nanos() {
                    self.delay = DELAY_FIRST;
                }
                self.rest(ring);
            }
            State::Starting | State::Stopped => {}
        }
    }

    fn rest(&mut self, ring: &mut Ring) {
        println!("{}: again in {} ms", self.name, self.delay.as_millis());
        self.state = State::Stopped;
        ring.sleep(self.token(Event::Rested), self.delay);
        self.delay = DELAY_MAX.min(self.delay * 2);
    }

    /// Asks it to end, once.
    pub(crate) fn stop(&mut self, ring: &mut Ring) {
        if let State::Running(child) = self.state {
            self.state = State::Stopping(child);
            ring.signal(0, child, TERM).quiet();
            ring.sleep(self.token(Event::GraceOver), GRACE);
        }
    }

    pub(crate) fn kill(&self, ring: &mut Ring) {
        if let State::Stopping(child) = self.state {
            println!("{}: killed", self.name);
            ring.signal(0, child, KILL).quiet();
        }
    }

    fn token(&self, event: Event) -> u64 {
        event.token(self.index)
    }
}
