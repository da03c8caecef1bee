//! What holds of two ends in every state.

use stateright::Property;

use super::end::{End, Fate};
use super::{SessionModel, State};

/// At rest each command has exactly one outcome.
pub const ONE_OUTCOME: &str = "at rest each command has one outcome";
/// No command has two outcomes.
pub const NEVER_TWO: &str = "no command has two outcomes";
/// Nothing takes effect twice.
pub const ONCE: &str = "nothing takes effect twice";
/// Items arrive in the order in which they were sent.
pub const IN_ORDER: &str = "items arrive in their order";
/// Nothing is lost without an event.
pub const NO_SILENT_LOSS: &str = "nothing is lost without an event";
/// A rejected command is never acknowledged to its sender.
pub const REJECTED: &str = "a rejected command is never acknowledged";
/// What has expired has had no effect.
pub const EXPIRED: &str = "what has expired has had no effect";
/// Two ends of the engine find no fault with each other.
pub const NO_FAULT: &str = "no end finds a fault";

/// At rest each cancel has exactly one result, unless it has expired in the queue, or is unknown after
/// a loss that its host was told of.
pub const ONE_RESULT: &str = "at rest each cancel has one result";

pub(super) fn all() -> Vec<Property<SessionModel>> {
    vec![
        Property::always(ONE_OUTCOME, |_, state: &State| {
            let one = |end: &End| end.host.sent.iter().all(|(it, _)| end.fates(*it).count() == 1);
            !state.is_at_rest() || ends(state).iter().all(|(sender, _)| one(sender))
        }),
        Property::always(NEVER_TWO, |_, state: &State| {
            let none = |end: &End| end.host.sent.iter().all(|(it, _)| end.fates(*it).count() < 2);
            ends(state).iter().all(|(sender, _)| none(sender))
        }),
        Property::always(ONCE, |_, state: &State| {
            let mut pairs = ends(state).into_iter().map(|(_, receiver)| &receiver.host.heard);
            pairs.all(|heard| {
                heard.iter().enumerate().all(|(place, it)| !heard[..place].contains(it))
            })
        }),
        Property::always(IN_ORDER, |_, state: &State| {
            let mut heard = ends(state).into_iter().map(|(_, receiver)| &receiver.host.heard);
            heard.all(|heard| heard.is_sorted())
        }),
        Property::always(NO_SILENT_LOSS, |_, state: &State| {
            ends(state).into_iter().all(|(sender, receiver)| {
                with_fate(sender, Fate::Acknowledged).all(|item| {
                    let is_known = receiver.host.heard.contains(&item);
                    let has_been = receiver.effects & (1_u32 << item) != 0;
                    has_been && (is_known || receiver.host.knows_of_loss || !state.is_at_rest())
                })
            })
        }),
        Property::always(REJECTED, |_, state: &State| {
            ends(state).into_iter().all(|(sender, receiver)| {
                let rejected = &receiver.host.rejected;
                with_fate(sender, Fate::Acknowledged).all(|item| !rejected.contains(&item))
            })
        }),
        Property::always(EXPIRED, |_, state: &State| {
            // An older snapshot does not know what was sent after it.
            let is_older = state.happened.restored > 0;
            ends(state).into_iter().all(|(sender, receiver)| {
                is_older
                    || with_fate(sender, Fate::Expired)
                        .all(|item| receiver.effects & (1_u32 << item) == 0)
            })
        }),
        Property::always(NO_FAULT, |_, state: &State| {
            ends(state).iter().all(|(sender, _)| sender.host.fault.is_none())
        }),
        Property::always(ONE_RESULT, |_, state: &State| {
            let host = &state.client.host;
            let is_over = state.is_at_rest() && state.server.host.asked.is_empty();
            host.cancels.iter().all(|cancel| {
                let results = host.results.iter().filter(|it| *it == cancel).count();
                let fates = state.client.fates(*cancel).count();
                let is_unknown = state.client.fates(*cancel).any(|it| it == Fate::Unknown);
                let is_explained = !is_unknown || host.knows_of_loss;
                results + fates < 2 && (!is_over || results + fates == 1 && is_explained)
            })
        }),
        // Without this the others could hold of nothing.
        Property::sometimes("at rest all is acknowledged", |_, state: &State| {
            let all = |end: &End| with_fate(end, Fate::Acknowledged).count() == end.host.sent.len();
            let any = |end: &End| !end.host.sent.is_empty();
            let [(client, server), _] = ends(state);
            state.is_at_rest() && all(client) && all(server) && (any(client) || any(server))
        }),
    ]
}

/// Each end as a sender, with the one that receives.
fn ends(state: &State) -> [(&End, &End); 2] {
    [(&state.client, &state.server), (&state.server, &state.client)]
}

/// The items of which a sender was told this.
fn with_fate(sender: &End, what: Fate) -> impl Iterator<Item = u8> {
    let sent = sender.host.sent.iter();
    sent.filter(move |(it, _)| sender.fates(*it).any(|fate| fate == what)).map(|(_, item)| *item)
}
