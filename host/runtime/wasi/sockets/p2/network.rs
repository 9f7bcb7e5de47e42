//! `wasi:sockets/network` and `instance-network` of 0.2: a right to the network that every guest
//! gets, because the policy asks anew for each address, and the codes behind errors of streams.

use std::io;

use aio_loop::dns::Family;
use wasmtime::Result;
use wasmtime::component::Resource;
use wasmtime_wasi::p2::SocketError;
use wit::network::{ErrorCode, IpAddressFamily};

use super::wit;
use crate::state::State;
use crate::wasi::sockets::{Code, ours, theirs};

/// What `instance-network` gives; it grants nothing.
struct Network;

impl State {
    /// Checks that a guest's network is one.
    pub(super) fn network(&self, network: &Resource<wit::network::Network>) -> Result<()> {
        self.table.get(&ours::<_, Network>(network))?;
        Ok(())
    }
}

impl wit::instance_network::Host for State {
    fn instance_network(&mut self) -> Result<Resource<wit::network::Network>> {
        Ok(theirs(&self.table.push(Network)?))
    }
}

impl wit::network::Host for State {
    fn convert_error_code(&mut self, error: SocketError) -> Result<ErrorCode> {
        error.downcast()
    }

    fn network_error_code(
        &mut self,
        error: Resource<wasmtime::Error>,
    ) -> Result<Option<ErrorCode>> {
        let error = self.table.get(&error)?.downcast_ref::<io::Error>();
        Ok(error.map(|error| Code::from(error).into()))
    }
}

impl wit::network::HostNetwork for State {
    fn drop(&mut self, network: Resource<wit::network::Network>) -> Result<()> {
        self.table.delete(ours::<_, Network>(&network))?;
        Ok(())
    }
}

pub(super) fn family(family: IpAddressFamily) -> Family {
    match family {
        IpAddressFamily::Ipv4 => Family::V4,
        IpAddressFamily::Ipv6 => Family::V6,
    }
}

pub(super) fn family_of(family: Family) -> IpAddressFamily {
    match family {
        Family::V4 => IpAddressFamily::Ipv4,
        Family::V6 => IpAddressFamily::Ipv6,
    }
}
