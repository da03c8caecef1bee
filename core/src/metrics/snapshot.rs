//! All metrics at one moment, naming and explaining themselves.

use std::borrow::Cow;

use super::counters::{By, ByTwo, Counter, Gauge, SizeHistogram, TimeHistogram};
use super::histogram::Histogram;
use super::label::Label;

/// All metrics at one moment.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Snapshot {
    /// Each metric with its samples, in a fixed order.
    pub families: Vec<Family>,
}

/// One metric.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Family {
    /// Its name.
    pub name: &'static str,
    /// What it counts, one line.
    pub help: &'static str,
    /// What it is.
    pub kind: MetricKind,
    /// One sample for each combination of labels.
    pub samples: Vec<Sample>,
}

/// What a metric is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum MetricKind {
    /// Only grows.
    Counter,
    /// Goes up and down.
    Gauge,
    /// Counts values by size.
    Histogram,
}

/// One number or histogram of a metric.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Sample {
    /// Names and values of its labels.
    pub labels: Vec<(&'static str, Cow<'static, str>)>,
    /// What was counted.
    pub value: SampleValue,
}

/// What was counted.
///
/// Closed: whoever publishes them takes each.
#[derive(Clone, Debug, PartialEq)]
#[expect(clippy::exhaustive_enums)]
pub enum SampleValue {
    /// Of a counter.
    Counter(u64),
    /// Of a gauge.
    Gauge(i64),
    /// Of a histogram.
    Histogram(Buckets),
}

/// A histogram in coarse steps of powers of two; each count is exact.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Buckets {
    /// Upper bounds (inclusive, ascending) in the unit of the name, each with how many values were
    /// at most that. The last bound, infinity, is left out: its count is `count`.
    pub cumulative: Vec<(f64, u64)>,
    /// The sum of all values in the unit of the name.
    pub sum: f64,
    /// How many values.
    pub count: u64,
    /// Values in the unit of the name that 50, 99 and 99.9 % of all values do not exceed, at most
    /// 6.25 % above the true ones; zeros if nothing was recorded.
    pub quantiles: [f64; 3],
}

impl Snapshot {
    /// All samples with the metrics they belong to.
    pub fn iter(&self) -> impl Iterator<Item = (&Family, &Sample)> {
        self.families
            .iter()
            .flat_map(|family| family.samples.iter().map(move |sample| (family, sample)))
    }

    /// The metric of this name.
    pub fn family(&self, name: &str) -> Option<&Family> {
        self.families.iter().find(|family| family.name == name)
    }
}

/// What a metric shows of itself.
pub(crate) trait Samples {
    fn kind(&self) -> MetricKind {
        MetricKind::Counter
    }
    fn samples(&self) -> Vec<Sample>;
}

impl Samples for Counter {
    fn samples(&self) -> Vec<Sample> {
        vec![Sample { labels: Vec::new(), value: SampleValue::Counter(self.value()) }]
    }
}

impl Samples for Gauge {
    fn kind(&self) -> MetricKind {
        MetricKind::Gauge
    }

    fn samples(&self) -> Vec<Sample> {
        vec![Sample { labels: Vec::new(), value: SampleValue::Gauge(self.value()) }]
    }
}

impl<L: Label, const N: usize> Samples for By<L, N> {
    fn samples(&self) -> Vec<Sample> {
        let sample = |(text, count): (&&'static str, &u64)| Sample {
            labels: vec![(L::NAME, (*text).into())],
            value: SampleValue::Counter(*count),
        };
        L::TEXTS.iter().zip(self.counts()).map(sample).collect()
    }
}

impl<A: Label, B: Label, const N: usize, const M: usize> Samples for ByTwo<A, B, N, M> {
    fn samples(&self) -> Vec<Sample> {
        let mut samples = Vec::with_capacity(N * M);
        for (a, counts) in A::TEXTS.iter().zip(self.counts()) {
            for (b, count) in B::TEXTS.iter().zip(counts) {
                let labels = vec![(A::NAME, (*a).into()), (B::NAME, (*b).into())];
                samples.push(Sample { labels, value: SampleValue::Counter(*count) });
            }
        }
        samples
    }
}

impl Samples for TimeHistogram {
    fn kind(&self) -> MetricKind {
        MetricKind::Histogram
    }

    /// 16 us to 69 s by powers of two, then 4.6, 18 and 73 minutes, 4.9 and 20 hours; in seconds.
    fn samples(&self) -> Vec<Sample> {
        histogram(self.nanos(), (14..=36).chain([38, 40, 42, 44, 46]), 1e-9)
    }
}

impl Samples for SizeHistogram {
    fn kind(&self) -> MetricKind {
        MetricKind::Histogram
    }

    /// 64 bytes to 1 MiB.
    fn samples(&self) -> Vec<Sample> {
        histogram(self.bytes(), 6..=20, 1.0)
    }
}

fn histogram(histogram: &Histogram, powers: impl Iterator<Item = u32>, unit: f64) -> Vec<Sample> {
    let per_unit = 1.0 / unit;
    let scaled = |value: u64| value as f64 / per_unit;
    let quantile = |q| histogram.quantile(q).map_or(0.0, scaled);
    let buckets = Buckets {
        cumulative: powers.map(|bits| (scaled(1 << bits), histogram.up_to_power(bits))).collect(),
        sum: histogram.sum() as f64 / per_unit,
        count: histogram.count(),
        quantiles: [quantile(0.5), quantile(0.99), quantile(0.999)],
    };
    vec![Sample { labels: Vec::new(), value: SampleValue::Histogram(buckets) }]
}
