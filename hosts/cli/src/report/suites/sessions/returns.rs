//! How a crowd comes back to a server that was killed: all in one moment, or spread.

use std::time::Instant;

use pamlink_tokio::Event;

use super::asked::ms;
use crate::report::model::{Figure, figures, percentile};

/// How long clients come back together, in milliseconds.
pub(super) const SLICE: f64 = 100.0;

/// When one client is back, in milliseconds after the server was killed.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Return {
    /// When it was to dial, as it has drawn it.
    due: f64,
    /// When it was welcomed again; none: it was not.
    back: Option<f64>,
}

impl Return {
    /// What the events of a client say of it, where another server was seen to listen at that time. On a
    /// busy machine a welcome of the first one is noted behind the kill; and one of the other a little
    /// before it was seen to listen, which counts where no later one comes.
    pub(super) fn of(events: &[(Instant, Event)], killed: Instant, listening: Instant) -> Self {
        let mut found = Self::default();
        for (at, event) in events {
            match event {
                // Some know that it is gone before who has killed it does.
                Event::Retrying { after, .. } => found.due = ms(killed, *at + *after),
                Event::Welcomed if *at >= killed => {
                    found.back = Some(ms(killed, *at));
                    if *at >= listening {
                        break;
                    }
                }
                _ => {}
            }
        }
        found
    }
}

/// The returns of a crowd.
#[derive(Debug)]
pub(super) struct Returns {
    /// When the clients were to dial the last time before they were back.
    due: Vec<f64>,
    /// When they were back.
    back: Vec<f64>,
    /// How many were not.
    pub(super) absent: usize,
}

impl Returns {
    pub(super) fn new(all: Vec<Return>) -> Self {
        let due = all.iter().map(|it| it.due).collect();
        let mut back: Vec<_> = all.iter().filter_map(|it| it.back).collect();
        back.sort_by(f64::total_cmp);
        let absent = all.len() - back.len();
        Self { due, back, absent }
    }

    /// How many were to dial in the busiest slice: by what they have drawn, for how soon a busy machine
    /// gets round to it is another matter.
    pub(super) fn most_due(&self) -> usize {
        busiest(&self.due)
    }

    pub(super) fn figure(&self) -> Figure {
        let (most, crowd) = (busiest(&self.back), self.back.len());
        let at = |percent| percentile(&self.back, percent);
        let (first, last) = (at(0.0), at(100.0));
        let mean = crowd as f64 * SLICE / (last - first).max(SLICE);
        let ratio = figures(most as f64 / mean.max(1.0));
        let text = format!("of {crowd} in the busiest {SLICE} ms, {ratio} times the mean");
        let [first, half, last] = [first, at(50.0), last].map(figures);
        let times = format!("the first after {first} ms, half after {half}, all after {last}");
        Figure::number(most as f64, "links").and(text).and(times)
    }
}

/// How many times lie in the slice that has the most.
fn busiest(times: &[f64]) -> usize {
    let within = |from: f64| times.iter().filter(|at| (from..from + SLICE).contains(*at)).count();
    times.iter().map(|from| within(*from)).max().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_client_is_back_with_its_first_welcome_of_the_other_server() {
        let killed = Instant::now() + Duration::from_secs(1);
        let at = |millis| killed + Duration::from_millis(millis);
        let before = (killed - Duration::from_millis(1), Event::Welcomed);
        let back = |welcomes: &[u64]| {
            let behind = welcomes.iter().map(|millis| (at(*millis), Event::Welcomed));
            let events: Vec<_> = std::iter::once(before.clone()).chain(behind).collect();
            Return::of(&events, killed, at(20)).back
        };
        assert_eq!(back(&[]), None);
        assert_eq!(back(&[30, 40]), Some(30.0));
        // That of the first server was noted late.
        assert_eq!(back(&[2, 30, 40]), Some(30.0));
        assert_eq!(back(&[19]), Some(19.0));
    }

    #[test]
    fn the_busiest_slice_is_compared_with_the_mean() {
        let back = |at: &[f64]| at.iter().map(|at| Return { due: *at, back: Some(*at) }).collect();
        let returns = Returns::new(back(&[0.0, 10.0, 20.0, 150.0, 390.0, 400.0]));
        assert_eq!((returns.most_due(), returns.absent), (3, 0));
        let figure = returns.figure();
        assert_eq!(figure.value, Some(3.0));
        assert!(
            figure.text.contains("of 6 in the busiest 100 ms, 2 times the mean"),
            "{}",
            figure.text
        );
        let mut all: Vec<Return> = back(&[1.0]);
        all.push(Return::default());
        assert_eq!(Returns::new(all).absent, 1);
    }
}
