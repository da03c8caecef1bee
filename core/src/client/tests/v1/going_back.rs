//! When a client goes back to `pam`, and when it offers `pamlink.v1` again (V-10.1).

use super::*;

/// What becomes of attempts, one after the other. `=v1:404` is an attempt that comes at once,
/// offers `pamlink.v1` and is answered with that status; `~pam:...` one of `pam`, which comes after
/// a delay. Of one also `cut` may become, which fails without an answer; `breaks`, which is
/// answered with what is no HTTP; `hides`, of which the platform does not say why it fails;
/// `takes`, which is opened without a subprotocol, and where that is enough welcomed, and then
/// lost; `names`, the same with it; and in such a link `welcomes`, which is that of the dialect
/// before it is lost, `version`, a `goodbye`, `echoes`, the welcome of `pam`, and `closes`, a close
/// with 4001. `+` and a number are seconds that pass in a link that is open, `renews` is a new token
/// that the host is asked for and brings, `again` a host that starts the client again, and `stops`
/// ends a line whose client does.
const SEQUENCES: &[&str] = &[
    // A server without the dialect is spoken to at once, and known for an hour.
    "=v1:takes =pam:takes ~pam:takes ~pam:cut ~pam:502 ~pam:takes +3600 ~v1:takes =pam:takes",
    "=v1:404 =pam:takes +3000 ~pam:takes +590 ~pam:takes +20 ~v1:404 =pam:takes ~pam:takes",
    // What answers in the place of a server that is away is not believed.
    "=v1:404 =pam:404 ~v1:404 =pam:404 ~v1:names ~v1:names",
    "=v1:400 =pam:502 ~v1:names",
    "=v1:403 =pam:cut ~v1:names",
    "=v1:takes =pam:cut ~v1:takes =pam:cut ~v1:takes =pam:takes ~pam:takes",
    // Other failures say nothing of a dialect.
    "=v1:502 ~v1:cut ~v1:404 =pam:takes",
    // A platform that hides the answer may hide that of a server without the dialect.
    "=v1:hides =pam:takes ~pam:hides +3600 ~v1:hides =pam:takes ~pam:takes",
    "=v1:hides =pam:hides ~v1:hides =pam:cut ~v1:names ~v1:hides ~v1:names",
    // What has named it is not left for a status, but for its own word.
    "=v1:names ~v1:404 ~v1:404 ~v1:names",
    "=v1:names ~v1:takes =pam:takes ~pam:takes",
    "=v1:version =pam:takes ~pam:takes +3600 ~v1:version =pam:takes",
    "=v1:version =pam:cut ~v1:version =pam:takes",
    // What names it and does not speak it is left for `pam`.
    "=v1:echoes =pam:takes ~pam:takes +3600 ~v1:echoes =pam:takes",
    "=v1:echoes =pam:cut ~v1:echoes =pam:takes",
    "=v1:closes =pam:takes ~pam:takes +3600 ~v1:closes =pam:takes",
    "=v1:closes =pam:403 renews ~v1:closes =pam:403 stops",
    "=v1:welcomes ~v1:closes renews ~v1:closes stops",
    "=v1:welcomes ~v1:echoes =pam:takes",
    // One token is renewed, as over `pam` alone, however many attempts were turned away for it.
    "=v1:401 =pam:401 renews ~v1:401 =pam:401 stops",
    "=v1:403 =pam:403 renews ~v1:403 =pam:takes ~pam:403 stops",
    "=v1:404 =pam:403 renews ~v1:404 =pam:403 stops",
    "=v1:401 =pam:404 ~v1:401 =pam:403 renews ~v1:404 =pam:401 stops",
    "=v1:names ~v1:401 renews ~v1:403 ~pam:403 stops",
    // One that was rolled back does not end the conversation.
    "=v1:names ~v1:401 renews ~v1:403 ~pam:takes ~pam:takes",
    "=v1:names ~v1:breaks ~pam:takes ~pam:takes",
    "=v1:names ~v1:breaks ~pam:breaks stops",
    // What stops a client of `pam` stops this one.
    "=v1:400 =pam:400 stops",
    "=v1:404 =pam:426 stops",
    "=v1:breaks stops",
    // Whoever starts it again begins anew.
    "=v1:404 =pam:takes again =v1:404 =pam:takes",
    "=v1:names again =v1:404 =pam:takes",
    "=v1:401 =pam:401 renews ~v1:401 =pam:401 stops again =v1:401 =pam:401 renews ~v1:names",
];

#[test]
fn sequences_of_attempts_are_as_the_table_says() {
    for sequence in SEQUENCES {
        let mut world = World::new();
        let mut attempts = 0;
        for step in sequence.split(' ') {
            let here = format!("{step} after {attempts} attempts of {sequence}");
            world.needs.retain(|need| *need != TokenNeed::Missing);
            match step {
                "renews" => {
                    assert_eq!(core::mem::take(&mut world.needs), [TokenNeed::Rejected], "{here}");
                    world.client.provide_token(world.now, Token::new("u")).unwrap();
                    world.drain();
                }
                "stops" => {
                    assert!(world.events.last().unwrap().starts_with("stopped"), "{here}");
                    assert_eq!(world.client.poll_timeout(), None, "{here}");
                }
                "again" => {
                    world.client.disconnect(world.now);
                    world.drain();
                    world.client.connect(world.now);
                    world.drain();
                    if world.dials.len() == attempts {
                        world.client.provide_token(world.now, Token::new("v")).unwrap();
                        world.drain();
                    }
                }
                _ => {
                    assert!(world.needs.is_empty(), "{:?} before {here}", world.needs);
                    if let Some(seconds) = step.strip_prefix('+') {
                        world.live(seconds.parse().unwrap());
                        continue;
                    }
                    let (at_once, attempt) = (step.starts_with('='), &step[1..]);
                    let (dialect, fate) = attempt.split_once(':').unwrap();
                    assert_eq!(world.wait_for_dial(attempts), at_once, "{here}");
                    attempts += 1;
                    let dial = &world.dials[attempts - 1];
                    let offers = dial == "- pamlink.v1";
                    assert!(offers || dial.ends_with(" -") && dial.len() == 3, "{dial}: {here}");
                    assert_eq!(offers, dialect == "v1", "{here}");
                    world.meet(fate);
                }
            }
        }
    }
}

