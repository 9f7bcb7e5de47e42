//! What the children of a guest may reach when they are confined: what the guest may, as far as the
//! system can keep them to that.

use std::io;
use std::path::Path;
use std::sync::Arc;

use aio_loop::process::{Confine, Confinement, Reach};

use crate::capability::{Grants, Policy};
use crate::error::{Error, Result};
use crate::preopens::Preopens;

/// Refuses a guest whose children the system cannot confine although the policy says so.
pub(crate) fn require(policy: &Policy) -> Result<()> {
    if !policy.limits.confine_children {
        return Ok(());
    }
    let made = Confinement::new(&Reach::default());
    made.map(drop)
        .map_err(|error| Error::Config(format!("--confine-children: {error}")))
}

/// Makes what confines the children that run `program`; none if the policy does not say so.
///
/// # Errors
///
/// What the system says of the program or of its rules; then no child must be made.
pub(crate) fn confinement(
    grants: &Grants,
    preopens: &Preopens,
    program: &Path,
) -> io::Result<Option<Arc<dyn Confine>>> {
    let policy = grants.policy();
    if !policy.limits.confine_children {
        return Ok(None);
    }
    let mut programs = policy.programs();
    let every_program = programs.is_empty();
    // What the guest can replace is reached as its directory is: a link there, or the first line
    // of a script, would open whatever it names to the child.
    if preopens.replaced_at(program)?.is_none() {
        programs.push(program);
    }
    let reach = Reach {
        directories: preopens.reached().collect(),
        programs,
        every_program,
        network: policy.grants_all_network(),
    };
    let confinement = Confinement::new(&reach)?;
    Ok(Some(Arc::new(confinement)))
}
