//! Unix sockets on the ring where the system has none: no handle is one.

use super::super::io::{Io, Refusal};
use super::super::wit::ring::{AcceptResult, ConnectSocketUnixArguments};
use super::super::wit::types::ErrorCode;
use super::super::wit::unix::{UnixAddress, UnixDatagram};
use super::submit::Id;

impl Io {
    pub(super) fn submit_connect_unix(
        &mut self,
        _id: Id,
        _address: &UnixAddress,
    ) -> Result<(), Refusal> {
        Err(ErrorCode::NotSupported.into())
    }

    pub(super) fn submit_connect_socket_unix(
        &mut self,
        _id: Id,
        _arguments: &ConnectSocketUnixArguments,
    ) -> Result<(), Refusal> {
        Err(ErrorCode::BadHandle.into())
    }

    pub(super) fn try_accept_unix(&mut self, _handle: u64) -> Result<AcceptResult, ErrorCode> {
        Err(ErrorCode::BadHandle)
    }

    pub(super) fn try_receive_unix(
        &mut self,
        _handle: u64,
        _max: u32,
    ) -> Result<Option<UnixDatagram>, ErrorCode> {
        Err(ErrorCode::BadHandle)
    }

    pub(super) fn try_send_unix(
        &self,
        _handle: u64,
        _data: &[u8],
        _peer: Option<&UnixAddress>,
    ) -> Result<Option<usize>, Refusal> {
        Err(ErrorCode::BadHandle.into())
    }

    pub(super) fn is_unix_listener(&self, _handle: u64) -> bool {
        false
    }

    pub(super) fn is_unix_datagrams(&self, _handle: u64) -> bool {
        false
    }
}
