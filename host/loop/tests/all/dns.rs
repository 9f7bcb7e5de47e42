//! Names: numbers without a thread, `localhost` through the resolver, and hostile input.

use std::net::SocketAddr;
use std::sync::mpsc;
use std::time::Duration;

use aio_loop::dns::{
    Family, Flags, Found, Hints, LookupError, Names, Query, Resolver, ReverseFlags, SocketKind,
    lookup,
};
use aio_loop::testing::{virtual_loop, virtual_loop_with};
use aio_loop::{Limits, Loop};

/// A loop whose only helper thread is busy and where nothing may wait; it is busy until the sender
/// is dropped.
fn without_helpers() -> (Loop, mpsc::Sender<()>) {
    let mut limits = Limits::default();
    limits.threads_max = 1;
    limits.queue_max = 0;
    let event_loop = virtual_loop_with(limits).unwrap();
    let gate = busy(&event_loop);
    (event_loop, gate)
}

/// A loop whose only helper thread is busy, where others wait for it.
fn with_busy_helper() -> (Loop, mpsc::Sender<()>) {
    let mut limits = Limits::default();
    limits.threads_max = 1;
    let event_loop = Loop::with_limits(limits).unwrap();
    let gate = busy(&event_loop);
    (event_loop, gate)
}

fn busy(event_loop: &Loop) -> mpsc::Sender<()> {
    let (begun, begins) = mpsc::channel();
    let (gate, opens) = mpsc::channel::<()>();
    let busy = event_loop.handle().spawn_blocking(move || {
        begun.send(()).unwrap();
        assert!(opens.recv().is_err());
    });
    begins.recv().unwrap();
    drop(busy);
    gate
}

