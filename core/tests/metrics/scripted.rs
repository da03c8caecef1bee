//! A client of `pamlink.v1` that says envelopes by hand.

use std::time::Duration;

use pamlink::frame::Writer;
use pamlink::hub::{self, LinkId};
use pamlink::seed::Seed;
use pamlink::time::Now;

use crate::world::World;

/// A client of `pamlink.v1` that says envelopes by hand.
pub(crate) struct Scripted {
    pub(crate) link: LinkId,
    writer: Writer,
}

impl Scripted {
    const OPENING: &str = "GET /api/v1/pam/ws/ann HTTP/1.1\r\nHost: hub.test\r\n\
        Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n\
        Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\
        Sec-WebSocket-Protocol: pamlink.v1\r\n\r\n";
    const HELLO: &str = r#"{"type":"hello","versions":[1,1],"features":0,"limits":{"message":1048576},"token":"ann"}"#;

    /// One that is welcomed.
    pub(crate) fn welcomed(world: &mut World) -> Self {
        let link = world.hub.accept(world.now).unwrap();
        world.hub.handle_bytes(world.now, link, Self::OPENING.as_bytes()).unwrap();
        let mut scripted = Self { link, writer: Writer::client(Seed::from_number(9)) };
        let welcome = scripted.say(world, Self::HELLO);
        assert!(welcome.contains(r#""type":"welcome""#), "{welcome}");
        scripted
    }

    /// Says an envelope, and reads what is answered: the frames of a server, which show their text.
    pub(crate) fn say(&mut self, world: &mut World, text: &str) -> String {
        let mut frame = Vec::new();
        self.writer.text(text, &mut frame).unwrap();
        world.hub.handle_bytes(world.now, self.link, &frame).unwrap();
        self.read(world)
    }

    /// Reads what is said in so many milliseconds.
    pub(crate) fn wait(&self, world: &mut World, millis: u64) -> String {
        let time = Duration::from_millis(millis);
        world.now = Now::new(world.now.mono + time, world.now.wall + time);
        world.hub.handle_timeout(world.now);
        self.read(world)
    }

    /// Reads what is said.
    pub(crate) fn read(&self, world: &mut World) -> String {
        loop {
            while let Some(event) = world.hub.poll_event() {
                if let hub::Event::Request(request) = event {
                    world.requests.push(request.request);
                }
            }
            if !world.serve_log() {
                break;
            }
        }
        let mut bytes = Vec::new();
        while world.hub.poll_transmit(self.link, &mut bytes).more {}
        world.look();
        String::from_utf8_lossy(&bytes).into_owned()
    }
}
