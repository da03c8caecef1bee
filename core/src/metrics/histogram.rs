//! Log-linear histograms: fixed size, bounded error, mergeable.

use crate::time;

/// Each power of two is divided into so many equal parts.
const PARTS: u32 = 1 << PART_BITS;
const PART_BITS: u32 = 4;
const PART_MASK: u64 = 0xf;
/// Values above 2^48 (78 hours in nanoseconds, 256 TiB) count in the last bucket.
const TOP_BITS: u32 = 48;
const BUCKETS: usize = ((TOP_BITS - PART_BITS + 1) as usize) * PARTS as usize;

/// How often values of each size occurred.
///
/// Values up to 16 are counted exactly; above, a bucket is 1/16 of a power of two wide and ends at
/// its upper bound *inclusive*. So a [quantile](Self::quantile) is never too small, and at most
/// 6.25 % too large; a count of values up to a power of two is exact. 6 KiB each from the first
/// value on, whatever is recorded. Recording costs a few instructions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Histogram {
    /// Empty before the first value.
    buckets: Box<[u64]>,
    count: u64,
    /// Wide, because the lives of 100,000 links fill 64 bits of nanoseconds in two days.
    sum: u128,
    max: u64,
}

impl Histogram {
    /// An empty histogram.
    pub(crate) fn new() -> Self {
        Self { buckets: Box::default(), count: 0, sum: 0, max: 0 }
    }

    /// Counts one value.
    #[inline]
    pub(crate) fn record(&mut self, value: u64) {
        if self.buckets.is_empty() {
            self.buckets = empty();
        }
        self.buckets[bucket_of(value)] += 1;
        self.count += 1;
        self.sum += u128::from(value);
        self.max = self.max.max(value);
    }

    /// How many values were recorded.
    pub(crate) fn count(&self) -> u64 {
        self.count
    }

    /// Their sum.
    pub(crate) fn sum(&self) -> u128 {
        self.sum
    }

    /// A value that the share `q` (in 0..=1) of all values does not exceed: at most 6.25 % above
    /// the true one. `None` if nothing was recorded.
    pub(crate) fn quantile(&self, q: f64) -> Option<u64> {
        if self.count == 0 {
            return None;
        }
        let rank = time::whole((q.clamp(0.0, 1.0) * self.count as f64).ceil());
        let rank = rank.unsigned_abs().clamp(1, self.count);
        let mut seen = 0;
        for (at, held) in self.buckets.iter().enumerate() {
            seen += held;
            if seen >= rank {
                return Some(if at + 1 == BUCKETS { self.max } else { top_of(at).min(self.max) });
            }
        }
        Some(self.max)
    }

    /// How many values were at most 2^`bits`; exact.
    pub(crate) fn up_to_power(&self, bits: u32) -> u64 {
        if bits >= TOP_BITS || self.count == 0 {
            return self.count;
        }
        self.buckets[..=bucket_of(1 << bits)].iter().sum()
    }
}

impl Default for Histogram {
    fn default() -> Self {
        Self::new()
    }
}

#[cold]
fn empty() -> Box<[u64]> {
    vec![0; BUCKETS].into()
}

/// The bucket of a value. Shifted by one so that powers of two end a bucket: 0 and 1 share the
/// first.
#[inline]
fn bucket_of(value: u64) -> usize {
    let shifted = value.saturating_sub(1);
    if shifted < u64::from(PARTS) {
        return (shifted & PART_MASK) as usize;
    }
    let power = shifted.ilog2();
    if power >= TOP_BITS {
        return BUCKETS - 1;
    }
    // Without its topmost bit, which `power` tells.
    let part = (shifted >> (power - PART_BITS) & PART_MASK) as usize;
    ((power - PART_BITS + 1) as usize) * PARTS as usize + part
}

/// The largest value of a bucket.
fn top_of(bucket: usize) -> u64 {
    let parts = u64::from(PARTS);
    let (group, part) = (bucket as u64 / parts, bucket as u64 % parts);
    if group == 0 { part + 1 } else { (parts + part + 1) << (group - 1) }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{BUCKETS, Histogram, TOP_BITS, bucket_of, top_of};

    #[test]
    fn buckets_join_without_gap_or_overlap() {
        for bucket in 0..BUCKETS - 1 {
            assert_eq!(bucket_of(top_of(bucket)), bucket);
            assert_eq!(bucket_of(top_of(bucket) + 1), bucket + 1);
        }
        assert_eq!(top_of(BUCKETS - 1), 1 << TOP_BITS);
        assert_eq!(bucket_of(u64::MAX), BUCKETS - 1);
        assert_eq!(bucket_of(0), 0);
    }

    proptest! {
        #[test]
        fn a_quantile_is_never_too_small_and_at_most_a_sixteenth_too_large(
            mut values in prop::collection::vec(0u64..1 << 47, 1..200),
            q in 0.0f64..=1.0,
        ) {
            let mut histogram = Histogram::new();
            values.iter().for_each(|value| histogram.record(*value));
            values.sort_unstable();
            let rank = ((q * values.len() as f64).ceil() as usize).clamp(1, values.len());
            let exact = values[rank - 1];
            let found = histogram.quantile(q).expect("not empty");
            prop_assert!(found >= exact && found <= exact + exact / 16 + 1, "{found} for {exact}");
        }

        #[test]
        fn counts_up_to_a_power_of_two_are_exact(
            values in prop::collection::vec(any::<u64>().prop_map(|v| v >> (v % 64)), 0..200),
            bits in 0u32..48,
        ) {
            let mut histogram = Histogram::new();
            values.iter().for_each(|value| histogram.record(*value));
            let exact = values.iter().filter(|value| **value <= 1 << bits).count();
            prop_assert_eq!(histogram.up_to_power(bits), exact as u64);
        }
    }
}
