//! Runs cases one after the other: what they find, how long they take, and that none of them can
//! hang or bring down the run.

use std::panic::AssertUnwindSafe;
use std::pin::pin;
use std::task::Poll;
use std::time::{Duration, Instant};

use super::model::{Case, Figure, Plots, Suite};
use super::progress::Progress;

/// Longer than any case of a sound engine takes on a slow machine.
const CASE_LIMIT: Duration = Duration::from_secs(60);

/// What the suites run on.
#[derive(Debug)]
pub struct Bench {
    /// Smaller counts.
    pub quick: bool,
    /// What fixes every random choice.
    pub seed: u64,
    /// The samples behind the plots.
    pub plots: Plots,
    progress: Progress,
    suites: Vec<Suite>,
    case_limit: Duration,
}

impl Bench {
    /// A bench for a run of `seed`.
    pub fn new(quick: bool, seed: u64, progress: Progress) -> Self {
        Self {
            quick,
            seed,
            plots: Plots::default(),
            progress,
            suites: Vec::new(),
            case_limit: if quick { CASE_LIMIT / 4 } else { CASE_LIMIT },
        }
    }

    /// The same with another limit on the time of one case.
    #[must_use]
    pub fn with_case_limit(mut self, limit: Duration) -> Self {
        self.case_limit = limit;
        self
    }

    /// `full`, or `quick` in a quick run.
    pub fn count(&self, full: usize, quick: usize) -> usize {
        if self.quick { quick } else { full }
    }

    /// Independent random choices for the case called `name`.
    pub fn dice(&self, name: &str) -> Dice {
        // FNV-1a: names differ, so streams differ; quality comes from the generator.
        let hash = name.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        });
        Dice(self.seed ^ hash)
    }

    /// Opens a suite; the cases that follow are its own.
    pub fn suite(&mut self, name: &str) {
        self.progress.suite(name);
        self.suites.push(Suite { name: name.to_owned(), ..Suite::default() });
    }

    /// Closes the suite that was opened last.
    pub fn suite_done(&mut self) {
        if let Some(suite) = self.suites.last() {
            self.progress.suite_done(suite);
        }
    }

    /// Runs one case of the open suite and returns what it found; `report` is what the baseline
    /// says on the same line.
    ///
    /// A case that panics or takes too long has failed; the run goes on.
    pub async fn case<T: Found>(
        &mut self,
        name: &str,
        report: Figure,
        run: impl Future<Output = Result<T, Failure>>,
    ) -> Option<T> {
        self.progress.case(name);
        let began = Instant::now();
        let limit = self.case_limit;
        let ended = match tokio::time::timeout(limit, caught(run)).await {
            Ok(ended) => ended,
            Err(_) => Err(Failure(format!("did not end within {limit:?}"))),
        };
        let elapsed_ms = began.elapsed().as_secs_f64() * 1e3;
        let mut case = Case {
            name: name.to_owned(),
            report,
            elapsed_ms,
            passed: ended.is_ok(),
            ..Case::default()
        };
        let found = match ended {
            Ok(found) => {
                case.figure = found.figure();
                Some(found)
            }
            Err(Failure(why)) => {
                case.figure = Figure::words("failed");
                case.why = Some(cut(why));
                None
            }
        };
        self.progress.case_done(&case);
        if let Some(suite) = self.suites.last_mut() {
            suite.elapsed_ms += elapsed_ms;
            suite.cases.push(case);
        }
        found
    }

    /// What the cases that follow need. Without it they cannot run: that is a failed case, and
    /// `None`.
    pub fn need<T>(&mut self, name: &str, got: Result<T, Failure>) -> Option<T> {
        let why = match got {
            Ok(got) => return Some(got),
            Err(Failure(why)) => cut(why),
        };
        let figure = Figure::words("failed");
        let case = Case { name: name.to_owned(), figure, why: Some(why), ..Case::default() };
        self.progress.case_done(&case);
        if let Some(suite) = self.suites.last_mut() {
            suite.cases.push(case);
        }
        None
    }

    /// The suites that ran, and the samples they left.
    pub fn finish(self) -> (Vec<Suite>, Plots) {
        self.progress.finish();
        (self.suites, self.plots)
    }
}

/// What a case found, shown as a figure.
pub trait Found {
    /// The figure for the table.
    fn figure(&self) -> Figure;
}

impl Found for Figure {
    fn figure(&self) -> Figure {
        self.clone()
    }
}

/// A figure, with more for the suite to use.
impl<T> Found for (Figure, T) {
    fn figure(&self) -> Figure {
        self.0.clone()
    }
}

/// Why a case failed, in one line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure(pub String);

impl Failure {
    /// For this reason.
    pub fn new(why: impl Into<String>) -> Self {
        Self(why.into())
    }
}

impl<E: std::error::Error> From<E> for Failure {
    fn from(error: E) -> Self {
        Self(error.to_string())
    }
}

/// Ends the case as failed, for a reason, unless the condition holds.
#[macro_export]
macro_rules! ensure {
    ($holds:expr, $($why:tt)+) => {
        match $holds {
            true => {}
            false => return Err($crate::report::bench::Failure(format!($($why)+))),
        }
    };
}

/// Random choices that a seed fixes (SplitMix64).
#[derive(Clone, Debug)]
pub struct Dice(u64);

impl Dice {
    /// 64 uniform bits.
    pub fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// Uniform in `0..below`; `below` is at least 1.
    pub fn below(&mut self, below: u64) -> u64 {
        ((u128::from(self.roll()) * u128::from(below.max(1))) >> 64) as u64
    }

    /// True in `percent` of a hundred cases.
    pub fn chance(&mut self, percent: u64) -> bool {
        self.below(100) < percent
    }
}

/// `why`, no longer than anybody reads.
fn cut(why: String) -> String {
    const LONGEST: usize = 600;
    match why.char_indices().nth(LONGEST) {
        Some((at, _)) => format!("{}...", &why[..at]),
        None => why,
    }
}

/// `run`, with a panic as a failure.
async fn caught<T>(run: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    let mut run = pin!(run);
    std::future::poll_fn(move |cx| {
        let polled = std::panic::catch_unwind(AssertUnwindSafe(|| run.as_mut().poll(cx)));
        polled.unwrap_or_else(|panic| {
            let what = panic
                .downcast_ref::<&str>()
                .map(|text| (*text).to_owned())
                .or_else(|| panic.downcast_ref::<String>().cloned());
            Poll::Ready(Err(Failure(format!("panicked: {}", what.unwrap_or_default()))))
        })
    })
    .await
}
