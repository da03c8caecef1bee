//! The engine as the client: the server's side is played, the host sends the requests.

use std::collections::VecDeque;

use pamlink::client::{Client, ClientConfig, Event, RequestId};
use pamlink::envelope::{Chat, Kind};
use pamlink::frame::handshake::{HandshakeConfig, RequestReader, accept};
use pamlink::frame::{FrameConfig, FrameEvent, Reader, Role, Writer};
use pamlink::link::{ClientLinkEvent, Endpoint, Token};
use pamlink::seed::Seed;
use pamlink::time::{Mono, Now, Wall};

use crate::vector::{Transcript, difference};

pub(crate) fn play(transcript: &Transcript) {
    let mut end = End::connect();
    for (at, step) in transcript.steps.iter().enumerate() {
        let name = &transcript.name;
        if !step.by_client {
            let read = end.say(&step.text);
            assert_eq!(Some(read), step.reads, "{name}, step {at}: {}", step.text);
            continue;
        }
        if let Some(request) = step.request() {
            end.ask(&request);
            let frame = end.next().expect("a request is sent");
            let asked = serde_json::json!({"type": "chat", "message": request, "id": "$string"});
            assert_eq!(difference(&frame, &asked), None, "{name}, step {at}");
        } else if let Some(expect) = &step.expect {
            // A pong to a ping that the transcript leaves unanswered may come before.
            let like = |frame: &String| difference(frame, expect).is_none();
            let mut frames = std::iter::from_fn(|| end.next());
            assert!(frames.any(|frame| like(&frame)), "{name}, step {at}: no {expect}");
        }
    }
    // Only pongs to pings of transcripts that show none are left.
    while let Some(frame) = end.next() {
        assert!(frame.starts_with(r#"{"type":"pong""#), "{}: {frame}", transcript.name);
    }
}

/// A connected client, and the server's end of its link.
struct End {
    client: Client,
    now: Now,
    reader: Reader,
    writer: Writer,
    /// Requests without an end, oldest first.
    open: VecDeque<RequestId>,
}

impl End {
    fn connect() -> Self {
        let now = Now::new(Mono::from_millis(1), Wall::from_unix_secs(1_800_000_000));
        let endpoint = Endpoint::pam("ws://localhost:1", "ada").expect("a sound endpoint");
        let config = ClientConfig::default();
        let mut client =
            Client::new(config, endpoint, Seed::from_number(1), now).expect("a sound request");
        client.connect(now);
        // {"exp":1800003600}
        let token = Token::new("e30.eyJleHAiOjE4MDAwMDM2MDB9.c2ln");
        let mut end = Self {
            client,
            now,
            reader: Reader::new(Role::Server, FrameConfig::default()),
            writer: Writer::server(),
            open: VecDeque::new(),
        };
        end.drain();
        end.client.provide_token(now, token).expect("a token is wanted");
        end.drain();
        end.client.handle_dialed(now);
        end.drain();
        let mut out = Vec::new();
        let _all = end.client.poll_transmit(&mut out);
        let mut request = RequestReader::new(HandshakeConfig::default());
        assert_eq!(request.handle_bytes(&out), out.len());
        let request = request.poll_event().expect("a whole request").expect("a sound request");
        let mut answer = Vec::new();
        accept(&request, None, None, &mut answer).expect("an upgrade");
        end.feed(&answer);
        end
    }

    fn ask(&mut self, request: &str) {
        let chat = Chat { message: Some(request.into()), ..Chat::default() };
        self.open.push_back(self.client.ask(self.now, &chat).expect("room for a request"));
        self.drain();
    }

    /// What the client makes of a text.
    fn say(&mut self, text: &str) -> String {
        let mut frame = Vec::new();
        self.writer.text(text, &mut frame).expect("a text can be written");
        self.feed(&frame).unwrap_or("life").to_owned()
    }

    fn feed(&mut self, bytes: &[u8]) -> Option<&'static str> {
        self.client.handle_bytes(self.now, bytes).expect("a client that is drained");
        self.drain()
    }

    /// Drains the client; what its events say about a message, in a word.
    fn drain(&mut self) -> Option<&'static str> {
        let mut outcome = None;
        while let Some(event) = self.client.poll_event() {
            let word = match event {
                Event::Welcomed { envelope, .. } => {
                    assert_eq!(envelope.kind(), Kind::Connection);
                    "welcome"
                }
                Event::Answer { request, envelope, .. } => {
                    assert!(envelope.kind().is_answer());
                    assert_eq!(self.open.pop_front(), Some(request), "another request's answer");
                    "answer"
                }
                Event::Rejected { request, .. } => {
                    assert_eq!(self.open.pop_front(), Some(request), "another request's refusal");
                    "refusal"
                }
                Event::Piece { request, envelope, .. } => {
                    assert!(envelope.kind().is_piece());
                    assert_eq!(self.open.front(), Some(&request), "a piece for another request");
                    "piece"
                }
                Event::Late { .. } => "late",
                Event::Message { .. } => "message",
                Event::Link(
                    ClientLinkEvent::Dial(_)
                    | ClientLinkEvent::NeedToken(_)
                    | ClientLinkEvent::StateChanged { .. },
                ) => continue,
                other => panic!("unexpected {other:?}"),
            };
            assert_eq!(outcome.replace(word), None, "one message, two events");
        }
        outcome
    }

    /// The next text that the client sent.
    fn next(&mut self) -> Option<String> {
        let mut out = Vec::new();
        let _all = self.client.poll_transmit(&mut out);
        self.reader.handle_bytes(&out).expect("a reader that is drained");
        match self.reader.poll_event()? {
            FrameEvent::Text(text) => Some(text.to_owned()),
            other => panic!("no text came, but {other:?}"),
        }
    }
}
