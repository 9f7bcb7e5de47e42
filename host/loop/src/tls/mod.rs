//! TLS without I/O of its own, on rustls: an engine of bytes in and bytes out, and a session that
//! runs one beside any stream of this crate. It applies no policy and reads no file but the roots
//! of the system.

mod client;
mod engine;
mod error;
mod identity;
mod negotiated;
mod pem;
mod provider;
mod records;
mod roots;
mod server;
mod session;
mod transport;
mod verify;

pub use self::client::{ClientConfig, ClientOptions};
pub use self::engine::{BUFFERED_MAX, Engine};
pub use self::error::Error;
pub use self::identity::Identity;
pub use self::negotiated::Negotiated;
pub use self::pem::PEM_MAX;
pub use self::provider::{Version, Versions};
pub use self::roots::{Roots, Trusted};
pub use self::server::{ClientCertificates, ServerConfig, ServerOptions};
pub use self::session::Session;
pub use self::transport::Transport;
pub use self::verify::Verification;

pub use rustls::AlertDescription as Alert;
