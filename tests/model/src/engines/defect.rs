//! Defects that are planted between client and hub, to see that the checker finds them.

use super::link::Part;

/// A mistake of whoever wires the machines together, or a rule of theirs undone on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "the tests name each")]
pub enum Defect {
    /// The end of a stream is lost on its way, so a request has no outcome.
    LosesEnds,
    /// A host takes the end of a link for the end of what it has asked, which still comes.
    GivesUpAtCut,
    /// Each session has ids of its own (V-3.9): what is repeated in another one is done again.
    KeepsIdsApart,
    /// What a repeat is given is another answer than the first.
    AnswersAnew,
    /// A link whose session goes on elsewhere is not told so (V-5.8).
    LosesClosed,
    /// What is said in a session that is open is said over the first link as well.
    SaysItOverAll,
    /// What comes over a link that was left is handed on as if it had come over the latest.
    HandsOnTheLeft,
    /// Somebody between the ends offers a lower version than the client speaks.
    LowersVersions,
    /// Somebody between the ends offers what the client cannot do.
    RaisesFeatures,
}

impl Defect {
    /// What becomes of what the client says over a link.
    pub(super) fn goes(defect: Option<Self>, said: &str, place: usize) -> String {
        let is_hello = said.starts_with(r#"{"type":"hello""#);
        match defect {
            Some(Self::LowersVersions) if is_hello => {
                said.replace(r#""versions":[2,"#, r#""versions":[1,"#)
            }
            Some(Self::RaisesFeatures) if is_hello => {
                said.replace(r#""features":0"#, r#""features":1"#)
            }
            // The first request has the number 0 behind the name of its client.
            Some(Self::KeepsIdsApart) if place > 0 => said.replace(r#"-0""#, r#"-00""#),
            _ => said.to_owned(),
        }
    }

    /// What becomes of what the hub says; nothing if it is lost.
    pub(super) fn said(defect: Option<Self>, part: &Part) -> Option<Part> {
        let loses = |what: &str| matches!(part, Part::Text(text) if text.contains(what));
        let is_lost = match defect {
            Some(Self::LosesEnds) => loses(r#""type":"end""#),
            Some(Self::LosesClosed) => loses(r#""code":"superseded""#),
            _ => false,
        };
        (!is_lost).then(|| part.clone())
    }

    /// Over which other link something is said as well.
    pub(super) fn says_also(defect: Option<Self>, part: &Part) -> Option<usize> {
        let is_later = matches!(part, Part::Text(text)
            if !text.contains(r#""type":"opened""#) && !text.contains(r#""type":"welcome""#));
        (defect == Some(Self::SaysItOverAll) && is_later).then_some(0)
    }

    /// What becomes of what has come to the client over a link.
    pub(super) fn comes(defect: Option<Self>, part: Part, place: usize) -> Part {
        match (defect, part) {
            (Some(Self::AnswersAnew), Part::Text(text)) if place > 0 => {
                Part::Text(text.replace("answer 0", "answer 9").into())
            }
            (_, part) => part,
        }
    }
}
