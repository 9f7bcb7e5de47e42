//! How a child ended and what it has used, as the system tells it once.

use std::time::Duration;

use crate::sys::Reaped;

/// How a child ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExitStatus {
    /// By itself, with this code.
    Code(u8),
    /// By a signal.
    Signal(u32),
}

/// How a child ended and what it has used, with those of its own children that it has waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Exit {
    /// How it ended.
    pub status: ExitStatus,
    /// Time on a CPU in its own code.
    pub user_time: Duration,
    /// Time on a CPU in the system's.
    pub system_time: Duration,
    /// The most memory that it occupied, in bytes. Linux counts the moments before it had its
    /// program, which it spent in the memory of this process.
    pub max_resident: u64,
}

impl Exit {
    /// Of a child whose end somebody else has taken from the system.
    pub(super) const UNKNOWN: Self = Self {
        status: ExitStatus::Code(255),
        user_time: Duration::ZERO,
        system_time: Duration::ZERO,
        max_resident: 0,
    };
}

impl From<Reaped> for Exit {
    fn from(reaped: Reaped) -> Self {
        let resident = u64::try_from(reaped.usage.ru_maxrss).unwrap_or(0);
        let unit = if cfg!(target_vendor = "apple") {
            1
        } else {
            1024
        };
        Self {
            status: status(reaped.status),
            user_time: time(reaped.usage.ru_utime),
            system_time: time(reaped.usage.ru_stime),
            max_resident: resident.saturating_mul(unit),
        }
    }
}

fn status(status: i32) -> ExitStatus {
    match libc::WIFSIGNALED(status) {
        true => ExitStatus::Signal(libc::WTERMSIG(status).unsigned_abs()),
        false => ExitStatus::Code(libc::WEXITSTATUS(status).to_le_bytes()[0]),
    }
}

fn time(time: libc::timeval) -> Duration {
    let seconds = u64::try_from(time.tv_sec).unwrap_or(0);
    let micros = u64::try_from(time.tv_usec).unwrap_or(0);
    Duration::from_secs(seconds).saturating_add(Duration::from_micros(micros))
}
