//! Sockets of WASI 0.3: what may follow what, which arguments are taken, and the options.
#![allow(unsafe_code, reason = "the export is a function of the C ABI")]

use wasip3::sockets::types::{ErrorCode, IpAddressFamily, TcpSocket};
use wasip3::wit_stream;

use p3::{at, connect, failed, listen};

#[path = "wasi_support/p3.rs"]
mod p3;

const SECOND: u64 = 1_000_000_000;

struct Guest;

wasip3::cli::command::export!(Guest);

impl wasip3::exports::cli::run::Guest for Guest {
    async fn run() -> Result<(), ()> {
        let checked = async {
            unconnected().await?;
            listening().await?;
            connected().await?;
            refused().await?;
            options(&TcpSocket::create(IpAddressFamily::Ipv4)?)?;
            options(&TcpSocket::create(IpAddressFamily::Ipv6)?)
        };
        checked
            .await
            .map_err(|code: ErrorCode| eprintln!("{code:?}"))
    }
}

async fn unconnected() -> Result<(), ErrorCode> {
    let socket = TcpSocket::create(IpAddressFamily::Ipv4)?;
    assert!(!socket.get_is_listening());
    assert_eq!(
        failed(socket.get_local_address()),
        "ErrorCode::InvalidState"
    );
    assert_eq!(
        failed(socket.get_remote_address()),
        "ErrorCode::InvalidState"
    );
    for address in ["[::1]:0", "224.0.0.1:0", "255.255.255.255:0"] {
        assert_eq!(
            failed(socket.bind(at(address))),
            "ErrorCode::InvalidArgument"
        );
    }
    for address in ["[::1]:1", "224.0.0.1:1", "0.0.0.0:1", "127.0.0.1:0"] {
        let connected = socket.connect(at(address)).await;
        assert_eq!(failed(connected), "ErrorCode::InvalidArgument");
    }
    let (mut reader, ended) = socket.receive();
    assert!(reader.next().await.is_none());
    assert_eq!(failed(ended.await), "ErrorCode::InvalidState");
    let (writer, data) = wit_stream::new();
    let sent = socket.send(data);
    drop(writer);
    assert_eq!(failed(sent.await), "ErrorCode::InvalidState");
    socket.bind(at("127.0.0.1:0"))?;
    assert_eq!(
        failed(socket.bind(at("127.0.0.1:0"))),
        "ErrorCode::InvalidState"
    );
    socket.get_local_address()?;
    Ok(())
}

async fn listening() -> Result<(), ErrorCode> {
    let (socket, address, _connections) = listen()?;
    assert!(socket.get_is_listening());
    assert_eq!(failed(socket.listen()), "ErrorCode::InvalidState");
    let connected = socket.connect(at("127.0.0.1:1")).await;
    assert_eq!(failed(connected), "ErrorCode::InvalidState");
    assert_eq!(
        failed(socket.set_listen_backlog_size(0)),
        "ErrorCode::InvalidArgument"
    );
    socket.set_listen_backlog_size(1)?;
    let taken = TcpSocket::create(IpAddressFamily::Ipv4)?;
    assert_eq!(failed(taken.bind(address)), "ErrorCode::AddressInUse");
    taken.bind(at("127.0.0.1:0"))
}

async fn connected() -> Result<(), ErrorCode> {
    let (_socket, address, mut connections) = listen()?;
    let near = connect(address).await?;
    let far = connections.next().await.ok_or(ErrorCode::InvalidState)?;
    let (near_address, far_address) = (near.get_local_address()?, far.get_remote_address()?);
    assert_eq!(format!("{near_address:?}"), format!("{far_address:?}"));
    assert_eq!(
        failed(near.connect(address).await),
        "ErrorCode::InvalidState"
    );
    assert_eq!(failed(near.listen()), "ErrorCode::InvalidState");
    options(&near)?;
    let (_reader, _ended) = near.receive();
    let (mut second, ended) = near.receive();
    assert!(second.next().await.is_none());
    assert_eq!(failed(ended.await), "ErrorCode::InvalidState");
    // The end of one stream of the guest is the end of that half.
    let (writer, data) = wit_stream::new();
    let sent = near.send(data);
    let (_unused, more) = wit_stream::new();
    assert_eq!(failed(near.send(more).await), "ErrorCode::InvalidState");
    drop(writer);
    assert_eq!(failed(sent.await), "ok");
    let (mut reader, ended) = far.receive();
    assert!(reader.next().await.is_none());
    assert_eq!(failed(ended.await), "ok");
    Ok(())
}

async fn refused() -> Result<(), ErrorCode> {
    let unheard = TcpSocket::create(IpAddressFamily::Ipv4)?;
    unheard.bind(at("127.0.0.1:0"))?;
    let socket = TcpSocket::create(IpAddressFamily::Ipv4)?;
    let address = unheard.get_local_address()?;
    let connected = socket.connect(address).await;
    assert_eq!(failed(connected), "ErrorCode::ConnectionRefused");
    assert_eq!(
        failed(socket.connect(address).await),
        "ErrorCode::InvalidState"
    );
    assert_eq!(failed(socket.get_hop_limit()), "ErrorCode::InvalidState");
    Ok(())
}

fn options(socket: &TcpSocket) -> Result<(), ErrorCode> {
    for enabled in [true, false] {
        socket.set_keep_alive_enabled(enabled)?;
        assert_eq!(socket.get_keep_alive_enabled()?, enabled);
    }
    for zero in [
        socket.set_keep_alive_idle_time(0),
        socket.set_keep_alive_interval(0),
        socket.set_keep_alive_count(0),
        socket.set_hop_limit(0),
        socket.set_receive_buffer_size(0),
        socket.set_send_buffer_size(0),
    ] {
        assert_eq!(failed(zero), "ErrorCode::InvalidArgument");
    }
    for (asked, told) in [(1, SECOND), (u64::MAX, 32_767 * SECOND)] {
        socket.set_keep_alive_idle_time(asked)?;
        assert_eq!(socket.get_keep_alive_idle_time()?, told);
        socket.set_keep_alive_interval(asked)?;
        assert_eq!(socket.get_keep_alive_interval()?, told);
    }
    for (asked, told) in [(127, 127), (128, 127)] {
        socket.set_keep_alive_count(asked)?;
        assert_eq!(socket.get_keep_alive_count()?, told);
    }
    socket.set_hop_limit(255)?;
    assert_eq!(socket.get_hop_limit()?, 255);
    socket.set_receive_buffer_size(65_536)?;
    assert!(socket.get_receive_buffer_size()? >= 65_536);
    socket.set_send_buffer_size(65_536)?;
    assert!(socket.get_send_buffer_size()? >= 65_536);
    Ok(())
}
