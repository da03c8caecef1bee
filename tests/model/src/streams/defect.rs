//! Defects that are planted between the machines, to see that the checker finds them.

use std::sync::Arc;
use std::time::Duration;

use pamlink::delivery::stream::{
    Answer, Ended, Generation, LogRequest, MemoryLog, Refusal, Request,
};
use pamlink::envelope::v1::{Epoch, Position};
use pamlink::time::Now;

use super::seen::Seen;

/// A mistake of a log, of a link or of a reader.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "the tests name each")]
pub enum Defect {
    /// The log takes text of whoever has been a producer (V-7.5).
    KnowsNoGenerations,
    /// The log says that a stream has ended before it has noted that (V-8.5).
    EndsInWordOnly,
    /// The log says that it has text before it has noted that.
    AppendsInWordOnly,
    /// The log lets everyone begin a stream.
    BeginsForEveryone,
    /// The log begins a stream anew that has ended, for text that comes late (V-7.3).
    GoesOnAfterTheEnd,
    /// What the log says of an end is lost, and with it the outcome of a cancel.
    LosesEnds,
    /// A link loses the first piece, and says nothing.
    LosesPieces,
    /// A reader appends whatever comes, wherever it belongs (V-7.13, V-7.14).
    AppendsBlindly,
}

impl Defect {
    /// What the log does and answers.
    pub(super) fn answer(
        self,
        log: &mut MemoryLog,
        now: Now,
        request: &LogRequest,
        seen: &Seen,
    ) -> Answer {
        let end = seen.text.len() as u64;
        match (self, &request.request) {
            (Self::EndsInWordOnly, Request::Finish { end: how, .. }) => {
                Answer::Finished(Ended::new(100, end, Arc::clone(how)))
            }
            (Self::AppendsInWordOnly, Request::Append { text, offset, .. }) => {
                Answer::Appended { sequence: offset + 1, offset: offset + text.len() as u64 }
            }
            (Self::LosesEnds, Request::Finish { .. }) => Answer::Renewed,
            _ => {
                let answer = log.handle_request(now, request).answer;
                match (self, &request.request, answer) {
                    (
                        Self::KnowsNoGenerations,
                        Request::Append { text, .. },
                        Answer::Refused(Refusal::Fenced { generation }),
                    ) => {
                        let (sequence, text) = (0, Arc::clone(text));
                        let append = Request::Append { generation, sequence, offset: end, text };
                        let request = LogRequest::new(request.id, request.key.clone(), append);
                        log.handle_request(now, &request).answer
                    }
                    (
                        Self::GoesOnAfterTheEnd,
                        Request::Append { text, .. },
                        Answer::Refused(Refusal::Ended(_)),
                    ) => begin_anew(log, now, request, text),
                    (Self::BeginsForEveryone, _, Answer::Begun { .. }) => {
                        Answer::Begun { first: true }
                    }
                    (_, _, answer) => answer,
                }
            }
        }
    }
}

/// Forgets the stream, and lets it begin with this text.
fn begin_anew(log: &mut MemoryLog, now: Now, request: &LogRequest, text: &Arc<str>) -> Answer {
    let (of, lease) = (Position::start(Epoch::from_bits(0)), Duration::from_secs(30));
    let append = Request::Append {
        generation: Generation::from_number(1),
        sequence: 0,
        offset: 0,
        text: Arc::clone(text),
    };
    let steps = [
        Request::Discard,
        Request::ClaimEffect { of, lease },
        Request::ClaimProducer { lease },
        append,
    ];
    let mut answer = Answer::Unavailable;
    for step in steps {
        answer =
            log.handle_request(now, &LogRequest::new(request.id, request.key.clone(), step)).answer;
    }
    answer
}
