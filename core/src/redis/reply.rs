//! What a server replies, and what that means to a log.

use core::fmt;
use core::time::Duration;
use std::sync::Arc;

use crate::delivery::stream::{
    Answer, Base, End, Ended, Generation, Read, Record, Refusal, State, Status,
};
use crate::envelope::v1::{Code, How};

/// A reply of the server, as a client library has read it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Reply {
    /// Nothing.
    Nil,
    /// A number.
    Integer(i64),
    /// Bytes, or a word as `OK`.
    Bytes(Vec<u8>),
    /// Several.
    List(Vec<Self>),
    /// An error, with the word that it begins with.
    Error(String),
}

impl Reply {
    pub(super) fn is_no_script(&self) -> bool {
        matches!(self, Self::Error(error) if error.starts_with("NOSCRIPT"))
    }

    /// What the script says; nothing if this is no reply of it.
    pub(super) fn to_answer(&self) -> Option<Answer> {
        let mut rest = self.list()?.iter();
        let answer = match rest.next()?.text()? {
            "begun" => Answer::Begun { first: rest.next()?.number()? == 1 },
            "claimed" => Answer::Claimed {
                generation: Generation::from_number(rest.next()?.number()?),
                offset: rest.next()?.number()?,
            },
            "renewed" => Answer::Renewed,
            "appended" => Answer::Appended {
                sequence: rest.next()?.number()?,
                offset: rest.next()?.number()?,
            },
            "read" => {
                let status = status(rest.next()?)?;
                let base = base(rest.next()?)?;
                let records: Option<_> = rest.next()?.list()?.iter().map(record).collect();
                Answer::Read(Read::new(status, base, records?))
            }
            "finished" => Answer::Finished(ended(rest.as_slice())?),
            "status" => Answer::Status(status(rest.next()?)?),
            "discarded" => Answer::Discarded,
            "refused" => Answer::Refused(refusal(rest.as_slice())?),
            _ => return None,
        };
        Some(answer)
    }

    /// The text that it is.
    pub(super) fn text(&self) -> Option<&str> {
        match self {
            Self::Bytes(bytes) => core::str::from_utf8(bytes).ok(),
            _ => None,
        }
    }

    fn number(&self) -> Option<u64> {
        match self {
            Self::Integer(number) => u64::try_from(*number).ok(),
            _ => self.text()?.parse().ok(),
        }
    }

    fn list(&self) -> Option<&[Self]> {
        match self {
            Self::List(list) => Some(list),
            _ => None,
        }
    }
}

impl fmt::Display for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Error(error) => f.write_str(error),
            other => write!(f, "{other:?}"),
        }
    }
}

fn refusal(said: &[Reply]) -> Option<Refusal> {
    let (why, rest) = said.split_first()?;
    Some(match why.text()? {
        "exists" => Refusal::Exists,
        "full" => Refusal::Full,
        "fenced" => {
            Refusal::Fenced { generation: Generation::from_number(rest.first()?.number()?) }
        }
        "ended" => Refusal::Ended(ended(rest)?),
        "misplaced" => Refusal::Misplaced { offset: rest.first()?.number()? },
        "unknown" => Refusal::Unknown,
        _ => return None,
    })
}

fn ended(said: &[Reply]) -> Option<Ended> {
    let [sequence, offset, rest @ ..] = said else { return None };
    Some(Ended::new(sequence.number()?, offset.number()?, Arc::new(end(rest)?)))
}

fn end(said: &[Reply]) -> Option<End> {
    let [how, code, body] = said else { return None };
    let mut end = End::new(How::from(how.text()?).into_owned());
    end.code = match code {
        Reply::Nil => None,
        code => Some(Code::new(code.text()?.to_owned())?),
    };
    end.body = body.text().map(Box::from);
    Some(end)
}

fn status(said: &Reply) -> Option<Status> {
    let [sequence, offset, state, rest @ ..] = said.list()? else { return None };
    let lease = || rest.first()?.number().map(Duration::from_millis);
    let state = match state.text()? {
        "pending" => State::Pending { lease: lease()? },
        "running" => State::Running {
            generation: Generation::from_number(rest.get(1)?.number()?),
            lease: lease()?,
        },
        "ended" => State::Ended(Arc::new(end(rest)?)),
        _ => return None,
    };
    Some(Status::new(sequence.number()?, offset.number()?, state))
}

fn base(said: &Reply) -> Option<Base> {
    let [sequence, offset, restart @ ..] = said.list()? else { return None };
    let restart = match restart {
        [number, offset] => Some((number.number()?, offset.number()?)),
        _ => None,
    };
    Some(Base::new(sequence.number()?, offset.number()?, restart))
}

/// A text as the script stores it: `sequence:offset:restart:text`.
fn record(said: &Reply) -> Option<Record> {
    let mut parts = said.text()?.splitn(4, ':');
    let (sequence, offset) = (parts.next()?.parse().ok()?, parts.next()?.parse().ok()?);
    let restart = parts.next()? == "1";
    Some(Record::new(sequence, offset, parts.next()?.into(), restart))
}
