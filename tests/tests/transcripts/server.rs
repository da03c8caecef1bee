//! The engine as the server: the client's side is played, every request is answered.

use std::sync::Arc;
use std::time::Duration;

use pamlink::frame::handshake::{
    HandshakeConfig, ResponseReader, Upgrade, WebSocketKey, write_request,
};
use pamlink::frame::{FrameConfig, FrameEvent, Reader, Role, Writer};
use pamlink::hub::{Auth, Event, Hub, HubConfig, LinkId, Reply};
use pamlink::link::{AuthError, Claims, Verify};
use pamlink::routing::Table;
use pamlink::seed::Seed;
use pamlink::time::{Mono, Now, Wall};

use crate::vector::{Transcript, difference};

pub(crate) fn play(transcript: &Transcript) {
    let mut end = End::connect();
    for (at, step) in transcript.steps.iter().enumerate() {
        if step.by_client {
            end.say(&step.text);
            continue;
        }
        let Some(expect) = &step.expect else { continue };
        let name = &transcript.name;
        let text = end.next().unwrap_or_else(|| panic!("{name}, step {at}: there is no frame"));
        if let Some(difference) = difference(&text, expect) {
            panic!("{name}, step {at}: {difference}");
        }
    }
    // A chat that another server's words answer in the transcript was answered by this one, too.
    while let Some(text) = end.next() {
        let foreign = transcript.steps.iter().any(|step| !step.by_client && step.expect.is_none());
        let is_answer = text.contains(r#""type":"chat_response""#);
        assert!(foreign && is_answer, "{}: unexpected {text}", transcript.name);
    }
    assert!(end.reader.poll_event().is_none());
}

/// Takes any token.
struct Anyone;

impl Verify for Anyone {
    fn verify(&self, token: &str, now: Wall) -> Result<Claims, AuthError> {
        Ok(Claims::new(token, now + Duration::from_secs(3_600)))
    }
}

/// A hub with one link, and the other end of the link.
struct End {
    hub: Hub,
    link: LinkId,
    now: Now,
    response: ResponseReader,
    reader: Reader,
    writer: Writer,
}

impl End {
    fn connect() -> Self {
        let auth = Auth::Verifier(Box::new(Anyone));
        let table = Arc::new(Table::default());
        let mut hub = Hub::new(HubConfig::default(), auth, table, Seed::from_number(1));
        let now = Now::new(Mono::from_millis(1), Wall::from_unix_secs(1_800_000_000));
        let link = hub.accept(now).expect("an empty hub takes a link");
        let key = WebSocketKey::from_seed(Seed::from_number(2));
        let upgrade = Upgrade {
            host: "localhost",
            target: "/api/v1/pam/ws/ada?token=ada",
            key: &key,
            subprotocols: &[],
            deflate: None,
            origin: None,
            headers: &[],
        };
        let mut head = Vec::new();
        write_request(&upgrade, &mut head).expect("a sound request");
        let response = ResponseReader::new(HandshakeConfig::default(), &key, &[]);
        let reader = Reader::new(Role::Client, FrameConfig::default());
        let writer = Writer::client(Seed::from_number(3));
        let mut end = Self { hub, link, now, response, reader, writer };
        end.feed(&head);
        end
    }

    fn say(&mut self, text: &str) {
        let mut frame = Vec::new();
        self.writer.text(text, &mut frame).expect("a text can be written");
        self.feed(&frame);
    }

    fn feed(&mut self, bytes: &[u8]) {
        self.hub.handle_bytes(self.now, self.link, bytes).expect("a link that is open");
        let mut requests = Vec::new();
        while let Some(event) = self.hub.poll_event() {
            match event {
                Event::Request(request) => requests.push(request.request),
                Event::Closed { closed, .. } => panic!("the link ended: {closed:?}"),
                _ => {}
            }
        }
        for request in requests {
            let replied = self.hub.reply(self.now, request, &Reply::text("well"));
            replied.expect("a request can be replied to");
        }
        while self.hub.poll_event().is_some() {}
        let mut out = Vec::new();
        let transmit = self.hub.poll_transmit(self.link, &mut out);
        assert!(!transmit.close_transport, "the link ended");
        let taken = self.response.handle_bytes(&out);
        if let Some(response) = self.response.poll_event() {
            response.expect("the upgrade is accepted");
        }
        self.reader.handle_bytes(&out[taken..]).expect("a reader that is drained");
    }

    /// The next text that came.
    fn next(&mut self) -> Option<String> {
        match self.reader.poll_event()? {
            FrameEvent::Text(text) => Some(text.to_owned()),
            other => panic!("no text came, but {other:?}"),
        }
    }
}
