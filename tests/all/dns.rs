//! `aio:host/dns` without a network: localhost and numbers.

#[cfg(target_os = "linux")]
mod network;
#[cfg(target_os = "linux")]
mod oracle;
#[cfg(target_os = "linux")]
mod resolver;

use std::net::TcpListener;

use super::support::{guest, passes, run};

#[test]
fn names_and_numbers_are_found_and_bad_ones_are_codes() {
    passes(&["-A"], "dns_lookup", &[]);
}

#[test]
fn what_an_allowed_name_means_may_be_connected_to_and_nothing_else() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port().to_string();
    let flag = format!("--allow-net=localhost:{port}");
    let ran = run(&[&flag], &guest("dns_connect"), &[&port]);
    assert_eq!((ran.code, ran.stdout.as_str()), (Some(0), ""), "{ran:?}");
    let said = ran.stderr;
    assert_eq!(said.matches("elsewhere.invalid").count(), 2, "{said}");
}

#[test]
fn so_many_lookups_are_in_flight_and_one_more_is_refused() {
    for max in [10, 30] {
        let flags = ["--allow-net=localhost", &format!("--max-lookups={max}")];
        passes(&flags, "dns_quota", &[&max.to_string()]);
    }
}

#[test]
fn cancelled_lookups_are_forgotten() {
    passes(&["--allow-net=localhost"], "dns_cancel", &[]);
}
