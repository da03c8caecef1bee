//! What a client is given, as it stands in a recording, and how a client is given it again.

use std::time::Duration;

use pamlink::client::{Client, RequestId};
use pamlink::delivery::{CommandId, SendOptions, SessionNumber};
use pamlink::envelope::v1::{Epoch, Name, Position};
use pamlink::envelope::{Chat, Text};
use pamlink::link::{CloseClass, DialFailed, Token, TokenError};
use pamlink::time::{Now, Wall};
use serde::{Deserialize, Serialize};

use super::then::Then;
use crate::answer::ClientRequest;
use crate::recording::sheet::Given;
use crate::recording::urgency::Urgency;
use crate::recording::{characters, hidden, outcome};

/// One input or command of a client. Closed: a recording of another version has another header.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub(crate) enum Input {
    Connect,
    Disconnect,
    Dialed,
    DialFailed {
        class: String,
        said: String,
    },
    /// Every byte is the character of its number, so that what is text can be read.
    Bytes(#[serde(with = "characters")] Vec<u8>),
    Closed,
    /// One of the four before this, over the second link.
    Second(Box<Self>),
    Timeout,
    /// A token, with what stands for its text.
    Token {
        hidden: String,
        issued: Option<i64>,
        expires: Option<i64>,
    },
    NoToken(NoToken),
    Wake,
    NetworkChanged,
    Snapshot,
    OpenSession,
    LeaveSession(u64),
    Ask {
        #[serde(default, skip_serializing_if = "is_first")]
        session: u64,
        text: String,
        agent: Option<String>,
        intent: Option<String>,
        context: Option<String>,
        stream: bool,
    },
    Forget(u64),
    Abandon(u64),
    Cancel(u64),
    Send(String),
    SendIn {
        session: u64,
        text: String,
    },
    Submit {
        #[serde(default, skip_serializing_if = "is_first")]
        session: u64,
        text: String,
        priority: Urgency,
        key: Option<String>,
        time_to_live_ms: Option<u64>,
        /// What of it is less than a millisecond, in nanoseconds.
        #[serde(default, skip_serializing_if = "is_none")]
        time_to_live_ns: u32,
        of: Option<(u64, u64)>,
        agent: Option<String>,
    },
}

/// A [`TokenError`].
#[derive(Clone, Copy, Debug, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum NoToken {
    Denied,
    Malformed,
    Unavailable,
}

impl Input {
    /// The same over the second link.
    pub(crate) fn over_second(self) -> Self {
        Self::Second(Box::new(self))
    }

    /// Which link it is of, and what of it it is.
    pub(super) fn of_link(&self) -> Option<(Place, &Self)> {
        match self {
            Self::Dialed | Self::DialFailed { .. } | Self::Bytes(_) | Self::Closed => {
                Some((Place::First, self))
            }
            Self::Second(input) => Some((Place::Second, input)),
            _ => None,
        }
    }

    pub(crate) fn dial_failed(failed: DialFailed<'_>) -> Self {
        match failed {
            DialFailed::Unanswered { class, said } => {
                Self::DialFailed { class: class.as_str().to_owned(), said: said.to_owned() }
            }
            // This host dials by bytes, and the answer to an opening request is bytes as well.
            other => Self::DialFailed {
                class: CloseClass::Network.as_str().to_owned(),
                said: format!("{other:?}"),
            },
        }
    }

    pub(crate) fn token(token: &Token) -> Self {
        Self::Token {
            hidden: hidden::placeholder(token.expose()),
            issued: token.issued().map(Wall::as_unix_micros),
            expires: token.expires().map(Wall::as_unix_micros),
        }
    }

    pub(crate) fn no_token(error: TokenError) -> Self {
        Self::NoToken(match error {
            TokenError::Denied => NoToken::Denied,
            TokenError::Malformed => NoToken::Malformed,
            _ => NoToken::Unavailable,
        })
    }

    pub(crate) fn ask(session: SessionNumber, chat: &Chat<'_>) -> Self {
        let owned = |text: &Option<Text<'_>>| text.as_ref().map(|text| text.as_str().to_owned());
        Self::Ask {
            session: session.as_u64(),
            text: owned(&chat.message).unwrap_or_default(),
            agent: owned(&chat.agent),
            intent: owned(&chat.intent),
            context: chat.context.as_ref().map(|context| context.as_json().to_owned()),
            stream: chat.stream == Some(true),
        }
    }

    pub(crate) fn send(session: SessionNumber, text: &str) -> Self {
        match session {
            SessionNumber::FIRST => Self::Send(text.to_owned()),
            _ => Self::SendIn { session: session.as_u64(), text: text.to_owned() },
        }
    }

