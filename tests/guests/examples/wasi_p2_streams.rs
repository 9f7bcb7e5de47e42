//! The streams of a connection of WASI 0.2: a writer that is held back and loses nothing, and one
//! that writes more than it is permitted.

use wasip2::io::streams::{InputStream, OutputStream, StreamError};
use wasip2::sockets::tcp::ShutdownType;

use p2::{at, code, connect};

#[path = "wasi_support/p2.rs"]
mod p2;

/// More than any system takes ahead.
const FAR_TOO_MUCH: usize = 256 << 20;

fn main() -> Result<(), String> {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    let [what, address] = &arguments[..] else {
        return Err("what, and an address".to_owned());
    };
    let (socket, input, output) = connect(at(address)?).map_err(code("connect"))?;
    match what.as_str() {
        "held-back" => held_back(&output)?,
        "too-much" => too_much(&output)?,
        "leave" => {
            // Never dropped here: it is closed with all else at the end of the guest.
            std::mem::forget(connect(at(address)?).map_err(code("connect"))?);
            return fill(&output);
        }
        _ => return Err("held-back, too-much or leave".to_owned()),
    }
    let ended = socket.shutdown(ShutdownType::Send);
    ended.map_err(code("shutdown"))?;
    read_to_end(&input)
}

/// Writes until there is no room, waits for some, and writes on.
fn held_back(output: &OutputStream) -> Result<(), String> {
    fill(output)?;
    output.subscribe().block();
    assert_ne!(permitted(output)?, 0);
    output.write(b"end").map_err(told)?;
    output.blocking_flush().map_err(told)
}

/// Writes until there is no room, and says how much that was.
fn fill(output: &OutputStream) -> Result<(), String> {
    let chunk = vec![b'x'; 65_536];
    let mut written = 0;
    loop {
        let permitted = permitted(output)?.min(chunk.len());
        if permitted == 0 {
            break;
        }
        output.write(&chunk[..permitted]).map_err(told)?;
        written += permitted;
        assert!(written < FAR_TOO_MUCH, "the peer holds nothing back");
    }
    println!("{written}");
    Ok(())
}

fn too_much(output: &OutputStream) -> Result<(), String> {
    let permitted = permitted(output)?;
    output.write(&vec![0; permitted]).map_err(told)?;
    // Not even a byte without asking anew: a trap.
    output.write(&[0]).map_err(told)
}

fn permitted(output: &OutputStream) -> Result<usize, String> {
    let permitted = output.check_write().map_err(told)?;
    usize::try_from(permitted).map_err(|error| error.to_string())
}

fn read_to_end(input: &InputStream) -> Result<(), String> {
    loop {
        match input.blocking_read(1024) {
            Ok(_) => {}
            Err(StreamError::Closed) => return Ok(()),
            Err(error) => return Err(told(error)),
        }
    }
}

fn told(error: StreamError) -> String {
    match error {
        StreamError::Closed => "closed".to_owned(),
        StreamError::LastOperationFailed(error) => error.to_debug_string(),
    }
}
