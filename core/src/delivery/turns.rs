//! Whose turn it is in a link that several sessions share.

/// The turns of a link, fair by bytes: next is who has said least.
///
/// What each has said is counted on one scale (start-time fair queueing). Who had nothing to say
/// begins again where the others are, so that nobody saves a share up; and when nobody has anything
/// to say, nothing is owed any more. Between any two that both have something to say all the time,
/// what they have said differs by no more than one envelope of each.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Turns {
    /// How far the one was whose turn it was last, before that.
    reached: u64,
    /// How far anybody has come.
    furthest: u64,
}

/// How far one of those that share a link has come, in bytes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Share {
    said: u64,
    /// It had nothing to say when it was its turn.
    rests: bool,
}

impl Turns {
    /// How far somebody is: the least is next.
    pub(crate) fn place(&self, share: Share) -> u64 {
        if share.rests { share.said.max(self.reached) } else { share.said }
    }

    /// It was somebody's turn, who has said so many bytes.
    pub(crate) fn end(&mut self, share: &mut Share, bytes: usize) {
        self.reached = self.reached.max(self.place(*share));
        self.count(share, bytes);
    }

    /// Somebody has said so many bytes out of turn, for which a later turn pays.
    pub(crate) fn count(&mut self, share: &mut Share, bytes: usize) {
        let bytes = u64::try_from(bytes).unwrap_or(u64::MAX);
        *share = Share { said: self.place(*share).saturating_add(bytes), rests: false };
        self.furthest = self.furthest.max(share.said);
    }

    /// All that there was to say was said, and everybody rests.
    pub(crate) const fn settle(&mut self) {
        self.reached = self.furthest;
    }
}

impl Share {
    /// Of somebody who has said nothing yet.
    pub(crate) const NEW: Self = Self { said: 0, rests: true };

    /// It was its turn, and it had nothing to say.
    pub(crate) const fn rest(&mut self) {
        self.rests = true;
    }
}

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;

    use proptest::prelude::*;

    use super::*;

    /// Sessions that share a link, with the sizes of what each has to say.
    struct Link {
        turns: Turns,
        shares: Vec<Share>,
        queues: Vec<VecDeque<usize>>,
    }

    impl Link {
        fn new(sessions: usize) -> Self {
            Self {
                turns: Turns::default(),
                shares: vec![Share::NEW; sessions],
                queues: vec![VecDeque::new(); sessions],
            }
        }

        /// The next that is said, and by whom.
        fn say(&mut self) -> Option<(usize, usize)> {
            let mut rested = vec![false; self.shares.len()];
            loop {
                let open = (0..self.shares.len()).filter(|it| !rested[*it]);
                let Some(next) = open.min_by_key(|it| self.turns.place(self.shares[*it])) else {
                    self.turns.settle();
                    return None;
                };
                if let Some(bytes) = self.queues[next].pop_front() {
                    self.turns.end(&mut self.shares[next], bytes);
                    return Some((next, bytes));
                }
                rested[next] = true;
                self.shares[next].rest();
            }
        }
    }

    /// One has nothing to say, so nothing is compared with it.
    fn forget(since: &mut [[(usize, usize); 4]; 4], session: usize) {
        since[session] = [(0, 0); 4];
        for row in since {
            row[session] = (0, 0);
        }
    }

    proptest! {
        #[test]
        fn what_two_have_said_that_never_rest_differs_by_an_envelope_of_each(
            work in prop::collection::vec((0..4usize, 1..60_000usize, 1..8usize, 0..6usize), 1..80),
        ) {
            let mut link = Link::new(4);
            // Since both have something to say: what each has said.
            let mut since = [[(0_usize, 0_usize); 4]; 4];
            let mut largest = [0_usize; 4];
            for (session, bytes, times, turns) in work {
                largest[session] = largest[session].max(bytes);
                if link.queues[session].is_empty() {
                    forget(&mut since, session);
                }
                link.queues[session].extend(vec![bytes; times]);
                for _ in 0..turns {
                    let busy: Vec<bool> = link.queues.iter().map(|it| !it.is_empty()).collect();
                    let Some((said, bytes)) = link.say() else { break };
                    for other in (0..4).filter(|it| *it != said && busy[*it]) {
                        since[said][other].0 += bytes;
                        since[other][said].1 += bytes;
                        let (own, others) = since[said][other];
                        let most = largest[said] + largest[other];
                        prop_assert!(own.abs_diff(others) <= most, "{} {} {}", own, others, most);
                    }
                    if link.queues[said].is_empty() {
                        forget(&mut since, said);
                    }
                }
            }
        }
    }

    #[test]
    fn nobody_saves_a_share_up_and_nobody_owes_one_once_all_was_said() {
        let mut link = Link::new(2);
        link.queues[0].extend([100; 50]);
        for _ in 0..50 {
            assert_eq!(link.say(), Some((0, 100)));
        }
        // The second had nothing to say: it does not make up for that.
        link.queues[0].extend([100; 4]);
        link.queues[1].extend([100; 4]);
        let said: Vec<_> = (0..8).filter_map(|_| link.say()).map(|(who, _)| who).collect();
        assert!(said.windows(3).all(|it| it[0] != it[1] || it[1] != it[2]), "{said:?}");
        // The first has said a large one, and all is said.
        link.queues[0].push_back(1_000_000);
        assert_eq!((link.say(), link.say()), (Some((0, 1_000_000)), None));
        link.queues[0].extend([100; 2]);
        link.queues[1].extend([100; 2]);
        let said: Vec<_> = (0..4).filter_map(|_| link.say()).map(|(who, _)| who).collect();
        assert_eq!(said.iter().filter(|it| **it == 0).count(), 2);
        assert!(said[..2].contains(&0), "{said:?}");
    }

    #[test]
    fn what_was_said_out_of_turn_is_paid_for() {
        let mut link = Link::new(2);
        link.queues[0].extend([100; 10]);
        link.queues[1].extend([100; 10]);
        let Link { turns, shares, .. } = &mut link;
        turns.count(&mut shares[0], 300);
        let said: Vec<_> = (0..4).filter_map(|_| link.say()).map(|(who, _)| who).collect();
        assert_eq!(said, [1, 1, 1, 0]);
    }
}
