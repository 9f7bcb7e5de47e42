//! All tests that need a guest, a socket or a process.

#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

mod assets;
mod cli;
mod dns;
mod embedding;
mod examples;
mod hostile;
#[cfg(unix)]
mod lifecycle;
mod limits;
#[cfg(target_os = "linux")]
mod process;
#[cfg(target_os = "linux")]
mod process_policy;
#[cfg(unix)]
mod python;
mod ring;
#[cfg(unix)]
mod sdk;
#[cfg(target_os = "linux")]
mod seeds;
#[cfg(unix)]
mod servers;
#[cfg(unix)]
mod signals;
mod sockets;
#[cfg(target_os = "linux")]
mod stdio;
mod streams;
mod support;
mod tcp;
mod timers;
mod tls;
mod udp;
#[cfg(unix)]
mod unix;
mod wasi;
mod workers;
