//! Tells the signals of a set as they come. The first argument is how to wait for them; the numbers
//! follow, of which the last one ends the guest.

use aio_guest::Ring;
use aio_guest::bindings::aio::host::ring::Interest;
use aio_guest::ring::Outcome;
use aio_guest::signal::{Event, Signal};
use test_guests::{Told, argument, collect_one, equal, listen_for_signals, succeeds};

aio_guest::main!(run);

async fn run() -> Result<(), String> {
    let how = argument(1)?;
    let (subscription, set) = listen_for_signals()?;
    loop {
        let event = next(&subscription, &how).await?;
        let sender = event
            .sender
            .map_or_else(|| "nobody".to_owned(), |id| id.to_string());
        println!("{} of {} from {sender}", event.count, event.signal);
        if Some(&event.signal) == set.last() {
            return Ok(());
        }
    }
}

async fn next(subscription: &Signal, how: &str) -> Result<Event, String> {
    let mut ring = Ring::new();
    ring.next_signal(1, subscription.as_handle());
    let batch = match how {
        "call" => return succeeds(subscription.recv().await, "next"),
        "watch" => return watched(subscription),
        "aside" => ring.enter_async(None).await,
        _ => ring.enter(None),
    };
    let batch = succeeds(batch, "enter")?;
    equal(batch.len(), 1, "completions")?;
    match batch.iter().next().map(|completion| completion.outcome) {
        Some(Outcome::Signalled(event)) => Ok(event),
        _ => Err("a signal was expected".into()),
    }
}

fn watched(subscription: &Signal) -> Result<Event, String> {
    let mut ring = Ring::new();
    ring.watch(1, subscription.as_handle(), Interest::READABLE);
    let readable = collect_one(&mut ring)?;
    equal(readable, Told::Ready(true, false), "a watch")?;
    subscription
        .try_recv()
        .ok_or_else(|| "nothing was there".into())
}
