//! Sixteen look-ups are in flight at a time, one more is refused, and cancelled ones make room.

use aio_guest::{ErrorCode, Ring};
use test_guests::{Told, check, collect, equal, look};

aio_guest::main!(run);

const LOOKUPS_MAX: u64 = 16;

async fn run() -> Result<(), String> {
    let mut ring = Ring::new();
    for token in 1..=LOOKUPS_MAX + 1 {
        ring.lookup(token, "localhost", "80", None);
    }
    let told = collect(&mut ring, 17)?;
    let refused = |(_, told): &&(u64, Told)| *told == Told::Failed(ErrorCode::QuotaExceeded);
    let refused: Vec<u64> = told
        .iter()
        .filter(refused)
        .map(|(token, _)| *token)
        .collect();
    equal(refused, vec![LOOKUPS_MAX + 1], "the refused ones")?;
    let found = told
        .iter()
        .filter(|(_, told)| matches!(told, Told::Addresses(_)));
    equal(found.count(), 16, "the found ones")?;
    cancelled(&mut ring)
}

fn cancelled(ring: &mut Ring) -> Result<(), String> {
    for token in 1..=LOOKUPS_MAX {
        ring.lookup(token, "localhost", "80", None);
        ring.cancel(100 + token, token);
    }
    let batch = look(ring)?;
    let told: Vec<_> = batch.iter().map(Told::from_completion).collect();
    for token in 1..=LOOKUPS_MAX {
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
