//! Jobs of every kind, and exports that are none. What a job does is what its input says.

use std::cell::{Cell, RefCell};
use std::hint::black_box;
use std::io::Read;

use aio_guest::bindings::aio::host::signals::Subscription;
use aio_guest::bindings::aio::host::workers::{self, JobError};
use aio_guest::{ConnectOptions, ErrorCode, Ring, TcpStream, socket_address, timers};
use test_guests::{DELAY_MAX, MILLISECOND, equal, fails};

#[allow(
    unsafe_code,
    unused_qualifications,
    reason = "generated from the WIT text"
)]
mod world {
    aio_guest::wit_bindgen::generate!({
        inline: "
            package test:jobs;

            interface tools {
                echo: func(input: list<u8>) -> list<u8>;
                number: func() -> u32;
            }

            world jobs {
                export tools;
                export echo: func(input: list<u8>) -> list<u8>;
                export act: func(input: list<u8>) -> result<list<u8>, string>;
                export echo-later: async func(input: list<u8>) -> list<u8>;
                export act-later: async func(input: list<u8>) -> result<list<u8>, string>;

                export no-input: func() -> list<u8>;
                export two-inputs: func(one: list<u8>, other: list<u8>) -> list<u8>;
                export words: func(input: list<u16>) -> list<u8>;
                export text: func(input: string) -> list<u8>;
                export no-output: func(input: list<u8>);
                export other-output: func(input: list<u8>) -> string;
                export other-ok: func(input: list<u8>) -> result<string, string>;
                export other-error: func(input: list<u8>) -> result<list<u8>, u32>;
                export no-error: func(input: list<u8>) -> result<list<u8>>;
            }
        ",
        runtime_path: "aio_guest::wit_bindgen::rt",
    });

    export!(Jobs);

    struct Jobs;

    impl exports::test::jobs::tools::Guest for Jobs {
        fn echo(input: Vec<u8>) -> Vec<u8> {
            input
        }

        fn number() -> u32 {
            0
        }
    }

    impl Guest for Jobs {
        fn echo(input: Vec<u8>) -> Vec<u8> {
            input
        }

        fn act(input: Vec<u8>) -> Result<Vec<u8>, String> {
            super::act(&input)
        }

        async fn echo_later(input: Vec<u8>) -> Vec<u8> {
            // An echo of what is not the right order would be noticed.
            super::timers::sleep(super::MILLISECOND).await.ok();
            input
        }

        async fn act_later(input: Vec<u8>) -> Result<Vec<u8>, String> {
            super::act_later(&input).await
        }

        fn no_input() -> Vec<u8> {
            Vec::new()
        }

        fn two_inputs(one: Vec<u8>, _other: Vec<u8>) -> Vec<u8> {
            one
        }

        fn words(_input: Vec<u16>) -> Vec<u8> {
            Vec::new()
        }

        fn text(input: String) -> Vec<u8> {
            input.into_bytes()
        }

        fn no_output(_input: Vec<u8>) {}

        fn other_output(_input: Vec<u8>) -> String {
            String::new()
        }

        fn other_ok(_input: Vec<u8>) -> Result<String, String> {
            Ok(String::new())
        }

        fn other_error(input: Vec<u8>) -> Result<Vec<u8>, u32> {
            Ok(input)
        }

        fn no_error(input: Vec<u8>) -> Result<Vec<u8>, ()> {
            Ok(input)
        }
    }
}

thread_local! {
    static COUNT: Cell<u32> = const { Cell::new(0) };
    static KEPT: RefCell<Vec<Vec<u8>>> = const { RefCell::new(Vec::new()) };
}

fn act(input: &[u8]) -> Result<Vec<u8>, String> {
    let text = std::str::from_utf8(input).map_err(|error| error.to_string())?;
    let (word, rest) = text.split_once(' ').unwrap_or((text, ""));
    match word {
        "fail" => return Err(rest.to_owned()),
        "panic" => panic!("a panic on purpose"),
        "unreachable" => std::arch::wasm32::unreachable(),
        "recurse" => return Ok(vec![bottomless(1).to_le_bytes()[0]]),
        "spin" => spin(),
        // The loop is turned under the stack of the job.
        "enter" => drop(Ring::new().enter(None)),
        "exit" => std::process::exit(3),
        "count" => return Ok(count().to_string().into_bytes()),
        "return" => return Ok(vec![b'x'; number(rest)?]),
        "complain" => return Err("x".repeat(number(rest)?)),
        "keep" => keep(number(rest)?)?,
        "print" => (0..number(rest)?).for_each(|_| println!("{}", LINE)),
        "arguments" => {
            return Ok(std::env::args()
                .skip(1)
                .collect::<Vec<_>>()
                .join(" ")
                .into());
        }
        "alone" => alone()?,
        other => return Err(format!("no such act: {other}")),
    }
    Ok(Vec::new())
}

async fn act_later(input: &[u8]) -> Result<Vec<u8>, String> {
    match input {
        b"sleep" => forever().await,
        b"connect" => {
            let address = socket_address("127.0.0.1:9")?;
            let connected = TcpStream::connect_with(address, ConnectOptions::default()).await;
            return match connected {
                Ok(_) => Err("connected".to_owned()),
                Err(code) => Ok(code.name().as_bytes().to_vec()),
            };
        }
        b"delegate" => {
            let delegated = workers::run("echo".to_owned(), b"done".to_vec()).await;
            return delegated.map_err(|error| match error {
                JobError::Refused(code) => code.name().to_owned(),
                error => format!("{error:?}"),
            });
        }
        _ => return act(input),
    }
    Ok(Vec::new())
}

/// What is longer than one write may be whole.
const LINE: &str = "a line of a worker, which is not to be torn by another that writes one too";

/// What a worker has not.
fn alone() -> Result<(), String> {
    let mut input = Vec::new();
    let read = std::io::stdin().read_to_end(&mut input);
    equal(
        read.map_err(|error| error.to_string()),
        Ok(0),
        "standard input",
    )?;
    let subscribed = Subscription::subscribe(&[1]);
    fails(subscribed, ErrorCode::NotSupported, "subscribe")?;
    equal(workers::parallelism(), 0, "parallelism")
}

async fn forever() {
    // To its end or to the end of the worker.
    timers::sleep(DELAY_MAX).await.ok();
}

fn number(text: &str) -> Result<usize, String> {
    text.parse().map_err(|error| format!("{text}: {error}"))
}

fn count() -> u32 {
    COUNT.set(COUNT.get() + 1);
    COUNT.get()
}

/// Keeps so many bytes until the instance is gone.
fn keep(bytes: usize) -> Result<(), String> {
    let mut kept = Vec::new();
    kept.try_reserve_exact(bytes)
        .map_err(|error| error.to_string())?;
    kept.resize(bytes, 1);
    KEPT.with_borrow_mut(|all| all.push(kept));
    Ok(())
}

fn spin() {
    let mut rounds = 0_u64;
    while black_box(rounds) != u64::MAX {
        rounds = rounds.wrapping_add(1);
    }
}

#[inline(never)]
fn bottomless(depth: u64) -> u64 {
    let frame = black_box([depth; 64]);
    match frame[0] {
        0 => 0,
        depth => black_box(bottomless(depth + 1)) + frame[1],
    }
}
