//! Runs a job for each argument but the first, which names the job, and prints what came of them.

use aio_guest::bindings::aio::host::workers::JobError;
use test_guests::argument;
use test_guests::jobs::run;

mod workers_support;

aio_guest::main!(main);

async fn main() -> Result<(), String> {
    let job = argument(1)?;
    for act in std::env::args().skip(2) {
        match run(&job, &act).await {
            Ok(result) => println!("{act}: {}", String::from_utf8_lossy(&result)),
            Err(JobError::Refused(code)) => println!("{act}: refused: {}", code.name()),
            Err(JobError::Failed(text)) => println!("{act}: failed: {text}"),
            Err(JobError::Trapped(why)) => println!("{act}: trapped: {why}"),
        }
    }
    Ok(())
}
