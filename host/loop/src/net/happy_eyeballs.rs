//! One connection to the first of several addresses that answers (RFC 8305).
//! Attempts overlap, so that an address which never answers costs a quarter of a second and no
//! minutes; who loses the race is closed. Names are resolved elsewhere.

use std::future::Future;
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;
use std::{fmt, io, vec};

use super::{Connect, ConnectOptions, TcpStream};
use crate::{Handle, Sleep};

/// The least time between the starts of two attempts.
pub const ATTEMPT_DELAY_MIN: Duration = Duration::from_millis(10);

/// The longest time between the starts of two attempts.
pub const ATTEMPT_DELAY_MAX: Duration = Duration::from_secs(2);

/// How to connect to one of several addresses.
#[derive(Clone, Copy, Debug)]
pub struct EyeballsOptions {
    /// How long an attempt has the field to itself: [`ATTEMPT_DELAY_MIN`] to [`ATTEMPT_DELAY_MAX`],
    /// beyond which it is cut. 250 milliseconds by default.
    pub attempt_delay: Duration,
    /// Options of each attempt. With a local address only the addresses of its family are tried.
    pub connect: ConnectOptions,
}

impl Default for EyeballsOptions {
    fn default() -> Self {
        Self {
            attempt_delay: Duration::from_millis(250),
            connect: ConnectOptions::default(),
        }
    }
}

/// Puts addresses in the order in which they are tried: families take turns, beginning with that of
/// the first address. Within a family the order stays.
pub fn interleave(addrs: impl IntoIterator<Item = SocketAddr>) -> Vec<SocketAddr> {
    let mut addrs = addrs.into_iter().peekable();
    let first = addrs.peek().is_some_and(SocketAddr::is_ipv6);
    let (preferred, others): (Vec<_>, Vec<_>) = addrs.partition(|addr| addr.is_ipv6() == first);
    let (mut preferred, mut others) = (preferred.into_iter(), others.into_iter());
    let mut order = Vec::with_capacity(preferred.len() + others.len());
    while preferred.len() + others.len() > 0 {
        order.extend(preferred.next());
        order.extend(others.next());
    }
    order
}

/// A connection in the making to one of several addresses. Dropping it closes all attempts.
#[derive(Debug)]
#[must_use = "a dropped `ConnectAny` is a cancelled one"]
pub struct ConnectAny(Race<Dial>);

impl ConnectAny {
    /// Prepares to connect to `addrs`, in the order of [`interleave`]; attempts begin with the
    /// first poll.
    pub fn new(
        handle: &Handle,
        addrs: impl IntoIterator<Item = SocketAddr>,
        options: &EyeballsOptions,
    ) -> Self {
        let fits = |addr: &SocketAddr| {
            let local = options.connect.local;
            local.is_none_or(|local| local.is_ipv4() == addr.is_ipv4())
        };
        let dial = Dial {
            handle: handle.clone(),
            options: options.connect,
        };
        let addrs = interleave(addrs.into_iter().filter(fits));
        Self(Race::new(handle, dial, addrs, options.attempt_delay))
    }
}

impl Future for ConnectAny {
    /// The stream, or the error that tells most: an answer of a peer counts more than that none
    /// could be reached, and of the same kind the first one.
    /// [`io::ErrorKind::AddrNotAvailable`] when there is no address to try.
    type Output = io::Result<TcpStream>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        Pin::new(&mut self.0).poll(cx)
    }
}

/// How an attempt at one address is made.
trait Attempts {
    type Output;
    type Attempt: Future<Output = io::Result<Self::Output>> + Unpin;

    fn start(&mut self, addr: SocketAddr) -> io::Result<Self::Attempt>;
}

#[derive(Debug)]
struct Dial {
    handle: Handle,
    options: ConnectOptions,
}

impl Attempts for Dial {
    type Output = TcpStream;
    type Attempt = Connect;

    fn start(&mut self, addr: SocketAddr) -> io::Result<Connect> {
        TcpStream::connect_with(&self.handle, addr, &self.options)
    }
}

/// The schedule: who starts when, who has won, and which error counts.
struct Race<A: Attempts> {
    handle: Handle,
    attempts: A,
    waiting: vec::IntoIter<SocketAddr>,
    running: Vec<(SocketAddr, A::Attempt)>,
    delay: Duration,
    /// Runs while an attempt has the field to itself; `None` when the next may start at once.
    head_start: Option<Sleep>,
    error: Option<io::Error>,
}

impl<A: Attempts> Race<A> {
    fn new(handle: &Handle, attempts: A, order: Vec<SocketAddr>, delay: Duration) -> Self {
        Self {
            handle: handle.clone(),
            attempts,
            waiting: order.into_iter(),
            running: Vec::new(),
            delay: delay.clamp(ATTEMPT_DELAY_MIN, ATTEMPT_DELAY_MAX),
            head_start: None,
            error: None,
        }
    }

