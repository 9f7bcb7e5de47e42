//! `aio:host/workers`: jobs in other instances of the guest's component, on threads.

use wasmtime::Result;
use wasmtime::component::Accessor;

use super::Imports;
use super::wit::types::ErrorCode;
use super::wit::workers::{Host, HostWithStore, JobError};
use crate::state::State;

impl<T> HostWithStore<T> for Imports {
    async fn run(
        _store: &Accessor<T, Self>,
        _job: String,
        _input: Vec<u8>,
    ) -> Result<Result<Vec<u8>, JobError>> {
        Ok(Err(JobError::Refused(ErrorCode::NotSupported)))
    }
}

impl Host for State {
    fn parallelism(&mut self) -> Result<u32> {
        Ok(0)
    }
}
