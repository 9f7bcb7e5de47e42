//! Sources that post to a port.

use std::future;
use std::time::Duration;

use aio_loop::testing::{socket_pair, virtual_loop};
use aio_loop::{Handle, Port};

async fn next_keys(port: &Port) -> Vec<u64> {
    future::poll_fn(|cx| port.poll_ready(cx)).await;
    let mut keys = Vec::new();
    port.drain(&mut keys);
    keys
}

/// Lets events that the OS has ready come in.
async fn settle(handle: &Handle) {
    for _ in 0..3 {
        handle.sleep(Duration::ZERO).await;
    }
}

#[test]
fn a_source_posts_its_key_when_readiness_is_news() {
    let mut event_loop = virtual_loop().unwrap();
    let handle = event_loop.handle().clone();
    let (near, far) = socket_pair(&handle).unwrap();
    let port = Port::new();
    far.registration().attach(&port, 5);
    event_loop.block_on(async {
        near.write_all(b"one").await.unwrap();
        assert_eq!(next_keys(&port).await, [5]);
        near.write_all(b"two").await.unwrap();
        settle(&handle).await;
        assert!(port.is_empty(), "nobody read: the source was readable");
        assert_eq!(far.try_read(&mut [0; 8]).unwrap(), 6);
        near.write_all(b"three").await.unwrap();
        assert_eq!(next_keys(&port).await, [5]);
    });
}

#[test]
fn a_later_attachment_replaces_and_a_detached_source_posts_nothing() {
    let mut event_loop = virtual_loop().unwrap();
    let handle = event_loop.handle().clone();
    let (near, far) = socket_pair(&handle).unwrap();
    let (old, new) = (Port::new(), Port::new());
    far.registration().attach(&old, 1);
    far.registration().attach(&new, 2);
    event_loop.block_on(async {
        near.write_all(b"one").await.unwrap();
        assert_eq!(next_keys(&new).await, [2]);
        assert!(old.is_empty());
        far.registration().detach();
        assert_eq!(far.try_read(&mut [0; 8]).unwrap(), 3);
        near.write_all(b"two").await.unwrap();
        settle(&handle).await;
        assert!(far.registration().readiness().readable);
        assert!(new.is_empty());
    });
}

#[test]
fn closing_posts_too() {
    let event_loop = virtual_loop().unwrap();
    let (near, _far) = socket_pair(event_loop.handle()).unwrap();
    let port = Port::new();
    near.registration().attach(&port, 3);
    near.registration().close();
    assert!(!port.is_empty());
}

#[test]
fn timers_post_in_order_of_deadline() {
    let mut event_loop = virtual_loop().unwrap();
    let handle = event_loop.handle().clone();
    let port = Port::new();
    let now = handle.now();
    let timers: Vec<_> = [3, 1, 2]
        .map(|key| handle.post_at(now + Duration::from_secs(key), &port, key))
        .into();
    event_loop.block_on(handle.sleep(Duration::from_secs(4)));
    let mut keys = Vec::new();
    port.drain(&mut keys);
    assert_eq!(keys, [1, 2, 3]);
    drop(timers);
}
