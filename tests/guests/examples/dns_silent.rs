//! A resolver that does not answer: the deadline of a look-up ends it, the loop goes on, and what
//! was given up counts until the resolver has let go of it. The argument is a name.

use std::pin::pin;
use std::task::Poll;

use aio_guest::dns::{Query, ResolveFlags, Resolved};
use aio_guest::{ErrorCode, dns, timers};
use test_guests::{MILLISECOND, argument, equal, fails, poll_once, succeeds};

aio_guest::main!(run);

async fn run() -> Result<(), String> {
    let name = argument(1)?;
    let resolve = |timeout| resolve(&name, timeout);
    timers_go_on(resolve(None)).await?;
    let timed_out = resolve(Some(MILLISECOND)).await;
    fails(timed_out, ErrorCode::TimedOut, "a look-up in vain")?;
    give_up_until_refused(|| resolve(None)).await?;
    println!("held");
    while let Err(code) = resolve(None).await {
        equal(code, ErrorCode::QuotaExceeded, "a look-up of a late answer")?;
        succeeds(timers::sleep(MILLISECOND).await, "sleep")?;
    }
    Ok(())
}

/// One that is cancelled before a thread took it up counts no longer.
async fn give_up_until_refused<L>(lookup: impl Fn() -> L) -> Result<(), String>
where
    L: Future<Output = Result<Vec<Resolved>, ErrorCode>>,
{
    while poll_once(pin!(lookup())).is_pending() {
        succeeds(timers::sleep(MILLISECOND).await, "sleep")?;
    }
    let beyond = lookup().await;
    fails(beyond, ErrorCode::QuotaExceeded, "one look-up too many")
}

/// The look-up is begun, waits, and is dropped at the end.
async fn timers_go_on(
    lookup: impl Future<Output = Result<Vec<Resolved>, ErrorCode>>,
) -> Result<(), String> {
    let mut lookup = pin!(lookup);
    for _ in 0..3 {
        match poll_once(lookup.as_mut()) {
            Poll::Pending => succeeds(timers::sleep(MILLISECOND).await, "sleep")?,
            Poll::Ready(_) => return Err("the resolver answered".to_owned()),
        }
    }
    Ok(())
}

async fn resolve(name: &str, timeout: Option<u64>) -> Result<Vec<Resolved>, ErrorCode> {
    let query = Query {
        name: Some(name.to_owned()),
        service: None,
        family: None,
        socket_type: None,
        protocol: None,
        flags: ResolveFlags::empty(),
        timeout,
    };
    dns::resolve(query).await
}
