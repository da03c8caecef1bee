//! What holds of a client and a hub in every state.

use stateright::Property;

use super::client::End;
use super::link::Beyond;
use super::{EnginesModel, State};

/// At rest each request has exactly one outcome.
pub const ONE_OUTCOME: &str = "at rest each request has one outcome";
/// No request has two outcomes.
pub const NEVER_TWO: &str = "no request has two outcomes";
/// Nothing takes effect twice, in whichever session it is repeated (V-3.9).
pub const ONCE: &str = "nothing takes effect twice";
/// Whoever repeats a request is given its first result (V-3.9).
pub const FIRST: &str = "a repeat is given the first result";
/// A session is open over one link, and the one that it leaves is told so (V-5.8).
pub const ONE_LINK: &str = "a session has one link";
/// Nothing of a session is said over a link that it has left.
pub const SILENT: &str = "nothing is said over a link that was left";
/// What comes over a link that a session has left has no effect.
pub const UNHEARD: &str = "nothing is heard over a link that was left";
/// The version of a link is one that both ends speak (V-10.2).
pub const VERSION: &str = "both ends speak the version of a link";
/// What both can do is what each has said that it can (V-10.7).
pub const FEATURES: &str = "both ends have the features of a link";

pub(super) fn all() -> Vec<Property<EnginesModel>> {
    vec![
        Property::always(ONE_OUTCOME, |_, state: &State| {
            !state.is_at_rest() || outcomes(state).all(|count| count == 1)
        }),
        Property::always(NEVER_TWO, |_, state: &State| outcomes(state).all(|count| count < 2)),
        Property::always(ONCE, |_, state: &State| {
            let heard = &state.hub.host.heard;
            heard.iter().enumerate().all(|(place, it)| !heard[..place].contains(it))
        }),
        Property::always(FIRST, |_, state: &State| {
            let (client, hub) = (&state.client.host, &state.hub.host);
            client.asked.iter().all(|(request, number)| {
                let first = hub.replies.iter().find(|(it, _)| it == number).map(|(_, text)| text);
                client.ends.iter().filter(|(ended, _)| ended == request).all(|(_, end)| match end {
                    End::Answered(text) => first == Some(text),
                    End::Other => true,
                })
            })
        }),
        Property::always(ONE_LINK, |_, state: &State| {
            let open = state.links.iter().filter(|it| it.is_open_to_hub);
            let sessions: Vec<_> = open.filter_map(|it| it.session).collect();
            sessions.iter().enumerate().all(|(place, it)| !sessions[..place].contains(it))
        }),
        Property::always(SILENT, |_, state: &State| state.links.iter().all(|it| !it.says_on)),
        Property::always(UNHEARD, |_, state: &State| !state.has_heard_the_left),
        Property::always(VERSION, |_, state: &State| {
            state.links.iter().all(|it| it.beyond != Some(Beyond::Version))
        }),
        Property::always(FEATURES, |_, state: &State| {
            state.links.iter().all(|it| it.beyond != Some(Beyond::Features))
        }),
        // Without these the others could hold of nothing.
        Property::sometimes("at rest all is answered", |_, state: &State| is_answered(state)),
        Property::sometimes("after all that may happen, too", |model, state: &State| {
            let (most, done) = (&model.most, &state.happened);
            let was_left = most.cut == 0 || state.links.iter().any(|it| it.was_left);
            let is_over = (done.restored, done.forgotten) == (most.restored, most.forgotten);
            is_answered(state) && was_left && is_over
        }),
    ]
}

fn is_answered(state: &State) -> bool {
    let host = &state.client.host;
    let answered = host.ends.iter().filter(|(_, end)| *end != End::Other).count();
    state.is_at_rest() && answered > 0 && answered == host.asked.len()
}

/// How many outcomes each request has.
fn outcomes(state: &State) -> impl Iterator<Item = usize> {
    let host = &state.client.host;
    host.asked.iter().map(|(asked, _)| host.ends.iter().filter(|(it, _)| it == asked).count())
}
