//! `wasi:sockets` of 0.2 and 0.3 on our loop, as unmodified programs and real peers meet it.

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};

use crate::support::{Running, guest};

/// Grants a server of the loopback.
const SERVE: &[&str] = &["--allow-listen=127.0.0.1:0"];

/// Echo servers of programs that know nothing of aio-host: `wstd` on 0.2, `wasip3` on 0.3.
const ECHO: [&str; 2] = ["echo-wstd", "echo_wasip3"];

fn serve(name: &str) -> (Running, SocketAddr) {
    Running::serve(SERVE, &guest(name), &[])
}

fn connect(address: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect(address).unwrap();
    stream
        .set_read_timeout(Some(crate::support::WATCHDOG))
        .unwrap();
    stream
}

/// Sends `data` and reads it back.
fn echoes(stream: &mut TcpStream, data: &[u8]) {
    stream.write_all(data).unwrap();
    let mut back = vec![0; data.len()];
    stream.read_exact(&mut back).unwrap();
    assert!(back == data);
}

#[test]
fn what_is_sent_to_an_unmodified_echo_server_comes_back_and_then_the_end() {
    for name in ECHO {
        let (_server, address) = serve(name);
        let mut streams: Vec<_> = (0..20).map(|_| connect(address)).collect();
        for round in 0..3_u8 {
            for stream in &mut streams {
                echoes(stream, &[round; 1024]);
            }
        }
        for stream in &mut streams {
            stream.shutdown(Shutdown::Write).unwrap();
            assert_eq!(stream.read(&mut [0; 8]).unwrap(), 0, "{name}");
        }
    }
}

#[cfg(target_os = "linux")]
#[test]
fn no_thread_runs_while_a_guest_waits_for_a_socket_but_that_of_the_epochs() {
    for name in ECHO {
        // The first run compiles, on threads that stay; the second finds it done.
        drop(serve(name));
        let (server, address) = serve(name);
        echoes(&mut connect(address), b"awake");
        assert_eq!(server.threads(), ["aio-host", "aio-host-epoch"], "{name}");
    }
}
