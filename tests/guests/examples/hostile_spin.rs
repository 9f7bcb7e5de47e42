//! Computes for ever, and never returns to the host. With `calls` as argument it calls an import
//! in each round.

use std::hint::black_box;

use aio_guest::timers;

aio_guest::main!(run);

async fn run() -> Result<(), String> {
    let calls = std::env::args().nth(1).is_some_and(|how| how == "calls");
    println!("spinning");
    let mut rounds = 0_u64;
    loop {
        rounds = black_box(rounds.wrapping_add(1));
        if calls {
            black_box(timers::now());
        }
    }
}