    pub(crate) fn submit(session: SessionNumber, text: &str, options: &SendOptions<'_>) -> Self {
        let millis = |span: Duration| u64::try_from(span.as_millis()).unwrap_or(u64::MAX);
        Self::Submit {
            session: session.as_u64(),
            text: text.to_owned(),
            priority: options.priority.into(),
            key: options.key.as_ref().map(|key| key.as_str().to_owned()),
            time_to_live_ms: options.time_to_live.map(millis),
            time_to_live_ns: options.time_to_live.map_or(0, |span| span.subsec_nanos() % 1_000_000),
            of: options.of.map(|at| (at.epoch.to_bits(), at.sequence)),
            agent: options.agent.as_ref().map(|agent| agent.as_str().to_owned()),
        }
    }

    /// What kind of input it is, for people.
    pub(super) fn name(&self) -> String {
        match self {
            Self::Connect => "connect".into(),
            Self::Disconnect => "disconnect".into(),
            Self::Dialed => "dialed".into(),
            Self::DialFailed { class, said } => format!("dial failed ({class}): {said}"),
            Self::Bytes(bytes) => format!("{} bytes", bytes.len()),
            Self::Closed => "transport closed".into(),
            Self::Second(input) => format!("second link: {}", input.name()),
            Self::Timeout => "timeout".into(),
            Self::Token { hidden, .. } => format!("token of {} characters", hidden.len()),
            Self::NoToken(why) => format!("no token ({})", why.error()),
            Self::Wake => "wake".into(),
            Self::NetworkChanged => "network changed".into(),
            Self::Snapshot => "snapshot".into(),
            Self::OpenSession => "open a session".into(),
            Self::LeaveSession(session) => format!("leave session {session}"),
            Self::Ask { session, text, .. } => format!("ask {text:?}{}", within(*session)),
            Self::Forget(request) => format!("forget request {request}"),
            Self::Abandon(request) => format!("abandon request {request}"),
            Self::Cancel(request) => format!("cancel request {request}"),
            Self::Send(text) => format!("send {text}"),
            Self::SendIn { session, text } => format!("send {text}{}", within(*session)),
            Self::Submit { session, text, .. } => format!("submit {text}{}", within(*session)),
        }
    }

    /// Gives it to a client, and says what came of it where that is more than nothing.
    ///
    /// # Errors
    ///
    /// It is no input that a client can be given.
    pub(super) fn give(&self, client: &mut Client, now: Now) -> Result<Option<String>, String> {
        match self {
            Self::Connect => client.connect(now),
            Self::Disconnect => client.disconnect(now),
            Self::Dialed => client.handle_dialed(now),
            Self::DialFailed { class, said } => {
                client.handle_dial_failed(now, failed(class, said)?);
            }
            Self::Bytes(bytes) => return Ok(outcome(&client.handle_bytes(now, bytes), |()| None)),
            Self::Closed => client.handle_closed(now),
            Self::Second(input) => return input.give_second(client, now),
            Self::Timeout => client.handle_timeout(now),
            Self::Token { hidden, issued, expires } => {
                let (text, wall) = (hidden.as_str(), Wall::from_unix_micros);
                let token = match expires {
                    Some(expires) => Token::with_dates(text, issued.map(wall), wall(*expires)),
                    None => Token::new(text),
                };
                return Ok(outcome(&client.provide_token(now, token), |()| None));
            }
            Self::NoToken(why) => client.token_failed(now, why.error()),
            Self::Wake => client.wake(now),
            Self::NetworkChanged => client.network_changed(now),
            // Whoever replays takes it, and compares its bytes.
            Self::Snapshot => {}
            Self::OpenSession => return Ok(outcome(&client.open_session(now), opened)),
            Self::LeaveSession(session) => {
                let session = SessionNumber::from_u64(*session);
                return Ok(outcome(&client.leave_session(now, session), |()| None));
            }
            Self::Ask { session, text, agent, intent, context, stream } => {
                let request = ClientRequest {
                    text: text.clone(),
                    agent: agent.clone(),
                    intent: intent.clone(),
                    context: context.clone(),
                };
                let chat = request.chat().map_err(|error| error.to_string())?;
                let chat = Chat { stream: stream.then_some(true), ..chat };
                let session = SessionNumber::from_u64(*session);
                return Ok(outcome(&client.request_in(now, session, &chat), asked));
            }
            Self::Forget(request) => client.forget(now, RequestId::from_u64(*request)),
            Self::Abandon(request) => client.abandon(now, RequestId::from_u64(*request)),
            Self::Cancel(request) => {
                let request = RequestId::from_u64(*request);
                return Ok(outcome(&client.cancel(now, request), |()| None));
            }
            Self::Send(text) => return Ok(outcome(&client.send(now, text), |()| None)),
            Self::SendIn { session, text } => {
                let session = SessionNumber::from_u64(*session);
                return Ok(outcome(&client.send_in(now, session, text), |()| None));
            }
            Self::Submit {
                session,
                text,
                priority,
                key,
                time_to_live_ms,
                time_to_live_ns,
                of,
                agent,
            } => {
                let rest = Duration::from_nanos(u64::from(*time_to_live_ns));
                let options = SendOptions {
                    priority: (*priority).into(),
                    key: name(key.as_deref())?,
                    time_to_live: time_to_live_ms.map(|span| Duration::from_millis(span) + rest),
                    of: of.map(|(epoch, sequence)| Position {
                        epoch: Epoch::from_bits(epoch),
                        sequence,
                    }),
                    agent: name(agent.as_deref())?,
                    ..SendOptions::default()
                };
                let session = SessionNumber::from_u64(*session);
                return Ok(outcome(&client.submit_in(now, session, text, options), submitted));
            }
        }
        Ok(None)
    }

