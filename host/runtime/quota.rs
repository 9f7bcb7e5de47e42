//! How much a guest may hold. A quota refuses and never waits: a guest that waited for its own
//! quota would wait for itself.

use std::num::NonZero;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

const MIB: usize = 1024 * 1024;

/// The limits of one guest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of linear memory, of all the guest's memories together. Default 1 GiB.
    pub memory_max: usize,
    /// Handles held at a time: listeners and streams; other resources are bounded in proportion.
    /// Default 10,000.
    pub handles_max: u32,
    /// Sockets open at a time, also those that are being connected; each address of a listener
    /// counts. Default 20,000.
    pub sockets_max: u32,
    /// Operations in flight on the ring. Default 65,536.
    pub operations_max: u32,
    /// Name lookups in flight, also those that were given up and occupy a helper thread. Default
    /// 64.
    pub lookups_max: u32,
    /// Bytes that the host keeps for the guest, such as writes that wait. Default 64 MiB.
    pub buffered_max: usize,
    /// Children at a time, also those that have ended and whose handle is open. Default 64.
    pub children_max: u32,
    /// What one child may use.
    pub child: ChildLimits,
    /// How long a child may take to end when it is asked to, before it is killed. Default 5 s.
    pub child_grace: Duration,
    /// Whether children are confined to what is granted to the guest, by the system. A system that
    /// cannot do so refuses the guest. Default: no.
    pub confine_children: bool,
    /// Jobs that run at a time, each on a thread of its own. Default: as many as there are CPUs.
    /// The limits of memory, fuel, handles and sockets are each worker's own, beside the guest's.
    pub workers_max: u32,
    /// Jobs that wait for a worker. Default 1,024.
    pub jobs_max: u32,
    /// How long the main call may take on the wall clock. Default: for ever.
    pub timeout: Option<Duration>,
    /// How much fuel the guest may burn, about one unit an instruction. Needs a host that was built
    /// with fuel. Default: no end.
    pub fuel: Option<u64>,
}

/// What one child may use: the limits that the system sets it, and its own children too, each of
/// them. The default is none beside the host's own.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ChildLimits {
    /// Time on a CPU, in whole seconds of at least one; then it is killed.
    pub cpu: Option<Duration>,
    /// Bytes of address space.
    pub memory: Option<u64>,
    /// Open descriptors.
    pub files: Option<u64>,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            memory_max: 1024 * MIB,
            handles_max: 10_000,
            sockets_max: 20_000,
            operations_max: 65_536,
            lookups_max: 64,
            buffered_max: 64 * MIB,
            children_max: 64,
            child: ChildLimits::default(),
            child_grace: Duration::from_secs(5),
            confine_children: false,
            workers_max: cpus(),
            jobs_max: 1024,
            timeout: None,
            fuel: None,
        }
    }
}

/// How many CPUs this process may use; one if the system does not tell.
fn cpus() -> u32 {
    let cpus = std::thread::available_parallelism().map_or(1, NonZero::get);
    u32::try_from(cpus).unwrap_or(u32::MAX)
}

/// Counts what a guest holds of one kind. Clones count together.
#[derive(Clone, Debug)]
pub struct Quota(Arc<Count>);

#[derive(Debug)]
struct Count {
    max: u64,
    used: AtomicU64,
}

impl Quota {
    /// Makes a quota of which nothing is used.
    pub fn new(max: u64) -> Self {
        let used = AtomicU64::new(0);
        Self(Arc::new(Count { max, used }))
    }

    /// Takes `n` more, all or none.
    pub fn take(&self, n: u64) -> Option<Permit> {
        let add = |used: u64| used.checked_add(n).filter(|sum| *sum <= self.0.max);
        // The count guards no other memory, so no ordering beyond its own is needed.
        let taken = self
            .0
            .used
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, add);
        taken.ok().map(|_| Permit {
            quota: self.clone(),
            n,
        })
    }

    /// Tells how much is taken now.
    pub fn used(&self) -> u64 {
        self.0.used.load(Ordering::Relaxed)
    }

    /// Tells how much can be taken in all.
    pub fn max(&self) -> u64 {
        self.0.max
    }
}

/// What was taken from a quota; dropping it gives it back.
#[derive(Debug)]
#[must_use = "a dropped `Permit` has been given back"]
pub struct Permit {
    quota: Quota,
    n: u64,
}

impl Permit {
    /// Tells how much it is.
    pub fn amount(&self) -> u64 {
        self.n
    }

    /// Gives back all but `n`; keeps all if it is no more than that.
    pub fn keep(&mut self, n: u64) {
        let rest = self.n.saturating_sub(n);
        self.n -= rest;
        self.give_back(rest);
    }

    fn give_back(&self, n: u64) {
        self.quota.0.used.fetch_sub(n, Ordering::Relaxed);
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        self.give_back(self.n);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quota_gives_its_maximum_and_no_more() {
        let quota = Quota::new(3);
        let all = quota.take(3);
        assert!(all.is_some() && quota.take(1).is_none());
        assert!(Quota::new(3).take(4).is_none());
    }

    #[test]
    fn a_refused_take_takes_nothing() {
        let quota = Quota::new(3);
        let _two = quota.take(2).unwrap();
        assert!(quota.take(2).is_none());
        assert_eq!(quota.used(), 2);
        assert!(quota.take(1).is_some());
    }

    #[test]
    fn a_dropped_permit_is_given_back() {
        let quota = Quota::new(1);
        drop(quota.take(1).unwrap());
        assert_eq!(quota.used(), 0);
        assert!(quota.take(1).is_some());
    }

    #[test]
    fn a_permit_shrinks_but_never_grows() {
        let quota = Quota::new(10);
        let mut permit = quota.take(10).unwrap();
        permit.keep(4);
        assert_eq!((permit.amount(), quota.used()), (4, 4));
        permit.keep(9);
        assert_eq!((permit.amount(), quota.used()), (4, 4));
        drop(permit);
        assert_eq!(quota.used(), 0);
    }

    #[test]
    fn the_largest_number_overflows_nothing() {
        let quota = Quota::new(u64::MAX);
        let _all = quota.take(u64::MAX).unwrap();
        assert!(quota.take(1).is_none());
        assert!(quota.take(0).is_some());
    }

    #[test]
    fn clones_count_together_across_threads() {
        let quota = Quota::new(1000);
        let threads: Vec<_> = (0..4)
            .map(|_| {
                let quota = quota.clone();
                let take = move || (0..1000).filter_map(|_| quota.take(1)).collect::<Vec<_>>();
                std::thread::spawn(take)
            })
            .collect();
        let permits: Vec<_> = threads
            .into_iter()
            .flat_map(|thread| thread.join().unwrap())
            .collect();
        assert_eq!((permits.len(), quota.used()), (1000, 1000));
    }
}
