//! Look-ups that need no network: localhost, numbers, families, and names that cannot be.

use std::net::{IpAddr, SocketAddr};

use aio_guest::{ErrorCode, IpFamily, dns};
use test_guests::{check, equal, succeeds};

aio_guest::main!(run);

async fn lookup(
    name: &str,
    service: &str,
    family: Option<IpFamily>,
) -> Result<Vec<SocketAddr>, ErrorCode> {
    let found = dns::lookup(name.to_owned(), service.to_owned(), family).await?;
    Ok(found.into_iter().map(SocketAddr::from).collect())
}

async fn run() -> Result<(), String> {
    localhost().await?;
    numbers().await?;
    families().await?;
    names_that_cannot_be().await
}

async fn localhost() -> Result<(), String> {
    let found = succeeds(lookup("localhost", "80", None).await, "localhost")?;
    check(!found.is_empty(), "localhost has an address")?;
    let fits = |address: &SocketAddr| address.ip().is_loopback() && address.port() == 80;
    check(
        found.iter().all(fits),
        format_args!("{found:?} is the loopback at 80"),
    )?;
    let mut once = found.clone();
    once.dedup();
    equal(once.len(), found.len(), "no address comes twice")
}

async fn numbers() -> Result<(), String> {
    for (name, service, expected) in [
        ("127.0.0.1", "443", "127.0.0.1:443"),
        ("127.0.0.1", "", "127.0.0.1:0"),
        ("::1", "65535", "[::1]:65535"),
    ] {
        let found = succeeds(lookup(name, service, None).await, name)?;
        let found: Vec<String> = found.iter().map(ToString::to_string).collect();
        equal(found, vec![expected.to_owned()], name)?;
    }
    Ok(())
}

async fn families() -> Result<(), String> {
    let found = succeeds(lookup("localhost", "", Some(IpFamily::Ipv4)).await, "IPv4")?;
    equal(
        found.first().map(SocketAddr::ip),
        Some(IpAddr::from([127, 0, 0, 1])),
        "IPv4",
    )?;
    for (name, family) in [("::1", IpFamily::Ipv4), ("127.0.0.1", IpFamily::Ipv6)] {
        let found = lookup(name, "", Some(family)).await;
        equal(
            found,
            Err(ErrorCode::NameUnresolvable),
            "an address of the other family",
        )?;
    }
    Ok(())
}

async fn names_that_cannot_be() -> Result<(), String> {
    let label = "a".repeat(63);
    let longest = format!("{label}.{label}.{label}.{}", "a".repeat(61));
    equal(longest.len(), 253, "length")?;
    // Nobody has it. Where no resolver can be reached, that is told instead.
    let found = lookup(&longest, "", None).await;
    let told = [
        ErrorCode::NameUnresolvable,
        ErrorCode::ResolverAgain,
        ErrorCode::ResolverFailure,
    ];
    check(
        found.is_err_and(|code| told.contains(&code)),
        "253 bytes are looked up",
    )?;
    for bad in ["", "a\0b"] {
        let found = lookup(bad, "", None).await;
        equal(
            found,
            Err(ErrorCode::InvalidArgument),
            "a name that cannot be",
        )?;
    }
    for bad in [
        &format!("{longest}a"),
        &"a".repeat(300),
        &"a".repeat(100_000),
    ] {
        let found = lookup(bad, "", None).await;
        equal(found, Err(ErrorCode::NameTooLong), "a long name")?;
    }
    for bad in ["8\0", "65536", &"a".repeat(65), &"a".repeat(100_000)] {
        let found = lookup("127.0.0.1", bad, None).await;
        equal(
            found,
            Err(ErrorCode::InvalidArgument),
            "a service that cannot be",
        )?;
    }
    let found = lookup("127.0.0.1", "no-such-service", None).await;
    equal(
        found,
        Err(ErrorCode::ServiceUnknown),
        "a service that does not exist",
    )
}