    /// The same, over the second link.
    fn give_second(&self, client: &mut Client, now: Now) -> Result<Option<String>, String> {
        let mut second = client.second_link();
        match self {
            Self::Dialed => second.handle_dialed(now),
            Self::DialFailed { class, said } => {
                second.handle_dial_failed(now, failed(class, said)?);
            }
            Self::Bytes(bytes) => return Ok(outcome(&second.handle_bytes(now, bytes), |()| None)),
            Self::Closed => second.handle_closed(now),
            other => return Err(format!("a second link is given no `{}`", other.name())),
        }
        Ok(None)
    }
}

impl Given for Input {
    type Then = Then;

    fn texts(&mut self) -> Vec<&mut String> {
        match self {
            Self::DialFailed { said, .. } => vec![said],
            Self::Ask { text, agent, intent, context, .. } => {
                let others = [agent, intent, context].into_iter().filter_map(Option::as_mut);
                std::iter::once(text).chain(others).collect()
            }
            Self::Send(text) | Self::SendIn { text, .. } => vec![text],
            Self::Submit { text, key, agent, .. } => {
                let others = [key, agent].into_iter().filter_map(Option::as_mut);
                std::iter::once(text).chain(others).collect()
            }
            Self::Second(input) => input.texts(),
            Self::Connect
            | Self::Disconnect
            | Self::Dialed
            | Self::Bytes(_)
            | Self::Closed
            | Self::Timeout
            | Self::Token { .. }
            | Self::NoToken(_)
            | Self::Wake
            | Self::NetworkChanged
            | Self::Snapshot
            | Self::OpenSession
            | Self::LeaveSession(_)
            | Self::Forget(_)
            | Self::Abandon(_)
            | Self::Cancel(_) => Vec::new(),
        }
    }

    fn bytes(&mut self) -> Option<&mut Vec<u8>> {
        match self {
            Self::Bytes(bytes) => Some(bytes),
            Self::Second(input) => input.bytes(),
            _ => None,
        }
    }
}

/// Which of a client's links.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    First,
    Second,
}

impl NoToken {
    fn error(self) -> TokenError {
        match self {
            Self::Denied => TokenError::Denied,
            Self::Malformed => TokenError::Malformed,
            Self::Unavailable => TokenError::Unavailable,
        }
    }
}

fn failed<'a>(class: &str, said: &'a str) -> Result<DialFailed<'a>, String> {
    let known = CloseClass::ALL.into_iter().find(|known| known.as_str() == class);
    let class = known.ok_or_else(|| format!("there is no close class `{class}`"))?;
    Ok(DialFailed::Unanswered { class, said })
}

pub(crate) fn asked(request: &RequestId) -> Option<String> {
    Some(format!("request {request}"))
}

pub(crate) fn opened(session: &SessionNumber) -> Option<String> {
    Some(format!("session {session}"))
}

pub(crate) fn submitted(command: &CommandId) -> Option<String> {
    Some(format!("command {}", command.as_u64()))
}

/// Whether it is the first session, which a recording does not name.
#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it so")]
const fn is_first(session: &u64) -> bool {
    *session == SessionNumber::FIRST.as_u64()
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it so")]
const fn is_none(nanos: &u32) -> bool {
    *nanos == 0
}

/// In which session, where that is not the first.
fn within(session: u64) -> String {
    if is_first(&session) { String::new() } else { format!(" in session {session}") }
}

fn name(text: Option<&str>) -> Result<Option<Name<'_>>, String> {
    let read = |text| Name::new(text).ok_or_else(|| format!("`{text}` is no name"));
    text.map(read).transpose()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_to_live_is_recorded_to_the_nanosecond() {
        let options = SendOptions {
            time_to_live: Some(Duration::new(1, 2_000_003)),
            ..SendOptions::default()
        };
        let input = Input::submit(SessionNumber::FIRST, "{}", &options);
        let text = serde_json::to_string(&input).unwrap();
        let millis = r#""time_to_live_ms":1002,"time_to_live_ns":3"#;
        assert!(text.contains(millis), "{text}");
        // What earlier versions have written has no more than the milliseconds.
        let read = |text: &str| serde_json::from_str::<Input>(text).unwrap();
        assert!(matches!(read(&text), Input::Submit { time_to_live_ns: 3, .. }));
        let earlier = text.replace(r#","time_to_live_ns":3"#, "");
        assert!(matches!(read(&earlier), Input::Submit { time_to_live_ns: 0, .. }));
    }
}
