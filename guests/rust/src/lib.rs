//! Rust guests of aio-host: its WIT interfaces, tasks, and a typed ring.
//! Adds no sockets of `std::net` and hides nothing: every call is one import of the host.
//!
//! ```ignore
//! use aio_guest::{ListenOptions, TcpListener, spawn, write_all};
//!
//! aio_guest::main!(run);
//!
//! async fn run() -> Result<(), String> {
//!     let address = aio_guest::socket_address("127.0.0.1:7000")?;
//!     let listener = TcpListener::listen(address, ListenOptions::default())
//!         .map_err(|error| format!("listen: {error}"))?;
//!     while let Ok((stream, _peer)) = listener.accept().await {
//!         spawn(async move {
//!             while let Ok(data) = stream.read(65_536).await
//!                 && !data.is_empty()
//!                 && write_all(&stream, &data).await.is_ok()
//!             {}
//!         });
//!     }
//!     Ok(())
//! }
//! ```
//!
//! Beside the network: [`process`] (asyncio's `create_subprocess_exec` and `_shell`), [`signal`]
//! (`add_signal_handler`), [`stdio`] (`connect_read_pipe`), [`executor`] (`run_in_executor`) and
//! [`StreamReader`]. What the ring has of them it knows by handle ([`process::Child::as_handle`]).
//!
//! A guest is a `cdylib`, built for `wasm32-wasip2`. What it prints goes through WASI.

mod address;
mod datagrams;
mod join;
mod reader;
mod stream;

/// What the WIT package `aio:host` means in Rust, as `wit-bindgen` writes it.
#[allow(
    missing_docs,
    unsafe_code,
    unused_qualifications,
    unreachable_pub,
    elided_lifetimes_in_paths,
    reason = "generated from the WIT files, which document it"
)]
pub mod bindings {
    wit_bindgen::generate!({
        path: "../../wit",
        world: "guest",
        generate_all,
        additional_derives: [PartialEq],
        pub_export_macro: true,
        default_bindings_module: "aio_guest::bindings",
    });
}

pub mod executor;
pub mod process;
pub mod ring;
pub mod signal;
pub mod stdio;

pub use address::socket_address;
pub use bindings::aio::host::streams::{ByteStream, ShutdownHow};
pub use bindings::aio::host::tcp::{ConnectOptions, ListenOptions, TcpListener, TcpStream};
pub use bindings::aio::host::types::{ErrorCode, Handle, IpFamily, IpSocketAddress};
pub use bindings::aio::host::udp::{BindOptions, UdpSocket};
pub use bindings::aio::host::{dns, sockets, streams, tcp, timers, tls, types, udp, unix};
pub use join::{gather, join};
pub use reader::{ReadError, StreamReader};
pub use ring::Ring;
pub use stream::{Connection, read_to_end, write_all};
#[doc(hidden)]
pub use wit_bindgen;

/// Runs `future` beside the caller, as a task of the same exported call. When the call has returned
/// its result, tasks that are left may be dropped where they are.
pub fn spawn(future: impl Future<Output = ()> + 'static) {
    wit_bindgen::spawn_local(future);
}

/// Lets every other task of the guest run once.
pub async fn yield_now() {
    wit_bindgen::yield_async().await;
}

/// Makes an `async fn() -> Result<(), String>` the program that `aio-host run` runs.
#[macro_export]
macro_rules! main {
    ($run:path) => {
        struct Main;

        impl $crate::bindings::exports::aio::host::run::Guest for Main {
            async fn run() -> Result<(), String> {
                $run().await
            }
        }

        #[allow(unsafe_code, reason = "an export of wasm is a symbol")]
        const _: () = {
            use $crate::wit_bindgen;
    $crate::bindings::export!(Main with_types_in $crate::bindings);
        };
    };
}
