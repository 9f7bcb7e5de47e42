//! `wasi:filesystem` of 0.2 and 0.3: wasmtime-wasi's, which works on the loop's thread (regular
//! files are always ready), but for the streams of 0.2. Those of wasmtime-wasi hand each read and
//! write to a tokio runtime, whatever they are told; these do not.

use std::fs::File;
use std::io;
use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use wasmtime::StoreContextMut;
use wasmtime::component::{Linker, Resource};
use wasmtime_wasi::async_trait;
use wasmtime_wasi::filesystem::{Descriptor, WasiFilesystem, WasiFilesystemView};
use wasmtime_wasi::p2::bindings::filesystem as p2;
use wasmtime_wasi::p2::bindings::filesystem::types::ErrorCode;
use wasmtime_wasi::p2::{
    DynInputStream, DynOutputStream, InputStream, OutputStream, Pollable, StreamError, StreamResult,
};
use wasmtime_wasi::p3::bindings::filesystem as p3;

use crate::state::State;

/// The most bytes that one call reads or writes.
const CHUNK_MAX: usize = 64 * 1024;

pub(super) fn add_to_linker(linker: &mut Linker<State>) -> wasmtime::Result<()> {
    p2::preopens::add_to_linker::<State, WasiFilesystem>(linker, State::filesystem)?;
    p2::types::add_to_linker::<State, WasiFilesystem>(linker, State::filesystem)?;
    replace_streams(linker)?;
    p3::preopens::add_to_linker::<State, WasiFilesystem>(linker, State::filesystem)?;
    p3::types::add_to_linker::<State, WasiFilesystem>(linker, State::filesystem)
}

/// Defines anew the three functions that make streams. The version is the one of wasmtime-wasi;
/// with another one the functions would stay theirs, which the test that counts threads would tell.
fn replace_streams(linker: &mut Linker<State>) -> wasmtime::Result<()> {
    linker.allow_shadowing(true);
    let mut types = linker.instance("wasi:filesystem/types@0.2.12")?;
    types.func_wrap(
        "[method]descriptor.read-via-stream",
        |store: StoreContextMut<'_, State>, (file, offset): (Resource<Descriptor>, u64)| {
            Ok((read_via_stream(store, &file, offset)?,))
        },
    )?;
    types.func_wrap(
        "[method]descriptor.write-via-stream",
        |store: StoreContextMut<'_, State>, (file, offset): (Resource<Descriptor>, u64)| {
            Ok((write_via_stream(store, &file, Position::At(offset))?,))
        },
    )?;
    types.func_wrap(
        "[method]descriptor.append-via-stream",
        |store: StoreContextMut<'_, State>, (file,): (Resource<Descriptor>,)| {
            Ok((write_via_stream(store, &file, Position::End)?,))
        },
    )?;
    linker.allow_shadowing(false);
    Ok(())
}

fn read_via_stream(
    mut store: StoreContextMut<'_, State>,
    descriptor: &Resource<Descriptor>,
    offset: u64,
) -> wasmtime::Result<Result<Resource<DynInputStream>, ErrorCode>> {
    let table = &mut store.data_mut().table;
    let file = match table.get(descriptor)? {
        Descriptor::File(file) => Arc::clone(&file.file),
        Descriptor::Dir(_) => return Ok(Err(ErrorCode::IsDirectory)),
    };
    let stream: DynInputStream = Box::new(Reader {
        file,
        offset,
        closed: false,
    });
    Ok(Ok(table.push(stream)?))
}

fn write_via_stream(
    mut store: StoreContextMut<'_, State>,
    descriptor: &Resource<Descriptor>,
    position: Position,
) -> wasmtime::Result<Result<Resource<DynOutputStream>, ErrorCode>> {
    let table = &mut store.data_mut().table;
    let file = match table.get(descriptor)? {
        Descriptor::File(file) if file.perms.write_not_permitted() => {
            return Ok(Err(ErrorCode::NotPermitted));
        }
        Descriptor::File(file) => Arc::clone(&file.file),
        Descriptor::Dir(_) => return Ok(Err(ErrorCode::BadDescriptor)),
    };
    let stream: DynOutputStream = Box::new(Writer {
        file,
        position,
        closed: false,
    });
    Ok(Ok(table.push(stream)?))
}

/// Reads a file from an offset on.
struct Reader {
    file: Arc<File>,
    offset: u64,
    closed: bool,
}

