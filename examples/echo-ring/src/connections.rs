//! The connections of the server, by slot. A slot is used again, a token never: it carries the
//! slot's generation, so that what completes late is told from what is expected.

use aio_guest::Handle;

/// A connection.
#[derive(Debug)]
pub(crate) struct Connection {
    pub(crate) handle: Handle,
    /// Quiet writes, and their bytes: nobody has said yet that they are gone.
    pub(crate) unreported: u32,
    pub(crate) unreported_bytes: u32,
    /// Whether the peer has sent all it has to send.
    pub(crate) ended: bool,
}

/// Which of a connection's operations a token is about.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Direction {
    Read,
    /// Writes wait in a queue, and what waits has a token of its own: they are numbered.
    Write(u32),
}

/// A slot and its generation, which fit a token.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Key {
    slot: u32,
    generation: u32,
}

impl Key {
    /// How many writes of a connection can be told apart.
    pub(crate) const WRITES_MAX: u32 = 64;

    /// The token for an operation. Its lowest two bits are never 0.
    pub(crate) fn token(self, direction: Direction) -> u64 {
        let tag = match direction {
            Direction::Read => 1,
            Direction::Write(number) => 2 | ((number % Self::WRITES_MAX) << 2),
        };
        u64::from(self.generation) << 32 | u64::from(self.slot) << 8 | u64::from(tag)
    }

    /// Reads a token that [`Key::token`] made.
    pub(crate) fn from_token(token: u64) -> (Self, Direction) {
        let low = token as u32;
        let direction = match low & 3 {
            1 => Direction::Read,
            _ => Direction::Write((low >> 2) & (Self::WRITES_MAX - 1)),
        };
        let key = Self {
            slot: low >> 8,
            generation: (token >> 32) as u32,
        };
        (key, direction)
    }
}

/// All connections.
#[derive(Debug, Default)]
pub(crate) struct Connections {
    slots: Vec<(u32, Option<Connection>)>,
    free: Vec<u32>,
}

impl Connections {
    pub(crate) fn insert(&mut self, handle: Handle) -> Key {
        let slot = self.free.pop().unwrap_or_else(|| {
            self.slots.push((0, None));
            self.slots.len() as u32 - 1
        });
        let (generation, connection) = &mut self.slots[slot as usize];
        *connection = Some(Connection {
            handle,
            unreported: 0,
            unreported_bytes: 0,
            ended: false,
        });
        Key {
            slot,
            generation: *generation,
        }
    }

    pub(crate) fn find(&mut self, key: Key) -> Option<&mut Connection> {
        let (generation, connection) = self.slots.get_mut(key.slot as usize)?;
        connection
            .as_mut()
            .filter(|_| *generation == key.generation)
    }

    pub(crate) fn remove(&mut self, key: Key) -> Option<Connection> {
        let (generation, connection) = self.slots.get_mut(key.slot as usize)?;
        if *generation != key.generation {
            return None;
        }
        let removed = connection.take()?;
        *generation = generation.wrapping_add(1);
        self.free.push(key.slot);
        Some(removed)
    }
}
