//! Connecting for a guest: to an address, or to the first of a name's addresses that answers. Every
//! address is judged by the policy before a socket exists.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use aio_loop::dns::LookupError;
use aio_loop::net::happy_eyeballs::{ATTEMPT_DELAY_MAX, ATTEMPT_DELAY_MIN, EyeballsOptions};
use aio_loop::net::{ConnectAny, ConnectOptions as LoopConnectOptions, TcpStream};

use super::super::convert::{error_code, lookup_code};
use super::super::io::{Io, Place, Refusal};
use super::super::wit::tcp::ConnectOptions;
use super::super::wit::types::ErrorCode;
use crate::capability::Denial;
use crate::handles::Object;
use crate::stream::Stream;

/// The most addresses of a name that are tried.
const ADDRESSES_MAX: usize = 32;

/// A connection with its place, which nobody takes before it is open.
#[derive(Debug)]
pub(crate) struct Made {
    stream: Stream,
    place: Place,
}

/// Waits for a connection of any kind, and keeps its place.
pub(crate) async fn made<S: Into<Stream>>(
    connect: impl Future<Output = io::Result<S>>,
    place: Place,
) -> io::Result<Made> {
    let stream = connect.await?.into();
    Ok(Made { stream, place })
}

impl Io {
    /// Checks a guest's connection and starts it.
    pub(crate) fn connect(
        &self,
        address: SocketAddr,
    ) -> Result<impl Future<Output = io::Result<Made>> + use<>, Refusal> {
        self.connect_from(address, &LoopConnectOptions::default())
    }

    /// The same with options of the guest's.
    pub(super) fn connect_with(
        &self,
        address: SocketAddr,
        options: &ConnectOptions,
    ) -> Result<impl Future<Output = io::Result<Made>> + use<>, Refusal> {
        let options = self.connect_options(options)?.connect;
        if options
            .local
            .is_some_and(|local| local.is_ipv4() != address.is_ipv4())
        {
            return Err(ErrorCode::InvalidArgument.into());
        }
        self.connect_from(address, &options)
    }

    fn connect_from(
        &self,
        address: SocketAddr,
        options: &LoopConnectOptions,
    ) -> Result<impl Future<Output = io::Result<Made>> + use<>, Refusal> {
        self.grants.connect(address)?;
        let place = self.place(1)?;
        let connect = TcpStream::connect_with(&self.handle, address, options)
            .map_err(|error| error_code("connect", &error))?;
        Ok(made(connect, place))
    }

    /// Checks a guest's options.
    pub(super) fn connect_options(
        &self,
        options: &ConnectOptions,
    ) -> Result<EyeballsOptions, Refusal> {
        let mut checked = EyeballsOptions::default();
        if let Some(delay) = options.attempt_delay.map(Duration::from_nanos) {
            if !(ATTEMPT_DELAY_MIN..=ATTEMPT_DELAY_MAX).contains(&delay) {
                return Err(ErrorCode::OutOfRange.into());
            }
            checked.attempt_delay = delay;
        }
        if let Some(local) = options.local.map(SocketAddr::from) {
            self.own_address(local)?;
            checked.connect.local = Some(local);
        }
        Ok(checked)
    }

    /// Decides on an address of the guest's own, and says whether it is granted: any address at a
    /// port of the system's choice needs no grant, since the system would have chosen it anyway.
    pub(in crate::imports) fn own_address(&self, address: SocketAddr) -> Result<bool, Denial> {
        match self.grants.bind(address) {
            Err(_) if address.port() == 0 && address.ip().is_unspecified() => Ok(false),
            judged => judged.map(|()| true),
        }
    }

    /// Judges the addresses that a look-up of `name` found, and prepares to connect to those that
    /// are granted. If none is, the first refusal counts.
    pub(crate) fn connect_found(
        &mut self,
        name: &str,
        found: Result<Vec<SocketAddr>, LookupError>,
        options: &EyeballsOptions,
    ) -> Result<impl Future<Output = io::Result<Made>> + use<>, Refusal> {
        let found = found.map_err(|error| lookup_code(&error))?;
        self.grants.pin(name, &found);
        // One place, though several addresses may be tried at once: one connection comes of it.
        let place = self.place(1)?;
        let (mut granted, mut refused) = (Vec::new(), None);
        for address in found.into_iter().take(ADDRESSES_MAX) {
            match self.grants.connect(address) {
                Ok(()) => granted.push(address),
                Err(denial) => refused = refused.or(Some(denial)),
            }
        }
        match refused {
            Some(denial) if granted.is_empty() => Err(denial.into()),
            _ => Ok(made(ConnectAny::new(&self.handle, granted, options), place)),
        }
    }

    /// Takes in a stream that was connected.
    pub(crate) fn open_made(&mut self, made: Made) -> Result<u64, ErrorCode> {
        drop(made.place);
        self.open(Object::Stream(std::sync::Arc::new(made.stream)))
    }

    /// Takes in a stream that was accepted.
    pub(crate) fn open_stream(&mut self, stream: TcpStream) -> Result<u64, ErrorCode> {
        self.open(Object::Stream(std::sync::Arc::new(stream.into())))
    }
}
