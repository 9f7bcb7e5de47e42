//! Waits that are cancelled have taken no signal, and waits of the ring take their turn. The test
//! sends what each line asks for.

use aio_guest::bindings::aio::host::ring::Interest;
use aio_guest::signal::{Signal, USR1, USR2, signals};
use aio_guest::{ErrorCode, Handle, Ring};
use test_guests::{
    Told, check, collect, collect_one, equal, look, succeeds, waits_and_is_cancelled,
};

aio_guest::main!(run);

async fn run() -> Result<(), String> {
    let subscription = succeeds(signals(&[USR1, USR2]), "subscribe")?;
    calls(&subscription).await?;
    of_the_ring(&subscription)?;
    in_order(subscription.as_handle())
}

async fn calls(subscription: &Signal) -> Result<(), String> {
    for _ in 0..3 {
        waits_and_is_cancelled(subscription.recv(), "next")?;
    }
    println!("USR1");
    let event = succeeds(subscription.recv().await, "next")?;
    equal(
        (event.signal, event.count),
        (USR1, 1),
        "after cancelled waits",
    )
}

fn of_the_ring(subscription: &Signal) -> Result<(), String> {
    let (handle, mut ring) = (subscription.as_handle(), Ring::new());
    ring.watch(9, handle, Interest::READABLE);
    println!("USR2");
    equal(collect_one(&mut ring)?, Told::Ready(true, false), "a watch")?;
    ring.watch(0, handle, Interest::empty()).quiet();
    look(&mut ring)?;
    ring.next_signal(1, handle);
    ring.cancel(2, 1);
    let cancelled = Told::Failed(ErrorCode::Cancelled);
    let expected = vec![(1, cancelled), (2, Told::Done)];
    equal(collect(&mut ring, 2)?, expected, "a cancelled wait")?;
    let event = subscription.try_recv().ok_or("the signal is gone")?;
    equal(
        (event.signal, event.count),
        (USR2, 1),
        "after a cancelled one",
    )
}

fn in_order(handle: Handle) -> Result<(), String> {
    let mut ring = Ring::new();
    ring.next_signal(1, handle);
    ring.next_signal(2, handle).quiet();
    check(look(&mut ring)?.is_empty(), "nothing has arrived")?;
    for (token, name, number) in [(1, "USR2", USR2), (2, "USR1", USR1)] {
        println!("{name}");
        let told = vec![(token, Told::Signalled(number, 1))];
        equal(collect(&mut ring, 1)?, told, "in the order of submission")?;
    }
    Ok(())
}
