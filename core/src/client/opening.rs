//! Sessions are opened right behind the `hello` of a link, ahead of its welcome (V-10.2), as far as
//! a server keeps what is said there: one round trip less at every link.

use super::conversation::Conversation;
use crate::link::ClientLink;
use crate::time::Now;

impl Conversation {
    /// Opens the session over a link that has said its `hello` and was not welcomed, once, unless
    /// the `open` is more than a server keeps until it has judged the token: then it waits for the
    /// welcome. Nothing else is said before the session is open.
    pub(super) fn open_ahead(&mut self, now: Now, link: &mut ClientLink) {
        // A host that has not taken all events yet takes them before it asks for more.
        if self.ahead || self.is_held_back(now.mono) || self.attach(now).is_err() {
            return;
        }
        self.ahead = true;
        let mut open = String::new();
        if !self.session.poll_message(&mut open) || !link.send_ahead(&open) {
            self.session.detach(now);
        }
    }
}

#[cfg(test)]
mod tests {
    use core::time::Duration;
    use std::sync::Arc;

    use super::*;
    use crate::client::joining::Joining;
    use crate::delivery::SessionNumber;
    use crate::envelope::v1::{
        Answer, Channel, DEPTH, Epoch, Message, Opened, Position, SessionId, Window,
    };
    use crate::envelope::{Envelope, Id};
    use crate::link::{ClientLinkConfig, Endpoint, Token};
    use crate::seed::Seed;
    use crate::time::{Mono, Wall};

    const NOW: Now = Now::new(Mono::from_millis(1_000), Wall::from_unix_secs(1_800_000_000));

    /// A link that has said its `hello`, with a token of so many bytes.
    fn link(token: usize) -> ClientLink {
        let config = Arc::new(ClientLinkConfig::default());
        let endpoint = Endpoint::v1("ws://server.test", "ada").unwrap();
        let mut link = ClientLink::new(&config, endpoint, Seed::from_number(1), NOW).unwrap();
        link.connect(NOW);
        link.provide_token(NOW, Token::new("t".repeat(token))).unwrap();
        link.handle_opened(NOW, Some("pamlink.v1"));
        while link.poll_event().is_some() {}
        link
    }

    /// A session that a link has carried, and that follows so many streams, whose names have 128
    /// bytes.
    fn conversation(streams: usize) -> Conversation {
        let mut conversation =
            Conversation::new(SessionNumber::FIRST, Channel(0), Seed::from_number(2));
        let session = &mut conversation.session;
        session.attach(NOW, Channel(0)).unwrap();
        let mut open = String::new();
        assert!(session.poll_message(&mut open));
        let envelope = Envelope::parse(&open, DEPTH).unwrap();
        let Ok(Some((_, Message::Open(open)))) = Message::read(&envelope) else { panic!("{open}") };
        let start = Position::start(Epoch::from_bits(1));
        let opened = Opened {
            session: SessionId::from_bytes([1; 16]),
            answer: Answer::Begun,
            received: open.sent,
            from: start,
            sent: start,
            log: Epoch::from_bits(2),
            window: Window { envelopes: 512, bytes: 262_144 },
            keep: Duration::from_secs(120),
            lost: None,
            reason: None,
            how: None,
        };
        session.handle_message(NOW, &Message::Opened(opened));
        while session.poll_event().is_some() {}
        session.detach(NOW);
        for number in 0..streams {
            conversation.follow(NOW, &Id::from(format!("{number:0128}")));
        }
        conversation
    }

    /// The link is welcomed, and the session says what it has to say.
    fn welcome(conversation: &mut Conversation, link: &mut ClientLink) {
        conversation.handle_welcome(Some("{}".into()));
        let mut message = String::new();
        let mut joining = Joining::new(link, &mut message, false);
        conversation.open(NOW, &mut joining);
        let mut text = String::new();
        while conversation.session.poll_message(&mut text) {
            joining.say(&text);
            text.clear();
        }
        joining.end();
    }

    #[test]
    fn it_is_opened_once_and_nothing_else_is_said() {
        let (mut link, mut conversation) = (link(8_192), conversation(30));
        let hello = link.queued();
        conversation.open_ahead(NOW, &mut link);
        let open = link.queued() - hello;
        assert!(open > 30 * 128 && hello + open < 16 * 1_024, "{hello} {open}");
        conversation.open_ahead(NOW, &mut link);
        assert_eq!(link.queued(), hello + open);
        welcome(&mut conversation, &mut link);
        assert_eq!(link.queued(), hello + open, "it is not opened again");
    }

    #[test]
    fn an_open_that_a_server_would_not_keep_waits_for_the_welcome() {
        let (mut link, mut conversation) = (link(8_192), conversation(64));
        let hello = link.queued();
        conversation.open_ahead(NOW, &mut link);
        assert_eq!(link.queued(), hello);
        assert!(!conversation.session.session().is_attached());
        welcome(&mut conversation, &mut link);
        assert!(link.queued() > hello + 64 * 128, "{}", link.queued());
    }

    #[test]
    fn a_second_token_that_a_server_would_not_keep_waits_too() {
        let mut link = link(8_192);
        let hello = link.queued();
        link.provide_token(NOW, Token::new("u".repeat(8_192))).unwrap();
        assert_eq!(link.queued(), hello);
    }
}
