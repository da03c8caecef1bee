//! Values of the files as the engine has them, and back.

use core::time::Duration;

use pamlink::envelope::v1::{Code, Epoch, How, Name, Position, StreamResult};
use pamlink::time::{Mono, Now, Wall};
use serde_json::{Map, Value, json};

/// The members of a command. What the file says of one that no command has is a fault of the file.
#[derive(Debug)]
pub(super) struct Members<'a> {
    command: &'a str,
    members: Map<String, Value>,
}

impl<'a> Members<'a> {
    /// The word of a command, and its members.
    pub(super) fn of(command: &'a Value) -> Result<(&'a str, Self), String> {
        let only = command.as_object().filter(|it| it.len() == 1).and_then(|it| it.iter().next());
        let (word, members) = only.ok_or_else(|| format!("{command} is no command"))?;
        let members = members.as_object().ok_or_else(|| format!("{command} has no members"))?;
        Ok((word, Self { command: word, members: members.clone() }))
    }

    pub(super) fn take(&mut self, name: &str) -> Option<Value> {
        self.members.remove(name)
    }

    pub(super) fn text(&mut self, name: &str) -> Option<String> {
        self.take(name)?.as_str().map(str::to_owned)
    }

    pub(super) fn number(&mut self, name: &str) -> Option<u64> {
        self.take(name)?.as_u64()
    }

    pub(super) fn millis(&mut self, name: &str) -> Option<Duration> {
        self.number(name).map(Duration::from_millis)
    }

    pub(super) fn name(&mut self, name: &str) -> Option<Name<'static>> {
        Name::new(self.text(name)?).map(Name::into_owned)
    }

    pub(super) fn code(&mut self, name: &str) -> Option<Code<'static>> {
        Code::new(self.text(name)?).map(Code::into_owned)
    }

    pub(super) fn position(&mut self, name: &str) -> Option<Position> {
        position(&self.take(name)?)
    }

    /// A member that has to be there.
    pub(super) fn need<T>(&self, name: &str, member: Option<T>) -> Result<T, String> {
        member.ok_or_else(|| format!("{}: no `{name}`, or none that is one", self.command))
    }

    /// That all members were looked at.
    pub(super) fn end(self) -> Result<(), String> {
        match self.members.keys().next() {
            Some(name) => Err(format!("{} has no `{name}`", self.command)),
            None => Ok(()),
        }
    }
}

/// The clocks at a time in ms.
pub(super) fn now(at: u64) -> Now {
    let wall = Wall::from_unix_secs(1_800_000_000);
    Now::new(Mono::from_millis(at), wall + Duration::from_millis(at))
}

/// The first whole ms at which a reading has come.
pub(super) fn millis(at: Mono) -> u64 {
    at.as_nanos().div_ceil(1_000_000)
}

pub(super) fn position(value: &Value) -> Option<Position> {
    let epoch = u64::from_str_radix(value[0].as_str()?, 16).ok()?;
    Some(Position::new(Epoch::from_bits(epoch), value[1].as_u64()?))
}

pub(super) fn shown(at: Position) -> Value {
    json!([format!("{:016x}", at.epoch.to_bits()), at.sequence])
}

pub(super) fn shown_millis(duration: Option<Duration>) -> Value {
    duration.map(|it| it.as_millis().to_string()).map_or(Value::Null, |it| json_of(&it))
}

pub(super) fn json_of(text: &str) -> Value {
    serde_json::from_str(text).expect("JSON")
}

pub(super) fn shown_result(result: &StreamResult<'_>) -> Value {
    json!({
        "stream": result.stream.as_str(),
        "outcome": result.outcome.as_str(),
        "offset": result.offset,
        "how": result.how.as_ref().map(How::as_str),
        "code": result.code.as_ref().map(Code::as_str),
    })
}
