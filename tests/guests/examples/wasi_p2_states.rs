//! TCP sockets of WASI 0.2: what may follow what, which arguments are taken, and the options.

use wasip2::sockets::instance_network::instance_network;
use wasip2::sockets::network::{ErrorCode, IpAddressFamily, Network};
use wasip2::sockets::tcp::{ShutdownType, TcpSocket};
use wasip2::sockets::tcp_create_socket::create_tcp_socket;

use p2::{at, code, connect, listen};

#[path = "wasi_support/p2.rs"]
mod p2;

const SECOND: u64 = 1_000_000_000;

fn main() -> Result<(), String> {
    let network = instance_network();
    unbound(&network)?;
    bound(&network)?;
    listening(&network)?;
    connected(&network)?;
    refused(&network)?;
    options(&create(IpAddressFamily::Ipv4)?)?;
    options(&create(IpAddressFamily::Ipv6)?)
}

fn create(family: IpAddressFamily) -> Result<TcpSocket, String> {
    create_tcp_socket(family).map_err(code("create"))
}

fn unbound(network: &Network) -> Result<(), String> {
    let socket = create(IpAddressFamily::Ipv4)?;
    assert_eq!(socket.address_family(), IpAddressFamily::Ipv4);
    assert!(!socket.is_listening());
    assert_eq!(socket.finish_bind(), Err(ErrorCode::NotInProgress));
    assert_eq!(socket.finish_listen(), Err(ErrorCode::NotInProgress));
    assert_eq!(
        socket.finish_connect().err(),
        Some(ErrorCode::NotInProgress)
    );
    assert_eq!(socket.local_address().err(), Some(ErrorCode::InvalidState));
    assert_eq!(socket.remote_address().err(), Some(ErrorCode::InvalidState));
    assert_eq!(socket.start_listen(), Err(ErrorCode::InvalidState));
    assert_eq!(socket.accept().err(), Some(ErrorCode::InvalidState));
    let shutdown = socket.shutdown(ShutdownType::Both);
    assert_eq!(shutdown, Err(ErrorCode::InvalidState));
    // Nothing to wait for.
    socket.subscribe().block();
    for address in ["[::1]:0", "224.0.0.1:0", "255.255.255.255:0"] {
        let bound = socket.start_bind(network, at(address)?);
        assert_eq!(bound, Err(ErrorCode::InvalidArgument), "{address}");
    }
    for address in ["[::1]:1", "224.0.0.1:1", "0.0.0.0:1", "127.0.0.1:0"] {
        let connected = socket.start_connect(network, at(address)?);
        assert_eq!(connected, Err(ErrorCode::InvalidArgument), "{address}");
    }
    let mapped = create(IpAddressFamily::Ipv6)?;
    for address in ["[::ffff:127.0.0.1]:1", "[::127.0.0.1]:1", "127.0.0.1:1"] {
        let connected = mapped.start_connect(network, at(address)?);
        assert_eq!(connected, Err(ErrorCode::InvalidArgument), "{address}");
    }
    Ok(())
}

fn bound(network: &Network) -> Result<(), String> {
    let socket = create(IpAddressFamily::Ipv4)?;
    let any = at("127.0.0.1:0")?;
    socket
        .start_bind(network, any)
        .map_err(code("start to bind"))?;
    let twice = socket.start_bind(network, any);
    assert_eq!(twice, Err(ErrorCode::ConcurrencyConflict));
    let early = socket.start_connect(network, at("127.0.0.1:1")?);
    assert_eq!(early, Err(ErrorCode::ConcurrencyConflict));
    assert_eq!(socket.start_listen(), Err(ErrorCode::ConcurrencyConflict));
    assert_eq!(
        socket.finish_connect().err(),
        Some(ErrorCode::NotInProgress)
    );
    socket.finish_bind().map_err(code("bind"))?;
    assert_eq!(socket.finish_bind(), Err(ErrorCode::NotInProgress));
    let again = socket.start_bind(network, any);
    assert_eq!(again, Err(ErrorCode::InvalidState));
    let address = socket.local_address().map_err(code("local address"))?;
    // A connection from the address that it was bound to.
    let listener = listen()?;
    let target = listener.local_address().map_err(code("target"))?;
    socket
        .start_connect(network, target)
        .map_err(code("start to connect"))?;
    socket.subscribe().block();
    let streams = socket.finish_connect().map_err(code("connect"))?;
    listener.subscribe().block();
    let (accepted, input, output) = listener.accept().map_err(code("accept"))?;
    let peer = accepted.remote_address().map_err(code("peer"))?;
    assert_eq!(format!("{peer:?}"), format!("{address:?}"));
    drop((streams, input, output));
    Ok(())
}

fn listening(network: &Network) -> Result<(), String> {
    let socket = create(IpAddressFamily::Ipv4)?;
    let any = at("127.0.0.1:0")?;
    socket
        .start_bind(network, any)
        .map_err(code("start to bind"))?;
    socket.finish_bind().map_err(code("bind"))?;
    assert_eq!(
        socket.set_listen_backlog_size(0),
        Err(ErrorCode::InvalidArgument)
    );
    assert_eq!(socket.set_listen_backlog_size(u64::MAX), Ok(()));
    socket.start_listen().map_err(code("start to listen"))?;
    assert_eq!(socket.start_listen(), Err(ErrorCode::ConcurrencyConflict));
    assert_eq!(socket.accept().err(), Some(ErrorCode::InvalidState));
    socket.finish_listen().map_err(code("listen"))?;
    assert_eq!(socket.start_listen(), Err(ErrorCode::InvalidState));
    assert_eq!(socket.set_listen_backlog_size(1), Ok(()));
    let connected = socket.start_connect(network, at("127.0.0.1:1")?);
    assert_eq!(connected, Err(ErrorCode::InvalidState));
    assert!(socket.is_listening());
    assert_eq!(socket.accept().err(), Some(ErrorCode::WouldBlock));
    let taken = create(IpAddressFamily::Ipv4)?;
    let address = socket.local_address().map_err(code("local address"))?;
    let bound = taken.start_bind(network, address);
    assert_eq!(bound, Err(ErrorCode::AddressInUse));
    // It can be bound elsewhere.
    assert_eq!(taken.start_bind(network, any), Ok(()));
    Ok(())
}