    /// Asks the attempts under way; one that failed gives the field to the next.
    fn poll_running(&mut self, cx: &mut Context<'_>) -> Poll<A::Output> {
        let mut at = 0;
        while let Some((_, attempt)) = self.running.get_mut(at) {
            match Pin::new(attempt).poll(cx) {
                Poll::Ready(Ok(output)) => return Poll::Ready(output),
                Poll::Ready(Err(error)) => {
                    let (addr, _) = self.running.remove(at);
                    self.failed(addr, error);
                }
                Poll::Pending => at += 1,
            }
        }
        Poll::Pending
    }

    fn failed(&mut self, addr: SocketAddr, error: io::Error) {
        tracing::debug!("connect to {addr}: {error}");
        self.head_start = None;
        let known = self.error.as_ref().map_or(0, telling);
        if telling(&error) > known {
            self.error = Some(error);
        }
    }

    /// Starts the next attempt if it is its time. Not ready when there is nothing to start now.
    fn poll_start(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if self.waiting.len() == 0 {
            return Poll::Pending;
        }
        if let Some(head_start) = &mut self.head_start {
            ready!(Pin::new(head_start).poll(cx));
        }
        while let Some(addr) = self.waiting.next() {
            match self.attempts.start(addr) {
                Ok(attempt) => {
                    self.running.push((addr, attempt));
                    self.head_start = Some(self.handle.sleep(self.delay));
                    return Poll::Ready(());
                }
                Err(error) => self.failed(addr, error),
            }
        }
        Poll::Pending
    }

    fn verdict(&mut self) -> io::Error {
        self.error.take().unwrap_or_else(|| {
            io::Error::new(
                io::ErrorKind::AddrNotAvailable,
                "connect: no address of a fitting family",
            )
        })
    }

    /// Ends the race: who has not won is closed here, and not when the future is dropped.
    fn end(&mut self) {
        self.running.clear();
        self.waiting = Vec::new().into_iter();
        self.head_start = None;
    }

    fn poll_race(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<A::Output>> {
        loop {
            if let Poll::Ready(output) = self.poll_running(cx) {
                return Poll::Ready(Ok(output));
            }
            if self.poll_start(cx).is_ready() {
                continue;
            }
            return match self.running.len() {
                0 => Poll::Ready(Err(self.verdict())),
                _ => Poll::Pending,
            };
        }
    }
}

impl<A: Attempts + Unpin> Future for Race<A> {
    type Output = io::Result<A::Output>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let result = ready!(self.poll_race(cx));
        self.end();
        Poll::Ready(result)
    }
}

impl<A: Attempts> fmt::Debug for Race<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let running: Vec<_> = self.running.iter().map(|(addr, _)| addr).collect();
        f.debug_struct("Race")
            .field("waiting", &self.waiting.as_slice())
            .field("running", &running)
            .field("error", &self.error)
            .finish_non_exhaustive()
    }
}

