//! Panics in a function whose name the backtrace shows. With `recursion` as argument it uses up
//! its stack instead, with `unreachable` it traps at once.

use std::hint::black_box;

aio_guest::main!(run);

async fn run() -> Result<(), String> {
    match std::env::args().nth(1).as_deref() {
        Some("recursion") => println!("{}", the_bottomless(1)),
        Some("unreachable") => std::arch::wasm32::unreachable(),
        _ => the_culprit(black_box(0)),
    }
    Ok(())
}

#[inline(never)]
fn the_culprit(divisor: u32) {
    assert!(black_box(divisor) != 0, "a panic on purpose");
}

#[inline(never)]
fn the_bottomless(depth: u64) -> u64 {
    let frame = black_box([depth; 64]);
    match frame[0] {
        0 => 0,
        depth => black_box(the_bottomless(depth + 1)) + frame[1],
    }
}
