//! Grows its memory to the limit, and then by one page more, which is refused. The argument is
//! the limit in pages of 64 KiB.

use std::arch::wasm32::{memory_grow, memory_size};

use test_guests::{argument, check, equal};

aio_guest::main!(run);

async fn run() -> Result<(), String> {
    let limit: usize = argument(1)?.parse().map_err(|_| "the limit is a number")?;
    let size = memory_size::<0>();
    check(
        size < limit,
        format_args!("{size} pages at the start are below {limit}"),
    )?;
    check(
        memory_grow::<0>(limit + 1 - size) == usize::MAX,
        "growing beyond the limit at once",
    )?;
    equal(memory_grow::<0>(limit - size), size, "growing to the limit")?;
    check(
        memory_grow::<0>(1) == usize::MAX,
        "growing by one page more",
    )?;
    equal(memory_size::<0>(), limit, "size")
}
