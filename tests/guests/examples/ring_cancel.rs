//! Cancels reads, writes, accepts and connects at whatever state they are in, as dice fall: no byte
//! and no connection is lost or doubled, and each operation completes once.

use std::collections::BTreeMap;

use aio_guest::{ErrorCode, Handle, Ring, ShutdownHow, TcpStream, write_all};
use test_guests::{Told, check, collect, equal, fails, listen, look, pair, read_exactly, succeeds};

aio_guest::main!(run);

const STEPS: u64 = 3_000;

async fn run() -> Result<(), String> {
    for seed in 1..4 {
        reads(Dice(seed)).await?;
        writes(Dice(seed)).await?;
        accepts(Dice(seed)).await?;
        connects(Dice(seed)).await?;
    }
    Ok(())
}

/// Numbers that look like chance and are the same in every run.
struct Dice(u64);

impl Dice {
    fn throw(&mut self, sides: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005);
        self.0 = self.0.wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % sides
    }

    /// Takes out one of what waits.
    fn pick(&mut self, waiting: &BTreeMap<u64, u8>) -> Option<u64> {
        let index = self.throw(waiting.len().max(1) as u64);
        waiting.keys().nth(usize::try_from(index).ok()?).copied()
    }
}

/// Operations in flight by token, each of which completes once.
struct Flight {
    ring: Ring,
    token: u64,
    waiting: BTreeMap<u64, u8>,
}

impl Flight {
    fn new() -> Self {
        Self {
            ring: Ring::new(),
            token: 0,
            waiting: BTreeMap::new(),
        }
    }

    fn begin(&mut self, mark: u8) -> u64 {
        self.token += 1;
        self.waiting.insert(self.token, mark);
        self.token
    }

    fn cancel_one(&mut self, dice: &mut Dice) {
        if let Some(token) = dice.pick(&self.waiting) {
            // It may have completed meanwhile, which is no failure of ours.
            self.ring.cancel(CANCEL, token);
        }
    }

    /// What completed, without the cancels.
    fn turn(&mut self, wait: bool) -> Result<Vec<(u64, Told)>, String> {
        let mut all: Vec<_> = if wait {
            collect(&mut self.ring, 1)?
        } else {
            let batch = look(&mut self.ring)?;
            batch.iter().map(Told::from_completion).collect()
        };
        all.retain(|(token, _)| *token != CANCEL);
        for (token, _) in &all {
            let known = self.waiting.remove(token).is_some();
            check(known, format_args!("{token} completes once"))?;
        }
        Ok(all)
    }
}

const CANCEL: u64 = 0;

fn numbered(begin: usize, length: usize) -> Vec<u8> {
    (begin..begin + length)
        .map(|number| u8::try_from(number % 251).unwrap_or(0))
        .collect()
}

async fn reads(mut dice: Dice) -> Result<(), String> {
    let (near, far) = pair().await?;
    let (mut flight, mut sent, mut read) = (Flight::new(), 0, Vec::new());
    for _ in 0..STEPS {
        match dice.throw(4) {
            0 if sent - read.len() < 100_000 => {
                let length = usize::try_from(dice.throw(5_000)).unwrap_or(0);
                succeeds(write_all(&far, &numbered(sent, length)).await, "write")?;
                sent += length;
            }
            1 if flight.waiting.len() < 60 => {
                let max = u32::try_from(1 + dice.throw(8_000)).unwrap_or(1);
                let token = flight.begin(0);
                flight.ring.read(token, near.as_handle(), max);
            }
            2 => flight.cancel_one(&mut dice),
            _ => take(&mut flight, &mut read, false)?,
        }
    }
    succeeds(far.shutdown(ShutdownHow::Send), "shutdown")?;
    while !flight.waiting.is_empty() {
        take(&mut flight, &mut read, true)?;
    }
    while read.len() < sent {
        read.extend(succeeds(near.read(65_536).await, "read")?);
    }
    check(read == numbered(0, sent), "every byte read once, in order")
}

fn take(flight: &mut Flight, read: &mut Vec<u8>, wait: bool) -> Result<(), String> {
    for (_, told) in flight.turn(wait)? {
        match told {
            Told::Data(data) => read.extend(data),
            told => equal(told, Told::Failed(ErrorCode::Cancelled), "a read")?,
        }
    }
    Ok(())
}

