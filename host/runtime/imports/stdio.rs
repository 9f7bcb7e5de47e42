//! `aio:host/stdio`: the guest's standard streams as connections, and their terminal.

use std::io;
use std::sync::Arc;

use wasmtime::Result;
use wasmtime::component::Resource;

use super::convert::error_code;
use super::streams::ByteStream;
use super::wit::stdio::{Host, StandardStream, TerminalSize};
use super::wit::types::ErrorCode;
use crate::handles::Object;
use crate::state::State;
use crate::stdio::Standard;

type Code<T> = Result<T, ErrorCode>;

impl State {
    /// A view of the stream; none when the host has no such stream.
    fn view(&self, stream: StandardStream) -> Option<Standard> {
        match stream {
            StandardStream::Stdin => self.stdio.stdin.view(&self.handle),
            StandardStream::Stdout => self.stdio.stdout.view(&self.handle),
            StandardStream::Stderr => self.stdio.stderr.view(&self.handle),
        }
    }

    fn open_standard(&mut self, stream: StandardStream) -> Code<Resource<ByteStream>> {
        let view = self.view(stream).ok_or(ErrorCode::NotSupported)?;
        let handle = self.io().open(Object::Stream(Arc::new(view.into())))?;
        self.push_byte_stream(handle)
    }

    /// Refuses what only `--allow-terminal` grants.
    fn check_terminal(&self) -> Code<()> {
        let granted = self.io().grants.terminal();
        granted.map_err(|denial| self.refuse(denial.into()))
    }

    fn terminal_size(&self, stream: StandardStream) -> Code<TerminalSize> {
        self.check_terminal()?;
        let size = match stream {
            StandardStream::Stdin => self.stdio.stdin.terminal_size(),
            StandardStream::Stdout => self.stdio.stdout.terminal_size(),
            StandardStream::Stderr => self.stdio.stderr.terminal_size(),
        };
        let size = size.map_err(|error| terminal_code("ask the terminal's size", &error))?;
        Ok(TerminalSize {
            columns: size.columns,
            rows: size.rows,
        })
    }

    fn raw_mode(&mut self, raw: bool) -> Code<()> {
        self.check_terminal()?;
        let stdin = &self.stdio.stdin;
        let held = match raw {
            true => stdin.enter_raw_mode().map(Some),
            false => stdin.terminal().map(|_| None),
        };
        // Held once, however often it was asked for.
        self.raw = held.map_err(|error| terminal_code("set the terminal's mode", &error))?;
        Ok(())
    }
}

fn terminal_code(operation: &str, error: &io::Error) -> ErrorCode {
    match error.kind() {
        io::ErrorKind::ResourceBusy => ErrorCode::InvalidState,
        _ => error_code(operation, error),
    }
}

impl Host for State {
    fn open(&mut self, stream: StandardStream) -> Result<Code<Resource<ByteStream>>> {
        Ok(self.open_standard(stream))
    }

    fn is_terminal(&mut self, stream: StandardStream) -> Result<bool> {
        Ok(match stream {
            StandardStream::Stdin => self.stdio.stdin.is_terminal(),
            StandardStream::Stdout => self.stdio.stdout.is_terminal(),
            StandardStream::Stderr => self.stdio.stderr.is_terminal(),
        })
    }

    fn size(&mut self, stream: StandardStream) -> Result<Code<TerminalSize>> {
        Ok(self.terminal_size(stream))
    }

    fn set_raw_mode(&mut self, raw: bool) -> Result<Code<()>> {
        Ok(self.raw_mode(raw))
    }
}