impl Reader {
    fn read_some(&mut self, size: usize) -> io::Result<Bytes> {
        let mut buffer = BytesMut::zeroed(size.min(CHUNK_MAX));
        let count = retry(|| read_at(&self.file, &mut buffer, self.offset))?;
        buffer.truncate(count);
        self.offset = self.offset.saturating_add(count as u64);
        Ok(buffer.freeze())
    }
}

#[async_trait]
impl Pollable for Reader {
    async fn ready(&mut self) {}
}

#[async_trait]
impl InputStream for Reader {
    fn read(&mut self, size: usize) -> StreamResult<Bytes> {
        if self.closed {
            return Err(StreamError::Closed);
        }
        if size == 0 {
            return Ok(Bytes::new());
        }
        let bytes = self.read_some(size).map_err(|error| {
            self.closed = true;
            StreamError::LastOperationFailed(error.into())
        })?;
        if bytes.is_empty() {
            self.closed = true;
            return Err(StreamError::Closed);
        }
        Ok(bytes)
    }
}

/// Where the next bytes of a file go.
#[derive(Clone, Copy)]
enum Position {
    At(u64),
    End,
}

/// Writes to a file.
struct Writer {
    file: Arc<File>,
    position: Position,
    closed: bool,
}

impl Writer {
    fn write_all(&mut self, mut bytes: &[u8]) -> io::Result<()> {
        while !bytes.is_empty() {
            let count = retry(|| write_at(&self.file, bytes, self.position))?;
            if count == 0 {
                return Err(io::ErrorKind::WriteZero.into());
            }
            bytes = &bytes[count..];
            if let Position::At(offset) = &mut self.position {
                *offset = offset.saturating_add(count as u64);
            }
        }
        Ok(())
    }
}

#[async_trait]
impl Pollable for Writer {
    async fn ready(&mut self) {}
}

#[async_trait]
impl OutputStream for Writer {
    fn check_write(&mut self) -> StreamResult<usize> {
        self.flush()?;
        Ok(CHUNK_MAX)
    }

    fn write(&mut self, bytes: Bytes) -> StreamResult<()> {
        self.flush()?;
        if bytes.len() > CHUNK_MAX {
            return Err(StreamError::trap(
                "wrote more bytes than check-write permitted",
            ));
        }
        self.write_all(&bytes).map_err(|error| {
            self.closed = true;
            StreamError::LastOperationFailed(error.into())
        })
    }

    /// Nothing is kept back.
    fn flush(&mut self) -> StreamResult<()> {
        if self.closed {
            Err(StreamError::Closed)
        } else {
            Ok(())
        }
    }
}

fn retry(mut operation: impl FnMut() -> io::Result<usize>) -> io::Result<usize> {
    loop {
        match operation() {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            result => return result,
        }
    }
}

#[cfg(unix)]
fn read_at(file: &File, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
    std::os::unix::fs::FileExt::read_at(file, buffer, offset)
}

#[cfg(windows)]
fn read_at(file: &File, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
    std::os::windows::fs::FileExt::seek_read(file, buffer, offset)
}

fn write_at(file: &File, bytes: &[u8], position: Position) -> io::Result<usize> {
    match position {
        #[cfg(unix)]
        Position::At(offset) => std::os::unix::fs::FileExt::write_at(file, bytes, offset),
        #[cfg(windows)]
        Position::At(offset) => std::os::windows::fs::FileExt::seek_write(file, bytes, offset),
        Position::End => append(file, bytes),
    }
}

/// Appends in one step, whatever mode the file was opened in.
#[cfg(target_os = "linux")]
fn append(file: &File, bytes: &[u8]) -> io::Result<usize> {
    use rustix::io::{Errno, ReadWriteFlags, pwritev2};

    match pwritev2(file, &[io::IoSlice::new(bytes)], 0, ReadWriteFlags::APPEND) {
        Err(Errno::NOSYS | Errno::OPNOTSUPP) => seek_and_append(file, bytes),
        result => Ok(result?),
    }
}

#[cfg(not(target_os = "linux"))]
fn append(file: &File, bytes: &[u8]) -> io::Result<usize> {
    seek_and_append(file, bytes)
}

fn seek_and_append(mut file: &File, bytes: &[u8]) -> io::Result<usize> {
    use io::{Seek, SeekFrom, Write};

    file.seek(SeekFrom::End(0))?;
    file.write(bytes)
}
