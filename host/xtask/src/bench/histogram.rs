//! Latencies in logarithmic buckets: a fixed 15 KiB whatever is recorded, each value known to
//! within 2 %. Recording is two shifts and an addition.

use std::time::Duration;

/// Buckets per power of two, as a power of two.
const BITS: u32 = 5;
const SUB_BUCKETS: u64 = 1 << BITS;
const BUCKETS: usize = (SUB_BUCKETS as usize) * (64 - BITS as usize + 1);

/// How often each latency was seen.
#[derive(Clone, Debug)]
pub(super) struct Histogram {
    buckets: Vec<u64>,
    count: u64,
}

impl Histogram {
    /// Begins with nothing recorded.
    pub(super) fn new() -> Self {
        Self {
            buckets: vec![0; BUCKETS],
            count: 0,
        }
    }

    /// Records one latency.
    pub(super) fn record(&mut self, latency: Duration) {
        // Five hundred years fit into 64 bits of nanoseconds.
        let nanos = u64::try_from(latency.as_nanos()).unwrap_or(u64::MAX);
        self.buckets[index(nanos)] += 1;
        self.count += 1;
    }

    /// How many latencies were recorded.
    pub(super) fn count(&self) -> u64 {
        self.count
    }

    /// The latency that a share of `quantile` (0 to 1) does not exceed; zero if none is recorded.
    pub(super) fn quantile(&self, quantile: f64) -> Duration {
        let rank = (self.count as f64 * quantile).ceil().max(1.0) as u64;
        let mut seen = 0;
        for (index, count) in self.buckets.iter().enumerate() {
            seen += count;
            if seen >= rank {
                return Duration::from_nanos(middle(index as u64));
            }
        }
        Duration::ZERO
    }
}

/// The bucket of a value: exact below 32, then 32 buckets for each power of two.
fn index(nanos: u64) -> usize {
    if nanos < SUB_BUCKETS {
        return nanos as usize;
    }
    let exponent = nanos.ilog2();
    let shift = exponent - BITS;
    let octave = u64::from(shift + 1) * SUB_BUCKETS;
    (octave + (nanos >> shift) - SUB_BUCKETS) as usize
}

/// The value in the middle of a bucket.
fn middle(index: u64) -> u64 {
    if index < 2 * SUB_BUCKETS {
        return index;
    }
    let shift = index / SUB_BUCKETS - 1;
    let low = (SUB_BUCKETS + index % SUB_BUCKETS) << shift;
    low + (1 << shift) / 2
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_value_has_a_bucket_close_to_it() {
        let powers = (0..64).map(|shift| 1_u64 << shift);
        for value in powers.flat_map(|power| [power, power - 1, power + power / 3]) {
            let found = middle(index(value) as u64);
            assert!(
                found.abs_diff(value) <= value / 50,
                "{value} became {found}"
            );
        }
        assert_eq!(index(u64::MAX), BUCKETS - 1);
    }

    #[test]
    fn quantiles_are_ranks() {
        let mut histogram = Histogram::new();
        for nanos in 1..=20 {
            histogram.record(Duration::from_nanos(nanos));
        }
        assert_eq!(histogram.quantile(0.5), Duration::from_nanos(10));
        assert_eq!(histogram.quantile(0.99), Duration::from_nanos(20));
        assert_eq!(histogram.quantile(0.0), Duration::from_nanos(1));
        assert_eq!(histogram.count(), 20);
    }

    #[test]
    fn nothing_recorded_is_no_latency() {
        assert_eq!(Histogram::new().quantile(0.5), Duration::ZERO);
    }
}
