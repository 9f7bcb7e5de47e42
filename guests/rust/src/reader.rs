//! Reading by lines, by separators and by lengths: asyncio's `StreamReader`. Its buffer is bounded,
//! and what a cancelled call has read is there for the next one.

use crate::bindings::aio::host::types::ErrorCode;
use crate::stream::{CHUNK_MAX, Connection};

/// The most bytes before a separator unless said otherwise: asyncio's number.
const LIMIT: usize = 65_536;

/// A connection, and what was read from it too early.
#[derive(Debug)]
pub struct StreamReader<C> {
    connection: C,
    buffer: Vec<u8>,
    limit: usize,
    ended: bool,
}

/// Why there is not what was asked for.
#[derive(Clone, Debug, PartialEq)]
pub enum ReadError {
    /// The connection has failed.
    Failed(ErrorCode),
    /// The stream has ended before: these are its last bytes.
    Incomplete(Vec<u8>),
    /// The separator is not within the limit. The bytes stay where they are.
    LimitOverrun,
}

impl From<ErrorCode> for ReadError {
    fn from(code: ErrorCode) -> Self {
        Self::Failed(code)
    }
}

impl<C: Connection> StreamReader<C> {
    /// Reads `connection`, with up to 65,536 bytes before a separator.
    pub fn new(connection: C) -> Self {
        Self::with_limit(connection, LIMIT)
    }

    /// Reads `connection`, with up to `limit` bytes before a separator.
    pub fn with_limit(connection: C, limit: usize) -> Self {
        Self {
            connection,
            buffer: Vec::new(),
            limit,
            ended: false,
        }
    }

    /// Tells whether the stream has ended and all of it was read.
    pub fn at_eof(&self) -> bool {
        self.ended && self.buffer.is_empty()
    }

    /// Reads what is there, 1 to `max` bytes; none at the end of the stream.
    pub async fn read(&mut self, max: usize) -> Result<Vec<u8>, ReadError> {
        if self.buffer.is_empty() && max > 0 {
            self.fill().await?;
        }
        Ok(self.take(max))
    }

    /// Reads a line with its end. The last one may have none, and at the end of the stream there is
    /// nothing. Errors: `LimitOverrun`, `Failed`.
    pub async fn read_line(&mut self) -> Result<Vec<u8>, ReadError> {
        match self.read_until(b"\n").await {
            Err(ReadError::Incomplete(rest)) => Ok(rest),
            result => result,
        }
    }

    /// Reads to the end of the next `separator`, which must not be empty. Errors: `Incomplete`,
    /// `LimitOverrun`, `Failed`.
    pub async fn read_until(&mut self, separator: &[u8]) -> Result<Vec<u8>, ReadError> {
        let mut searched = 0;
        loop {
            if let Some(found) = find(&self.buffer[searched..], separator) {
                return self.take_within(searched + found, separator.len());
            }
            // The begin of a separator may be there.
            searched = (self.buffer.len() + 1).saturating_sub(separator.len());
            if searched > self.limit {
                return Err(ReadError::LimitOverrun);
            }
            if !self.fill().await? {
                return Err(ReadError::Incomplete(std::mem::take(&mut self.buffer)));
            }
        }
    }

    /// Reads `length` bytes. Errors: `Incomplete`, `Failed`.
    pub async fn read_exactly(&mut self, length: usize) -> Result<Vec<u8>, ReadError> {
        while self.buffer.len() < length {
            if !self.fill().await? {
                return Err(ReadError::Incomplete(std::mem::take(&mut self.buffer)));
            }
        }
        Ok(self.take(length))
    }

    /// Reads more, and tells whether there was some.
    async fn fill(&mut self) -> Result<bool, ErrorCode> {
        if self.ended {
            return Ok(false);
        }
        let data = self.connection.read_some(CHUNK_MAX).await?;
        self.ended = data.is_empty();
        self.buffer.extend(data);
        Ok(!self.ended)
    }

    fn take_within(&mut self, before: usize, separator: usize) -> Result<Vec<u8>, ReadError> {
        if before > self.limit {
            return Err(ReadError::LimitOverrun);
        }
        Ok(self.take(before + separator))
    }

    fn take(&mut self, max: usize) -> Vec<u8> {
        let rest = self.buffer.split_off(max.min(self.buffer.len()));
        std::mem::replace(&mut self.buffer, rest)
    }
}

fn find(data: &[u8], separator: &[u8]) -> Option<usize> {
    data.windows(separator.len().max(1))
        .position(|window| window == separator)
}
