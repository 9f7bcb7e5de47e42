//! Names to addresses and back, by the resolver of the OS on helper threads; its hosts file and its
//! settings hold. Numbers are read here and need no thread. It caches nothing and applies no
//! policy.

mod error;
mod hints;
mod lane;
mod lookup;
mod numeric;
mod os;
mod query;
mod reverse;

use crate::Handle;

pub use self::error::LookupError;
pub use self::hints::{Family, Flags, Hints, SocketKind};
pub use self::lookup::{Found, lookup};
pub use self::query::Query;
pub use self::reverse::{Names, ReverseFlags};

use self::lane::Lane;

/// The longest name in bytes that the DNS knows.
const NAME_LEN_MAX: usize = 253;

/// The longest name in bytes of a service, several times what is in use.
const SERVICE_LEN_MAX: usize = 64;

/// Asks the resolver of the OS, a bounded number of questions at once; others wait their turn.
///
/// A question that was dropped or ran out of time keeps its thread until the OS is done with it,
/// which no one can hurry. So give each user a resolver of its own: one whose questions are never
/// answered takes no more than its bound.
///
/// ```
/// use aio_loop::Loop;
/// use aio_loop::dns::{Hints, Resolver};
///
/// # fn main() -> std::io::Result<()> {
/// let mut event_loop = Loop::new()?;
/// let resolver = Resolver::new(event_loop.handle(), 8);
/// let found = resolver.resolve(Some("::1"), "80", Hints::default(), ());
/// let found = event_loop.block_on(found).expect("numbers need no resolver");
/// // For streams, datagrams and raw sockets.
/// assert_eq!(found.len(), 3);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Resolver {
    handle: Handle,
    lane: Lane,
}

impl Resolver {
    /// Makes a resolver that occupies up to `at_once_max` helper threads, at least 1. Clones count
    /// together.
    pub fn new(handle: &Handle, at_once_max: usize) -> Self {
        Self {
            handle: handle.clone(),
            lane: Lane::new(at_once_max.max(1)),
        }
    }
}
