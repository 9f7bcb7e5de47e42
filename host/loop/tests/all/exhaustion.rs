//! Out of descriptors: accepting fails, the listener rests and lives. In a process of its own,
//! whose limit it lowers.

use std::io::ErrorKind;
use std::process::Command;

use aio_loop::net::{ListenOptions, TcpListener};
use aio_loop::testing::virtual_loop;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

#[test]
fn accepting_goes_on_once_descriptors_are_free_again() {
    let status = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "exhaustion::child", "--ignored"])
        .output()
        .unwrap();
    let told = String::from_utf8_lossy(&status.stdout);
    assert!(status.status.success(), "{told}");
    assert!(told.contains("1 passed"), "{told}");
}

#[test]
#[ignore = "the other half of the test above"]
fn child() {
    let mut event_loop = virtual_loop().unwrap();
    let handle = event_loop.handle().clone();
    let listener = TcpListener::bind(
        &handle,
        "127.0.0.1:0".parse().unwrap(),
        &ListenOptions::default(),
    )
    .unwrap();
    let addr = listener.local_addr().unwrap();
    let _clients = [(); 2].map(|()| std::net::TcpStream::connect(addr).unwrap());
    let free = std::fs::File::open("/dev/null").unwrap();
    let lowest_free = std::os::fd::AsRawFd::as_raw_fd(&free);
    let maximum = getrlimit(Resource::Nofile).maximum;
    let limit = |current| Rlimit { current, maximum };
    setrlimit(Resource::Nofile, limit(u64::try_from(lowest_free).ok())).unwrap();
    event_loop.block_on(async {
        let error = listener.accept().await.unwrap_err();
        assert_eq!(error.raw_os_error(), Some(24), "EMFILE");
        assert!(!listener.registration().readiness().readable);
        let again = listener.try_accept().unwrap_err();
        assert_eq!(again.kind(), ErrorKind::WouldBlock);
        let told = handle.now();
        let error = listener.accept().await.unwrap_err();
        assert_eq!(error.raw_os_error(), Some(24), "EMFILE");
        assert!(handle.now() - told >= TcpListener::REST);
        setrlimit(Resource::Nofile, limit(maximum)).unwrap();
        let _first = listener.accept().await.unwrap();
        let _second = listener.accept().await.unwrap();
    });
}
