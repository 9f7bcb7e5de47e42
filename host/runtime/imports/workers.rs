//! `aio:host/workers`: jobs in other instances of the guest's component, on threads.

use wasmtime::Result;
use wasmtime::component::Accessor;

use super::Imports;
use super::io::Io;
use super::wit::types::ErrorCode;
use super::wit::workers::{Host, HostWithStore, JobError};
use crate::state::State;
use crate::workers::{Outcome, Run};

impl Io {
    /// Takes a job in. Dropping the future cuts it off.
    pub(super) fn run_job(
        &self,
        job: String,
        input: impl AsRef<[u8]> + Into<Vec<u8>>,
    ) -> Result<Run, ErrorCode> {
        self.workers.run(job, input, &self.buffered)
    }
}

impl<T> HostWithStore<T> for Imports {
    async fn run(store: &Accessor<T, Self>, job: String, input: Vec<u8>) -> Result<Outcome> {
        let begun = store.with(|mut access| {
            let state = access.get();
            let run = state.io().run_job(job, input)?;
            Ok((run, state.interrupt.clone()))
        });
        let (run, interrupt) = match begun {
            Ok(begun) => begun,
            Err(code) => return Ok(Err(JobError::Refused(code))),
        };
        Ok(match interrupt.or_stop(run).await {
            Ok(output) => output.outcome,
            Err(stopped) => Err(JobError::Refused(stopped.into())),
        })
    }
}

impl Host for State {
    fn parallelism(&mut self) -> Result<u32> {
        Ok(self.io().workers.parallelism())
    }
}
