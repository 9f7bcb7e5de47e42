//! Between the addresses of a guest and those of the system: where a guest's path leads, and what a
//! socket of the host is called for the guest. Every use of an address is judged here.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use aio_loop::net::unix::{ABSTRACT_NAME_MAX, UnixName, UnixTarget};

use super::super::convert::error_code;
use super::super::io::{Io, Refusal};
use super::super::wit::types::ErrorCode;
use super::super::wit::unix::UnixAddress;
use crate::preopens::Place;

impl Io {
    /// What a guest wants to connect or send to.
    pub(in crate::imports) fn target(
        &self,
        verb: &str,
        address: &UnixAddress,
    ) -> Result<UnixTarget, Refusal> {
        let target = match address {
            UnixAddress::Unnamed => return Err(ErrorCode::InvalidArgument.into()),
            UnixAddress::Path(path) => {
                let Place { dir, name } = self.file_place(verb, path)?;
                UnixTarget::open_at(dir, name.as_bytes())
            }
            UnixAddress::Abstract(name) => {
                self.abstract_name(verb, name)?;
                UnixTarget::abstract_name(name)
            }
        };
        target.map_err(|error| error_code(verb, &error).into())
    }

    /// Where the file of a guest's path lies.
    pub(super) fn file_place(&self, verb: &str, path: &str) -> Result<Place, Refusal> {
        self.preopens
            .place(verb, path)
            .map_err(|unplaced| Refusal::of_path(verb, unplaced))
    }

    /// Judges an abstract name. The length first: what is told of a denial is bounded.
    pub(super) fn abstract_name(&self, verb: &str, name: &[u8]) -> Result<(), Refusal> {
        match name.len() {
            0 => Err(ErrorCode::InvalidArgument.into()),
            1..=ABSTRACT_NAME_MAX => Ok(self.grants.abstract_name(verb, name)?),
            _ => Err(ErrorCode::NameTooLong.into()),
        }
    }

    /// What a socket is called for the guest. What lies outside of its directories has no name.
    pub(in crate::imports) fn told(&self, name: UnixName) -> UnixAddress {
        match name {
            UnixName::Unnamed => UnixAddress::Unnamed,
            UnixName::Abstract(name) => UnixAddress::Abstract(name),
            UnixName::Path(path) => {
                let path = Path::new(OsStr::from_bytes(&path));
                let path = self.preopens.guest_path(path);
                path.map_or(UnixAddress::Unnamed, UnixAddress::Path)
            }
        }
    }
}
