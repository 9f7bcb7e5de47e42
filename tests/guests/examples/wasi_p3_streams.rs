//! Connections of WASI 0.3 as byte streams: a client, a writer and a reader that are held back,
//! and cancelled calls that have had no effect.
#![allow(unsafe_code, reason = "the export is a function of the C ABI")]

use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::task::Poll;

use wasip3::cli::environment::get_arguments;
use wasip3::sockets::types::{ErrorCode, TcpSocket};
use wasip3::wit_bindgen::{StreamResult, StreamWriter};
use wasip3::wit_stream;

use p3::{at, connect, failed, listen};

#[path = "wasi_support/p3.rs"]
mod p3;

struct Guest;

wasip3::cli::command::export!(Guest);

impl wasip3::exports::cli::run::Guest for Guest {
    async fn run() -> Result<(), ()> {
        let arguments = get_arguments();
        let arguments: Vec<_> = arguments.iter().skip(1).map(String::as_str).collect();
        let done = match arguments[..] {
            ["talk", address] => talk(address).await,
            ["send", address] => send(address).await,
            ["piped"] => piped().await,
            ["cancel"] => cancel().await,
            _ => {
                eprintln!("talk, send, piped or cancel");
                return Err(());
            }
        };
        done.map_err(|code| eprintln!("{code:?}"))
    }
}

async fn talk(address: &str) -> Result<(), ErrorCode> {
    let socket = connect(at(address)).await?;
    let (mut writer, data) = wit_stream::new();
    let sent = socket.send(data);
    let (mut reader, ended) = socket.receive();
    // The streams are the connection's as long as they live.
    drop(socket);
    let text: Vec<u8> = (0..10_000_u32).map(|number| number as u8).collect();
    assert!(writer.write_all(text.clone()).await.is_empty());
    let mut back = Vec::with_capacity(65_536);
    while back.len() < text.len() {
        let (result, read) = reader.read(back).await;
        assert_ne!(result, StreamResult::Dropped);
        back = read;
    }
    assert!(back == text);
    drop(writer);
    assert_eq!(failed(sent.await), "ok");
    assert!(reader.next().await.is_none());
    assert_eq!(failed(ended.await), "ok");
    Ok(())
}

/// Writes far more than the peer takes until it reads; says so, and then how that ended.
async fn send(address: &str) -> Result<(), ErrorCode> {
    let socket = connect(at(address)).await?;
    let (mut writer, data) = wit_stream::new();
    let sent = socket.send(data);
    println!("sending");
    let rest = writer.write_all(vec![b'x'; 64 << 20]).await;
    drop(writer);
    println!("{} left, {}", rest.len(), failed(sent.await));
    Ok(())
}

/// What one connection receives is what the other sends: no byte enters the guest.
async fn piped() -> Result<(), ErrorCode> {
    let (listener, address, mut connections) = listen()?;
    let (near, far) = pair(address, &mut connections).await?;
    let (echo_far, ended) = far.receive();
    let echoed = far.send(echo_far);
    let (mut writer, data) = wit_stream::new();
    let sent = near.send(data);
    let (mut reader, _) = near.receive();
    assert!(writer.write_all(b"through".to_vec()).await.is_empty());
    let (_, back) = reader.read(Vec::with_capacity(16)).await;
    assert_eq!(back, b"through");
    drop(writer);
    assert_eq!(failed(sent.await), "ok");
    assert!(reader.next().await.is_none());
    assert_eq!(failed(ended.await), "ok");
    assert_eq!(failed(echoed.await), "ok");
    drop(listener);
    Ok(())
}

async fn pair(
    address: wasip3::sockets::types::IpSocketAddress,
    connections: &mut wasip3::wit_bindgen::StreamReader<TcpSocket>,
) -> Result<(TcpSocket, TcpSocket), ErrorCode> {
    let near = connect(address).await?;
    let far = connections.next().await.ok_or(ErrorCode::InvalidState)?;
    Ok((near, far))
}

async fn is_pending<F: Future>(mut future: Pin<&mut F>) -> bool {
    poll_fn(|cx| Poll::Ready(future.as_mut().poll(cx).is_pending())).await
}

async fn cancel() -> Result<(), ErrorCode> {
    let (_listener, address, mut connections) = listen()?;
    // An accept that was given up has taken no connection.
    {
        let mut accept = pin!(connections.read(Vec::with_capacity(1)));
        assert!(is_pending(accept.as_mut()).await);
        let (result, accepted) = accept.as_mut().cancel();
        assert_eq!((result, accepted.len()), (StreamResult::Cancelled, 0));
    }
    let (near, far) = pair(address, &mut connections).await?;
    // A read that was given up has read nothing.
    let (mut reader, _) = far.receive();
    {
        let mut read = pin!(reader.read(Vec::with_capacity(16)));
        assert!(is_pending(read.as_mut()).await);
        let (result, read) = read.as_mut().cancel();
        assert_eq!((result, read.len()), (StreamResult::Cancelled, 0));
    }
    let (mut writer, data) = wit_stream::new();
    let _sent = near.send(data);
    assert!(writer.write_all(b"ping".to_vec()).await.is_empty());
    let (_, read) = reader.read(Vec::with_capacity(16)).await;
    assert_eq!(read, b"ping");
    drop(reader);
    // A write that was given up has written what it says.
    let (_, far) = (writer, far);
    let (mut writer, data) = wit_stream::new();
    let _sent = far.send(data);
    let written = write_until_held_back(&mut writer).await;
    drop(writer);
    let (mut reader, _) = near.receive();
    let mut count = 0;
    let mut buf = Vec::with_capacity(65_536);
    loop {
        buf.clear();
        let (result, read) = reader.read(buf).await;
        count += read.len();
        buf = read;
        if result == StreamResult::Dropped {
            break;
        }
    }
    assert_eq!(count, written);
    Ok(())
}

async fn write_until_held_back(writer: &mut StreamWriter<u8>) -> usize {
    let mut written = 0;
    loop {
        let mut write = pin!(writer.write(vec![b'x'; 65_536]));
        let pending = poll_fn(|cx| match write.as_mut().poll(cx) {
            Poll::Ready((result, rest)) => Poll::Ready(Some((result, rest.remaining()))),
            Poll::Pending => Poll::Ready(None),
        });
        match pending.await {
            Some((StreamResult::Complete(_), rest)) => written += 65_536 - rest,
            Some(_) => return written,
            None => {
                let (_, rest) = write.as_mut().cancel();
                return written + 65_536 - rest.remaining();
            }
        }
    }
}
