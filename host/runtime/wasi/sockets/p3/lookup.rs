//! `wasi:sockets/ip-name-lookup` of 0.3. Dropping the call gives the look-up up.

use wasmtime::Result;
use wasmtime::component::Accessor;
use wit::ip_name_lookup::{ErrorCode, Host, HostWithStore};
use wit::types::IpAddress;

use super::wit;
use crate::imports::dns::Started;
use crate::state::State;
use crate::wasi::sockets::Sockets;
use crate::wasi::sockets::code::{Code, Failure};
use crate::wasi::sockets::lookup::{self, LookupCode};

impl State {
    fn start_lookup(&self, name: &str) -> Result<Started, ErrorCode> {
        let started = lookup::start(&self.io(), name);
        started.map_err(|failure| match failure {
            Failure::Denied(denial) => {
                self.deny(&denial);
                ErrorCode::AccessDenied
            }
            Failure::Code(Code::SocketLimit) => ErrorCode::TemporaryResolverFailure,
            Failure::Code(_) | Failure::Trap(_) => ErrorCode::Other(None),
        })
    }
}

impl Host for State {}

impl<T> HostWithStore<T> for Sockets {
    async fn resolve_addresses(
        store: &Accessor<T, Self>,
        name: String,
    ) -> Result<Result<Vec<IpAddress>, ErrorCode>> {
        let started = store.with(|mut access| access.get().start_lookup(&name));
        let Started { lookup, permit } = match started {
            Ok(started) => started,
            Err(code) => return Ok(Err(code)),
        };
        let found = lookup.await;
        drop(permit);
        let found = store.with(|mut access| lookup::found(&mut access.get().io(), &name, found));
        Ok(found
            .map(|addresses| addresses.into_iter().map(IpAddress::from).collect())
            .map_err(ErrorCode::from))
    }
}

impl From<LookupCode> for ErrorCode {
    fn from(code: LookupCode) -> Self {
        match code {
            LookupCode::InvalidArgument => Self::InvalidArgument,
            LookupCode::NameUnresolvable => Self::NameUnresolvable,
            LookupCode::TemporaryFailure => Self::TemporaryResolverFailure,
            LookupCode::PermanentFailure => Self::PermanentResolverFailure,
        }
    }
}
