//! What a confined child may reach.

use std::os::fd::BorrowedFd;
use std::path::Path;

/// What a confined child may reach, beside the libraries and the data of the system.
#[derive(Clone, Debug, Default)]
pub struct Reach<'a> {
    /// Directories, each with all below it.
    pub directories: Vec<ReachedDirectory<'a>>,
    /// Programs that it may read and execute; scripts with what is to run them.
    pub programs: Vec<&'a Path>,
    /// Whether it may execute all that lies in the directories and where the system has its
    /// programs.
    pub every_program: bool,
    /// Whether it may use TCP and UDP, with any address.
    pub network: bool,
}

/// A directory that a confined child may reach.
#[derive(Clone, Copy, Debug)]
pub struct ReachedDirectory<'a> {
    /// The directory, open in any way.
    pub directory: BorrowedFd<'a>,
    /// Whether it may write, make and remove there, not only read.
    pub writable: bool,
}
