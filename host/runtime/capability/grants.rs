//! A policy at work in one guest: every question of the network is decided here, others beside
//! their rules.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use super::denial::{Denial, printable};
use super::heard::Heard;
use super::listen::ListenRule;
use super::net::{NetRule, is_localhost, normalised};
use super::network::judged;
use super::pins::Pins;
use super::ports::Ports;
use super::special::{LOOPBACK, leads_to, special};
use super::{Allowed, Policy};

/// The rules of one guest, and the addresses that lookups under them have returned.
///
/// v4-mapped IPv6 addresses are judged as IPv4 ones, and connecting to an unspecified address as
/// connecting to loopback, which is what systems do. A deny also holds for the IPv6 addresses that
/// gateways translate to an address it covers.
#[derive(Debug)]
pub struct Grants {
    pub(super) policy: Arc<Policy>,
    /// The guest's own environment.
    pub(super) env: Vec<(String, String)>,
    /// What names have granted.
    pins: Pins,
    /// What lookups returned and no name grants, to say so.
    withheld: Pins,
    /// Who may be answered.
    heard: Heard,
    /// How many sockets without a handle were numbered.
    numbered: u64,
}

/// Marks the numbers of sockets that have no handle: no handle has this bit.
const NUMBERED: u64 = 1 << 63;

/// What a guest wants with an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Use {
    Connect,
    SendTo,
    Join,
    Bind,
    Listen,
}

impl Use {
    fn of(self, address: SocketAddr) -> String {
        let words = match self {
            Self::Connect => "connect to",
            Self::SendTo => "send to",
            Self::Join => "join",
            Self::Bind => "bind to",
            Self::Listen => "listen at",
        };
        format!("{words} {address}")
    }
}

impl Grants {
    /// Puts `policy` to work.
    pub fn new(policy: Arc<Policy>) -> Self {
        Self {
            policy,
            env: Vec::new(),
            pins: Pins::default(),
            withheld: Pins::default(),
            heard: Heard::default(),
            numbered: 0,
        }
    }

    /// Tells the guest's own environment, which its children may have too.
    #[must_use]
    pub fn with_env(self, env: Vec<(String, String)>) -> Self {
        Self { env, ..self }
    }

    /// The policy that is at work.
    pub fn policy(&self) -> &Policy {
        &self.policy
    }

    /// Decides on looking up `name`. A numeric address needs no more than that connecting to it,
    /// or listening there, is granted under some port: nobody is asked.
    pub fn lookup(&self, name: &str) -> Result<(), Denial> {
        match numeric(name) {
            Some(address) => self.find_out(&look_up(name), address),
            None => self.lookup_name(name),
        }
    }

    fn lookup_name(&self, name: &str) -> Result<(), Denial> {
        let normal = normalised(name);
        // A deny of `*:25` is about ports, not about names.
        let denied =
            |rule: &&NetRule| rule.covers_name(&normal) && (rule.is_name() || !rule.has_port());
        if let Some(rule) = self.net().deny.iter().find(denied) {
            return Err(Denial::denied(look_up(name), "net", rule));
        }
        let allowed = |rule: &NetRule| rule.covers_name(&normal);
        if self.policy.all || self.net().allow.iter().any(allowed) {
            return Ok(());
        }
        Err(Denial::not_granted(look_up(name), allow_net(&normal)))
    }

    /// Decides on looking up the name of `address`: granted as looking up the address is.
    pub fn reverse(&self, address: IpAddr) -> Result<(), Denial> {
        self.find_out(&format!("look up the name of {address}"), address)
    }

    fn find_out(&self, operation: &str, address: IpAddr) -> Result<(), Denial> {
        let peer = judged(address);
        let inner = leads_to(peer).map(|v4| judged(v4.into()));
        let covers = |rule: &NetRule| {
            rule.covers_address(peer) || inner.is_some_and(|inner| rule.covers_address(inner))
        };
        let denied = |rule: &&NetRule| covers(rule) && !rule.has_port();
        if let Some(rule) = self.net().deny.iter().find(denied) {
            return Err(Denial::denied(operation.to_owned(), "net", rule));
        }
        let granted = self.policy.all
            || self
                .net()
                .allow
                .iter()
                .any(|rule| rule.covers_address(peer))
            || self.pins.covers_address(peer)
            || self
                .listen_rules()
                .allow
                .iter()
                .any(|rule| rule.covers_address(address));
        match granted {
            true => Ok(()),
            false => Err(Denial::not_granted(operation, allow_net(&bracketed(peer)))),
        }
    }

    /// Remembers what an allowed lookup of `name` returned: these addresses may be connected to at
    /// the ports of the rules that allowed the name. At most 4,096 are remembered, the oldest
    /// leave.
    ///
    /// An address that is not of the public internet is not granted by name: whoever answers for
    /// the name would choose what of this network the guest reaches. Only `localhost`, and names
    /// below it, grant the loopback.
    pub fn pin(&mut self, name: &str, addresses: &[SocketAddr]) {
        let name = normalised(name);
        let ports = self.ports_of(&name);
        if ports.is_empty() {
            return;
        }
        for address in addresses.iter().map(|address| judged(address.ip())) {
            match special(address) {
                None => self.pins.add(address, &ports),
                Some(LOOPBACK) if is_localhost(&name) => self.pins.add(address, &ports),
                Some(_) => self.withheld.add(address, &ports),
            }
        }
    }

