//! Timing side by side.

use std::time::Duration;

/// The work of one turn of a contender: how long its timed part took, for how many operations.
#[derive(Clone, Copy, Debug, Default)]
pub struct Turn {
    /// The time of the timed part.
    pub time: Duration,
    /// The operations in it.
    pub operations: u64,
}

impl Turn {
    /// Nanoseconds an operation.
    pub fn nanos(self) -> f64 {
        self.time.as_nanos() as f64 / self.operations.max(1) as f64
    }
}

/// The median nanoseconds an operation of each contender, over `rounds` rounds.
///
/// In each round every contender has one turn, so that all meet the same neighbours, clock speed
/// and memory; who begins changes from round to round. A turn warms up by itself if it has to.
/// One round more comes first and does not count.
pub fn race<const N: usize>(rounds: usize, contenders: [&mut dyn FnMut() -> Turn; N]) -> [f64; N] {
    let mut contenders = contenders;
    let figures = race_all(rounds, &mut contenders);
    std::array::from_fn(|at| figures[at])
}

/// [`race`] of any number of contenders.
pub fn race_all(rounds: usize, contenders: &mut [impl FnMut() -> Turn]) -> Vec<f64> {
    let mut figures = vec![Vec::new(); contenders.len()];
    for round in 0..=rounds {
        for at in 0..contenders.len() {
            let at = (at + round) % contenders.len();
            let turn = contenders[at]();
            if round > 0 {
                figures[at].push(turn.nanos());
            }
        }
    }
    figures.into_iter().map(median).collect()
}

/// The middle one; of an even number the mean of the middle two.
pub fn median(mut figures: Vec<f64>) -> f64 {
    figures.sort_by(f64::total_cmp);
    let half = figures.len() / 2;
    match figures.len() {
        0 => f64::NAN,
        n if n % 2 == 1 => figures[half],
        _ => f64::midpoint(figures[half - 1], figures[half]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_contender_has_a_turn_in_each_round_and_the_first_round_does_not_count() {
        let order = std::cell::RefCell::new(Vec::new());
        let mut slow = false;
        let mut first = || {
            order.borrow_mut().push('a');
            let nanos = if std::mem::replace(&mut slow, true) { 20 } else { 900 };
            Turn { time: Duration::from_nanos(nanos), operations: 2 }
        };
        let mut second = || {
            order.borrow_mut().push('b');
            Turn { time: Duration::from_nanos(30), operations: 1 }
        };
        assert_eq!(race(2, [&mut first, &mut second]), [10.0, 30.0]);
        assert_eq!(order.into_inner(), ['a', 'b', 'b', 'a', 'a', 'b']);
    }

    #[test]
    fn the_median_is_in_the_middle() {
        assert_eq!(median(vec![3.0, 1.0, 2.0]), 2.0);
        assert_eq!(median(vec![4.0, 1.0, 2.0, 3.0]), 2.5);
    }
}
