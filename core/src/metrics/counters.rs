//! Counters, gauges and histograms.

use core::fmt;
use core::marker::PhantomData;

use super::histogram::Histogram;
use super::label::Label;

/// A number that only grows, modulo 2^64.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Counter(u64);

impl Counter {
    /// One more.
    #[inline]
    pub(crate) const fn increment(&mut self) {
        self.add(1);
    }

    /// So many more.
    #[inline]
    pub(crate) const fn add(&mut self, more: u64) {
        self.0 = self.0.wrapping_add(more);
    }

    /// Takes over a total that is counted elsewhere.
    #[inline]
    pub(crate) const fn set_total(&mut self, total: u64) {
        self.0 = total;
    }

    /// The number.
    pub(crate) const fn value(self) -> u64 {
        self.0
    }
}

/// A number that goes up and down; saturates.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Gauge(i64);

impl Gauge {
    /// Sets the number.
    #[inline]
    pub(crate) const fn set(&mut self, value: i64) {
        self.0 = value;
    }

    /// Sets the number to a count or size.
    #[inline]
    pub(crate) fn set_size(&mut self, value: usize) {
        self.0 = i64::try_from(value).unwrap_or(i64::MAX);
    }

    /// Adds to the number, or takes away.
    #[inline]
    pub(crate) const fn add(&mut self, change: i64) {
        self.0 = self.0.saturating_add(change);
    }

    /// The number.
    pub(crate) const fn value(self) -> i64 {
        self.0
    }
}

/// One counter for each value of a label.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct By<L, const N: usize> {
    counts: [u64; N],
    label: PhantomData<L>,
}

impl<L: Label, const N: usize> By<L, N> {
    /// One more.
    #[inline]
    pub(crate) fn increment(&mut self, label: impl Label<Set = L>) {
        self.add(label, 1);
    }

    /// So many more.
    #[inline]
    pub(crate) fn add(&mut self, label: impl Label<Set = L>, more: u64) {
        let count = &mut self.counts[label.index()];
        *count = count.wrapping_add(more);
    }

    /// Takes over a total that is counted elsewhere.
    #[inline]
    pub(crate) fn set_total(&mut self, label: impl Label<Set = L>, total: u64) {
        self.counts[label.index()] = total;
    }

    /// The counts of all values, in the order of their numbers.
    pub(super) fn counts(&self) -> &[u64] {
        &self.counts
    }

    /// The count of one value.
    #[cfg(test)]
    pub(crate) fn value(&self, label: impl Label<Set = L>) -> u64 {
        self.counts[label.index()]
    }
}

impl<L: Label, const N: usize> Default for By<L, N> {
    fn default() -> Self {
        const { assert!(N == L::TEXTS.len()) };
        Self { counts: [0; N], label: PhantomData }
    }
}

impl<L: Label, const N: usize> fmt::Debug for By<L, N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(L::TEXTS.iter().zip(&self.counts)).finish()
    }
}

/// One counter for each pair of values of two labels.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct ByTwo<A, B, const N: usize, const M: usize> {
    counts: [[u64; M]; N],
    labels: PhantomData<(A, B)>,
}

impl<A: Label, B: Label, const N: usize, const M: usize> ByTwo<A, B, N, M> {
    /// One more.
    #[inline]
    pub(crate) fn increment(&mut self, a: impl Label<Set = A>, b: impl Label<Set = B>) {
        self.add(a, b, 1);
    }

    /// So many more.
    #[inline]
    pub(crate) fn add(&mut self, a: impl Label<Set = A>, b: impl Label<Set = B>, more: u64) {
        let count = &mut self.counts[a.index()][b.index()];
        *count = count.wrapping_add(more);
    }

    /// The counts of all pairs, those with the same first value together.
    pub(super) fn counts(&self) -> &[[u64; M]] {
        &self.counts
    }

    /// The count of one pair.
    #[cfg(test)]
    pub(crate) fn value(&self, a: impl Label<Set = A>, b: impl Label<Set = B>) -> u64 {
        self.counts[a.index()][b.index()]
    }
}

impl<A: Label, B: Label, const N: usize, const M: usize> Default for ByTwo<A, B, N, M> {
    fn default() -> Self {
        const { assert!(N == A::TEXTS.len() && M == B::TEXTS.len()) };
        Self { counts: [[0; M]; N], labels: PhantomData }
    }
}

impl<A: Label + fmt::Debug, B: Label, const N: usize, const M: usize> fmt::Debug
    for ByTwo<A, B, N, M>
{
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(A::TEXTS.iter().zip(&self.counts)).finish()
    }
}

/// A histogram of times.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct TimeHistogram(Histogram);

impl TimeHistogram {
    /// Counts one time, to the nanosecond.
    #[inline]
    pub(crate) fn record(&mut self, time: core::time::Duration) {
        self.0.record(u64::try_from(time.as_nanos()).unwrap_or(u64::MAX));
    }

    /// The histogram, in nanoseconds.
    pub(crate) const fn nanos(&self) -> &Histogram {
        &self.0
    }
}

/// A histogram of sizes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct SizeHistogram(Histogram);

impl SizeHistogram {
    /// Counts one size in bytes.
    #[inline]
    pub(crate) fn record(&mut self, bytes: usize) {
        self.0.record(bytes as u64);
    }

    /// The histogram, in bytes.
    pub(crate) const fn bytes(&self) -> &Histogram {
        &self.0
    }
}
