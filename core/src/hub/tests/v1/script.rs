//! A client that says envelopes by hand.

use crate::envelope::Envelope;
use crate::envelope::v1::{DEPTH, Message};
use crate::hub::LinkId;
use crate::hub::tests::support::Host;

/// The epoch of the client's numbers.
pub(super) const EPOCH: &str = "c1a5e00000000001";

impl Host {
    /// Connects a user, who says `hello` with its name for a token, and reads the welcome.
    pub(super) fn open_v1(&mut self, user: &str) -> LinkId {
        let link = self.dial_v1(user);
        self.say(link, &hello(user));
        let welcome = self.text(link);
        assert!(welcome.starts_with(r#"{"type":"welcome","version":1,"#), "{welcome}");
        link
    }

    /// Connects a user and offers the dialect.
    pub(super) fn dial_v1(&mut self, user: &str) -> LinkId {
        if self.subprotocols.is_empty() {
            self.subprotocols = vec!["pamlink.v1"];
        }
        let link = self.dial(&format!("/api/v1/pam/ws/{user}"));
        self.subprotocols.clear();
        link
    }

    /// The same with a session, which begins: its id.
    pub(super) fn begin_v1(&mut self, user: &str) -> (LinkId, String) {
        let link = self.open_v1(user);
        self.say(link, &format!(r#"{{"type":"open","sent":["{EPOCH}",0]}}"#));
        let opened = self.text(link);
        assert_eq!(member(&opened, "answer"), r#""begun""#);
        (link, member(&opened, "session").trim_matches('"').to_owned())
    }

    /// Asks for a stream.
    pub(super) fn request_v1(&mut self, link: LinkId, number: u64, stream: &str, body: &str) {
        self.say(
            link,
            &format!(
                r#"{{"type":"item","at":["{EPOCH}",{number}],"stream":"{stream}","body":{body}}}"#
            ),
        );
    }

    /// All that a client has read since the last look, but for acknowledgements of the session.
    pub(super) fn said_v1(&mut self, link: LinkId) -> Vec<String> {
        let texts = core::mem::take(&mut self.peers.get_mut(&link).unwrap().texts);
        texts.into_iter().filter(|text| kind(text) != "ack").collect()
    }
}

/// What a client says first.
pub(super) fn hello(token: &str) -> String {
    format!(
        r#"{{"type":"hello","versions":[1,1],"features":0,"limits":{{"message":1048576}},"token":"{token}"}}"#
    )
}

/// The member of an envelope as it is spelled.
pub(super) fn member(text: &str, name: &str) -> String {
    let envelope = Envelope::parse(text, DEPTH).unwrap();
    let value = envelope.field(name);
    value.unwrap_or_else(|| panic!("no {name} in {text}")).as_json().to_owned()
}

/// The type of an envelope, which is one that the codec reads.
pub(super) fn kind(text: &str) -> &'static str {
    let envelope = Envelope::parse(text, DEPTH).unwrap();
    let (_, message) = Message::read(&envelope).unwrap().unwrap();
    message.kind()
}
