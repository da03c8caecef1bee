//! All types of envelopes: one enum, read and written.

use super::bounded::{Bounded, Wrong};
use super::channel::Channel;
use super::link::{Goodbye, Hello, Renewed, Token, TokenWanted, Welcome};
use super::malformed::Malformed;
use super::record::{Record, put, take};
use super::session::{
    Ack, Cancel, CancelResult, CaughtUp, Closed, Continue, Heartbeat, Item, Open, Opened, Reject,
};
use super::stream::{End, Follow, Following, Piece, Read, Unfollow};
use super::{BODY_DEPTH, DEPTH};
use crate::envelope::grammar::check;
use crate::envelope::object::Object;
use crate::envelope::{Envelope, Raw};

/// Makes an enum of all types, with the ends that may send each.
macro_rules! messages {
    ( $( $wire:literal, $client:literal $server:literal, $name:ident $(<$life:lifetime>)?; )* ) => {
        /// What an envelope says.
        #[derive(Clone, Debug, PartialEq, Eq)]
        #[non_exhaustive]
        pub enum Message<'a> {
            $(
                #[doc = concat!("`", $wire, "`.")]
                $name($name $(<$life>)?),
            )*
        }

        impl<'a> Message<'a> {
            fn read_kind(
                kind: &str,
                envelope: &Envelope<'a>,
            ) -> Result<Option<(Channel, Self)>, Malformed> {
                match kind {
                    $( $wire => {
                        let (channel, record) = read($wire, envelope)?;
                        Ok(Some((channel, Self::$name(record))))
                    } )*
                    _ => Ok(None),
                }
            }

            /// The words of the types that a client may say.
            pub fn kinds_of_client() -> impl Iterator<Item = &'static str> {
                [$( ($wire, $client), )*].into_iter().filter_map(|(kind, says)| says.then_some(kind))
            }

            /// The words of the types that a server may say.
            pub fn kinds_of_server() -> impl Iterator<Item = &'static str> {
                [$( ($wire, $server), )*].into_iter().filter_map(|(kind, says)| says.then_some(kind))
            }

            /// The word of its type.
            pub const fn kind(&self) -> &'static str {
                match self {
                    $( Self::$name(_) => $wire, )*
                }
            }

            /// Whether a client may say it.
            pub const fn is_of_client(&self) -> bool {
                match self {
                    $( Self::$name(_) => $client, )*
                }
            }

            /// Whether a server may say it.
            pub const fn is_of_server(&self) -> bool {
                match self {
                    $( Self::$name(_) => $server, )*
                }
            }

            /// The first member, which is the type.
            const fn first(&self) -> &'static str {
                match self {
                    $( Self::$name(_) => concat!("\"type\":\"", $wire, "\""), )*
                }
            }

            fn write_members(&self, object: &mut Object<'_>) {
                match self {
                    $( Self::$name(record) => record.write_members(object), )*
                }
            }
        }
    };
}

messages! {
    "open", true false, Open<'a>;
    "opened", false true, Opened<'a>;
    "continue", true false, Continue<'a>;
    "item", true true, Item<'a>;
    "reject", true true, Reject<'a>;
    "cancel", true false, Cancel<'a>;
    "cancel_result", false true, CancelResult<'a>;
    "ack", true true, Ack;
    "caught_up", true true, CaughtUp<'a>;
    "follow", true false, Follow<'a>;
    "following", false true, Following<'a>;
    "unfollow", true false, Unfollow<'a>;
    "piece", false true, Piece<'a>;
    "end", false true, End<'a>;
    "read", true false, Read<'a>;
    "heartbeat", true true, Heartbeat;
    "closed", true true, Closed<'a>;
    "hello", true false, Hello<'a>;
    "welcome", false true, Welcome;
    "token", true false, Token<'a>;
    "renewed", false true, Renewed;
    "token_wanted", false true, TokenWanted;
    "goodbye", true true, Goodbye<'a>;
}

impl<'a> Message<'a> {
    /// What an envelope says, and in which channel; nothing if its type is none of the dialect.
    ///
    /// # Errors
    ///
    /// A member is missing, of another type or out of its bounds. Members that are not known are
    /// not looked at.
    pub fn read(envelope: &Envelope<'a>) -> Result<Option<(Channel, Self)>, Malformed> {
        let kind = envelope.scan.kind.raw(envelope.text).and_then(|raw| raw.text());
        let read = Self::read_kind(kind.as_deref().unwrap_or(""), envelope);
        // What was scanned with less depth has no body that is too deep.
        if envelope.scan.depth() > DEPTH
            && let Ok(Some((channel, message))) = &read
            && let Some(body) = message.body()
            && check(body.as_json(), BODY_DEPTH).is_err()
        {
            let wrong = Wrong::value(body, Raw::WANTED);
            return Err(Malformed::new(*channel, message.kind(), ("body", wrong)));
        }
        read
    }

    /// Appends the envelope: its type, the channel unless it is 0, the members in the order of the
    /// struct, bodies byte for byte.
    pub fn write(&self, channel: Channel, out: &mut String) {
        let mut object = Object::begun(out, self.first());
        put(&mut object, ",\"channel\":", &Some(channel).filter(|channel| *channel != Channel(0)));
        self.write_members(&mut object);
        object.end();
    }

    /// The envelope of what is about the link, whose channel means nothing.
    pub(crate) fn to_link_text(&self) -> String {
        let mut text = String::new();
        self.write(Channel::default(), &mut text);
        text
    }

    /// Whether it is about the link and none of its sessions (section 10): its channel means
    /// nothing.
    pub const fn is_of_link(&self) -> bool {
        matches!(
            self,
            Self::Hello(_)
                | Self::Welcome(_)
                | Self::Token(_)
                | Self::Renewed(_)
                | Self::TokenWanted(_)
                | Self::Goodbye(_)
        )
    }

    /// The value of a host that it carries.
    const fn body(&self) -> Option<Raw<'a>> {
        if let Self::Item(item) = self {
            Some(item.body)
        } else if let Self::End(end) = self {
            end.body
        } else {
            None
        }
    }
}

/// Reads an envelope of the type `kind` in one pass over its members.
fn read<'a, T: Record<'a>>(
    kind: &'static str,
    envelope: &Envelope<'a>,
) -> Result<(Channel, T), Malformed> {
    let mut channel = None;
    let members = envelope.scan.members(envelope.text);
    let record = T::read_members(members, &mut |name, value| {
        if name == "channel" {
            channel = Some(value);
        }
    });
    let channel = take::<Option<Channel>>("channel", channel);
    let channel = channel.map_err(|wrong| Malformed::new(Channel(0), kind, wrong))?;
    let channel = channel.unwrap_or_default();
    let record = record.map_err(|wrong| Malformed::new(channel, kind, wrong))?;
    Ok((channel, record))
}
