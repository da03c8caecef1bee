//! What holds of a stream in every state.

use pamlink::envelope::v1::{CancelOutcome, How};
use stateright::Property;

use super::{State, StreamsModel};

/// A cancelled stream has ended.
pub const CANCELLED: &str = "a cancelled stream has ended";
/// At rest each cancel has exactly one outcome.
pub const ONE_OUTCOME: &str = "at rest each cancel has one outcome";
/// No older generation appends after a newer one.
pub const FENCED: &str = "no older generation appends";
/// After the end nothing is appended.
pub const ENDED: &str = "after its end nothing is appended";
/// What a reader has is the beginning of a text that the stream has had, or it was told otherwise.
pub const PREFIX: &str = "a reader has a prefix of the text";
/// At rest a reader has all of the stream, its end included.
pub const ALL: &str = "at rest a reader has all of the text";
/// Text that was taken is in the stream, or its producer is told.
pub const TAKEN: &str = "at rest what was taken is in the text";
/// The work of a stream starts once.
pub const ONCE: &str = "the work of a stream starts once";
/// A strict reader finds no fault.
pub const NO_FAULT: &str = "a strict reader finds no fault";

pub(super) fn all() -> Vec<Property<StreamsModel>> {
    vec![
        Property::always(CANCELLED, |_, state: &State| {
            let seen = &state.seen;
            let is_cancelled = seen.cancelled.contains(&Some(CancelOutcome::Cancelled));
            let has_ended = seen.end.as_ref().is_some_and(|(how, _)| *how == How::Cancelled);
            !is_cancelled || has_ended && !seen.taken_late
        }),
        Property::always(ONE_OUTCOME, |_, state: &State| {
            let (cancels, answered) =
                (usize::from(state.happened.cancelled), &state.seen.cancelled);
            let all = answered.len() == cancels && answered.iter().all(Option::is_some);
            answered.len() <= cancels && (all || !state.is_at_rest())
        }),
        Property::always(FENCED, |_, state: &State| !state.seen.old_has_appended),
        Property::always(ENDED, |_, state: &State| {
            state.seen.end.as_ref().is_none_or(|(_, text)| *text == state.seen.text)
        }),
        Property::always(PREFIX, |_, state: &State| {
            let text = &state.reader.text;
            let is_prefix = state.seen.texts.iter().any(|had| had.starts_with(text.as_str()));
            text.is_empty() || is_prefix || state.reader.knows_of_loss
        }),
        Property::always(ALL, |_, state: &State| {
            let (reader, seen) = (&state.reader, &state.seen);
            let is_reading = reader.is_attached && !reader.knows_of_loss && seen.begun > 0;
            // What is appended at another server comes with the next `follow` only, and a reader
            // that was silent for a minute is none.
            let is_here = state.happened.claimed_elsewhere == 0 && state.millis < 60_000;
            let has_all = reader.text == seen.text && reader.has_ended == seen.end.is_some();
            !state.is_at_rest() || !is_reading || !is_here || has_all
        }),
        Property::always(TAKEN, |_, state: &State| {
            let seen = &state.seen;
            let kept = seen.taken.iter().filter(|(by, _)| !seen.fenced.contains(by));
            let mut kept = kept.map(|(_, letter)| *letter);
            !state.is_at_rest() || kept.all(|letter| seen.text.contains(letter))
        }),
        Property::always(ONCE, |_, state: &State| state.seen.begun < 2),
        Property::always(NO_FAULT, |_, state: &State| state.reader.fault.is_none()),
        // Without this the others could hold of nothing.
        Property::sometimes("a reader has text", |_, state: &State| !state.reader.text.is_empty()),
    ]
}
