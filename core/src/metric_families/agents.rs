//! Routing decisions by agent and reason.

use crate::metrics::{Label, Sample, SampleValue, Samples};
use crate::routing::Decision;

/// How many reasons there are.
const REASONS: usize = <Decision<'static> as Label>::TEXTS.len();

/// The name of all agents that have no count of their own.
const OTHER: &str = "other";

/// One counter for each agent and reason. Names come from routing tables, which change; the first
/// [`Agents::MOST`] different ones count under their name, all later ones under `other`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Agents {
    names: Vec<Box<str>>,
    counts: Vec<[u64; REASONS]>,
    other: [u64; REASONS],
}

impl Agents {
    /// How many names are held.
    const MOST: usize = 64;

    /// One more decision. Takes time in the number of names.
    pub(crate) fn increment(&mut self, decision: &Decision<'_>) {
        let count = &mut self.of(&decision.agent.id)[decision.index()];
        *count = count.wrapping_add(1);
    }

    /// The counts of an agent. One that is named `other` counts with all the others: two samples
    /// of the same labels would spoil the whole text.
    fn of(&mut self, name: &str) -> &mut [u64; REASONS] {
        let at = self.names.iter().position(|held| **held == *name).unwrap_or_else(|| {
            if name != OTHER && self.names.len() < Self::MOST {
                self.names.push(name.into());
                self.counts.push([0; REASONS]);
                self.names.len() - 1
            } else {
                Self::MOST
            }
        });
        self.counts.get_mut(at).unwrap_or(&mut self.other)
    }

    /// All names with their counts in the order of [`Label::TEXTS`], `other` last.
    fn iter(&self) -> impl Iterator<Item = (&str, &[u64; REASONS])> {
        let named = self.names.iter().map(|name| &**name).zip(&self.counts);
        named.chain(core::iter::once((OTHER, &self.other)))
    }
}

impl Samples for Agents {
    /// Pairs that never occurred are left out.
    fn samples(&self) -> Vec<Sample> {
        let mut samples = Vec::new();
        for (name, counts) in self.iter() {
            for (because, count) in Decision::TEXTS.iter().zip(counts) {
                if *count > 0 {
                    let agent = ("agent", name.to_owned().into());
                    let labels = vec![agent, (Decision::NAME, (*because).into())];
                    samples.push(Sample { labels, value: SampleValue::Counter(*count) });
                }
            }
        }
        samples
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn agents_beyond_the_bound_count_as_other() {
        let mut agents = Agents::default();
        for number in 0..200 {
            agents.of(&format!("agent-{number}"))[0] += 1;
        }
        agents.of("agent-7")[0] += 1;
        let counts: Vec<(&str, u64)> = agents.iter().map(|(name, by)| (name, by[0])).collect();
        assert_eq!(counts.len(), Agents::MOST + 1);
        assert_eq!(counts[7], ("agent-7", 2));
        assert_eq!(counts[Agents::MOST], ("other", 200 - Agents::MOST as u64));
    }

    #[test]
    fn an_agent_named_other_makes_no_second_sample_of_the_same_labels() {
        let mut agents = Agents::default();
        for number in 0..=Agents::MOST {
            agents.of(&format!("agent-{number}"))[0] += 1;
        }
        agents.of(OTHER)[0] += 1;
        let others: Vec<Sample> = agents.samples();
        let others = others.iter().filter(|sample| sample.labels[0].1 == OTHER);
        assert_eq!(
            others.map(|sample| &sample.value).collect::<Vec<_>>(),
            [&SampleValue::Counter(2)]
        );
    }
}
