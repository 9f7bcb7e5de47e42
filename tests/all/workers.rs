//! Jobs in workers: what comes of them, what is refused, and what is left when their guest ends.

use super::support::{Running, guest, passes, run};

#[test]
fn jobs_return_fail_and_trap_and_the_guest_lives() {
    for workers in ["--max-workers=1", "--max-workers=3"] {
        let ran = run(&[workers], &guest("workers_run"), &["one", "two"]);
        assert_eq!(ran.code, Some(0), "{ran:?}");
        assert!(ran.stderr.contains("a panic on purpose"), "{ran:?}");
    }
}

#[test]
fn what_is_no_job_or_too_long_is_refused() {
    passes(&[], "workers_refused", &[]);
}

#[test]
fn so_many_jobs_run_and_wait_and_no_more() {
    for (threads, jobs) in [("1", "0"), ("1", "1"), ("2", "3"), ("0", "1")] {
        let (threads_max, jobs_max) = (
            format!("--max-workers={threads}"),
            format!("--max-jobs={jobs}"),
        );
        let flags = [&threads_max, &jobs_max, "--max-buffered=1MiB"];
        passes(&flags, "workers_queue", &[threads, jobs]);
    }
}

#[test]
fn a_cancelled_job_leaves_the_queue_or_is_killed() {
    for threads in ["1", "2"] {
        let threads_max = format!("--max-workers={threads}");
        passes(&[&threads_max], "workers_cancel", &[threads]);
    }
}

#[test]
fn the_ring_runs_jobs_too() {
    passes(&[], "workers_ring", &[]);
}

#[test]
fn primes_are_as_many_inline_as_by_workers() {
    for how in ["inline", "workers"] {
        let ran = run(&[], &guest("primes"), &[how, "200001"]);
        ran.passes();
        assert_eq!(ran.stdout, "17984 primes below 200001\n");
    }
}

#[test]
fn a_job_that_uses_up_its_fuel_traps_and_the_guest_lives() {
    let flags = ["--fuel=100000000", "--max-workers=1"];
    let ran = run(
        &flags,
        &guest("workers_act"),
        &["act", "spin", "count", "spin", "count"],
    );
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert_eq!(ran.stdout.matches("count: 1").count(), 2, "{ran:?}");
    assert_eq!(ran.stdout.matches("--fuel").count(), 2, "{ran:?}");
}

/// Each instance has the limit for itself: what one keeps is not missing elsewhere.
#[test]
fn the_memory_of_a_worker_is_limited() {
    let flags = ["--max-memory=24MiB", "--max-workers=1"];
    let keep = "keep 8388608";
    let ran = run(
        &flags,
        &guest("workers_act"),
        &["act", keep, keep, keep, "exit", keep, keep],
    );
    let lines: Vec<&str> = ran.stdout.lines().collect();
    let kept = lines
        .iter()
        .filter(|line| **line == format!("{keep}: "))
        .count();
    assert_eq!((ran.code, kept), (Some(0), 4), "{ran:?}");
    assert!(lines[2].contains("failed: memory"), "{ran:?}");
}

#[test]
fn what_a_worker_may_not_is_told_once_for_all() {
    let connect = "connect";
    let ran = run(
        &["--max-workers=3"],
        &guest("workers_act"),
        &["act-later", connect, "panic", connect, connect],
    );
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert_eq!(
        ran.stdout.matches("connect: access-denied").count(),
        3,
        "{ran:?}"
    );
    let told = ran.stderr.matches("--allow-net=127.0.0.1:9").count();
    assert_eq!(told, 1, "{ran:?}");
}

#[test]
fn a_worker_may_what_its_guest_may() {
    let ran = run(
        &["--allow-net=127.0.0.1:9"],
        &guest("workers_act"),
        &["act-later", "connect"],
    );
    assert_eq!(ran.stdout, "connect: connection-refused\n", "{ran:?}");
}

#[test]
fn what_workers_print_comes_out_in_whole_lines() {
    const LINES: usize = 5_000;
    let print = format!("print {LINES}");
    let ran = run(&["--max-workers=4"], &guest("workers_wait"), &[&print, "4"]);
    assert_eq!((ran.code, ran.stderr.as_str()), (Some(0), ""));
    let lines = ran.stdout.lines().filter(|line| *line != "waiting");
    let line = "a line of a worker, which is not to be torn by another that writes one too";
    let torn: Vec<&str> = lines.clone().filter(|found| *found != line).collect();
    assert_eq!((lines.count(), torn), (4 * LINES, Vec::new()));
}

#[cfg(target_os = "linux")]
mod embedding;

#[cfg(target_os = "linux")]
mod threads {
    use rustix::process::Signal;

    use super::*;
    use crate::support::wait_until;

    fn workers(running: &Running) -> usize {
        let threads = running.threads();
        threads
            .iter()
            .filter(|name| *name == "aio-host-worker")
            .count()
    }

    #[test]
    fn every_wait_for_a_job_ends_when_the_guest_is_asked_to_stop() {
        for act in ["spin", "sleep", "enter"] {
            for how in ["", "ring"] {
                let flags = ["--grace=1h", "--max-workers=2"];
                let mut waiting = Running::start(&flags, &guest("workers_wait"), &[act, "3", how]);
                assert_eq!(waiting.line(), "waiting");
                waiting.signal(Signal::TERM);
                let ran = waiting.end();
                let stopped = ran.stdout.lines().all(|line| line == "asked to stop");
                assert!(ran.code == Some(0) && stopped, "{ran:?}");
            }
        }
    }

    #[test]
    fn the_end_of_the_time_ends_the_jobs_too() {
        for act in ["spin", "sleep", "enter"] {
            let flags = ["--timeout=300ms", "--max-workers=2"];
            let ran = run(&flags, &guest("workers_wait"), &[act, "3"]);
            ran.fails(134, &["timed out after 300ms"]);
        }
    }

    #[test]
    fn threads_are_started_with_the_first_job_and_one_is_to_spare() {
        for (count, threads) in [("0", 0), ("1", 2), ("3", 4), ("4", 4)] {
            let flags = ["--grace=0s", "--max-workers=4"];
            let mut waiting = Running::start(&flags, &guest("workers_wait"), &["sleep", count]);
            assert_eq!(waiting.line(), "waiting");
            wait_until("threads have their names", || workers(&waiting) >= threads);
            assert_eq!(workers(&waiting), threads, "{count} jobs");
        }
    }
}
