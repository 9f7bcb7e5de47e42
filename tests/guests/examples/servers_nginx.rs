//! Fetches pages from nginx at the address of the first argument: several at once, in the order in
//! which they are done, then a large one that is read slowly.

use std::cell::RefCell;
use std::rc::Rc;

use aio_guest::{TcpStream, read_to_end, spawn, timers, write_all, yield_now};
use test_guests::{MILLISECOND, check, equal, peer, succeeds};

aio_guest::main!(run);

/// What the test has put there.
const LARGE: usize = 16 << 20;

async fn run() -> Result<(), String> {
    at_once().await?;
    slowly().await
}

async fn request(path: &str) -> Result<TcpStream, String> {
    let stream = succeeds(TcpStream::connect(peer()?).await, "connect")?;
    let request = format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    succeeds(write_all(&stream, request.as_bytes()).await, "write")?;
    Ok(stream)
}

async fn page(path: &str) -> Result<Vec<u8>, String> {
    let stream = request(path).await?;
    body(&succeeds(read_to_end(&stream).await, "read")?)
}

fn body(answer: &[u8]) -> Result<Vec<u8>, String> {
    check(answer.starts_with(b"HTTP/1.1 200"), "the page is there")?;
    let end = answer.windows(4).position(|four| four == b"\r\n\r\n");
    let end = end.ok_or("the head has no end")?;
    Ok(answer[end + 4..].to_vec())
}

/// Twenty pages; all are under way before one is done.
async fn at_once() -> Result<(), String> {
    let done = Rc::new(RefCell::new(Vec::new()));
    for number in 0..20 {
        let done = Rc::clone(&done);
        spawn(async move {
            let page = page(&format!("/{number}.html")).await;
            done.borrow_mut().push((number, page));
        });
    }
    while done.borrow().len() < 20 {
        succeeds(timers::sleep(MILLISECOND).await, "sleep")?;
        yield_now().await;
    }
    for (number, page) in done.take() {
        let expected = format!("page {number}").into_bytes();
        equal(page?, expected, "a page")?;
    }
    Ok(())
}

/// Small pieces with pauses: the server is held back, and every byte comes.
async fn slowly() -> Result<(), String> {
    let stream = request("/large").await?;
    succeeds(stream.set_receive_buffer_size(65_536), "receive buffer")?;
    let (mut all, mut reads) = (Vec::new(), 0);
    loop {
        let data = succeeds(stream.read(40_000).await, "read")?;
        if data.is_empty() {
            break;
        }
        all.extend(data);
        reads += 1;
        if reads % 16 == 0 {
            succeeds(timers::sleep(MILLISECOND).await, "sleep")?;
        }
    }
    let body = body(&all)?;
    equal(body.len(), LARGE, "bytes")?;
    let expected = (0..=250_u8).cycle().take(LARGE);
    check(body.into_iter().eq(expected), "every byte in its place")
}
