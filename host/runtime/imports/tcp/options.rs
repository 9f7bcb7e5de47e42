//! Options of a guest's connection, with the ranges that the WIT promises.

use std::io;
use std::ops::RangeInclusive;
use std::time::Duration;

use aio_loop::net::TcpStream;
use wasmtime::Result;
use wasmtime::component::Resource;

use super::super::convert::error_code;
use super::super::wit::tcp::KeepAliveOptions;
use super::super::wit::types::ErrorCode;
use super::Connection;
use crate::state::State;

type Code<T> = Result<T, ErrorCode>;

/// Keep-alive times the operating systems accept, in seconds.
pub(in crate::imports) const KEEP_ALIVE_SECONDS: RangeInclusive<u32> = 1..=32_767;

pub(in crate::imports) const KEEP_ALIVE_COUNT: RangeInclusive<u32> = 1..=127;

pub(in crate::imports) const BUFFER_SIZE_MAX: u32 = 1 << 24;

/// Sets or asks one option of a stream.
pub(super) fn option<T>(
    state: &State,
    stream: &Resource<Connection>,
    ask: impl FnOnce(&TcpStream) -> io::Result<T>,
) -> Result<Code<T>> {
    let stream = state.stream_of(stream)?;
    Ok(stream.and_then(|stream| {
        let tcp = stream.tcp().ok_or(ErrorCode::BadHandle)?;
        ask(tcp).map_err(|error| error_code("socket option", &error))
    }))
}

/// Sets one option of a stream to a value that was checked.
pub(super) fn set<T>(
    state: &State,
    stream: &Resource<Connection>,
    value: Code<T>,
    set: impl FnOnce(&TcpStream, T) -> io::Result<()>,
) -> Result<Code<()>> {
    match value {
        Ok(value) => option(state, stream, |stream| set(stream, value)),
        Err(code) => Ok(Err(code)),
    }
}

/// Keep-alive in whole seconds.
pub(super) struct KeepAlive {
    idle: Duration,
    interval: Option<Duration>,
    count: Option<u32>,
}

impl KeepAlive {
    pub(super) fn after(idle: u64) -> Code<Self> {
        Ok(Self {
            idle: seconds(idle)?,
            interval: None,
            count: None,
        })
    }

    pub(super) fn checked(options: &KeepAliveOptions) -> Code<Self> {
        let in_range = |count: &u32| KEEP_ALIVE_COUNT.contains(count);
        if options.count.as_ref().is_some_and(|count| !in_range(count)) {
            return Err(ErrorCode::OutOfRange);
        }
        Ok(Self {
            idle: seconds(options.idle)?,
            interval: options.interval.map(seconds).transpose()?,
            count: options.count,
        })
    }
}

/// Turns probes on in this way, or off.
pub(super) fn keep_alive(stream: &TcpStream, how: Option<KeepAlive>) -> io::Result<()> {
    let options = stream.options()?;
    let Some(how) = how else {
        return options.set_keepalive(false);
    };
    options.set_keepalive_idle(how.idle)?;
    if let Some(interval) = how.interval {
        options.set_keepalive_interval(interval)?;
    }
    if let Some(count) = how.count {
        options.set_keepalive_retries(count)?;
    }
    options.set_keepalive(true)
}

pub(super) fn idle(stream: &TcpStream) -> io::Result<Option<u64>> {
    let options = stream.options()?;
    let idle = options.keepalive()?.then(|| options.keepalive_idle());
    let nanoseconds = |idle: Duration| u64::try_from(idle.as_nanos()).unwrap_or(u64::MAX);
    Ok(idle.transpose()?.map(nanoseconds))
}

fn seconds(nanoseconds: u64) -> Code<Duration> {
    let seconds = u32::try_from(nanoseconds / 1_000_000_000).ok();
    let seconds = seconds.filter(|seconds| KEEP_ALIVE_SECONDS.contains(seconds));
    let seconds = seconds.ok_or(ErrorCode::OutOfRange)?;
    Ok(Duration::from_secs(seconds.into()))
}

pub(super) fn hops(value: u8) -> Code<u32> {
    match value {
        0 => Err(ErrorCode::OutOfRange),
        hops => Ok(hops.into()),
    }
}

pub(in crate::imports) fn buffer_size(size: u32) -> Code<usize> {
    let fits = (1..=BUFFER_SIZE_MAX).contains(&size);
    usize::try_from(size)
        .ok()
        .filter(|_| fits)
        .ok_or(ErrorCode::OutOfRange)
}
