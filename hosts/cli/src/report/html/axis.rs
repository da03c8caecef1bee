//! From values to places: linear and logarithmic axes, and their ticks.

/// Maps `low..=high` onto `from..=to`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Axis {
    low: f64,
    high: f64,
    from: f64,
    to: f64,
    /// Between two ticks; none on a logarithmic axis.
    step: Option<f64>,
}

impl Axis {
    /// From zero to a round number at or above `most`.
    pub(super) fn linear(most: f64, from: f64, to: f64) -> Self {
        Self::with_step(most, step(most), from, to)
    }

    /// The same for whole numbers: no tick between two of them.
    pub(super) fn counts(most: usize, from: f64, to: f64) -> Self {
        Self::with_step(most as f64, step(most as f64).max(1.0), from, to)
    }

    fn with_step(most: f64, step: f64, from: f64, to: f64) -> Self {
        let high = (most.max(step) / step - 1e-9).ceil() * step;
        Self { low: 0.0, high, from, to, step: Some(step) }
    }

    /// Powers of ten around `least..=most`, both above zero.
    pub(super) fn log(least: f64, most: f64, from: f64, to: f64) -> Self {
        let least = least.max(1e-9);
        let low = 10f64.powf(least.log10().floor());
        let high = 10f64.powf(most.max(least).log10().ceil());
        let high = if high <= low { low * 10.0 } else { high };
        Self { low, high, from, to, step: None }
    }

    /// Where `value` lies; outside values are held at the ends.
    pub(super) fn at(&self, value: f64) -> f64 {
        let part = if self.step.is_none() {
            (value.max(self.low) / self.low).log10() / (self.high / self.low).log10()
        } else {
            (value - self.low) / (self.high - self.low)
        };
        self.from + part.clamp(0.0, 1.0) * (self.to - self.from)
    }

    /// The value where the axis ends.
    pub(super) const fn high(&self) -> f64 {
        self.high
    }

    /// The value where it begins.
    pub(super) const fn low(&self) -> f64 {
        self.low
    }

    /// Where lines and labels belong: four or five on a linear axis, powers of ten on the other.
    pub(super) fn ticks(&self) -> Vec<f64> {
        if let Some(step) = self.step {
            let count = (self.high / step).round() as u32;
            return (0..=count).map(|n| f64::from(n) * step).collect();
        }
        let decades = (self.high / self.low).log10().round() as i32;
        (0..=decades).map(|n| self.low * 10f64.powi(n)).collect()
    }
}

/// The step of three to five ticks up to `most`.
fn step(most: f64) -> f64 {
    if most.is_nan() || most <= 0.0 {
        return 0.2;
    }
    let raw = most / 5.0;
    let power = 10f64.powf(raw.log10().floor());
    let round = [1.0, 2.0, 5.0].into_iter().find(|round| raw / power <= *round + 1e-9);
    round.unwrap_or(10.0) * power
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_linear_axis_ends_on_a_round_number() {
        for (most, high) in [(0.0, 0.2), (7.0, 8.0), (193.0, 200.0), (5_500.0, 6_000.0)] {
            let axis = Axis::linear(most, 0.0, 100.0);
            assert!((axis.high() - high).abs() < 1e-6, "{most}: {}", axis.high());
            assert!((2..=7).contains(&axis.ticks().len()), "{:?}", axis.ticks());
        }
    }

    #[test]
    fn counts_have_whole_ticks() {
        for most in [0, 1, 2, 3, 11, 57] {
            let ticks = Axis::counts(most, 0.0, 1.0).ticks();
            assert!(ticks.iter().all(|tick| tick.fract() == 0.0), "{most}: {ticks:?}");
        }
    }

    #[test]
    fn a_log_axis_covers_its_values() {
        let axis = Axis::log(0.04, 193.0, 0.0, 100.0);
        assert!(axis.at(0.04) > 0.0 && axis.at(193.0) < 100.0);
        assert_eq!(axis.ticks().len(), 6);
        assert!((axis.at(axis.low()) - 0.0).abs() < 1e-9);
    }

    #[test]
    fn nothing_leaves_the_drawing() {
        let axis = Axis::linear(10.0, 0.0, 100.0);
        assert!((axis.at(1e12) - 100.0).abs() < 1e-9);
        assert!((axis.at(-5.0) - 0.0).abs() < 1e-9);
    }
}