/// How much an error tells of the peer: an answer most, a machine without a route least.
fn telling(error: &io::Error) -> u8 {
    use io::ErrorKind as Kind;
    match error.kind() {
        Kind::ConnectionRefused | Kind::ConnectionReset | Kind::ConnectionAborted => 4,
        Kind::TimedOut => 3,
        Kind::HostUnreachable | Kind::NetworkUnreachable => 2,
        _ => 1,
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};
    use std::time::Instant;

    use super::*;
    use crate::testing::virtual_loop;

    const SECOND: Duration = Duration::from_secs(1);
    const DELAY: Duration = Duration::from_millis(250);

    fn v4(port: u16) -> SocketAddr {
        SocketAddr::from(([192, 0, 2, 1], port))
    }

    fn v6(port: u16) -> SocketAddr {
        SocketAddr::from(([0x2001, 0xdb8, 0, 0, 0, 0, 0, 1], port))
    }

    /// What comes of an attempt: after how long, and with which end.
    type Fate = (SocketAddr, Duration, Option<io::ErrorKind>);

    /// Attempts whose fates are written beforehand, and a diary of them.
    struct Fates {
        handle: Handle,
        begun: Instant,
        fates: Vec<Fate>,
        started: Arc<Mutex<Vec<(SocketAddr, Duration)>>>,
        open: Arc<()>,
    }

    struct Fated {
        sleep: Sleep,
        addr: SocketAddr,
        end: Option<io::ErrorKind>,
        _open: Arc<()>,
    }

    impl Attempts for Fates {
        type Output = SocketAddr;
        type Attempt = Fated;

        fn start(&mut self, addr: SocketAddr) -> io::Result<Fated> {
            let at = self.handle.now() - self.begun;
            self.started.lock().unwrap().push((addr, at));
            let fate = self.fates.iter().find(|fate| fate.0 == addr);
            let &(_, after, end) = fate.unwrap();
            match end {
                Some(kind) if after.is_zero() => Err(kind.into()),
                end => Ok(Fated {
                    sleep: self.handle.sleep(after),
                    addr,
                    end,
                    _open: self.open.clone(),
                }),
            }
        }
    }

    impl Future for Fated {
        type Output = io::Result<SocketAddr>;

        fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
            ready!(Pin::new(&mut self.sleep).poll(cx));
            Poll::Ready(self.end.map_or(Ok(self.addr), |kind| Err(kind.into())))
        }
    }

    struct Outcome {
        result: io::Result<SocketAddr>,
        /// In milliseconds since the beginning.
        started: Vec<(SocketAddr, u128)>,
        took: Duration,
        left_open: usize,
    }

    fn race(fates: &[Fate], delay: Duration) -> Outcome {
        let mut event_loop = virtual_loop().unwrap();
        let handle = event_loop.handle().clone();
        let (started, open) = (Arc::default(), Arc::new(()));
        let begun = handle.now();
        let attempts = Fates {
            handle: handle.clone(),
            begun,
            fates: fates.to_vec(),
            started: Arc::clone(&started),
            open: open.clone(),
        };
        let order = interleave(fates.iter().map(|fate| fate.0));
        let mut race = Race::new(&handle, attempts, order, delay);
        let result = event_loop.block_on(&mut race);
        let started = started.lock().unwrap();
        Outcome {
            result,
            started: started.iter().map(|s| (s.0, s.1.as_millis())).collect(),
            took: handle.now() - begun,
            // The test and the maker of attempts keep one each.
            left_open: Arc::strong_count(&open) - 2,
        }
    }

    #[test]
    fn families_take_turns_beginning_with_the_first() {
        assert_eq!(
            interleave([v6(1), v6(2), v6(3), v4(1), v4(2)]),
            [v6(1), v4(1), v6(2), v4(2), v6(3)]
        );
        assert_eq!(interleave([v4(1), v6(1), v4(2)]), [v4(1), v6(1), v4(2)]);
        assert_eq!(interleave([v4(1), v4(2)]), [v4(1), v4(2)]);
        assert_eq!(interleave([]), []);
    }

    #[test]
    fn an_attempt_that_answers_in_time_has_the_field_to_itself() {
        let fates = [(v6(1), DELAY / 2, None), (v4(1), DELAY / 2, None)];
        let outcome = race(&fates, DELAY);
        assert_eq!(outcome.result.unwrap(), v6(1));
        assert_eq!(outcome.started, [(v6(1), 0)]);
        assert_eq!(outcome.left_open, 0);
    }

    #[test]
    fn a_silent_address_costs_one_delay() {
        let fates = [(v6(1), SECOND * 99, None), (v4(1), DELAY, None)];
        let outcome = race(&fates, DELAY);
        assert_eq!(outcome.result.unwrap(), v4(1));
        assert_eq!(outcome.started, [(v6(1), 0), (v4(1), 250)]);
        assert_eq!(outcome.took, DELAY * 2);
        assert_eq!(outcome.left_open, 0);
    }

    #[test]
    fn a_slow_first_may_still_win() {
        let fates = [(v6(1), DELAY * 2, None), (v4(1), SECOND * 9, None)];
        let outcome = race(&fates, DELAY);
        assert_eq!(outcome.result.unwrap(), v6(1));
        assert_eq!((outcome.took, outcome.left_open), (DELAY * 2, 0));
    }

    #[test]
    fn a_failure_starts_the_next_at_once() {
        let refused = Some(io::ErrorKind::ConnectionRefused);
        let ms = Duration::from_millis(20);
        let fates = [
            (v6(1), ms, refused),
            (v4(1), ms, refused),
            (v6(2), ms, None),
        ];
        let outcome = race(&fates, DELAY);
        assert_eq!(outcome.result.unwrap(), v6(2));
        assert_eq!(outcome.started, [(v6(1), 0), (v4(1), 20), (v6(2), 40)]);
    }

    #[test]
    fn what_fails_at_its_start_costs_no_time() {
        let unreachable = Some(io::ErrorKind::NetworkUnreachable);
        let fates = [
            (v6(1), Duration::ZERO, unreachable),
            (v4(1), DELAY / 2, None),
        ];
        let outcome = race(&fates, DELAY);
        assert_eq!(outcome.result.unwrap(), v4(1));
        assert_eq!(outcome.started, [(v6(1), 0), (v4(1), 0)]);
    }

    #[test]
    fn the_error_that_tells_most_is_told() {
        let unreachable = Some(io::ErrorKind::NetworkUnreachable);
        let refused = Some(io::ErrorKind::ConnectionRefused);
        let fates = [
            (v6(1), Duration::ZERO, unreachable),
            (v4(1), DELAY, refused),
            (v6(2), SECOND, Some(io::ErrorKind::TimedOut)),
        ];
        let outcome = race(&fates, DELAY);
        let error = outcome.result.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::ConnectionRefused);
        assert_eq!(outcome.started.len(), 3);
        assert_eq!(outcome.left_open, 0);
    }

    #[test]
    fn no_address_is_an_error() {
        let error = race(&[], DELAY).result.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::AddrNotAvailable);
    }

    #[test]
    fn the_delay_is_kept_within_its_bounds() {
        let fates = [(v6(1), SECOND * 99, None), (v4(1), SECOND * 99, None)];
        let second_start = |delay| race(&fates, delay).started[1].1;
        assert_eq!(second_start(Duration::ZERO), 10);
        assert_eq!(second_start(Duration::from_millis(10)), 10);
        assert_eq!(second_start(SECOND * 2), 2000);
        assert_eq!(second_start(SECOND * 3), 2000);
    }
}
