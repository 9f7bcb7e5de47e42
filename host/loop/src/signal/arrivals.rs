//! What has arrived and was not taken yet: a word for each signal, and a descriptor that wakes the
//! loop. Memory is fixed however many arrive, and adding to it may interrupt any code.

use std::io;
use std::os::fd::{AsRawFd, RawFd};
use std::sync::atomic::{AtomicU64, Ordering};

use super::alarm::Alarm;

/// Signals of one number that arrived.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Arrival {
    /// Which signal.
    pub number: i32,
    /// How many, at least one. The OS itself makes one of several that wait for the process, unless
    /// they are real-time signals.
    pub count: u32,
    /// The process that sent the last of them; `None` when it was the OS, or cannot be seen from
    /// here.
    pub sender: Option<u32>,
}

/// The arrivals of a set of signals.
///
/// The alarm is on, or about to be, as long as a word is not 0.
#[derive(Debug)]
pub(super) struct Arrivals {
    alarm: Alarm,
    /// By number, lowest first.
    slots: Box<[Slot]>,
}

/// A signal's number, and the sender of the last above the count of all.
#[derive(Debug)]
struct Slot {
    number: i32,
    word: AtomicU64,
}

impl Arrivals {
    pub(super) fn new(numbers: &[i32]) -> io::Result<Self> {
        let slot = |&number| Slot {
            number,
            word: AtomicU64::new(0),
        };
        Ok(Self {
            alarm: Alarm::new()?,
            slots: numbers.iter().map(slot).collect(),
        })
    }

    pub(super) fn fd(&self) -> RawFd {
        self.alarm.as_raw_fd()
    }

    /// Adds a signal; whether it is of the set. Fit for a signal handler.
    pub(super) fn add(&self, number: i32, sender: Option<u32>) -> bool {
        let slot = self.slots.iter().find(|slot| slot.number == number);
        let Some(slot) = slot else { return false };
        if slot.add(sender) {
            self.alarm.ring();
        }
        true
    }

    /// Takes what has arrived of the lowest number.
    pub(super) fn take(&self) -> Option<Arrival> {
        self.slots.iter().find_map(Slot::take)
    }

    pub(super) fn is_empty(&self) -> bool {
        let mut slots = self.slots.iter();
        slots.all(|slot| slot.word.load(Ordering::SeqCst) == 0)
    }

    /// Turns the alarm off, if it was on, unless something has arrived meanwhile.
    pub(super) fn silence(&self) -> bool {
        let was_on = self.alarm.silence();
        if was_on && !self.is_empty() {
            self.alarm.ring();
        }
        was_on
    }
}

impl Slot {
    /// Whether it is the first.
    fn add(&self, sender: Option<u32>) -> bool {
        let sender = u64::from(sender.unwrap_or(0)) << 32;
        let old = self
            .word
            .fetch_update(Ordering::SeqCst, Ordering::SeqCst, |word| {
                Some(sender | u64::from(count(word).saturating_add(1)))
            });
        old.is_ok_and(|word| word == 0)
    }

    fn take(&self) -> Option<Arrival> {
        let word = self.word.swap(0, Ordering::SeqCst);
        let sender = u32::try_from(word >> 32).unwrap_or(0);
        (word != 0).then(|| Arrival {
            number: self.number,
            count: count(word),
            sender: Some(sender).filter(|sender| *sender != 0),
        })
    }
}

fn count(word: u64) -> u32 {
    u32::try_from(word & u64::from(u32::MAX)).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn arrival(number: i32, count: u32, sender: Option<u32>) -> Option<Arrival> {
        Some(Arrival {
            number,
            count,
            sender,
        })
    }

    #[test]
    fn the_last_sender_is_told_with_the_count_of_all() {
        let arrivals = Arrivals::new(&[1, 2]).unwrap();
        assert!(arrivals.add(2, Some(7)) && arrivals.add(2, Some(u32::MAX)));
        assert!(arrivals.add(1, Some(7)) && arrivals.add(1, None));
        assert!(!arrivals.add(3, None));
        assert_eq!(arrivals.take(), arrival(1, 2, None));
        assert_eq!(arrivals.take(), arrival(2, 2, Some(u32::MAX)));
        assert!(arrivals.is_empty());
        assert_eq!(arrivals.take(), None);
    }

    #[test]
    fn a_count_stops_at_its_end() {
        let arrivals = Arrivals::new(&[1]).unwrap();
        let almost = u64::from(u32::MAX) - 1;
        arrivals.slots[0].word.store(almost, Ordering::SeqCst);
        for _ in 0..2 {
            arrivals.add(1, Some(5));
        }
        assert_eq!(arrivals.take(), arrival(1, u32::MAX, Some(5)));
    }

    #[test]
    fn the_alarm_stays_on_for_what_came_meanwhile() {
        let arrivals = Arrivals::new(&[1]).unwrap();
        assert!(!arrivals.silence());
        arrivals.add(1, None);
        assert!(arrivals.silence() && arrivals.silence());
        arrivals.take();
        assert!(arrivals.silence() && !arrivals.silence());
    }
}
