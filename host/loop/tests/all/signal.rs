//! Signals as a source of the loop.

use std::io;

use aio_loop::signal::signals;
use aio_loop::testing::virtual_loop;
use signal_hook::consts::{SIGKILL, SIGSEGV, SIGUSR1, SIGUSR2};
use signal_hook::low_level::raise;

#[test]
fn signals_arrive_by_number_and_each_counts() {
    let mut event_loop = virtual_loop().unwrap();
    let caught = signals(event_loop.handle(), &[SIGUSR1, SIGUSR2]).unwrap();
    raise(SIGUSR1).unwrap();
    raise(SIGUSR1).unwrap();
    raise(SIGUSR2).unwrap();
    event_loop.block_on(async {
        assert_eq!(caught.recv().await, SIGUSR1);
        assert_eq!(caught.recv().await, SIGUSR1);
        assert_eq!(caught.recv().await, SIGUSR2);
    });
}

#[test]
fn a_signal_that_no_program_may_catch_is_refused() {
    let event_loop = virtual_loop().unwrap();
    for number in [SIGKILL, SIGSEGV] {
        let refused = signals(event_loop.handle(), &[number]).unwrap_err();
        assert_eq!(refused.kind(), io::ErrorKind::InvalidInput);
    }
    assert!(signals(event_loop.handle(), &[-1]).is_err());
}
