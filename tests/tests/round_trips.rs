//! How many round trips it takes a client to be there, over a way on which nothing costs time but
//! the distance.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use pamlink::client::{Client, ClientConfig, Event};
use pamlink::hub::{self, Auth, Hub, HubConfig, LinkId};
use pamlink::link::{Claims, ClientLinkEvent, Endpoint, Token};
use pamlink::routing::Table;
use pamlink::seed::Seed;
use pamlink::time::{Mono, Now, Wall};

/// From one end to the other.
const ONE_WAY: Duration = Duration::from_millis(50);

/// What is under way in one direction, and when it is there.
type Way = VecDeque<(Mono, Vec<u8>)>;

struct World {
    now: Now,
    client: Client,
    hub: Hub,
    link: Option<LinkId>,
    up: Way,
    down: Way,
    /// When the client was welcomed last.
    welcomed: Option<Mono>,
}

impl World {
    fn new(endpoint: Endpoint) -> Self {
        let now = Now::new(Mono::from_millis(1_000), Wall::from_unix_secs(1_800_000_000));
        let config = HubConfig::default();
        let routes = Arc::new(Table::default());
        let seed = Seed::from_number;
        Self {
            now,
            client: Client::new(ClientConfig::default(), endpoint, seed(1), now).unwrap(),
            hub: Hub::new(config, Auth::Host, routes, seed(2)),
            link: None,
            up: Way::new(),
            down: Way::new(),
            welcomed: None,
        }
    }

    /// Passes the time until the client is welcomed: how long that took from when its transport was
    /// there.
    fn opening(&mut self) -> Duration {
        let mut dialed = None;
        self.welcomed = None;
        loop {
            let mut dials = false;
            while let Some(event) = self.client.poll_event() {
                match event {
                    Event::Link(ClientLinkEvent::Dial(_)) => dials = true,
                    Event::Welcomed { .. } => self.welcomed = Some(self.now.mono),
                    _ => {}
                }
            }
            if dials {
                (self.up, self.down) = (Way::new(), Way::new());
                self.link = self.hub.accept_from(self.now, [127, 0, 0, 1].into()).ok();
                self.client.handle_dialed(self.now);
                dialed = Some(self.now.mono);
            }
            self.write();
            if let (Some(from), Some(to)) = (dialed, self.welcomed) {
                return to.saturating_since(from);
            }
            self.pass();
        }
    }

    fn write(&mut self) {
        let there = self.now.mono + ONE_WAY;
        let mut bytes = Vec::new();
        while self.client.poll_transmit(&mut bytes).more {}
        if !bytes.is_empty() {
            self.up.push_back((there, bytes));
        }
        let mut strangers = Vec::new();
        while let Some(event) = self.hub.poll_event() {
            if let hub::Event::Authorize { link, user, .. } = event {
                strangers.push((link, user.to_owned()));
            }
        }
        for (link, user) in strangers {
            let claims = Claims::new(&user, self.now.wall + Duration::from_secs(3_600));
            self.hub.authorize(self.now, link, Ok(claims)).unwrap();
        }
        while self.hub.poll_event().is_some() {}
        while let Some(link) = self.hub.poll_writable() {
            let mut bytes = Vec::new();
            while self.hub.poll_transmit(link, &mut bytes).more {}
            if !bytes.is_empty() {
                self.down.push_back((there, bytes));
            }
        }
    }

    /// The next thing happens.
    fn pass(&mut self) {
        let arrivals = [&self.up, &self.down].into_iter().filter_map(|way| Some(way.front()?.0));
        let due = self.client.poll_timeout().map(|due| due.at);
        let at = arrivals.chain(due).min().expect("something happens").max(self.now.mono);
        self.now = Now::new(at, self.now.wall + at.saturating_since(self.now.mono));
        let is_there = |(there, _): &mut (Mono, Vec<u8>)| *there <= at;
        if let (Some((_, bytes)), Some(link)) = (self.up.pop_front_if(is_there), self.link) {
            self.hub.handle_bytes(self.now, link, &bytes).unwrap();
        } else if let Some((_, bytes)) = self.down.pop_front_if(is_there) {
            self.client.handle_bytes(self.now, &bytes).unwrap();
        } else {
            self.client.handle_timeout(self.now);
        }
    }
}

/// The round trips of the first opening, and of one after a cut.
fn round_trips(endpoint: Endpoint) -> [u128; 2] {
    let mut world = World::new(endpoint);
    world.client.connect(world.now);
    world.client.provide_token(world.now, Token::new("t")).unwrap();
    let first = world.opening();
    if let Some(link) = world.link {
        world.hub.handle_closed(world.now, link);
    }
    world.client.handle_closed(world.now);
    let second = world.opening();
    [first, second].map(|time| time.as_millis() / (2 * ONE_WAY).as_millis())
}

#[test]
fn the_session_is_open_one_round_trip_after_the_handshake() {
    // That of the opening handshake counts as one.
    let url = "ws://server.test";
    assert_eq!(round_trips(Endpoint::v1(url, "ann").unwrap()), [2, 2]);
    // The token is in the address of `pam`, and the welcome comes with the answer.
    assert_eq!(round_trips(Endpoint::pam(url, "ann").unwrap()), [1, 1]);
}
