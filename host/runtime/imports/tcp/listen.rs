//! Opening listeners for a guest: one address, several, or a socket that the embedder passed in.

use std::net::SocketAddr;
use std::sync::Arc;

use aio_loop::net::{ListenOptions as LoopListenOptions, TcpListener, TcpListeners};

use super::super::convert::error_code;
use super::super::io::{Io, Refusal};
use super::super::wit::tcp::ListenOptions;
use super::super::wit::types::ErrorCode;
use crate::capability::Denial;
use crate::handles::Object;

const BACKLOG: std::ops::RangeInclusive<i32> = 1..=65_535;

/// The most addresses of one listener.
const ADDRESSES_MAX: usize = 64;

impl Io {
    /// Opens a listener for a guest, at all of `addresses` or at none.
    pub(crate) fn listen(
        &mut self,
        addresses: &[SocketAddr],
        options: ListenOptions,
    ) -> Result<u64, Refusal> {
        if addresses.is_empty() {
            return Err(ErrorCode::InvalidArgument.into());
        }
        if addresses.len() > ADDRESSES_MAX {
            return Err(ErrorCode::OutOfRange.into());
        }
        for &address in addresses {
            self.grants.listen(address)?;
        }
        let place = self.place(addresses.len())?;
        let options = listen_options(options)?;
        let listener = TcpListeners::bind(&self.handle, addresses, &options)
            .map_err(|error| error_code("listen", &error))?;
        drop(place);
        Ok(self.open(Object::Listener(Arc::new(listener)))?)
    }

    /// Takes over the listener that was passed in under `name`.
    pub(super) fn inherit(&mut self, name: &str) -> Result<u64, Refusal> {
        self.room()?;
        let Some(listener) = self.inherited.take(name) else {
            return Err(not_passed(name).into());
        };
        let listener = TcpListener::from_std(&self.handle, listener)
            .map_err(|error| error_code("take over a listener", &error))?;
        let listener = TcpListeners::from(listener);
        Ok(self.open(Object::Listener(Arc::new(listener)))?)
    }
}

fn listen_options(options: ListenOptions) -> Result<LoopListenOptions, ErrorCode> {
    Ok(LoopListenOptions {
        backlog: backlog(options.backlog)?,
        reuse_port: options.reuse_port,
        v6_only: options.ipv6_only,
        ..LoopListenOptions::default()
    })
}

/// A guest's number of connections that are kept ready.
pub(in crate::imports) fn backlog(number: u32) -> Result<i32, ErrorCode> {
    let number = i32::try_from(number).ok();
    let number = number.filter(|number| BACKLOG.contains(number));
    number.ok_or(ErrorCode::OutOfRange)
}

/// A name that is no plain word is not advised: people paste it into shells.
fn not_passed(name: &str) -> Denial {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    let advised = !name.is_empty() && name.chars().all(plain);
    let flag = advised.then(|| format!("--listen-fd={name}=FD"));
    Denial::not_granted(format!("take over listener {name}"), flag)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_denial_names_the_flag_and_advises_nothing_else() {
        assert_eq!(
            not_passed("http").to_string(),
            "take over listener http: not granted; --listen-fd=http=FD would allow it"
        );
        for name in ["", "$(reboot)", "a b"] {
            let said = not_passed(name).to_string();
            assert!(said.ends_with("and no flag would allow it"), "{said}");
        }
    }
}
