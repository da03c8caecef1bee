//! A link, and what was said over it.

use std::collections::VecDeque;
use std::sync::Arc;

use pamlink::envelope::Envelope;
use pamlink::envelope::v1::{self, Answer, Message, SessionId};

use super::defect::Defect;

/// What an end of another build says that it speaks, in the place of what the client says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_structs, reason = "a run is a literal")]
pub struct Dialect {
    /// The lowest and the highest version.
    pub versions: (u16, u16),
    /// The bits of what it can do beside them.
    pub features: u64,
    /// The version that its server has, in the place of what the hub says.
    pub welcomes: u16,
}

impl Dialect {
    /// The bit of several envelopes in one message (V-10.7).
    const BATCH: u64 = 1;

    /// That of this build.
    pub const OWN: Self = Self { versions: (1, 1), features: Self::BATCH, welcomes: 1 };

    fn has(&self, version: u16) -> bool {
        (self.versions.0..=self.versions.1).contains(&version)
    }
}

/// A link between client and hub.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Link {
    pub(super) to_hub: VecDeque<Part>,
    pub(super) to_client: VecDeque<Part>,
    pub(super) is_open_to_hub: bool,
    pub(super) is_open_to_client: bool,
    /// What the hub has welcomed: the version, and what both can do.
    pub(super) welcomed: Option<(u16, u64)>,
    /// The session that is open over it.
    pub(super) session: Option<SessionId>,
    /// Its session goes on over another link.
    pub(super) was_left: bool,
    /// Something of a session was said after that.
    pub(super) says_on: bool,
    /// What is beyond what both have said that they speak.
    pub(super) beyond: Option<Beyond>,
}

/// What is said over a link.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Part {
    Text(Arc<str>),
    Close(u16),
    /// The hub has dropped the transport.
    End,
}

/// What nobody has agreed on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Beyond {
    Version,
    Features,
}

impl Link {
    pub(super) fn new() -> Self {
        Self { is_open_to_hub: true, is_open_to_client: true, ..Self::default() }
    }

    /// The client says something, in its dialect.
    pub(super) fn client_says(
        &mut self,
        part: Part,
        place: usize,
        dialect: Dialect,
        defect: Option<Defect>,
    ) {
        let Part::Text(text) = &part else {
            self.to_hub.push_back(part);
            return;
        };
        let mut said = text.to_string();
        for text in text.split(BETWEEN) {
            let Some(kind) = kind_of(text) else { continue };
            if kind == Kind::Hello {
                said = said_by(text, dialect);
            } else if self.welcomed.is_some_and(|(version, _)| !dialect.has(version)) {
                // It was told that the link speaks a version which it does not.
                self.beyond =
                    self.beyond.or_else(|| (kind == Kind::OfSession).then_some(Beyond::Version));
            }
        }
        self.notice_several(&said);
        self.to_hub.push_back(Part::Text(Defect::goes(defect, &said, place).into()));
    }

    /// The hub says something.
    pub(super) fn hub_says(&mut self, part: Part, dialect: Dialect) {
        let Part::Text(text) = &part else {
            if part == Part::End {
                (self.is_open_to_hub, self.to_hub) = (false, VecDeque::new());
            }
            if self.is_open_to_client {
                self.to_client.push_back(part);
            }
            return;
        };
        let mut said = text.to_string();
        for text in text.split(BETWEEN) {
            match kind_of(text) {
                Some(Kind::Welcome(version, features)) => {
                    let is_beyond = !dialect.has(version) || version != 1;
                    self.beyond = self.beyond.or_else(|| is_beyond.then_some(Beyond::Version));
                    let is_beyond = features & !dialect.features != 0;
                    self.beyond = self.beyond.or_else(|| is_beyond.then_some(Beyond::Features));
                    self.welcomed = Some((dialect.welcomes, features));
                    let (own, other) = (1, dialect.welcomes);
                    said = said
                        .replace(&format!(r#""version":{own}"#), &format!(r#""version":{other}"#));
                }
                Some(Kind::Opened(id)) => (self.session, self.was_left) = (Some(id), false),
                Some(Kind::Closed { superseded }) => {
                    self.session = None;
                    self.was_left |= superseded;
                }
                Some(Kind::OfSession) => self.says_on |= self.was_left,
                Some(Kind::Hello) | None => {}
            }
        }
        self.notice_several(&said);
        if self.is_open_to_client {
            self.to_client.push_back(Part::Text(said.into()));
        }
    }

    /// Several envelopes in one message need the bit of both.
    fn notice_several(&mut self, said: &str) {
        let agreed = self.welcomed.is_some_and(|(_, features)| features & Dialect::BATCH != 0);
        if said.contains(BETWEEN) && !agreed {
            self.beyond = self.beyond.or(Some(Beyond::Features));
        }
    }
}

/// Between the envelopes of a message.
const BETWEEN: char = '\u{1e}';

/// What an envelope is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Hello,
    Welcome(u16, u64),
    /// A session goes on, or begins.
    Opened(SessionId),
    Closed {
        superseded: bool,
    },
    /// What is said in a session that is open.
    OfSession,
}

fn kind_of(text: &str) -> Option<Kind> {
    let envelope = Envelope::parse(text, v1::DEPTH).ok()?;
    let (_, message) = Message::read(&envelope).ok()??;
    Some(match message {
        Message::Hello(_) => Kind::Hello,
        Message::Welcome(it) => Kind::Welcome(it.version.get(), it.features.0),
        Message::Opened(it) if it.answer == Answer::Unknown => return None,
        Message::Opened(it) => Kind::Opened(it.session),
        Message::Closed(it) => Kind::Closed { superseded: it.code.as_str() == "superseded" },
        Message::Item(_)
        | Message::Reject(_)
        | Message::Cancel(_)
        | Message::CancelResult(_)
        | Message::Ack(_)
        | Message::CaughtUp(_)
        | Message::Following(_)
        | Message::Piece(_)
        | Message::End(_) => Kind::OfSession,
        _ => return None,
    })
}

/// A `hello` as the dialect says it.
fn said_by(hello: &str, dialect: Dialect) -> String {
    let Dialect { versions: (lowest, highest), features, .. } = dialect;
    let said = hello.replace(r#""versions":[1,1]"#, &format!(r#""versions":[{lowest},{highest}]"#));
    said.replace(r#""features":1"#, &format!(r#""features":{features}"#))
}
