//! Options and addresses of a connection, each at its bounds.

use std::net::SocketAddr;

use aio_guest::tcp::KeepAliveOptions;
use aio_guest::{ErrorCode, TcpStream};
use test_guests::{check, equal, fails, listen, succeeds};

aio_guest::main!(run);

const SECOND: u64 = 1_000_000_000;
const BUFFER_MAX: u32 = 16_777_216;

async fn run() -> Result<(), String> {
    let (listener, address) = listen()?;
    let near = succeeds(TcpStream::connect(address).await, "connect")?;
    let (far, from) = succeeds(listener.accept().await, "accept")?;
    let own = succeeds(near.local_address(), "local address")?;
    check(SocketAddr::from(own).port() != 0, "the system chose a port")?;
    check(own == from, "accept tells the peer's address")?;
    check(
        succeeds(far.peer_address(), "peer address")? == own,
        "peer address",
    )?;
    check(
        succeeds(near.peer_address(), "peer address")? == address,
        "peer address",
    )?;
    check(
        succeeds(far.local_address(), "local address")? == address,
        "local address",
    )?;
    for stream in [&near, &far] {
        no_delay(stream)?;
        keep_alive(stream)?;
        buffers(stream)?;
        keep_alive_options(stream)?;
        hops(stream)?;
    }
    reset(near, far).await
}

fn no_delay(stream: &TcpStream) -> Result<(), String> {
    check(
        succeeds(stream.no_delay(), "no delay")?,
        "TCP_NODELAY is on from the start",
    )?;
    for value in [false, true] {
        succeeds(stream.set_no_delay(value), "set no delay")?;
        equal(succeeds(stream.no_delay(), "no delay")?, value, "no delay")?;
    }
    Ok(())
}

fn keep_alive(stream: &TcpStream) -> Result<(), String> {
    equal(
        succeeds(stream.keep_alive(), "keep alive")?,
        None,
        "keep alive",
    )?;
    for (idle, told) in [
        (SECOND, 1),
        (SECOND + 999_999_999, 1),
        (32_767 * SECOND, 32_767),
    ] {
        succeeds(stream.set_keep_alive(Some(idle)), "set keep alive")?;
        let found = succeeds(stream.keep_alive(), "keep alive")?;
        equal(found, Some(told * SECOND), "keep alive")?;
    }
    for idle in [0, SECOND - 1, 32_768 * SECOND, u64::MAX] {
        fails(
            stream.set_keep_alive(Some(idle)),
            ErrorCode::OutOfRange,
            "set keep alive",
        )?;
    }
    succeeds(stream.set_keep_alive(None), "unset keep alive")?;
    equal(
        succeeds(stream.keep_alive(), "keep alive")?,
        None,
        "keep alive",
    )
}

fn keep_alive_options(stream: &TcpStream) -> Result<(), String> {
    let how = |idle, interval, count| KeepAliveOptions {
        idle,
        interval,
        count,
    };
    for good in [
        how(SECOND, None, None),
        how(32_767 * SECOND, Some(SECOND), Some(1)),
        how(SECOND, Some(32_767 * SECOND), Some(127)),
    ] {
        succeeds(stream.set_keep_alive_options(good), "keep alive options")?;
        let told = succeeds(stream.keep_alive(), "keep alive")?;
        equal(told, Some(good.idle), "keep alive")?;
    }
    for bad in [
        how(SECOND - 1, None, None),
        how(32_768 * SECOND, None, None),
        how(SECOND, Some(SECOND - 1), None),
        how(SECOND, Some(32_768 * SECOND), None),
        how(SECOND, None, Some(0)),
        how(SECOND, None, Some(128)),
    ] {
        let refused = stream.set_keep_alive_options(bad);
        fails(refused, ErrorCode::OutOfRange, "keep alive options")?;
    }
    succeeds(stream.set_keep_alive(None), "unset keep alive")
}

fn hops(stream: &TcpStream) -> Result<(), String> {
    for hops in [1, 255] {
        succeeds(stream.set_hop_limit(hops), "set hop limit")?;
        equal(
            succeeds(stream.hop_limit(), "hop limit")?,
            hops,
            "hop limit",
        )?;
    }
    fails(stream.set_hop_limit(0), ErrorCode::OutOfRange, "hop limit")
}

/// The peer hears of a reset, and of what was not read before nothing.
async fn reset(near: TcpStream, far: TcpStream) -> Result<(), String> {
    for value in [false, true] {
        succeeds(near.set_reset_on_close(value), "set reset on close")?;
        let told = succeeds(near.reset_on_close(), "reset on close")?;
        equal(told, value, "reset on close")?;
    }
    drop(near);
    fails(
        far.read(1).await,
        ErrorCode::ConnectionReset,
        "read after a reset",
    )
}

fn buffers(stream: &TcpStream) -> Result<(), String> {
    for size in [1, 20_000, BUFFER_MAX] {
        succeeds(stream.set_receive_buffer_size(size), "set receive buffer")?;
        succeeds(stream.set_send_buffer_size(size), "set send buffer")?;
    }
    check(
        succeeds(stream.receive_buffer_size(), "receive buffer")? > 0,
        "there is a buffer",
    )?;
    check(
        succeeds(stream.send_buffer_size(), "send buffer")? > 0,
        "there is a buffer",
    )?;
    for size in [0, BUFFER_MAX + 1, u32::MAX] {
        fails(
            stream.set_receive_buffer_size(size),
            ErrorCode::OutOfRange,
            "receive buffer",
        )?;
        fails(
            stream.set_send_buffer_size(size),
            ErrorCode::OutOfRange,
            "send buffer",
        )?;
    }
    Ok(())
}
