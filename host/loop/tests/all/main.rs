//! The loop from outside: asyncio's contract under virtual time, then tasks, threads, sockets and
//! descriptors. No test waits for the time of the wall clock to pass.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod blocking;
mod contract;
mod dns;
#[cfg(target_os = "linux")]
mod exhaustion;
#[cfg(unix)]
mod fd;
mod happy_eyeballs;
mod listeners;
#[cfg(unix)]
mod pipe;
mod port;
#[cfg(target_os = "linux")]
mod process;
#[cfg(unix)]
mod signal;
mod task;
mod tcp;
mod tcp_socket;
#[cfg(target_os = "linux")]
mod terminal;
mod time;
mod tls;
mod transfer;
mod turn;
mod udp;
#[cfg(target_os = "linux")]
mod unix;
mod wake;

use std::sync::{Arc, Mutex};

/// What happened, in order; clones write to the same list.
#[derive(Clone, Default)]
struct Trace(Arc<Mutex<Vec<&'static str>>>);

impl Trace {
    fn note(&self, what: &'static str) {
        self.0.lock().unwrap().push(what);
    }

    fn taken(&self) -> Vec<&'static str> {
        std::mem::take(&mut *self.0.lock().unwrap())
    }
}

/// What a store of wasmtime holds must be `Send`, and what its futures share `Sync`.
#[test]
fn all_that_a_handle_leads_to_goes_from_thread_to_thread() {
    fn check<T: Send + Sync>() {}
    check::<aio_loop::Handle>();
    check::<aio_loop::Port>();
    check::<aio_loop::Registration>();
    check::<aio_loop::Readable<'_>>();
    check::<aio_loop::Sleep>();
    check::<aio_loop::Interval>();
    check::<aio_loop::TimerHandle>();
    check::<aio_loop::CallHandle>();
    check::<aio_loop::Task<Vec<u8>>>();
    check::<aio_loop::Blocking<Vec<u8>>>();
    check::<aio_loop::net::TcpListener>();
    check::<aio_loop::net::TcpListeners>();
    check::<aio_loop::net::TcpStream>();
    check::<aio_loop::net::TcpSocket>();
    check::<aio_loop::net::Connect>();
    check::<aio_loop::net::ConnectAny>();
    check::<aio_loop::net::UdpSocket>();
    check::<aio_loop::net::Inbox>();
    #[cfg(unix)]
    check::<aio_loop::net::unix::UnixConnect>();
    #[cfg(unix)]
    check::<aio_loop::net::unix::UnixDatagram>();
    #[cfg(unix)]
    check::<aio_loop::net::unix::UnixListener>();
    #[cfg(unix)]
    check::<aio_loop::net::unix::UnixStream>();
    #[cfg(unix)]
    check::<aio_loop::signal::Signals>();
    check::<aio_loop::tls::Session>();
    check::<aio_loop::dns::Query<u8>>();
}

/// Tells whether it was dropped, and shares nothing else.
fn drop_probe() -> (Arc<()>, impl Fn() -> bool) {
    let probe = Arc::new(());
    let weak = Arc::downgrade(&probe);
    (probe, move || weak.upgrade().is_none())
}
