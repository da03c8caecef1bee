//! What has come over a session of a client, and what it is about.

use core::time::Duration;

use super::conversation::Conversation;
use super::correlation::own;
use super::event::RequestId;
use super::unlent::CancelResult;
use crate::delivery::{
    ClientEvent, CommandId, Ending, Event, Expiry, FollowAnswer, Outcome, StreamEvent,
};
use crate::envelope::v1::{Answer, Code, How};

/// What has come over a session, without its tie to it. Long texts stand in the client's `body`.
#[derive(Debug)]
pub(super) enum Heard {
    Nothing,
    Welcome,
    Body,
    Text(RequestId, u64),
    PiecesLost(RequestId),
    NoStream(RequestId),
    Ended(RequestId, How<'static>, Option<Code<'static>>, bool),
    Acknowledged,
    Rejected(RequestId, Code<'static>, Option<Duration>),
    NotSent(RequestId, Expiry),
    Result(RequestId, Option<CancelResult>),
    Outcome(CommandId, Outcome<'static>),
    Gap(Option<u64>, Code<'static>),
    Closed(Option<Duration>),
    SessionEnded,
    /// Nothing more: the host has left the session.
    Left,
}

/// The code of a channel whose session another link has taken over (V-5.8).
const SUPERSEDED: &str = "superseded";

impl Heard {
    /// What happened next in a session, whose long text goes into `body`; requests are those of a
    /// client whose ids begin with `prefix` and whose next number is `next`.
    pub(super) fn next(
        conversation: &mut Conversation,
        prefix: &str,
        next: u64,
        body: &mut String,
    ) -> Option<Self> {
        let request = |stream: &str| own(prefix, next, stream);
        let mut keep = |text: &str| {
            body.clear();
            body.push_str(text);
        };
        let (command, outcome) = match conversation.session.poll_event()? {
            ClientEvent::Session(event) => match event {
                Event::Item { body, .. } => {
                    keep(body.as_json());
                    return Some(Self::Body);
                }
                Event::Gap { lost, reason } => {
                    return Some(Self::Gap(lost, reason.into_owned()));
                }
                Event::Closed { code, .. } if code.as_str() == SUPERSEDED => {
                    return Some(Self::Nothing);
                }
                Event::Closed { retry_after, .. } => return Some(Self::Closed(retry_after)),
                Event::Fault(_) => return Some(Self::Closed(None)),
                Event::CancelResult { command, results } => {
                    let result = results.first().cloned().map(|it| {
                        (it.outcome.into_owned(), it.offset, it.code.map(Code::into_owned))
                    });
                    let request = conversation.take_cancel(command);
                    return Some(request.map_or(Self::Nothing, |it| Self::Result(it, result)));
                }
                Event::Outcome { command, outcome } => (
                    command,
                    match outcome {
                        Outcome::Acknowledged => Outcome::Acknowledged,
                        Outcome::Rejected { code, retry_after } => {
                            Outcome::Rejected { code: code.into_owned(), retry_after }
                        }
                        Outcome::Expired(why) => Outcome::Expired(why),
                        Outcome::Unknown => Outcome::Unknown,
                    },
                ),
                // Another one begins, and what was sent to this one does not come.
                Event::Ended(Ending::Left) => return Some(Self::Closed(None)),
                Event::Ended(_) => return Some(Self::SessionEnded),
                Event::Opened { answer: Answer::Begun | Answer::Resumed | Answer::Gap } => {
                    let welcome = conversation.take_welcome();
                    return Some(welcome.map_or(Self::Nothing, |welcome| {
                        keep(&welcome);
                        Self::Welcome
                    }));
                }
                // What asks for nothing, or is never heard by a client.
                Event::Opened { .. } | Event::CaughtUp | Event::Cancel { .. } => {
                    return Some(Self::Nothing);
                }
            },
            ClientEvent::Stream(event) => {
                let heard = match event {
                    StreamEvent::Text { stream, offset, text, .. } => {
                        keep(text);
                        request(stream).map(|it| Self::Text(it, offset))
                    }
                    StreamEvent::Following { stream, answer: FollowAnswer::Unknown, .. } => {
                        request(stream).map(Self::NoStream)
                    }
                    StreamEvent::Following { stream, stays, offset, .. } if stays < offset => {
                        request(stream).map(Self::PiecesLost)
                    }
                    StreamEvent::Ended { stream, how, code, body, .. } => {
                        keep(body.map_or("", |body| body.as_json()));
                        let code = code.map(Code::into_owned);
                        let has_body = body.is_some();
                        request(stream).map(|it| Self::Ended(it, how.into_owned(), code, has_body))
                    }
                    StreamEvent::Following { .. } | StreamEvent::CaughtUp { .. } => None,
                };
                return Some(heard.unwrap_or(Self::Nothing));
            }
        };
        if let Some(request) = conversation.take_item(command) {
            return Some(match outcome {
                Outcome::Acknowledged => Self::Acknowledged,
                Outcome::Rejected { code, retry_after } => {
                    Self::Rejected(request, code, retry_after)
                }
                Outcome::Expired(why) => Self::NotSent(request, why),
                // Whether its stream is there is asked, and tells.
                Outcome::Unknown => Self::Nothing,
            });
        }
        if let Some(request) = conversation.take_cancel(command) {
            return Some(Self::Result(request, None));
        }
        let is_hosts = conversation.take_sent(command);
        Some(if is_hosts { Self::Outcome(command, outcome) } else { Self::Nothing })
    }
}