fn connected(network: &Network) -> Result<(), String> {
    let listener = listen()?;
    let address = listener.local_address().map_err(code("local address"))?;
    let (socket, input, output) = connect(address).map_err(code("connect"))?;
    assert_eq!(
        socket.finish_connect().err(),
        Some(ErrorCode::NotInProgress)
    );
    assert_eq!(
        socket.start_connect(network, address),
        Err(ErrorCode::InvalidState)
    );
    assert_eq!(socket.start_listen(), Err(ErrorCode::InvalidState));
    assert_eq!(
        socket.set_listen_backlog_size(1),
        Err(ErrorCode::InvalidState)
    );
    // The pollable keeps its word, whatever was polled before.
    let pollable = listener.subscribe();
    pollable.block();
    assert!(pollable.ready());
    let accepted = listener.accept().map_err(code("accept"))?;
    assert!(!pollable.ready());
    assert_eq!(listener.accept().err(), Some(ErrorCode::WouldBlock));
    assert_eq!(socket.shutdown(ShutdownType::Send), Ok(()));
    assert_eq!(socket.shutdown(ShutdownType::Both), Ok(()));
    assert!(output.check_write().is_err() && input.read(1).is_err());
    assert!(accepted.1.blocking_read(1).is_err());
    options(&accepted.0)?;
    drop((input, output));
    Ok(())
}

fn refused(network: &Network) -> Result<(), String> {
    let unheard = create(IpAddressFamily::Ipv4)?;
    let bound = unheard.start_bind(network, at("127.0.0.1:0")?);
    bound.map_err(code("start to bind"))?;
    let address = unheard.local_address().map_err(code("local address"))?;
    let socket = create(IpAddressFamily::Ipv4)?;
    socket
        .start_connect(network, address)
        .map_err(code("start to connect"))?;
    assert_eq!(
        socket.start_connect(network, address),
        Err(ErrorCode::ConcurrencyConflict)
    );
    socket.subscribe().block();
    assert_eq!(
        socket.finish_connect().err(),
        Some(ErrorCode::ConnectionRefused)
    );
    assert_eq!(
        socket.finish_connect().err(),
        Some(ErrorCode::NotInProgress)
    );
    assert_eq!(
        socket.start_connect(network, address),
        Err(ErrorCode::InvalidState)
    );
    assert_eq!(socket.hop_limit(), Err(ErrorCode::InvalidState));
    Ok(())
}

fn options(socket: &TcpSocket) -> Result<(), String> {
    for enabled in [true, false] {
        assert_eq!(socket.set_keep_alive_enabled(enabled), Ok(()));
        assert_eq!(socket.keep_alive_enabled(), Ok(enabled));
    }
    assert_eq!(
        socket.set_keep_alive_idle_time(0),
        Err(ErrorCode::InvalidArgument)
    );
    assert_eq!(
        socket.set_keep_alive_interval(0),
        Err(ErrorCode::InvalidArgument)
    );
    assert_eq!(
        socket.set_keep_alive_count(0),
        Err(ErrorCode::InvalidArgument)
    );
    for (asked, told) in [
        (1, SECOND),
        (2 * SECOND, 2 * SECOND),
        (u64::MAX, 32_767 * SECOND),
    ] {
        assert_eq!(socket.set_keep_alive_idle_time(asked), Ok(()));
        assert_eq!(socket.keep_alive_idle_time(), Ok(told));
        assert_eq!(socket.set_keep_alive_interval(asked), Ok(()));
        assert_eq!(socket.keep_alive_interval(), Ok(told));
    }
    for (asked, told) in [(1, 1), (127, 127), (128, 127), (u32::MAX, 127)] {
        assert_eq!(socket.set_keep_alive_count(asked), Ok(()));
        assert_eq!(socket.keep_alive_count(), Ok(told));
    }
    assert_eq!(socket.keep_alive_enabled(), Ok(false));
    assert_eq!(socket.set_hop_limit(0), Err(ErrorCode::InvalidArgument));
    for hops in [1, 255] {
        assert_eq!(socket.set_hop_limit(hops), Ok(()));
        assert_eq!(socket.hop_limit(), Ok(hops));
    }
    assert_eq!(
        socket.set_receive_buffer_size(0),
        Err(ErrorCode::InvalidArgument)
    );
    assert_eq!(
        socket.set_send_buffer_size(0),
        Err(ErrorCode::InvalidArgument)
    );
    assert_eq!(socket.set_receive_buffer_size(65_536), Ok(()));
    assert_eq!(socket.set_send_buffer_size(65_536), Ok(()));
    assert!(
        socket
            .receive_buffer_size()
            .is_ok_and(|size| size >= 65_536)
    );
    assert!(socket.send_buffer_size().is_ok_and(|size| size >= 65_536));
    assert_eq!(socket.set_receive_buffer_size(u64::MAX), Ok(()));
    assert_eq!(socket.set_send_buffer_size(u64::MAX), Ok(()));
    Ok(())
}
