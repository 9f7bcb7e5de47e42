//! So many look-ups are in flight at a time, one more is refused, and cancelled ones make room. The
//! argument is the quota: more than the threads that work for a guest.

use aio_guest::{ErrorCode, Ring};
use test_guests::{Told, argument, check, collect, equal, look};

aio_guest::main!(run);

async fn run() -> Result<(), String> {
    let max: u64 = argument(1)?.parse().map_err(|_| "the quota is a number")?;
    let mut ring = Ring::new();
    for token in 1..=max + 1 {
        ring.lookup(token, "localhost", "80", None);
    }
    let told = collect(&mut ring, max as usize + 1)?;
    let refused = |(_, told): &&(u64, Told)| *told == Told::Failed(ErrorCode::QuotaExceeded);
    let refused: Vec<u64> = told
        .iter()
        .filter(refused)
        .map(|(token, _)| *token)
        .collect();
    equal(refused, vec![max + 1], "the refused ones")?;
    let found = told
        .iter()
        .filter(|(_, told)| matches!(told, Told::Addresses(_)));
    equal(found.count() as u64, max, "the found ones")?;
    cancelled(&mut ring, max)
}

fn cancelled(ring: &mut Ring, max: u64) -> Result<(), String> {
    for token in 1..=max {
        ring.lookup(token, "localhost", "80", None);
        ring.cancel(100 + token, token);
    }
    let batch = look(ring)?;
    let told: Vec<_> = batch.iter().map(Told::from_completion).collect();
    for token in 1..=max {
        let cancelled = (token, Told::Failed(ErrorCode::Cancelled));
        check(
            told.contains(&cancelled),
            format_args!("{token} is cancelled"),
        )?;
        check(
            told.contains(&(100 + token, Told::Done)),
            "the cancel is done",
        )?;
    }
    ring.lookup(1, "localhost", "80", None);
    let told = collect(ring, 1)?;
    check(
        matches!(told[0].1, Told::Addresses(_)),
        "there is room again",
    )
}
