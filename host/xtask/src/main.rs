//! `cargo xtask`: the developer tool. Prepares guest toolchains, builds guests, checks, tests and
//! measures. Refuses to be needed by the product: nothing in `host/` depends on it.

#![allow(
    clippy::print_stdout,
    reason = "a developer tool talks to its developer"
)]

mod args;
mod bench;
mod ci;
mod command;
mod conformance;
mod cpython;
mod debs;
mod guests;
mod packages;
mod progress;
mod project;
mod python;
mod table;
mod tidy;
mod toolchain;
mod venv;

use std::process::ExitCode;

use clap::Parser;

use args::{Args, GuestSet, Guests, Task};
use project::Project;

fn main() -> ExitCode {
    match run(Args::parse().task) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("xtask: error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(task: Task) -> anyhow::Result<()> {
    let project = Project::find();
    match task {
        Task::Toolchain(choice) => toolchain::prepare(&project, choice.fallback).map(drop),
        Task::Packages => packages::prepare().and_then(|()| venv::with_packages(&project)),
        Task::Guests(guests) => build_guests(&project, &guests),
        Task::Tidy => tidy::run(&project),
        Task::Check(choice) => ci::check(&project, choice.fallback),
        Task::Test(test) => ci::test(&project, test.toolchain.fallback, &test.args),
        Task::Ci(choice) => ci::all(&project, choice.fallback),
        Task::PythonConformance(options) => conformance::run(&project, &options),
        Task::Bench(bench) => bench::run(&project, &bench),
        Task::BenchServer { kind, argument } => bench::native::serve(kind, argument.as_deref()),
    }
}

fn build_guests(project: &Project, guests: &Guests) -> anyhow::Result<()> {
    if guests.which != Some(GuestSet::Python) {
        guests::build(project, guests.toolchain.fallback)?;
    }
    if guests.which != Some(GuestSet::Rust) {
        python::build(project)?;
    }
    Ok(())
}