fn ask(
    event_loop: &mut Loop,
    name: &str,
    service: &str,
    family: Option<Family>,
) -> Result<Vec<SocketAddr>, LookupError> {
    let hints = Hints {
        family,
        ..Hints::default()
    };
    let lookup = lookup(event_loop.handle(), name, service, hints);
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
fn numbers_of_the_other_family_are_no_addresses() {
    let mut event_loop = virtual_loop().unwrap();
    let found = ask(&mut event_loop, "127.0.0.1", "", Some(Family::V6));
    assert!(matches!(found, Err(LookupError::NoAddress)));
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
    let unknown = ask(&mut event_loop, "127.0.0.1", "no such service", None);
    assert!(matches!(unknown, Err(LookupError::UnknownService)));
}

#[test]
fn a_name_has_at_most_253_bytes() {
    let (mut event_loop, _gate) = without_helpers();
    let longest = ask(&mut event_loop, &"a".repeat(253), "", None);
    assert!(matches!(longest, Err(LookupError::Busy)), "it was admitted");
    let longer = ask(&mut event_loop, &"a".repeat(254), "", None);
    assert!(matches!(longer, Err(LookupError::NameTooLong)));
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
    let long = ask(&mut event_loop, &"a".repeat(300), "80", None);
    assert!(matches!(long, Err(LookupError::NameTooLong)));
}

#[test]
fn a_lookup_that_is_dropped_is_forgotten() {
    let mut event_loop = virtual_loop().unwrap();
    let handle = event_loop.handle().clone();
    drop(lookup(&handle, "localhost", "80", Hints::default()));
    event_loop.block_on(handle.sleep(Duration::from_secs(1)));
}

const STREAM: (SocketKind, i32) = (SocketKind::Stream, 6);
const DATAGRAM: (SocketKind, i32) = (SocketKind::Datagram, 17);
const RAW: (SocketKind, i32) = (SocketKind::Raw, 0);

fn resolve(
    event_loop: &mut Loop,
    name: Option<&str>,
    service: &str,
    hints: Hints,
) -> Result<Vec<Found>, LookupError> {
    let resolver = Resolver::new(event_loop.handle(), 1);
    event_loop.block_on(resolver.resolve(name, service, hints, ()))
}

fn hints(family: Option<Family>, kind: Option<SocketKind>, protocol: u16) -> Hints {
    Hints {
        family,
        kind,
        protocol,
        ..Hints::default()
    }
}

fn flagged(hints: Hints, set: impl FnOnce(&mut Flags)) -> Hints {
    let mut hints = hints;
    set(&mut hints.flags);
    hints
}

#[track_caller]
fn is_found(found: Result<Vec<Found>, LookupError>, address: &str, kinds: &[(SocketKind, i32)]) {
    let found = found.unwrap();
    let address: SocketAddr = address.parse().unwrap();
    assert!(found.iter().all(|one| one.address == address), "{found:?}");
    let found: Vec<_> = found.iter().map(|one| (one.kind, one.protocol)).collect();
    assert_eq!(found, kinds);
}

#[test]
fn numbers_are_found_for_each_kind_of_socket_that_is_wanted() {
    let (mut event_loop, _gate) = without_helpers();
    for (kind, protocol, kinds) in [
        (None, 0, &[STREAM, DATAGRAM, RAW][..]),
        (None, 6, &[STREAM]),
        (None, 17, &[DATAGRAM]),
        (Some(SocketKind::Stream), 0, &[STREAM]),
        (Some(SocketKind::Datagram), 0, &[DATAGRAM]),
        (Some(SocketKind::Stream), 6, &[STREAM]),
    ] {
        let found = resolve(
            &mut event_loop,
            Some("1.2.3.4"),
            "80",
            hints(None, kind, protocol),
        );
        is_found(found, "1.2.3.4:80", kinds);
    }
}

#[test]
fn the_system_is_asked_for_other_kinds() {
    let mut event_loop = virtual_loop().unwrap();
    let mut ask = |service, kind, protocol| {
        resolve(
            &mut event_loop,
            Some("1.2.3.4"),
            service,
            hints(None, kind, protocol),
        )
    };
    is_found(ask("", Some(SocketKind::Raw), 0), "1.2.3.4:0", &[RAW]);
    is_found(
        ask("", Some(SocketKind::Raw), 1),
        "1.2.3.4:0",
        &[(SocketKind::Raw, 1)],
    );
    let ported = ask("80", Some(SocketKind::Raw), 0);
    assert!(matches!(ported, Err(LookupError::UnknownService)));
    let crossed = ask("80", Some(SocketKind::Stream), 17);
    assert!(matches!(crossed, Err(LookupError::UnknownKind)));
}

#[test]
fn numbers_come_in_the_form_of_the_family() {
    let (mut event_loop, _gate) = without_helpers();
    let mut ask = |name, family, mapped| {
        let hints = hints(Some(family), Some(SocketKind::Stream), 0);
        let hints = flagged(hints, |flags| flags.v4_mapped = mapped);
        resolve(&mut event_loop, Some(name), "80", hints)
    };
    is_found(
        ask("::ffff:1.2.3.4", Family::V4, false),
        "1.2.3.4:80",
        &[STREAM],
    );
    is_found(
        ask("1.2.3.4", Family::V6, true),
        "[::ffff:1.2.3.4]:80",
        &[STREAM],
    );
    for (name, family) in [("1.2.3.4", Family::V6), ("::1", Family::V4)] {
        assert!(matches!(
            ask(name, family, false),
            Err(LookupError::NoAddress)
        ));
    }
}

#[test]
fn the_canonical_name_comes_with_the_first() {
    let (mut event_loop, _gate) = without_helpers();
    let hints = flagged(Hints::default(), |flags| flags.canonical_name = true);
    let found = resolve(&mut event_loop, Some("::1"), "80", hints).unwrap();
    let names: Vec<_> = found
        .iter()
        .map(|one| one.canonical_name.as_deref())
        .collect();
    assert_eq!(names, [Some("::1"), None, None]);
}

#[test]
fn without_a_name_the_addresses_are_this_machines() {
    let mut event_loop = virtual_loop().unwrap();
    let mut ask = |passive| {
        let hints = hints(None, Some(SocketKind::Stream), 0);
        let hints = flagged(hints, |flags| flags.passive = passive);
        let found = resolve(&mut event_loop, None, "80", hints).unwrap();
        let mut ips: Vec<_> = found.iter().map(|one| one.address.to_string()).collect();
        ips.sort();
        ips
    };
    assert_eq!(ask(true), ["0.0.0.0:80", "[::]:80"]);
    assert_eq!(ask(false), ["127.0.0.1:80", "[::1]:80"]);
    let nothing = resolve(&mut event_loop, None, "", Hints::default());
    assert!(matches!(nothing, Err(LookupError::InvalidName)));
}

#[test]
fn flags_that_ask_for_numbers_look_up_nothing() {
    let mut event_loop = virtual_loop().unwrap();
    let numeric = flagged(Hints::default(), |flags| flags.numeric_host = true);
    let named = resolve(&mut event_loop, Some("localhost"), "80", numeric);
    assert!(matches!(named, Err(LookupError::NotFound)));
    let short = flagged(hints(None, Some(SocketKind::Stream), 0), |flags| {
        flags.numeric_host = true
    });
    is_found(
        resolve(&mut event_loop, Some("127.1"), "80", short),
        "127.0.0.1:80",
        &[STREAM],
    );
    let numeric = flagged(Hints::default(), |flags| flags.numeric_service = true);
    let named = resolve(&mut event_loop, Some("127.0.0.1"), "http", numeric);
    assert!(matches!(named, Err(LookupError::UnknownService)));
}

#[test]
fn flags_that_contradict_the_question_are_an_error() {
    let mut event_loop = virtual_loop().unwrap();
    let hints = flagged(Hints::default(), |flags| flags.canonical_name = true);
    let nameless = resolve(&mut event_loop, None, "80", hints);
    assert!(matches!(nameless, Err(LookupError::InvalidFlags)));
}

fn reverse(
    event_loop: &mut Loop,
    address: &str,
    flags: ReverseFlags,
) -> Result<(String, String), LookupError> {
    let resolver = Resolver::new(event_loop.handle(), 1);
    let names = resolver.reverse(address.parse().unwrap(), flags, ());
    let Names { host, service } = event_loop.block_on(names)?;
    Ok((host, service))
}

const NUMBERS: ReverseFlags = ReverseFlags {
    numeric_host: true,
    numeric_service: true,
    name_required: false,
    no_domain: false,
    datagram: false,
};

#[test]
fn addresses_in_numbers_need_no_thread() {
    let (mut event_loop, _gate) = without_helpers();
    for (address, host) in [
        ("127.0.0.1:80", "127.0.0.1"),
        ("[2001:db8::1]:80", "2001:db8::1"),
        ("[::ffff:1.2.3.4]:80", "::ffff:1.2.3.4"),
        ("[2001:db8::1%7]:80", "2001:db8::1%7"),
    ] {
        let names = reverse(&mut event_loop, address, NUMBERS).unwrap();
        assert_eq!(names, (host.to_owned(), "80".to_owned()));
    }
    let named = reverse(&mut event_loop, "127.0.0.1:80", ReverseFlags::default());
    assert!(matches!(named, Err(LookupError::Busy)));
}

#[test]
fn the_loopback_has_a_name() {
    let mut event_loop = virtual_loop().unwrap();
    let flags = ReverseFlags {
        numeric_service: true,
        name_required: true,
        ..ReverseFlags::default()
    };
    let (host, service) = reverse(&mut event_loop, "127.0.0.1:65535", flags).unwrap();
    assert!(host.starts_with("localhost"), "{host}");
    assert_eq!(service, "65535");
}

#[test]
fn a_name_that_is_required_is_no_number() {
    let mut event_loop = virtual_loop().unwrap();
    let flags = ReverseFlags {
        name_required: true,
        ..NUMBERS
    };
    let names = reverse(&mut event_loop, "127.0.0.1:80", flags);
    assert!(matches!(names, Err(LookupError::NotFound)));
}

#[test]
fn a_lookup_gives_up_when_its_time_is_over() {
    let (mut event_loop, gate) = with_busy_helper();
    let handle = event_loop.handle().clone();
    let lookup = lookup(&handle, "localhost", "80", Hints::default());
    let lookup = lookup.within(&handle, Duration::from_millis(1));
    assert!(matches!(
        event_loop.block_on(lookup),
        Err(LookupError::TimedOut)
    ));
    drop(gate);
    assert!(ask(&mut event_loop, "localhost", "80", None).is_ok());
}

#[test]
fn an_answer_in_time_is_the_answer() {
    let mut event_loop = virtual_loop().unwrap();
    let handle = event_loop.handle().clone();
    let numbers = lookup(&handle, "::1", "80", Hints::default()).within(&handle, Duration::ZERO);
    assert!(event_loop.block_on(numbers).is_ok());
}

#[test]
fn a_resolver_occupies_no_more_threads_than_its_bound() {
    let mut limits = Limits::default();
    limits.threads_max = 1;
    limits.queue_max = 2;
    let mut event_loop = virtual_loop_with(limits).unwrap();
    let gate = busy(&event_loop);
    let resolver = Resolver::new(event_loop.handle(), 2);
    let ask = |name: &str| resolver.lookup(name, "80", Hints::default(), ());
    // More than the queue of the loop takes: the others wait in the resolver, in order.
    let mut lookups: Vec<Query<_>> = (0..20).map(|_| ask("localhost")).collect();
    let handle = event_loop.handle().clone();
    let other = lookup(&handle, "localhost", "80", Hints::default());
    assert!(matches!(event_loop.block_on(other), Err(LookupError::Busy)));
    drop(lookups.split_off(10));
    drop(gate);
    for lookup in lookups {
        assert!(event_loop.block_on(lookup).is_ok());
    }
}

#[test]
fn what_a_question_holds_is_let_go_when_nobody_works_on_it() {
    let (mut event_loop, gate) = with_busy_helper();
    let resolver = Resolver::new(event_loop.handle(), 1);
    for numbers in ["127.0.0.1", "a\0b"] {
        let (held, is_dropped) = super::drop_probe();
        drop(resolver.lookup(numbers, "80", Hints::default(), held));
        assert!(is_dropped());
    }
    let (held, is_queued_dropped) = super::drop_probe();
    let queued = resolver.lookup("localhost", "80", Hints::default(), held);
    let (held, is_waiting_dropped) = super::drop_probe();
    let waiting = resolver.lookup("localhost", "80", Hints::default(), held);
    assert!(!is_queued_dropped() && !is_waiting_dropped());
    drop(waiting);
    assert!(is_waiting_dropped());
    drop(gate);
    assert!(event_loop.block_on(queued).is_ok());
    assert!(is_queued_dropped());
}
