//! A socket for connections that is made first and told later what it becomes.
//! The file that it is bound to stays when it is closed, and with what it became.

use std::io;
use std::os::fd::{BorrowedFd, OwnedFd};

use socket2::{SockRef, Socket};

use super::connect::attempt;
use super::file::SocketFile;
use super::listener::new_socket;
use super::{UnixListener, UnixName, UnixStream, UnixTarget, address};
use crate::Handle;
use crate::net::SocketOptions;

/// A socket that is neither a connection nor a listener yet. Dropping it closes it.
///
/// Once it became one of these, everything fails with [`io::ErrorKind::NotConnected`].
#[derive(Debug)]
pub struct UnixSocket {
    socket: Option<Socket>,
    file: Option<SocketFile>,
}

impl UnixSocket {
    /// Makes a socket without a name.
    ///
    /// # Errors
    ///
    /// What the OS answers.
    pub fn new() -> io::Result<Self> {
        Ok(Self {
            socket: Some(new_socket()?),
            file: None,
        })
    }

    /// Binds it to the file `name` in `dir`, which is made now.
    ///
    /// # Errors
    ///
    /// As for [`UnixListener::bind_at`], and `EINVAL` when it has a name.
    pub fn bind_at(&mut self, dir: BorrowedFd<'_>, name: &[u8]) -> io::Result<()> {
        let file = SocketFile::bind(self.socket()?, dir, name)?;
        self.file = Some(file.staying());
        Ok(())
    }

    /// Binds it to an abstract name of 1 to 107 bytes.
    ///
    /// # Errors
    ///
    /// As for [`UnixListener::bind_abstract`], and `EINVAL` when it has a name.
    pub fn bind_abstract(&self, name: &[u8]) -> io::Result<()> {
        let address = address::of_abstract_name(name)?;
        Ok(rustix::net::bind(self.socket()?, &address)?)
    }

    /// Listens where it is bound; `backlog` connections are kept ready to be accepted.
    ///
    /// # Errors
    ///
    /// `EINVAL` when it has no name, and what the OS answers.
    pub fn listen(&mut self, handle: &Handle, backlog: i32) -> io::Result<UnixListener> {
        self.socket()?.listen(backlog)?;
        let socket = OwnedFd::from(self.take()?).into();
        UnixListener::new(handle, socket, self.file.take())
    }

    /// Connects it to `target`. A failure leaves it as it was.
    ///
    /// # Errors
    ///
    /// [`io::ErrorKind::WouldBlock`] when the backlog of the listener is full, of which nobody
    /// tells when there is room again; and what else the OS answers.
    pub fn try_connect(&mut self, handle: &Handle, target: &UnixTarget) -> io::Result<UnixStream> {
        attempt(self.socket()?, target)?;
        UnixStream::from_socket(handle, self.take()?, self.file.take())
    }

    /// Its name.
    ///
    /// # Errors
    ///
    /// What the OS answers.
    pub fn local_name(&self) -> io::Result<UnixName> {
        Ok(UnixName::new(&self.socket()?.local_addr()?))
    }

    /// The options of this socket.
    ///
    /// # Errors
    ///
    /// None but that of what it became.
    pub fn options(&self) -> io::Result<SocketOptions<'_>> {
        Ok(SocketOptions::unix(SockRef::from(self.socket()?)))
    }

    fn socket(&self) -> io::Result<&Socket> {
        self.socket
            .as_ref()
            .ok_or_else(|| io::ErrorKind::NotConnected.into())
    }

    fn take(&mut self) -> io::Result<Socket> {
        self.socket
            .take()
            .ok_or_else(|| io::ErrorKind::NotConnected.into())
    }
}
