//! Names: numbers without a thread, `localhost` through the resolver, and hostile input.

use std::net::SocketAddr;
use std::sync::mpsc;

use aio_loop::dns::{Family, Hints, LookupError, lookup};
use aio_loop::testing::{virtual_loop, virtual_loop_with};
use aio_loop::{Limits, Loop};

/// A loop whose only helper thread is busy and where nothing may wait; it is busy until the sender
/// is dropped.
fn without_helpers() -> (Loop, mpsc::Sender<()>) {
    let mut limits = Limits::default();
    limits.threads_max = 1;
    limits.queue_max = 0;
    let event_loop = virtual_loop_with(limits).unwrap();
    let (begun, begins) = mpsc::channel();
    let (gate, opens) = mpsc::channel::<()>();
    let busy = event_loop.handle().spawn_blocking(move || {
        begun.send(()).unwrap();
        assert!(opens.recv().is_err());
    });
    begins.recv().unwrap();
    drop(busy);
    (event_loop, gate)
}

fn ask(
    event_loop: &mut Loop,
    name: &str,
    service: &str,
    family: Option<Family>,
) -> Result<Vec<SocketAddr>, LookupError> {
    let lookup = lookup(event_loop.handle(), name, service, Hints { family });
    event_loop.block_on(lookup)
}

#[test]
fn numbers_need_no_thread() {
    let (mut event_loop, _gate) = without_helpers();
    for (name, addr) in [("127.0.0.1", "127.0.0.1:80"), ("::1", "[::1]:80")] {
        let addrs = ask(&mut event_loop, name, "80", None).unwrap();
        assert_eq!(addrs, [addr.parse().unwrap()]);
    }
    let refused = ask(&mut event_loop, "localhost", "80", None);
    assert!(matches!(refused, Err(LookupError::Busy)));
}

#[test]
fn numbers_of_the_other_family_are_not_found() {
    let mut event_loop = virtual_loop().unwrap();
    let found = ask(&mut event_loop, "127.0.0.1", "", Some(Family::V6));
    assert!(matches!(found, Err(LookupError::NotFound)));
    assert!(ask(&mut event_loop, "127.0.0.1", "", Some(Family::V4)).is_ok());
}

#[test]
fn localhost_is_loopback_and_each_address_comes_once() {
    let mut event_loop = virtual_loop().unwrap();
    let addrs = ask(&mut event_loop, "localhost", "8080", None).unwrap();
    assert!(
        addrs
            .iter()
            .all(|a| a.ip().is_loopback() && a.port() == 8080)
    );
    let mut unique = addrs.clone();
    unique.sort();
    unique.dedup();
    assert_eq!(unique.len(), addrs.len());
}

#[test]
fn a_service_that_nobody_knows_is_an_error() {
    let mut event_loop = virtual_loop().unwrap();
    assert!(ask(&mut event_loop, "127.0.0.1", "no such service", None).is_err());
}

#[test]
fn a_name_has_at_most_253_bytes() {
    let (mut event_loop, _gate) = without_helpers();
    let longest = ask(&mut event_loop, &"a".repeat(253), "", None);
    assert!(matches!(longest, Err(LookupError::Busy)), "it was admitted");
    let longer = ask(&mut event_loop, &"a".repeat(254), "", None);
    assert!(matches!(longer, Err(LookupError::InvalidName)));
}

#[test]
fn names_that_cannot_be_are_refused() {
    let mut event_loop = virtual_loop().unwrap();
    for name in ["", "local\0host"] {
        let refused = ask(&mut event_loop, name, "80", None);
        assert!(matches!(refused, Err(LookupError::InvalidName)));
    }
    for service in ["65536", "99999999999999999999", "ht\0tp"] {
        let refused = ask(&mut event_loop, "localhost", service, None);
        assert!(matches!(refused, Err(LookupError::InvalidService)));
    }
}

#[test]
fn a_lookup_that_is_dropped_is_forgotten() {
    let mut event_loop = virtual_loop().unwrap();
    let handle = event_loop.handle().clone();
    drop(lookup(&handle, "localhost", "80", Hints::default()));
    event_loop.block_on(handle.sleep(std::time::Duration::from_secs(1)));
}
