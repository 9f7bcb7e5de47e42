//! The bounds of one loop. A bound refuses or waits its turn, it never drops work silently.

use std::time::Duration;

/// Bounds of a [`Loop`](crate::Loop), fixed when it is made.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Limits {
    /// Helper threads for blocking calls, started when there is work for them. At least 1; 64 by
    /// default.
    pub threads_max: usize,
    /// Blocking calls that wait for a helper thread; one more is refused. 1024 by default.
    pub queue_max: usize,
    /// How long a helper thread without work stays. 10 seconds by default.
    pub thread_idle: Duration,
    /// Events taken from the OS in one turn; the rest is taken in the next. At least 1; 1024 by
    /// default.
    pub events_max: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            threads_max: 64,
            queue_max: 1024,
            thread_idle: Duration::from_secs(10),
            events_max: 1024,
        }
    }
}
