//! Jobs by the ring: results in the batch, failures and refusals, among other operations.

use std::time::Duration;

use aio_guest::bindings::aio::host::workers::JobError;
use aio_guest::{ErrorCode, Ring};
use test_guests::{Told, check, collect, collect_one, equal};

mod workers_support;

aio_guest::main!(main);

/// The most bytes of an input or a result.
const MAX: usize = 16 << 20;

async fn main() -> Result<(), String> {
    let mut ring = Ring::new();
    results(&mut ring)?;
    ends(&mut ring)?;
    sizes(&mut ring)?;
    among_others(&mut ring)
}

fn results(ring: &mut Ring) -> Result<(), String> {
    for token in 1..=100_u64 {
        let job =
            ["echo", "echo-later", "test:jobs/tools#echo"][usize::try_from(token).unwrap_or(0) % 3];
        ring.run_job(token, job, &token.to_le_bytes());
    }
    let mut all = collect(ring, 100)?;
    all.sort_unstable_by_key(|(token, _)| *token);
    let expected = (1..=100_u64).map(|token| (token, Told::Data(token.to_le_bytes().to_vec())));
    equal(all, expected.collect(), "echoes")
}

fn ends(ring: &mut Ring) -> Result<(), String> {
    let mut told = |job: &str, input: &str| {
        ring.run_job(1, job, input.as_bytes());
        collect_one(ring)
    };
    let failed = Told::JobFailed(JobError::Failed("so".to_owned()));
    equal(told("act", "fail so")?, failed, "fail")?;
    equal(
        told("text", "")?,
        Told::Failed(ErrorCode::NotFound),
        "no job",
    )?;
    equal(told("echo", "")?, Told::Data(Vec::new()), "nothing")?;
    let trapped = told("act", "unreachable")?;
    let tells = |why: &str| why.contains("unreachable");
    check(
        matches!(&trapped, Told::JobFailed(JobError::Trapped(why)) if tells(why)),
        format_args!("{trapped:?} is a trap"),
    )
}

fn sizes(ring: &mut Ring) -> Result<(), String> {
    ring.run_job(1, "echo", &vec![7; MAX]);
    ring.run_job(2, "echo", b"after it");
    let mut all = collect(ring, 2)?;
    all.sort_unstable_by_key(|(token, _)| *token);
    let most = all.first() == Some(&(1, Told::Data(vec![7; MAX])));
    check(most, "16 MiB come back")?;
    equal(
        all.pop(),
        Some((2, Told::Data(b"after it".to_vec()))),
        "the next",
    )?;
    ring.run_job(1, "echo", &vec![7; MAX + 1]);
    let out_of_range = Told::Failed(ErrorCode::OutOfRange);
    equal(
        collect_one(ring)?,
        out_of_range.clone(),
        "16 MiB and one byte",
    )?;
    ring.run_job(1, "act", format!("return {}", MAX + 1).as_bytes());
    equal(
        collect_one(ring)?,
        out_of_range,
        "a result of 16 MiB and one byte",
    )
}

fn among_others(ring: &mut Ring) -> Result<(), String> {
    ring.sleep(1, Duration::from_nanos(1));
    ring.run_job(2, "echo", b"job");
    ring.sleep(3, Duration::from_nanos(1));
    let mut all = collect(ring, 3)?;
    all.sort_unstable_by_key(|(token, _)| *token);
    let job = Told::Data(b"job".to_vec());
    equal(
        all,
        vec![(1, Told::Done), (2, job), (3, Told::Done)],
        "all three",
    )
}
