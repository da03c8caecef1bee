//! Whatever clients say, links and sessions end, and nothing of them is left.

use core::time::Duration;

use proptest::prelude::*;

use super::script::{EPOCH, hello, kind, member};
use crate::envelope::Envelope;
use crate::hub::tests::support::Host;
use crate::hub::{HubConfig, LinkId, Reply};

/// What a client may say at any time: `N` is a number, `SESSION` a session, `LOG` the epoch of the
/// log, `FROM` that of the server.
const SAID: &[&str] = &[
    r#"{"type":"open","sent":["EPOCH",0]}"#,
    r#"{"type":"open","channel":N,"sent":["EPOCH",0]}"#,
    r#"{"type":"open","session":"SESSION","received":["FROM",0],"sent":["EPOCH",N]}"#,
    r#"{"type":"open","session":"SESSION","received":["FROM",N],"sent":["EPOCH",N],"follow":[{"stream":"s-N","received":["LOG",0],"offset":0}]}"#,
    r#"{"type":"item","at":["EPOCH",N],"stream":"s-N","body":{"type":"chat","id":N,"message":"x"}}"#,
    r#"{"type":"item","at":["EPOCH",N],"stream":"s-1","body":{"type":"chat","id":1,"message":"x"}}"#,
    r#"{"type":"item","at":["EPOCH",N],"body":{"type":"chat","message":"x"}}"#,
    r#"{"type":"item","at":["EPOCH",N],"stream":"s-N","body":[]}"#,
    r#"{"type":"item","at":["EPOCH",N],"body":{"type":"ping"}}"#,
    r#"{"type":"cancel","at":["EPOCH",N],"scope":"all"}"#,
    r#"{"type":"cancel","at":["EPOCH",N],"scope":"stream","stream":"s-N"}"#,
    r#"{"type":"continue","from":["c1a5e0000000000N",0],"reason":"x"}"#,
    r#"{"type":"caught_up","at":["EPOCH",N]}"#,
    r#"{"type":"ack","received":["FROM",N],"sent":["EPOCH",N]}"#,
    r#"{"type":"reject","at":["EPOCH",N],"of":["FROM",1],"code":"x"}"#,
    r#"{"type":"follow","stream":"s-N","received":["LOG",N],"offset":N}"#,
    r#"{"type":"read","stream":"s-N","received":["LOG",N]}"#,
    r#"{"type":"unfollow","stream":"s-N"}"#,
    r#"{"type":"heartbeat","channels":[]}"#,
    r#"{"type":"closed","code":"left"}"#,
    r#"{"type":"token","token":"ada"}"#,
    r#"{"type":"token","token":"bad"}"#,
    r#"{"type":"goodbye","code":"left"}"#,
    r#"{"type":"piece","stream":"s-1","at":["LOG",1],"offset":0,"append":"x"}"#,
    r#"{"type":"item"}"#,
    "{}",
    "{",
];

#[derive(Clone, Debug)]
enum Step {
    Dial,
    /// One of [`SAID`], with the number that is next or this one.
    Say(usize, u64, bool),
    Cut,
    Pass(u64),
    Reply,
    Piece,
    Push,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        2 => Just(Step::Dial),
        // Mostly what has an effect.
        6 => (0..6usize, Just(0u64), Just(true)).prop_map(|(at, n, next)| Step::Say(at, n, next)),
        9 => (0..SAID.len(), 0..5u64, any::<bool>()).prop_map(|(at, n, next)| Step::Say(at, n, next)),
        1 => Just(Step::Cut),
        2 => (0..60_000u64).prop_map(Step::Pass),
        2 => Just(Step::Reply),
        2 => Just(Step::Piece),
        2 => Just(Step::Push),
    ];
    prop::collection::vec(step, 1..60)
}

/// What the clients know.
#[derive(Debug, Default)]
struct Known {
    session: String,
    from: String,
    log: String,
    next: u64,
}

impl Known {
    fn spell(&mut self, at: usize, number: u64, next: bool) -> String {
        let said = SAID[at];
        if said.contains(r#""at""#) {
            self.next += u64::from(next);
        } else if at < 2 {
            self.next = 0;
        }
        let number = if next { self.next } else { number };
        said.replace("SESSION", &self.session)
            .replace("EPOCH", EPOCH)
            .replace("FROM", &self.from)
            .replace("LOG", &self.log)
            .replace('N', &number.to_string())
    }

    /// Learns from what the hub has said to all, which the codec reads.
    fn read(&mut self, host: &mut Host) {
        for peer in host.peers.values_mut() {
            for text in peer.texts.drain(..) {
                assert!(Envelope::parse(&text, 11).is_ok(), "{text}");
                if kind(&text) == "opened" {
                    let word = |name: &str| member(&text, name).trim_matches('"').to_owned();
                    self.session = word("session");
                    self.log = word("log");
                    self.from = member(&text, "from")[2..18].to_owned();
                }
            }
        }
    }
}

fn run(steps: Vec<Step>) {
    let mut config = HubConfig::default();
    config.max_violations = 3;
    let mut host = Host::with(config);
    let nothing = || "0000000000000000".to_owned();
    let mut known =
        Known { session: nothing().repeat(2), from: nothing(), log: nothing(), next: 0 };
    let mut links: Vec<LinkId> = Vec::new();
    for step in steps {
        match step {
            Step::Dial => {
                let link = host.dial_v1("ada");
                host.say(link, &hello("ada"));
                links.push(link);
            }
            Step::Say(at, number, next) => {
                let text = known.spell(at, number, next);
                if let Some(link) = links.last()
                    && host.peers[link].closed.is_none()
                {
                    host.say(*link, &text);
                }
            }
            Step::Cut => links.pop().into_iter().for_each(|link| host.cut(link)),
            Step::Pass(millis) => host.pass(Duration::from_millis(millis)),
            Step::Reply if host.requests.is_empty() => {}
            Step::Reply => {
                let request = host.requests.remove(0);
                let _ = host.hub.reply(host.now, request, &Reply::text("an answer"));
                host.drain();
            }
            Step::Piece => {
                if let Some(request) = host.requests.first() {
                    let _ = host.hub.piece(host.now, *request, "a piece ");
                    host.drain();
                }
            }
            Step::Push => {
                let _ = host.hub.push(host.now, "ada", r#"{"type":"note"}"#).unwrap();
                host.drain();
            }
        }
        known.read(&mut host);
    }
    for link in links {
        host.cut(link);
    }
    host.pass(Duration::from_secs(400));
    let v1 = host.hub.v1.as_ref();
    assert_eq!((host.hub.links(), host.hub.users(), host.hub.requests()), (0, 0, 0));
    assert_eq!(v1.and_then(|v1| v1.poll_timeout()), None, "nothing waits");
    assert!(v1.is_none_or(|v1| v1.is_empty()));
}

proptest! {
    #[test]
    fn nothing_that_clients_say_is_left(steps in steps()) {
        run(steps);
    }
}
