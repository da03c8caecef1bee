//! One declaration for each frame, and one for all of them.

/// Makes a struct for each frame.
macro_rules! frames {
    ( $( $(#[$doc:meta])* $kind:ident: $name:ident { $($members:tt)* } )* ) => { $(
        record! { $(#[$doc])* $name { $($members)* } }

        impl<'a> $name<'a> {
            /// Appends the frame as JSON.
            pub fn encode(&self, out: &mut String) {
                let mut object = Object::of(&Kind::$kind, out);
                self.write_members(&mut object);
                object.end();
            }
        }

        impl<'a> $crate::envelope::message::Typed<'a> for $name<'a> {
            const KIND: Kind<'static> = Kind::$kind;

            fn typed(envelope: &$crate::envelope::Envelope<'a>) -> Self {
                $crate::envelope::record::read(envelope.scan.members(envelope.text), Some("type"))
            }
        }

        impl<'a> From<$name<'a>> for Message<'a> {
            fn from(message: $name<'a>) -> Self {
                Self::$kind(message)
            }
        }
    )* };
}

/// Makes [`Message`](super::Message) of all frames.
macro_rules! messages {
    ( $( $kind:ident: $name:ident, )* ) => {
        /// A frame with its payload.
        #[derive(Clone, Debug, PartialEq, Eq)]
        #[non_exhaustive]
        // Boxing the large ones would cost an allocation for each frame.
        #[allow(clippy::large_enum_variant)]
        pub enum Message<'a> {
            $(
                #[doc = concat!("[`Kind::", stringify!($kind), "`].")]
                $kind($name<'a>),
            )*
            /// A frame of a type that this version does not know.
            Unknown(Unknown<'a>),
        }

        impl<'a> Message<'a> {
            /// Types an envelope. Nothing can fail: what does not fit is in
            /// [`extra`](Self::extra), and [`mismatches`](Self::mismatches) names it.
            pub(in crate::envelope) fn decode(envelope: &Envelope<'a>) -> Self {
                let members = envelope.scan.members(envelope.text);
                match envelope.kind() {
                    $( Kind::$kind => Self::$kind(record::read(members, Some("type"))), )*
                    Kind::Unknown(kind) => {
                        Self::Unknown(Unknown { kind, ..record::read(members, Some("type")) })
                    }
                }
            }

            /// What it is.
            pub fn kind(&self) -> Kind<'a> {
                match self {
                    $( Self::$kind(_) => Kind::$kind, )*
                    Self::Unknown(message) => Kind::Unknown(message.kind.clone()),
                }
            }

            /// The members without a typed place.
            pub fn extra(&self) -> &Extra<'a> {
                match self {
                    $( Self::$kind(message) => &message.extra, )*
                    Self::Unknown(message) => &message.extra,
                }
            }

            /// The known members that were not of their type and so read as absent; `null` is
            /// absence and none of them.
            pub fn mismatches(&self) -> Vec<DecodeError> {
                match self {
                    $( Self::$kind(message) => record::mismatches(message), )*
                    Self::Unknown(_) => Vec::new(),
                }
            }

            /// Appends the frame as JSON.
            pub fn encode(&self, out: &mut String) {
                match self {
                    $( Self::$kind(message) => message.encode(out), )*
                    Self::Unknown(message) => message.encode(out),
                }
            }
        }
    };
}

pub(super) use {frames, messages};
