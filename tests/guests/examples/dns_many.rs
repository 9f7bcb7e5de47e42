//! Looks up many names at once, host0.test to the one before the argument, and gets for each its
//! own address: 93.184.217.0 and up. In numbers back to names, too.

use std::net::SocketAddr;

use aio_guest::Ring;
use aio_guest::dns::ReverseFlags;
use test_guests::{Told, argument, collect, equal};

aio_guest::main!(run);

fn address(number: u64) -> Result<SocketAddr, String> {
    let last = u8::try_from(number).map_err(|_| "at most 256 names")?;
    Ok(SocketAddr::from(([93, 184, 217, last], 80)))
}

async fn run() -> Result<(), String> {
    let names: u64 = argument(1)?.parse().map_err(|_| "names are counted")?;
    let mut ring = Ring::new();
    for number in 0..names {
        ring.lookup(number + 1, &format!("host{number}.test"), "80", None);
    }
    for (token, told) in told(&mut ring, names)? {
        let expected = Told::Addresses(vec![address(token - 1)?]);
        equal(told, expected, "what a name means")?;
    }
    for number in 0..names {
        ring.reverse(number + 1, address(number)?, ReverseFlags::NUMERIC_SERVICE);
    }
    for (token, told) in told(&mut ring, names)? {
        let expected = Told::Names(format!("host{}.test", token - 1), "80".to_owned());
        equal(told, expected, "what an address is called")?;
    }
    Ok(())
}

fn told(ring: &mut Ring, count: u64) -> Result<Vec<(u64, Told)>, String> {
    collect(ring, usize::try_from(count).unwrap_or(usize::MAX))
}
