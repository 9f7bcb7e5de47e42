//! Addresses to names: `getnameinfo`.

use std::net::SocketAddr;

use super::hints::bits;
use super::{LookupError, Query, Resolver, os};

/// The `NI_*` flags of `getnameinfo`, with its meanings.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ReverseFlags {
    /// Tell the address in numbers; nothing is looked up.
    pub numeric_host: bool,
    /// Tell the port in numbers; nothing is looked up.
    pub numeric_service: bool,
    /// An address without a name is [`LookupError::NotFound`], not told in numbers.
    pub name_required: bool,
    /// Of a host in this machine's own domain tell the first part of the name only.
    pub no_domain: bool,
    /// The service is one of datagrams, which may have another name than that of streams.
    pub datagram: bool,
}

/// What an address is called.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Names {
    /// The name of the host, or its address in numbers.
    pub host: String,
    /// The name of the service, or its port in decimal.
    pub service: String,
}

impl Resolver {
    /// Looks up the names of `address` and of its port. What has no name is told in numbers.
    ///
    /// `held` is dropped when the system is done with the question, as for [`Resolver::resolve`].
    pub fn reverse(
        &self,
        address: SocketAddr,
        flags: ReverseFlags,
        held: impl Send + Sync + 'static,
    ) -> Query<Names> {
        // The system only writes numbers down then, and waits for nothing.
        if flags.numeric_host && flags.numeric_service {
            return Query::known(ask_system(&address, flags));
        }
        Query::ask(self, move || {
            let names = ask_system(&address, flags);
            drop(held);
            names
        })
    }
}

/// Blocks until the resolver has answered.
fn ask_system(address: &SocketAddr, flags: ReverseFlags) -> Result<Names, LookupError> {
    let (host, service) = dns_lookup::getnameinfo(address, flags.to_os())?;
    Ok(Names { host, service })
}

impl ReverseFlags {
    fn to_os(self) -> i32 {
        bits([
            (self.numeric_host, os::NI_NUMERICHOST),
            (self.numeric_service, os::NI_NUMERICSERV),
            (self.name_required, os::NI_NAMEREQD),
            (self.no_domain, os::NI_NOFQDN),
            (self.datagram, os::NI_DGRAM),
        ])
    }
}
