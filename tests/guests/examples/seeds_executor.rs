//! `tests/asyncio/executor.py` as a guest: jobs that give results, fail, die, or are given up.

use aio_guest::executor::{self, JobError};
use aio_guest::gather;
use test_guests::poll_once;
use test_guests::python::{boolean, list};

aio_guest::main!(run);

/// What workers do. Numbers come and go as text.
#[allow(
    missing_docs,
    unsafe_code,
    unreachable_pub,
    reason = "generated from the text, which documents it"
)]
mod jobs {
    aio_guest::wit_bindgen::generate!({
        inline: "
            package test:jobs;

            world jobs {
                export square: func(input: list<u8>) -> list<u8>;
                export primes: func(input: list<u8>) -> list<u8>;
                export fail: func(input: list<u8>) -> result<list<u8>, string>;
                export die: func(input: list<u8>) -> list<u8>;
            }
        ",
        runtime_path: "aio_guest::wit_bindgen::rt",
    });

    struct Jobs;

    impl Guest for Jobs {
        fn square(input: Vec<u8>) -> Vec<u8> {
            let number = super::number(&input);
            super::bytes(number * number)
        }

        fn primes(input: Vec<u8>) -> Vec<u8> {
            let is_prime = |n: &u64| {
                (2..*n)
                    .take_while(|d| d * d <= *n)
                    .all(|d| !n.is_multiple_of(d))
            };
            let count = (2..super::number(&input)).filter(is_prime).count();
            super::bytes(count as u64)
        }

        fn fail(input: Vec<u8>) -> Result<Vec<u8>, String> {
            Err(format!("no luck with {}", super::number(&input)))
        }

        fn die(input: Vec<u8>) -> Vec<u8> {
            std::process::exit(i32::from(super::number(&input) > 0))
        }
    }

    export!(Jobs);
}

async fn run() -> Result<(), String> {
    // asyncio has pools of threads and of processes; here is one kind, which is both.
    in_order().await?;
    as_they_come().await?;
    failing().await;
    in_order().await?;
    failing().await;
    dying().await;
    given_up();
    println!("others live: {}", run_in_executor("square", 12).await?);
    println!("in a thread: {}", run_in_executor("square", 7).await?);
    Ok(())
}

async fn in_order() -> Result<(), String> {
    let jobs = (0..10).map(|number| run_in_executor("square", number));
    let squares: Result<Vec<_>, _> = gather(jobs).await.into_iter().collect();
    println!("in order: {}", list(&squares?));
    Ok(())
}

async fn as_they_come() -> Result<(), String> {
    let jobs = [3000, 100, 1000].map(|limit| run_in_executor("primes", limit));
    let counts: Result<Vec<_>, _> = gather(jobs).await.into_iter().collect();
    let mut counts = counts?;
    counts.sort_unstable();
    println!("all came: {} 0", list(&counts));
    Ok(())
}

async fn failing() {
    let jobs = ["square", "fail"].map(|job| run_in_executor(job, 4));
    let told = gather(jobs).await.into_iter();
    let told: Vec<_> = told
        .map(|result| result.map_or_else(|error| error, |number| number.to_string()))
        .collect();
    println!("failing: {}", list(&told));
}

async fn dying() {
    match executor::run("die", bytes(1)).await {
        Ok(_) => println!("lived"),
        Err(JobError::Trapped(_)) => println!("the worker died"),
        Err(error) => println!("{error:?}"),
    }
}

/// Dropping the future cancels the job.
fn given_up() {
    let mut job = Box::pin(executor::run("primes", bytes(20_000)));
    println!(
        "given up: {}",
        boolean(poll_once(job.as_mut()).is_pending())
    );
}

async fn run_in_executor(job: &str, number: u64) -> Result<u64, String> {
    match executor::run(job, bytes(number)).await {
        Ok(result) => Ok(self::number(&result)),
        Err(JobError::Failed(reason)) => Err(reason),
        Err(error) => Err(format!("{error:?}")),
    }
}

fn number(text: &[u8]) -> u64 {
    String::from_utf8_lossy(text).parse().unwrap_or_default()
}

fn bytes(number: u64) -> Vec<u8> {
    number.to_string().into_bytes()
}
