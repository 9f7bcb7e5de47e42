//! Hosts WebAssembly components on one native event loop: asyncio for WebAssembly.
//!
//! A [`Host`] has the engine, the linker and the loop; a [`Program`] is compiled code; a [`Guest`]
//! is a program at work, with a store, a policy and quotas of its own. Many guests share one loop
//! and one thread; none can delay another's timers.
//!
//! ```
//! use aio_host::{GuestOptions, Host, Policy};
//!
//! # fn main() -> aio_host::Result<()> {
//! let mut host = Host::builder().cache(None).build()?;
//! let program = host.load_bytes(
//!     "answer",
//!     br#"(component
//!         (core module $m (func (export "answer") (param i32) (result i32)
//!             (i32.mul (local.get 0) (i32.const 2))))
//!         (core instance $i (instantiate $m))
//!         (func (export "answer") (param "n" u32) (result u32)
//!             (canon lift (core func $i "answer"))))"#,
//! )?;
//! let options = GuestOptions::new(Policy::default()); // grants nothing
//! let instantiation = host.instantiate(&program, options);
//! let (answer,) = host.block_on(async {
//!     let mut guest = instantiation.await?;
//!     let answer = guest.call::<(u32,), (u32,)>("answer", (21,)).await?;
//!     guest.close().await?;
//!     aio_host::Result::Ok(answer)
//! })?;
//! assert_eq!(answer, 42);
//! # Ok(())
//! # }
//! ```
//!
//! What a guest may touch is decided by its [`Policy`], and how much by its [`Limits`]; both start
//! at little or nothing. A [`Controller`] ends a guest from outside, or sends it a signal, also
//! from another thread.
//!
//! Guests may listen for signals of the process, if their policies grant it. A signal that a guest
//! listens for has no other effect until nobody does, and then has its old one again. An embedder
//! that handles a signal itself installs its handler before the first guest is at work, and is
//! called as well; or it listens as guests do, by [`aio_loop::signal::signals`], or for what guests
//! leave, by [`aio_loop::signal::unclaimed`].

mod adapt;
mod assets;
mod cache;
pub mod capability;
mod check;
#[cfg(unix)]
mod children;
#[cfg_attr(not(unix), path = "no_confine.rs")]
mod confine;
mod datagrams;
mod engine;
mod error;
mod guest;
mod handles;
mod host;
mod identities;
mod imports;
mod inherited;
mod interrupt;
mod options;
pub mod policy;
#[cfg_attr(
    not(unix),
    expect(dead_code, reason = "only Unix sockets ask where a path leads")
)]
mod preopens;
mod program;
pub mod quota;
mod socket;
mod solo;
mod state;
mod stdio;
mod stream;
#[cfg(unix)]
mod subscriptions;
mod ticker;
mod wasi;
mod workers;

pub use aio_loop;
pub use assets::append_asset;
pub use capability::Policy;
pub use check::{Export, Import, Report, Support};
pub use error::{Error, Result};
pub use guest::{Controller, Guest};
pub use host::{Host, HostBuilder};
pub use inherited::Inherited;
pub use options::GuestOptions;
pub use program::Program;
pub use quota::Limits;
pub use stdio::{Captured, Input, Output, Stdio};
