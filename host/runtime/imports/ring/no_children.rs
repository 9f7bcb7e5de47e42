//! Children on the ring where the host cannot run programs: there are none.

use super::super::io::{Io, Refusal};
use super::super::wit::ring::SignalArguments;
use super::super::wit::types::ErrorCode;
use super::submit::Id;

impl Io {
    #[expect(
        clippy::unused_self,
        reason = "the ring asks where there are children too"
    )]
    pub(super) fn submit_spawn(&mut self, _id: Id, _command: u64) -> Result<(), Refusal> {
        Err(ErrorCode::NotSupported.into())
    }

    #[expect(
        clippy::unused_self,
        reason = "the ring asks where there are children too"
    )]
    pub(super) fn submit_signal(
        &mut self,
        _id: Id,
        _arguments: &SignalArguments,
    ) -> Result<(), ErrorCode> {
        Err(ErrorCode::BadHandle)
    }
}