    /// Tells the ports at which rules grant `name`, which is normalised, by name. `*` needs no
    /// pins.
    fn ports_of(&self, name: &str) -> Vec<Ports> {
        let rules = self.net().allow.iter();
        let rules = rules.filter(|rule| rule.is_name() && rule.covers_name(name));
        rules.map(NetRule::ports).collect()
    }

    /// Decides on connecting to `address`.
    pub fn connect(&self, address: SocketAddr) -> Result<(), Denial> {
        self.decide(Use::Connect, address)
    }

    /// Decides on sending a datagram to `address`.
    pub fn send_to(&self, address: SocketAddr) -> Result<(), Denial> {
        self.decide(Use::SendTo, address)
    }

    /// Remembers that a socket whose address is granted received a datagram of `peer`, which it may
    /// answer: the last 4,096 of them all count. `socket` is its handle, or of [`Grants::number`].
    pub fn heard(&mut self, socket: u64, peer: SocketAddr) {
        self.heard.add(socket, peer);
    }

    /// A number for a socket that has no handle.
    pub fn number(&mut self) -> u64 {
        self.numbered += 1;
        NUMBERED | self.numbered
    }

    /// Decides on sending a datagram by `socket` to `address`: it may also be the answer to one
    /// that came from there. A deny beats that, too.
    pub fn send_by(&self, socket: u64, address: SocketAddr) -> Result<(), Denial> {
        let denied = || self.denies(judged(address.ip()), address.port());
        if self.heard.covers(socket, address) && denied().is_none() {
            return Ok(());
        }
        self.send_to(address)
    }

    /// Decides on hearing what is sent to a group, at the port of a socket.
    pub fn join(&self, group: SocketAddr) -> Result<(), Denial> {
        self.decide(Use::Join, group)
    }

    /// Decides on binding a socket that does not listen to `address`.
    pub fn bind(&self, address: SocketAddr) -> Result<(), Denial> {
        self.decide(Use::Bind, address)
    }

    /// Decides on listening at `address`.
    pub fn listen(&self, address: SocketAddr) -> Result<(), Denial> {
        self.decide(Use::Listen, address)
    }

    /// The one place where an address is judged. Who asks goes on with that very address.
    fn decide(&self, wish: Use, address: SocketAddr) -> Result<(), Denial> {
        match wish {
            Use::Connect | Use::SendTo | Use::Join => self.decide_peer(wish, address),
            Use::Bind | Use::Listen => self.decide_own(wish, address),
        }
    }

    fn decide_peer(&self, wish: Use, address: SocketAddr) -> Result<(), Denial> {
        let (peer, port) = (judged(address.ip()), address.port());
        if let Some(rule) = self.denies(peer, port) {
            return Err(Denial::denied(wish.of(address), "net", rule));
        }
        let granted = self.policy.all
            || self.net().allow.iter().any(|rule| rule.covers(peer, port))
            || self.pins.covers(peer, port);
        if granted {
            return Ok(());
        }
        let flag = allow_net(&with_port(peer, port));
        match special(peer).filter(|_| self.withheld.covers(peer, port)) {
            Some(kind) => Err(Denial::withheld(wish.of(address), kind, flag)),
            None => Err(Denial::not_granted(wish.of(address), flag)),
        }
    }

    /// Finds the deny that covers `peer`, in its judged form, or the IPv4 address it leads to.
    fn denies(&self, peer: IpAddr, port: u16) -> Option<&NetRule> {
        let inner = leads_to(peer).map(|v4| judged(v4.into()));
        let covers = |rule: &&NetRule| {
            rule.covers(peer, port) || inner.is_some_and(|inner| rule.covers(inner, port))
        };
        self.net().deny.iter().find(covers)
    }

    fn decide_own(&self, wish: Use, address: SocketAddr) -> Result<(), Denial> {
        let rules = self.listen_rules();
        if let Some(rule) = rules.deny.iter().find(|rule| rule.refuses(address)) {
            return Err(Denial::denied(wish.of(address), "listen", rule));
        }
        if self.policy.all || rules.allow.iter().any(|rule| rule.grants(address)) {
            return Ok(());
        }
        let at = SocketAddr::new(address.ip().to_canonical(), address.port());
        let flag = format!("--allow-listen={at}");
        Err(Denial::not_granted(wish.of(address), Some(flag)))
    }

    fn net(&self) -> &Allowed<NetRule> {
        &self.policy.net
    }

    fn listen_rules(&self) -> &Allowed<ListenRule> {
        &self.policy.listen
    }
}

/// Reads a numeric name as resolvers do: a zone may follow an IPv6 address.
fn numeric(name: &str) -> Option<IpAddr> {
    let address = match name.split_once('%') {
        Some((address, _)) if address.contains(':') => address,
        _ => name,
    };
    address.parse().ok()
}

fn look_up(name: &str) -> String {
    format!("look up {}", printable(name))
}

fn bracketed(address: IpAddr) -> String {
    match address {
        IpAddr::V4(v4) => v4.to_string(),
        IpAddr::V6(v6) => format!("[{v6}]"),
    }
}

/// Port 0 cannot be granted by number.
fn with_port(address: IpAddr, port: u16) -> String {
    match port {
        0 => bracketed(address),
        port => SocketAddr::new(address, port).to_string(),
    }
}

/// Names the flag only if it is one: what the guest chose may be no host, and people paste flags
/// into shells.
fn allow_net(host: &str) -> Option<String> {
    let rule: NetRule = host.parse().ok()?;
    rule.is_specific().then(|| format!("--allow-net={rule}"))
}

#[cfg(test)]
mod tests;
