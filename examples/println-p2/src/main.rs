//! A plain Rust program as a WASI 0.2 command: it knows nothing of aio-host.
//!
//! ```text
//! cargo xtask guests
//! aio-host run target/guests/wasm32-wasip2/release/println-p2.wasm you
//! ```

use std::env;

fn main() {
    let name = env::args().nth(1).unwrap_or_else(|| "world".to_owned());
    println!("hello, {name}, from WASI 0.2");
}