/// Each write has a byte of its own; what is told to be written is what arrives, in order.
async fn writes(mut dice: Dice) -> Result<(), String> {
    let (near, far) = pair().await?;
    let (mut flight, mut marks, mut arrived) = (Flight::new(), BTreeMap::new(), Vec::new());
    for step in 0..STEPS {
        match dice.throw(4) {
            0 if flight.waiting.len() < 60 => {
                let mark = u8::try_from(step % 251).unwrap_or(0);
                let length = usize::try_from(dice.throw(300_000)).unwrap_or(0);
                let token = flight.begin(mark);
                marks.insert(token, (mark, 0));
                flight
                    .ring
                    .write(token, near.as_handle(), &vec![mark; length]);
                written(&mut flight, &mut marks, false)?;
            }
            1 => flight.cancel_one(&mut dice),
            2 if !flight.waiting.is_empty() => {
                arrived.extend(succeeds(far.read(65_536).await, "read")?);
            }
            _ => written(&mut flight, &mut marks, false)?,
        }
    }
    while !flight.waiting.is_empty() {
        written(&mut flight, &mut marks, false)?;
        if !flight.waiting.is_empty() {
            arrived.extend(succeeds(far.read(65_536).await, "read")?);
        }
    }
    let expected: Vec<u8> = marks
        .values()
        .flat_map(|&(mark, count)| std::iter::repeat_n(mark, count as usize))
        .collect();
    let rest = expected.len().saturating_sub(arrived.len());
    arrived.extend(read_exactly(&far, rest).await?);
    check(arrived == expected, "what was told to be written arrives")
}

fn written(
    flight: &mut Flight,
    marks: &mut BTreeMap<u64, (u8, u32)>,
    wait: bool,
) -> Result<(), String> {
    for (token, told) in flight.turn(wait)? {
        match told {
            Told::Written(count) => {
                marks.entry(token).and_modify(|mark| mark.1 = count);
            }
            told => equal(told, Told::Failed(ErrorCode::Cancelled), "a write")?,
        }
    }
    Ok(())
}

async fn accepts(mut dice: Dice) -> Result<(), String> {
    let (listener, address) = listen()?;
    let (mut flight, mut near, mut far) = (Flight::new(), Vec::new(), Vec::new());
    for _ in 0..STEPS / 10 {
        match dice.throw(4) {
            0 => near.push(succeeds(TcpStream::connect(address).await, "connect")?),
            1 if flight.waiting.len() < 60 => {
                let token = flight.begin(0);
                flight.ring.accept(token, listener.as_handle());
            }
            2 => flight.cancel_one(&mut dice),
            _ => accepted(&mut flight, &mut far)?,
        }
    }
    accepted(&mut flight, &mut far)?;
    while far.len() < near.len() {
        let token = flight.begin(0);
        flight.ring.accept(token, listener.as_handle());
        for (_, told) in flight.turn(true)? {
            far.extend(told.handle().ok());
        }
    }
    drop(listener);
    let peers = far.into_iter().map(|handle| {
        let stream = succeeds(TcpStream::by_handle(handle), "by handle")?;
        port(stream.peer_address())
    });
    let mut peers = peers.collect::<Result<Vec<_>, String>>()?;
    let own = near.iter().map(|stream| port(stream.local_address()));
    let mut own = own.collect::<Result<Vec<_>, String>>()?;
    peers.sort_unstable();
    own.sort_unstable();
    check(peers == own, "every connection accepted once")
}

fn port(address: Result<aio_guest::IpSocketAddress, ErrorCode>) -> Result<u16, String> {
    Ok(std::net::SocketAddr::from(succeeds(address, "address")?).port())
}

fn accepted(flight: &mut Flight, far: &mut Vec<Handle>) -> Result<(), String> {
    for (_, told) in flight.turn(false)? {
        match told {
            Told::Open(handle) => far.push(handle),
            told => equal(told, Told::Failed(ErrorCode::Cancelled), "an accept")?,
        }
    }
    Ok(())
}

/// Those that were made work, and those that were cancelled are closed.
async fn connects(mut dice: Dice) -> Result<(), String> {
    let (listener, address) = listen()?;
    let (mut flight, mut made) = (Flight::new(), Vec::new());
    for _ in 0..STEPS / 10 {
        match dice.throw(3) {
            0 => {
                let token = flight.begin(0);
                flight.ring.connect(token, address);
            }
            1 => flight.cancel_one(&mut dice),
            _ => made.extend(flight.turn(false)?),
        }
    }
    while !flight.waiting.is_empty() {
        made.extend(flight.turn(true)?);
    }
    let mut streams = Vec::new();
    for (token, told) in made {
        match told {
            Told::Open(handle) => {
                let stream = succeeds(TcpStream::by_handle(handle), "by handle")?;
                succeeds(write_all(&stream, &token.to_le_bytes()).await, "write")?;
                streams.push(stream);
            }
            told => fails::<()>(
                Err(ErrorCode::Cancelled),
                match told {
                    Told::Failed(code) => code,
                    _ => ErrorCode::Other,
                },
                "a connect",
            )?,
        }
    }
    let mut alive = 0;
    while alive < streams.len() {
        let (far, _) = succeeds(listener.accept().await, "accept")?;
        // One that was cancelled may have been reset.
        let first = far.read(8).await.unwrap_or_default();
        alive += usize::from(!first.is_empty());
    }
    Ok(())
}