#[test]
fn what_fails_in_pairs_comes_less_and_less_often() {
    // As without an offer: each pair waits once, and as long as the attempt of its number would.
    for status in [400, 404] {
        let mut world = World::new();
        let mut waits = Vec::new();
        for pair in 0..12 {
            let since = world.now.mono;
            world.wait_for_dial(2 * pair);
            waits.push(world.now.mono.saturating_since(since));
            assert_eq!(world.dials.last().unwrap(), "- pamlink.v1");
            world.meet(&status.to_string());
            assert!(world.wait_for_dial(2 * pair + 1), "{waits:?}");
            world.meet("502");
        }
        let first: Duration = waits[..4].iter().sum();
        assert!(first <= Duration::from_secs(1 + 1 + 2), "{waits:?}");
        let last: Duration = waits[7..].iter().sum();
        assert!(last > Duration::from_secs(30), "{waits:?}");
    }
}

#[test]
fn only_an_attempt_of_pam_comes_at_once() {
    let mut world = World::new();
    world.client.disconnect(world.now);
    let ends = world.now.wall + Duration::from_secs(10);
    world.client.provide_token(world.now, Token::with_dates("t", None, ends)).unwrap();
    world.client.connect(world.now);
    world.drain();
    world.pass(11_000);
    world.needs.clear();
    world.meet("404");
    world.pass(0);
    assert_eq!(world.needs.pop(), Some(TokenNeed::Missing), "its token has ended");
    world.client.token_failed(world.now, TokenError::Unavailable);
    world.drain();
    assert!(world.client.poll_timeout().unwrap().at > world.now.mono);
    // It was no attempt, so that of `pam` is still to come.
    world.wait_for_need();
    world.client.provide_token(world.now, Token::new("u")).unwrap();
    world.drain();
    assert_eq!(world.dials[1..], ["- pamlink.v1", "u -"]);
}

impl World {
    /// Passes the time until the host is asked for a token.
    fn wait_for_need(&mut self) {
        while self.needs.is_empty() {
            let due = self.client.poll_timeout().expect("another attempt").at;
            let wait = due.saturating_since(self.now.mono).as_millis();
            self.pass(u64::try_from(wait).unwrap() + 1);
        }
    }

    /// Passes the time until there are more than so many attempts. Whether the next came at once.
    fn wait_for_dial(&mut self, attempts: usize) -> bool {
        self.pass(0);
        let at_once = self.dials.len() > attempts;
        while self.dials.len() == attempts {
            let due = self.client.poll_timeout().expect("another attempt").at;
            let wait = due.saturating_since(self.now.mono).as_millis();
            self.pass(u64::try_from(wait).unwrap() + 1);
        }
        assert_eq!(self.dials.len(), attempts + 1, "{:?}", self.dials);
        at_once
    }

    /// This becomes of the present attempt.
    fn meet(&mut self, fate: &str) {
        match fate {
            "cut" => self.client.handle_dial_failed(self.now, CloseClass::Network),
            "takes" => {
                let pam = !self.dials.last().unwrap().ends_with("v1");
                self.open(None);
                if pam {
                    self.say(NEW_WELCOME);
                    self.client.handle_closed(self.now);
                }
            }
            "names" => {
                self.open(Some("pamlink.v1"));
                self.client.handle_closed(self.now);
            }
            "welcomes" => {
                self.open(Some("pamlink.v1"));
                self.say(WELCOME);
                self.client.handle_closed(self.now);
            }
            "echoes" => {
                self.open(Some("pamlink.v1"));
                self.say(NEW_WELCOME);
            }
            "closes" => {
                self.open(Some("pamlink.v1"));
                let close = Incoming::Close(Some(CloseCode::new(4_001)), "");
                self.client.handle_message(self.now, close).unwrap();
            }
            "version" => {
                self.open(Some("pamlink.v1"));
                self.say(r#"{"type":"goodbye","code":"version"}"#);
            }
            "breaks" => {
                self.client.handle_dialed(self.now);
                self.client.handle_bytes(self.now, b"SSH-2.0-x\r\n\r\n").unwrap();
            }
            "hides" => {
                self.client.handle_dial_failed(self.now, DialFailed::Unexplained { said: "" });
            }
            status => {
                let status = status.parse().unwrap();
                let answered = DialFailed::Answered { status, retry_after: None, body: "" };
                self.client.handle_dial_failed(self.now, answered);
            }
        }
        self.drain();
    }

    /// The next attempt opens without a subprotocol, and its link lives this long.
    fn live(&mut self, seconds: u64) {
        let attempts = self.dials.len();
        self.wait_for_dial(attempts);
        let dial = self.dials.pop().unwrap();
        assert!(dial.ends_with(" -"), "{dial} should be of pam");
        self.open(None);
        self.say(NEW_WELCOME);
        for _ in 0..seconds {
            self.pass(1_000);
            self.say(r#"{"type":"ping"}"#);
        }
        self.client.handle_closed(self.now);
        self.drain();
    }
}
