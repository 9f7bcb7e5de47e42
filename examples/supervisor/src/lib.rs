//! Keeps programs running: one that ends is started again, after a delay that doubles each time, up
//! to ten seconds. On SIGTERM they are stopped one by one, the last first, each waited for.
//!
//! ```text
//! cargo xtask guests
//! aio-host run --allow-signal=TERM --allow-run=sleep \
//!     target/guests/wasm32-wasip2/release/supervisor.wasm sleep 1 -- sleep 1000
//! ```

mod service;

use std::env;

use aio_guest::ring::{Completion, Outcome};
use aio_guest::signal::{TERM, signal};
use aio_guest::{ErrorCode, Handle, Ring};
use service::{Event, Service};

aio_guest::main!(run);

const SIGNAL: u64 = u64::MAX;

async fn run() -> Result<(), String> {
    let services = services()?;
    let signals = signal(TERM).map_err(|code| format!("listen for SIGTERM: {}", code.name()))?;
    let mut supervisor = Supervisor::new(services, signals.as_handle());
    while !supervisor.is_done() {
        supervisor.turn()?;
    }
    println!("all are stopped");
    Ok(())
}

fn services() -> Result<Vec<Service>, String> {
    let words: Vec<String> = env::args().skip(1).collect();
    words
        .split(|word| word == "--")
        .enumerate()
        .map(|(index, words)| Service::new(index, words))
        .collect()
}

/// The programs, in the order in which they are started.
struct Supervisor {
    ring: Ring,
    services: Vec<Service>,
    stopping: bool,
}

impl Supervisor {
    fn new(mut services: Vec<Service>, signals: Handle) -> Self {
        let mut ring = Ring::new();
        ring.next_signal(SIGNAL, signals);
        for service in &mut services {
            service.start(&mut ring);
        }
        Self {
            ring,
            services,
            stopping: false,
        }
    }

    fn is_done(&self) -> bool {
        self.stopping && self.services.iter().all(Service::is_stopped)
    }

    fn turn(&mut self) -> Result<(), String> {
        let batch = self.ring.enter(None);
        let batch = batch.map_err(|error| format!("enter the ring: {error}"))?;
        // Ctrl-C, which nobody listens for, is asked for by the host.
        self.stopping |= batch.stop();
        for completion in &batch {
            self.take(completion)?;
        }
        if self.stopping {
            self.stop_last();
        }
        Ok(())
    }

    fn take(&mut self, completion: Completion<'_>) -> Result<(), String> {
        if completion.token == SIGNAL {
            return self.signalled(&completion.outcome);
        }
        let (index, event) = Event::from_token(completion.token);
        let Some(service) = self.services.get_mut(index) else {
            return Ok(());
        };
        let ring = &mut self.ring;
        match (event, completion.outcome) {
            (Event::Started, Outcome::Spawned(spawned)) => service.started(ring, &spawned),
            (Event::Started, Outcome::Failed(code)) => service.not_started(ring, code),
            (Event::Ended, Outcome::Exited(exit)) => service.ended(ring, &exit),
            (Event::Rested, Outcome::Done) if !self.stopping => service.start(ring),
            (Event::GraceOver, Outcome::Done) => service.kill(ring),
            _ => {}
        }
        Ok(())
    }

    fn signalled(&mut self, outcome: &Outcome<'_>) -> Result<(), String> {
        match outcome {
            Outcome::Failed(code) if *code != ErrorCode::Cancelled => {
                Err(format!("wait for SIGTERM: {}", code.name()))
            }
            _ => {
                self.stopping = true;
                Ok(())
            }
        }
    }

    /// Stops the last one that runs; those before it run until it has ended.
    fn stop_last(&mut self) {
        let mut running = self.services.iter_mut().rev();
        if let Some(service) = running.find(|service| !service.is_stopped()) {
            service.stop(&mut self.ring);
        }
    }
}
