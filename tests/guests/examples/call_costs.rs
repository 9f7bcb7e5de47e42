//! What a call costs: prints lines of a name and nanoseconds. Plain functions, async ones that are
//! ready, and async ones that wait for one turn, called blocking and called `async`.

use std::hint::black_box;

use aio_guest::timers;
use test_guests::succeeds;

/// The same interface, with blocking calls: the runtime switches stacks instead.
#[allow(
    unsafe_code,
    unused_qualifications,
    unreachable_pub,
    elided_lifetimes_in_paths,
    dead_code,
    reason = "generated from the WIT files"
)]
mod blocking {
    aio_guest::wit_bindgen::generate!({
        path: "../../wit",
        inline: "
            package aio:call-costs;

            world blocking {
                import aio:host/timers@0.1.0;
            }
        ",
        world: "aio:call-costs/blocking",
        generate_all,
        async: false,
        runtime_path: "aio_guest::wit_bindgen::rt",
    });

    pub(crate) use aio::host::timers::{sleep, sleep_until};
}

aio_guest::main!(run);

const CALLS: u64 = 200_000;

async fn run() -> Result<(), String> {
    plain();
    ready_blocking()?;
    ready_async().await?;
    waiting_blocking()?;
    waiting_async().await
}

fn report(name: &str, start: u64) {
    let nanoseconds = (timers::now() - start) as f64 / CALLS as f64;
    println!("{name} {nanoseconds:.1}");
}

fn plain() {
    let start = timers::now();
    for _ in 0..CALLS {
        black_box(timers::now());
    }
    report("plain", start);
}

fn ready_blocking() -> Result<(), String> {
    let start = timers::now();
    for _ in 0..CALLS {
        blocking::sleep_until(0).map_err(|code| code.to_string())?;
    }
    report("ready-blocking", start);
    Ok(())
}

async fn ready_async() -> Result<(), String> {
    let start = timers::now();
    for _ in 0..CALLS {
        succeeds(timers::sleep_until(0).await, "sleep until 0")?;
    }
    report("ready-async", start);
    Ok(())
}

fn waiting_blocking() -> Result<(), String> {
    let start = timers::now();
    for _ in 0..CALLS {
        blocking::sleep(0).map_err(|code| code.to_string())?;
    }
    report("waiting-blocking", start);
    Ok(())
}

async fn waiting_async() -> Result<(), String> {
    let start = timers::now();
    for _ in 0..CALLS {
        succeeds(timers::sleep(0).await, "sleep 0")?;
    }
    report("waiting-async", start);
    Ok(())
}
