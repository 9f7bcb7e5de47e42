//! `wasi:sockets/ip-name-lookup` of 0.2: a look-up that is under way, then its addresses, one at a
//! time. Dropping it gives the look-up up.

use std::future::poll_fn;
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker, ready};

use wasmtime::Result;
use wasmtime::component::Resource;
use wasmtime_wasi::async_trait;
use wasmtime_wasi::p2::{DynPollable, Pollable, SocketResult, subscribe};
use wit::ip_name_lookup::{Host, HostResolveAddressStream, ResolveAddressStream};
use wit::network::{ErrorCode, IpAddress, Network};

use super::{trap, wit};
use crate::imports::io::Io;
use crate::state::{State, lock};
use crate::wasi::sockets::code::Failure;
use crate::wasi::sockets::lookup::{self, Answer, LookupCode};
use crate::wasi::sockets::{ours, theirs};

/// A look-up of a guest.
struct Lookup {
    name: String,
    io: Arc<Mutex<Io>>,
    stage: Stage,
}

enum Stage {
    UnderWay(Pin<Box<dyn Future<Output = Answer> + Send>>),
    Found(std::vec::IntoIter<IpAddr>),
    Failed(LookupCode),
}

impl Lookup {
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if let Stage::UnderWay(lookup) = &mut self.stage {
            let found = ready!(lookup.as_mut().poll(cx));
            self.stage = self.end(found);
        }
        Poll::Ready(())
    }

    fn end(&self, found: Answer) -> Stage {
        match lookup::found(&mut lock(&self.io), &self.name, found) {
            Ok(addresses) => Stage::Found(addresses.into_iter()),
            Err(code) => Stage::Failed(code),
        }
    }

    fn next(&mut self) -> Result<Option<IpAddr>, ErrorCode> {
        let mut cx = Context::from_waker(Waker::noop());
        if self.poll(&mut cx).is_pending() {
            return Err(ErrorCode::WouldBlock);
        }
        match &mut self.stage {
            Stage::Found(addresses) => Ok(addresses.next()),
            Stage::Failed(code) => Err((*code).into()),
            Stage::UnderWay(_) => Err(ErrorCode::WouldBlock),
        }
    }
}

impl Host for State {
    fn resolve_addresses(
        &mut self,
        network: Resource<Network>,
        name: String,
    ) -> SocketResult<Resource<ResolveAddressStream>> {
        self.network(&network).map_err(trap)?;
        let started = lookup::start(&self.io(), &name);
        let lookup = Lookup {
            stage: Stage::UnderWay(Box::pin(self.p2(started)?)),
            io: Arc::clone(&self.io),
            name,
        };
        let pushed = self.table.push(lookup).map_err(Failure::from);
        self.p2(pushed).map(|lookup| theirs(&lookup))
    }
}

impl HostResolveAddressStream for State {
    fn resolve_next_address(
        &mut self,
        lookup: Resource<ResolveAddressStream>,
    ) -> SocketResult<Option<IpAddress>> {
        let lookup = self.table.get_mut(&ours::<_, Lookup>(&lookup))?;
        Ok(lookup.next()?.map(IpAddress::from))
    }

    fn subscribe(
        &mut self,
        lookup: Resource<ResolveAddressStream>,
    ) -> Result<Resource<DynPollable>> {
        subscribe(&mut self.table, ours::<_, Lookup>(&lookup))
    }

    fn drop(&mut self, lookup: Resource<ResolveAddressStream>) -> Result<()> {
        self.table.delete(ours::<_, Lookup>(&lookup))?;
        Ok(())
    }
}

#[async_trait]
impl Pollable for Lookup {
    async fn ready(&mut self) {
        poll_fn(|cx| self.poll(cx)).await;
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
