//! `wasi:sockets/ip-name-lookup` of 0.3. Dropping the call gives the look-up up.

use wasmtime::Result;
use wasmtime::component::Accessor;
use wit::ip_name_lookup::{ErrorCode, Host, HostWithStore};
use wit::types::IpAddress;

use super::wit;
use crate::state::State;
use crate::wasi::sockets::Sockets;
use crate::wasi::sockets::code::{Code, Failure};
use crate::wasi::sockets::lookup::{self, LookupCode};

impl State {
    fn lookup_code(&self, failure: Failure) -> ErrorCode {
        match failure {
            Failure::Denied(denial) => {
                self.deny(&denial);
                ErrorCode::AccessDenied
            }
            Failure::Code(Code::SocketLimit) => ErrorCode::TemporaryResolverFailure,
            Failure::Code(_) | Failure::Trap(_) => ErrorCode::Other(None),
        }
    }
}

impl Host for State {}

impl<T> HostWithStore<T> for Sockets {
    async fn resolve_addresses(
        store: &Accessor<T, Self>,
        name: String,
    ) -> Result<Result<Vec<IpAddress>, ErrorCode>> {
        let started = store.with(|mut access| {
            let state = access.get();
            let lookup = lookup::start(&state.io(), &name);
            lookup.map_err(|failure| state.lookup_code(failure))
        });
        let found = match started {
            Ok(lookup) => lookup.await,
            Err(code) => return Ok(Err(code)),
        };
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
