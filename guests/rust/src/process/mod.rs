//! Programs of the host's machine as children of the guest: asyncio's verbs, and the nouns of
//! `std::process`. A child is outside the sandbox; each is granted by the host's `--allow-run`.

mod child;
mod command;
mod status;

pub use child::{Child, Output};
pub use command::Command;

pub use crate::bindings::aio::host::process::{
    Command as Prepared, Exit, ExitStatus, ExtraDescriptor, File, FileMode, ProcessGroup,
    Redirect as Stdio,
};
