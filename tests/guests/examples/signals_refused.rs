//! What is no set of signals, and what is no subscription.

use aio_guest::bindings::aio::host::signals::Subscription;
use aio_guest::signal::{self, Signal, signal, signals};
use aio_guest::{ErrorCode, Ring, spawn, yield_now};
use test_guests::{
    Told, check, collect, collect_one, equal, fails, listen, look, succeeds, waits_and_is_cancelled,
};

aio_guest::main!(run);

async fn run() -> Result<(), String> {
    sets()?;
    forged()?;
    crowded()?;
    closed().await
}

fn sets() -> Result<(), String> {
    fails(signals(&[]), ErrorCode::InvalidArgument, "no signal")?;
    for max in [&[34, 64][..], &[1, 31], &[signal::USR1; 64]] {
        drop(succeeds(signals(max), "a set")?);
    }
    fails(
        signals(&[signal::USR1; 65]),
        ErrorCode::OutOfRange,
        "65 signals",
    )?;
    for number in [4, 7, 8, 9, 11, 19] {
        let set = [signal::USR1, number];
        let what = format!("signal {number}");
        fails(signals(&set), ErrorCode::InvalidArgument, &what)?;
    }
    for number in [0, 32, 33, 65, 1 << 31, u32::MAX] {
        let set = [signal::USR1, number];
        let what = format!("signal {number}");
        fails(signals(&set), ErrorCode::OutOfRange, &what)?;
    }
    Ok(())
}

fn forged() -> Result<(), String> {
    let one = succeeds(signal(signal::USR1), "subscribe")?;
    let handle = one.as_handle();
    let again = succeeds(Subscription::by_handle(handle), "by handle")?;
    equal(again.as_handle(), handle, "one subscription of two names")?;
    check(again.try_next().is_none(), "nothing has arrived")?;
    let (listener, _) = listen()?;
    let other = listener.as_handle();
    drop(one);
    for handle in [0, handle, other, u64::MAX] {
        fails(Signal::by_handle(handle), ErrorCode::BadHandle, "forged")?;
    }
    let mut ring = Ring::new();
    let subscription = succeeds(signal(signal::USR1), "subscribe")?;
    ring.next_signal(1, handle);
    ring.next_signal(2, other);
    ring.accept(3, subscription.as_handle());
    ring.read(4, subscription.as_handle(), 1);
    ring.write(5, subscription.as_handle(), b"1");
    let bad = Told::Failed(ErrorCode::BadHandle);
    let expected: Vec<_> = (1..=5).map(|token| (token, bad.clone())).collect();
    equal(collect(&mut ring, 5)?, expected, "of another kind")
}

/// As many wait on one subscription as on any handle.
fn crowded() -> Result<(), String> {
    let subscription = succeeds(signal(signal::USR1), "subscribe")?;
    let mut ring = Ring::new();
    for token in 1..=65 {
        ring.next_signal(token, subscription.as_handle());
    }
    let refused = Told::Failed(ErrorCode::QuotaExceeded);
    equal(collect(&mut ring, 1)?, vec![(65, refused)], "the 65th")?;
    check(subscription.try_recv().is_none(), "nothing has arrived")?;
    drop(subscription);
    let ended = collect(&mut ring, 64)?;
    let closed = Told::Failed(ErrorCode::Closed);
    check(ended.iter().all(|(_, told)| *told == closed), "all ended")
}

async fn closed() -> Result<(), String> {
    let subscription = succeeds(signal(signal::USR1), "subscribe")?;
    let handle = subscription.as_handle();
    let second = succeeds(Signal::by_handle(handle), "by handle")?;
    waits_and_is_cancelled(second.recv(), "next")?;
    spawn(async move {
        let mut ring = Ring::new();
        ring.close(1, handle);
        println!("{:?}", collect_one(&mut ring));
    });
    let ended = second.recv().await;
    equal(ended.err(), Some(ErrorCode::Closed), "a wait that is ended")?;
    yield_now().await;
    let ended = second.recv().await;
    equal(ended.err(), Some(ErrorCode::Closed), "a wait after that")?;
    check(second.try_recv().is_none(), "nothing arrives any more")?;
    check(look(&mut Ring::new())?.is_empty(), "nothing is left")
}
