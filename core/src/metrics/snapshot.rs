//! All metrics at one moment, naming and explaining themselves.

use std::borrow::Cow;

use super::histogram::Histogram;
use super::label::Label;
use super::labels::RouteReason;
use super::registry::{Agents, By, ByTwo, Counter, Gauge, Metrics, SizeHistogram, TimeHistogram};

/// All metrics at one moment.
#[derive(Clone, Debug, PartialEq)]
pub struct Snapshot {
    /// Each metric with its samples, in a fixed order.
    pub families: Vec<Family>,
}

/// One metric.
#[derive(Clone, Debug, PartialEq)]
pub struct Family {
    /// Its name.
    pub name: &'static str,
    /// What it counts, one line.
    pub help: &'static str,
    /// What it is.
    pub kind: Kind,
    /// One sample for each combination of labels.
    pub samples: Vec<Sample>,
}

/// What a metric is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Only grows.
    Counter,
    /// Goes up and down.
    Gauge,
    /// Counts values by size.
    Histogram,
}

/// One number or histogram of a metric.
#[derive(Clone, Debug, PartialEq)]
pub struct Sample {
    /// Names and values of its labels.
    pub labels: Vec<(&'static str, Cow<'static, str>)>,
    /// What was counted.
    pub value: Value,
}

/// What was counted.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// Of a counter.
    Counter(u64),
    /// Of a gauge.
    Gauge(i64),
    /// Of a histogram.
    Histogram(Buckets),
}

/// A histogram in coarse steps of powers of two; each count is exact.
#[derive(Clone, Debug, PartialEq)]
pub struct Buckets {
    /// Upper bounds (inclusive, ascending) in the unit of the name, each with how many values were
    /// at most that. The last bound, infinity, is left out: its count is `count`.
    pub cumulative: Vec<(f64, u64)>,
    /// The sum of all values in the unit of the name.
    pub sum: f64,
    /// How many values.
    pub count: u64,
    /// Values in the unit of the name that 50, 99 and 99.9 % of all values do not exceed, at most
    /// 6.25 % above the true ones; zeros if there are none.
    pub quantiles: [f64; 3],
}

impl Metrics {
    /// A copy of everything, for a host to publish.
    pub fn snapshot(&self) -> Snapshot {
        let mut snapshot = Snapshot { families: Vec::new() };
        self.visit(&mut snapshot);
        snapshot
    }
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

/// Takes metrics one by one.
pub(super) trait Visit {
    fn metric(&mut self, name: &'static str, help: &'static str, metric: &dyn Samples);
}

impl Visit for Snapshot {
    fn metric(&mut self, name: &'static str, help: &'static str, metric: &dyn Samples) {
        let family = Family { name, help, kind: metric.kind(), samples: metric.samples() };
        self.families.push(family);
    }
}

/// What a metric shows of itself.
pub(super) trait Samples {
    fn kind(&self) -> Kind {
        Kind::Counter
    }
    fn samples(&self) -> Vec<Sample>;
}

impl Samples for Counter {
    fn samples(&self) -> Vec<Sample> {
        vec![Sample { labels: Vec::new(), value: Value::Counter(self.value()) }]
    }
}

impl Samples for Gauge {
    fn kind(&self) -> Kind {
        Kind::Gauge
    }

    fn samples(&self) -> Vec<Sample> {
        vec![Sample { labels: Vec::new(), value: Value::Gauge(self.value()) }]
    }
}

impl<L: Label, const N: usize> Samples for By<L, N> {
    fn samples(&self) -> Vec<Sample> {
        let sample = |label: &L| Sample {
            labels: vec![(L::NAME, label.as_str().into())],
            value: Value::Counter(self.value(*label)),
        };
        L::ALL.iter().map(sample).collect()
    }
}

impl<A: Label, B: Label, const N: usize, const M: usize> Samples for ByTwo<A, B, N, M> {
    fn samples(&self) -> Vec<Sample> {
        let mut samples = Vec::with_capacity(N * M);
        for a in A::ALL {
            for b in B::ALL {
                let labels = vec![(A::NAME, a.as_str().into()), (B::NAME, b.as_str().into())];
                samples.push(Sample { labels, value: Value::Counter(self.value(*a, *b)) });
            }
        }
        samples
    }
}

impl Samples for Agents {
    /// Pairs that never occurred are left out.
    fn samples(&self) -> Vec<Sample> {
        let mut samples = Vec::new();
        for (name, counts) in self.iter() {
            for (because, count) in RouteReason::ALL.iter().zip(counts) {
                if *count > 0 {
                    let agent = ("agent", name.to_owned().into());
                    let labels = vec![agent, (RouteReason::NAME, because.as_str().into())];
                    samples.push(Sample { labels, value: Value::Counter(*count) });
                }
            }
        }
        samples
    }
}

impl Samples for TimeHistogram {
    fn kind(&self) -> Kind {
        Kind::Histogram
    }

    /// 16 us to 69 s by powers of two, then 4.6, 18 and 73 minutes, 4.9 and 20 hours; in seconds.
    fn samples(&self) -> Vec<Sample> {
        histogram(self.nanos(), (14..=36).chain([38, 40, 42, 44, 46]), 1e-9)
    }
}

impl Samples for SizeHistogram {
    fn kind(&self) -> Kind {
        Kind::Histogram
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
    vec![Sample { labels: Vec::new(), value: Value::Histogram(buckets) }]
}
