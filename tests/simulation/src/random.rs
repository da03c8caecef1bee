//! The simulator's randomness: one source for each consumer, so that what one of them draws changes
//! nothing for another.

/// A source (SplitMix64), which is cheap and the same everywhere.
#[derive(Clone, Debug)]
pub(crate) struct Random(u64);

impl Random {
    /// The source of a consumer in the world of this seed.
    pub(crate) fn of(seed: u64, consumer: &str) -> Self {
        let name = consumer.bytes().fold(0xcbf2_9ce4_8422_2325, |hash: u64, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        });
        Self(mixed(seed, name))
    }

    /// 64 uniform bits.
    pub(crate) fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        finish(self.0)
    }

    /// A number below this one, which is not 0.
    pub(crate) fn below(&mut self, most: u32) -> u32 {
        let scaled = (self.bits() >> 32) * u64::from(most);
        u32::try_from(scaled >> 32).unwrap_or(0)
    }

    /// A number of this range, its end included.
    pub(crate) fn within(&mut self, least: u32, most: u32) -> u32 {
        least + self.below(most.saturating_sub(least).saturating_add(1))
    }

    /// Whether something happens that does so in this many of a hundred cases.
    pub(crate) fn percent(&mut self, of_hundred: u32) -> bool {
        self.below(100) < of_hundred
    }

    /// One of several.
    pub(crate) fn one<T: Copy>(&mut self, of: &[T]) -> T {
        let most = u32::try_from(of.len()).unwrap_or(u32::MAX);
        of[self.below(most) as usize]
    }

    /// The place of one of several of different weight, which are not all 0.
    pub(crate) fn weighted(&mut self, weights: &[u32]) -> usize {
        let mut rest = self.below(weights.iter().sum());
        for (place, weight) in weights.iter().enumerate() {
            match rest.checked_sub(*weight) {
                Some(left) => rest = left,
                None => return place,
            }
        }
        0
    }
}

/// A number that follows from two: for what is random, and yet the same whatever else happens.
pub(crate) fn mixed(a: u64, b: u64) -> u64 {
    finish(finish(a.wrapping_add(0x9e37_79b9_7f4a_7c15)) ^ b.wrapping_mul(0xd6e8_feb8_6659_fd93))
}

fn finish(mut bits: u64) -> u64 {
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    bits ^ (bits >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_within_their_bounds_and_all_come() {
        let mut random = Random::of(1, "test");
        let mut seen = [0_u32; 6];
        (0..600).for_each(|_| seen[random.within(1, 4) as usize] += 1);
        assert_eq!((seen[0], seen[5]), (0, 0));
        assert!(seen[1..5].iter().all(|times| *times > 100), "{seen:?}");
    }

    #[test]
    fn what_one_consumer_draws_is_no_others() {
        let mut first = Random::of(1, "network");
        let mut second = Random::of(1, "faults");
        assert_ne!(first.bits(), second.bits());
    }

    #[test]
    fn what_weighs_nothing_never_comes() {
        let mut random = Random::of(2, "test");
        assert!((0..1_000).all(|_| [1, 3].contains(&random.weighted(&[0, 1, 0, 5]))));
    }
}
