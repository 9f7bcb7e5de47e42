//! Options of sockets in WASI's terms: nanoseconds, ranges that are cut rather than refused, and
//! zero as no value at all.

use std::time::Duration;

use aio_loop::net::SocketOptions;

use super::code::Code;

/// Spans the operating systems take, in seconds.
const SECONDS: (u64, u64) = (1, 32_767);

const RETRIES: (u32, u32) = (1, 127);

/// What the largest of operating systems take, in bytes.
const BUFFER_SIZE_MAX: u64 = i32::MAX as u64;

pub(super) fn keep_alive(options: &SocketOptions<'_>) -> Result<bool, Code> {
    Ok(options.keepalive()?)
}

pub(super) fn set_keep_alive(options: &SocketOptions<'_>, enabled: bool) -> Result<(), Code> {
    Ok(options.set_keepalive(enabled)?)
}

pub(super) fn keep_alive_idle(options: &SocketOptions<'_>) -> Result<u64, Code> {
    Ok(nanoseconds(options.keepalive_idle()?))
}

pub(super) fn set_keep_alive_idle(options: &SocketOptions<'_>, idle: u64) -> Result<(), Code> {
    Ok(options.set_keepalive_idle(seconds(idle)?)?)
}

pub(super) fn keep_alive_interval(options: &SocketOptions<'_>) -> Result<u64, Code> {
    Ok(nanoseconds(options.keepalive_interval()?))
}

pub(super) fn set_keep_alive_interval(
    options: &SocketOptions<'_>,
    interval: u64,
) -> Result<(), Code> {
    Ok(options.set_keepalive_interval(seconds(interval)?)?)
}

pub(super) fn keep_alive_count(options: &SocketOptions<'_>) -> Result<u32, Code> {
    Ok(options.keepalive_retries()?)
}

pub(super) fn set_keep_alive_count(options: &SocketOptions<'_>, count: u32) -> Result<(), Code> {
    let count = not_zero(count.into())?.min(RETRIES.1.into());
    let count = u32::try_from(count).unwrap_or(RETRIES.1);
    Ok(options.set_keepalive_retries(count)?)
}

pub(super) fn hop_limit(options: &SocketOptions<'_>) -> Result<u8, Code> {
    u8::try_from(options.hop_limit()?).map_err(|_beyond| Code::NotSupported)
}

pub(super) fn set_hop_limit(options: &SocketOptions<'_>, hops: u8) -> Result<(), Code> {
    not_zero(hops.into())?;
    Ok(options.set_hop_limit(hops.into())?)
}

pub(super) fn receive_buffer_size(options: &SocketOptions<'_>) -> Result<u64, Code> {
    Ok(asked_for(options.recv_buffer_size()?))
}

pub(super) fn set_receive_buffer_size(options: &SocketOptions<'_>, size: u64) -> Result<(), Code> {
    Ok(options.set_recv_buffer_size(buffer_size(size)?)?)
}

pub(super) fn send_buffer_size(options: &SocketOptions<'_>) -> Result<u64, Code> {
    Ok(asked_for(options.send_buffer_size()?))
}

pub(super) fn set_send_buffer_size(options: &SocketOptions<'_>, size: u64) -> Result<(), Code> {
    Ok(options.set_send_buffer_size(buffer_size(size)?)?)
}

/// The backlog to ask the OS for, which cuts it further.
pub(super) fn backlog(size: u64) -> Result<i32, Code> {
    Ok(i32::try_from(not_zero(size)?).unwrap_or(i32::MAX))
}

fn not_zero(value: u64) -> Result<u64, Code> {
    if value == 0 {
        Err(Code::InvalidArgument)
    } else {
        Ok(value)
    }
}

/// A span of a guest, in the whole seconds that the OS counts in.
fn seconds(nanoseconds: u64) -> Result<Duration, Code> {
    let seconds = not_zero(nanoseconds)? / 1_000_000_000;
    Ok(Duration::from_secs(seconds.clamp(SECONDS.0, SECONDS.1)))
}

fn nanoseconds(span: Duration) -> u64 {
    u64::try_from(span.as_nanos()).unwrap_or(u64::MAX)
}

fn buffer_size(size: u64) -> Result<usize, Code> {
    let size = not_zero(size)?.min(BUFFER_SIZE_MAX);
    Ok(usize::try_from(size).unwrap_or(usize::MAX))
}

/// Linux doubles what is set, for its own bookkeeping, and tells the double.
fn asked_for(size: usize) -> u64 {
    let size = if cfg!(target_os = "linux") {
        size / 2
    } else {
        size
    };
    u64::try_from(size).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_are_cut_to_what_systems_take_and_zero_is_none() {
        let second = 1_000_000_000;
        assert_eq!(seconds(0), Err(Code::InvalidArgument));
        for (nanoseconds, taken) in [
            (1, 1),
            (second, 1),
            (2 * second - 1, 1),
            (32_767 * second, 32_767),
            (32_768 * second, 32_767),
            (u64::MAX, 32_767),
        ] {
            assert_eq!(seconds(nanoseconds), Ok(Duration::from_secs(taken)));
        }
    }

    #[test]
    fn sizes_are_cut_to_what_systems_take_and_zero_is_none() {
        assert_eq!(buffer_size(0), Err(Code::InvalidArgument));
        assert_eq!(buffer_size(1), Ok(1));
        assert_eq!(buffer_size(u64::MAX), Ok(i32::MAX as usize));
        assert_eq!(backlog(0), Err(Code::InvalidArgument));
        assert_eq!(backlog(1), Ok(1));
        assert_eq!(backlog(u64::MAX), Ok(i32::MAX));
    }
}
