//! The one clock of a loop: the system's monotonic one, or a virtual one that jumps from deadline
//! to deadline. The only place of the crate that reads the system's time.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// Where a loop reads the time.
#[derive(Debug)]
pub(crate) struct Clock {
    /// The instant at which the loop was made; cached times are counted from here.
    start: Instant,
    /// Nanoseconds since `start` of a virtual clock.
    elapsed: Option<AtomicU64>,
}

impl Clock {
    /// Reads the system's monotonic clock.
    pub(crate) fn system() -> Self {
        Self {
            start: Instant::now(),
            elapsed: None,
        }
    }

    /// Stands still until the loop moves it.
    pub(crate) fn autojump() -> Self {
        Self {
            start: Instant::now(),
            elapsed: Some(AtomicU64::new(0)),
        }
    }

    pub(crate) fn is_virtual(&self) -> bool {
        self.elapsed.is_some()
    }

    pub(crate) fn now(&self) -> Instant {
        match &self.elapsed {
            None => Instant::now(),
            Some(elapsed) => self.start + Duration::from_nanos(elapsed.load(Ordering::Acquire)),
        }
    }

    /// Moves a virtual clock forward to `deadline`; the system's clock moves by itself.
    pub(crate) fn jump(&self, deadline: Instant) {
        if let Some(elapsed) = &self.elapsed {
            elapsed.fetch_max(self.since_start(deadline), Ordering::AcqRel);
        }
    }

    /// Counts nanoseconds from the start of the loop, rounded down; 584 years fit.
    pub(crate) fn since_start(&self, instant: Instant) -> u64 {
        let elapsed = instant.saturating_duration_since(self.start);
        u64::try_from(elapsed.as_nanos()).unwrap_or(u64::MAX)
    }
}
