//! Hubs that are recorded while bytes come in every chunking.

use std::io::{self, Write};
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use pamlink::delivery::SendOptions;
use pamlink::frame::CloseCode;
use pamlink::hub::{Auth, Event, Hub, HubConfig, LinkId};
use pamlink::link::{Claims, Gather};
use pamlink::routing::Table;
use pamlink::time::{Mono, Now, Wall};
use parking_lot::Mutex;
use serde_json::Value;

use crate::handler::Reply;
use crate::hub_engine::HubEngine;
use crate::recording::{Recorder, Replay};

/// Each is shown in another place, and has characters that only it has in a row.
const QUERY: &str = "eyJhbGciOiJIUzI1NiJ9.cXVlcnktdG9rZW4.Kz8sQm1xVdTYw0_-7";
const HEADER: &str = "eyJhbGciOiJIUzI1NiJ9.aGVhZGVyLXRva2Vu.LpWf2hJ3Rk5NcXQ";
const OFFERED: &str = "eyJhbGciOiJIUzI1NiJ9.b2ZmZXJlZC10b2tlbg.Zt6YbV9oUjE1aGs";
const HELLO: &str = "eyJhbGciOiJIUzI1NiJ9.aGVsbG8tdG9rZW4.Xx0qGm4dPv8sCiA";
const LATER: &str = "eyJhbGciOiJIUzI1NiJ9.bGF0ZXItdG9rZW4.Ss7nDl2wTy3fBoE";
const BAD: &str = "eyJhbGciOiJIUzI1NiJ9.YmFkLXRva2Vu.Qq5gTn8rKw1mZj6cHv";
const TOKENS: [&str; 6] = [QUERY, HEADER, OFFERED, HELLO, LATER, BAD];

const ROUTES: &str =
    r#"{"version":"1","default":"a","error_handler":{"id":"e"},"agents":[{"id":"a"}]}"#;

#[derive(Clone, Default)]
struct Memory(Arc<Mutex<Vec<u8>>>);

impl Write for Memory {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        Write::write(&mut *self.0.lock(), bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A hub that is recorded, and a host that takes every token but the bad one, and says again what it
/// is asked.
struct World {
    hub: HubEngine,
    /// In the place of what is said again.
    reply: Option<Reply>,
    memory: Memory,
    now: Now,
}

impl World {
    fn new() -> Self {
        Self::with(|_| {})
    }

    /// A hub whose configuration is changed.
    fn with(change: impl FnOnce(&mut HubConfig)) -> Self {
        let (memory, mut config) = (Memory::default(), HubConfig::default());
        change(&mut config);
        // Small, since there are thousands of them.
        config.set("window_entries", 64).unwrap();
        let routes = Arc::new(Table::from_json(ROUTES).unwrap());
        let now = Now::new(Mono::from_nanos(5), Wall::from_unix_secs(1_772_337_906));
        let begun = Recorder::new(memory.clone()).begin_hub((&config, &routes), now);
        let (recording, seed) = begun.expect("it can be recorded");
        let hub = Hub::new(config, Auth::Host, routes, seed);
        Self { hub: HubEngine::new(hub, Some(recording)), reply: None, memory, now }
    }

    fn accept(&mut self) -> LinkId {
        let link = self.hub.accept_from(self.now, IpAddr::from([127, 0, 0, 1])).unwrap();
        self.settle(link);
        link
    }

    fn give(&mut self, link: LinkId, bytes: &[u8]) {
        self.now = Now::new(
            self.now.mono + Duration::from_millis(1),
            self.now.wall + Duration::from_millis(1),
        );
        let _ = self.hub.handle_bytes(self.now, link, bytes);
        self.settle(link);
    }

    fn settle(&mut self, link: LinkId) {
        loop {
            let (mut verdicts, mut requests) = (Vec::new(), Vec::new());
            while let Some(event) = self.hub.poll_event() {
                match event {
                    Event::Authorize { link, user, token } => {
                        let until = self.now.wall + Duration::from_secs(3_600);
                        let claims = Claims::new(user, until);
                        let is_good = token.expose() != BAD;
                        let bad = pamlink::link::AuthError::BadSignature;
                        verdicts.push((link, if is_good { Ok(claims) } else { Err(bad) }));
                    }
                    Event::Request(it) => {
                        requests.push((it.request, it.envelope.as_str().to_owned()));
                    }
                    _ => {}
                }
            }
            let _sent = self.hub.poll_transmit_vectored(link, &mut Gather::default());
            if verdicts.is_empty() && requests.is_empty() {
                return;
            }
            for (link, verdict) in verdicts {
                let _ = self.hub.verified(self.now, link, verdict);
            }
            for (request, text) in requests {
                let said = || Reply::from(format!("you have said {text}"));
                let reply = self.reply.clone().unwrap_or_else(said);
                let _ = self.hub.reply(self.now, request, &reply);
            }
        }
    }

    /// The recording, which is without tokens.
    fn recorded(mut self) -> String {
        self.hub.end_recording();
        let text = String::from_utf8(self.memory.0.lock().clone()).unwrap();
        is_without_tokens(&text);
        text
    }
}

/// No eight characters of a token in a row are in it, nor in what came over a link one after the other.
fn is_without_tokens(text: &str) {
    let mut came = std::collections::BTreeMap::<u64, String>::new();
    for line in text.lines() {
        let line: Value = serde_json::from_str(line).unwrap();
        let bytes = &line["in"]["bytes"];
        if let (Some(link), Some(bytes)) = (bytes["link"].as_u64(), bytes["bytes"].as_str()) {
            came.entry(link).or_default().push_str(bytes);
        }
    }
    for token in TOKENS {
        for run in token.as_bytes().windows(8) {
            let run = str::from_utf8(run).unwrap();
            assert!(!text.contains(run), "{run} is in {text}");
            for bytes in came.values() {
                assert!(!bytes.contains(run), "{run} is in {bytes}");
            }
        }
    }
}

fn replayed(text: &str) -> usize {
    let mut replay = Replay::open(text.as_bytes()).unwrap();
    let mut steps = 0;
    while let Some(step) = replay.next_step().unwrap() {
        assert_eq!(step.differs, None, "{step:#?}\n{text}");
        steps += 1;
    }
    assert_eq!(replay.end(), Some("the server has ended"));
    steps
}

fn opening(target: &str, headers: &str) -> Vec<u8> {
    let request = format!(
        "GET {target} HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n{headers}\r\n"
    );
    request.into_bytes()
}

/// A frame of a client.
fn frame(first: u8, payload: &str) -> Vec<u8> {
    let (mask, payload) = ([0x5a_u8, 0x01, 0xff, 0x83], payload.as_bytes());
    let length = payload.len();
    let mut out = vec![first];
    match u8::try_from(length) {
        Ok(short @ ..126) => out.push(0x80 | short),
        _ => out.extend([0x80 | 126, u8::try_from(length >> 8).unwrap(), (length & 0xff) as u8]),
    }
    out.extend(mask);
    out.extend(payload.iter().zip(mask.iter().cycle()).map(|(byte, mask)| byte ^ mask));
    out
}

fn message(text: &str) -> Vec<u8> {
    frame(0x81, text)
}

const PAM: &str = "/api/v1/pam/ws/ann";
const V1: &str = "Sec-WebSocket-Protocol: pamlink.v1";

/// What one client says over its link, in every way in which a token is shown.
fn scripts() -> Vec<Vec<u8>> {
    let hello = |token: &str| {
        message(&format!(
            r#"{{"type":"hello",{token}"versions":[1,1],"features":0,"limits":{{"message":1048576}}}}"#
        ))
    };
    let chat = |token: &str| {
        format!(r#"{{"type":"chat","id":"1","message":"is {token} good, or none?"}}"#)
    };
    let said = message(&chat(QUERY));
    let asked = chat(QUERY);
    let (begun, rest) = asked.split_at(60);
    let fragments = [frame(0x01, begun), frame(0x89, "ping"), frame(0x80, rest)].concat();
    let renewal = message(&format!(r#"{{"type":"auth","id":"2","token":"{LATER}"}}"#));
    let pam = opening(&format!("{PAM}?token={QUERY}"), "");
    let escaped = QUERY.replace('.', "%2E");
    let open = message(r#"{"type":"open"}"#);
    let renewed = message(&format!(r#"{{"type":"token","token":"{LATER}"}}"#));
    vec![
        [pam, said.clone(), renewal.clone(), said].concat(),
        [opening(&format!("{PAM}?a=b&token={escaped}"), ""), fragments, renewal].concat(),
        [
            opening(PAM, &format!("{V1}\r\nAuthorization: Bearer {HEADER}\r\n")),
            hello(""),
            open.clone(),
            renewed.clone(),
        ]
        .concat(),
        [
            opening(PAM, &format!("{V1}, pamlink.token.{OFFERED}\r\nCookie: k={OFFERED}\r\n")),
            hello(""),
            open.clone(),
            frame(0x89, &OFFERED[..40]),
        ]
        .concat(),
        [
            opening(PAM, &format!("{V1}\r\n")),
            hello(&format!(r#""token":"{HELLO}","#)),
            open,
            renewed,
        ]
        .concat(),
        opening(&format!("{PAM}?token={BAD}"), ""),
        format!("GET /me?key={BAD} HTTP/1.1\r\nHost: h\r\nX-Token: {BAD}\r\n\r\n{BAD}")
            .into_bytes(),
        [opening("/elsewhere", &format!("Authorization: Bearer {BAD}\r\n")), hello("")].concat(),
    ]
}

#[test]
fn wherever_bytes_are_cut_no_token_is_in_a_recording_and_it_is_replayed() {
    let scripts = scripts();
    let longest = scripts.iter().map(Vec::len).max().unwrap();
    // The test below cuts wherever this does not.
    for cut in (1..longest).step_by(5) {
        let mut world = World::new();
        let links: Vec<_> = scripts.iter().map(|script| (world.accept(), script)).collect();
        for (link, script) in &links {
            world.give(*link, &script[..cut.min(script.len())]);
        }
        for (link, script) in links.iter().filter(|(_, script)| cut < script.len()) {
            world.give(*link, &script[cut..]);
        }
        replayed(&world.recorded());
    }
}

#[test]
fn links_that_speak_at_once_in_pieces_are_recorded_without_tokens_and_replayed() {
    let mut random = 0x9e37_79b9_7f4a_7c15_u64;
    let mut next = move |below: usize| {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        usize::try_from(random % below as u64).unwrap()
    };
    for _ in 0..20 {
        let mut world = World::new();
        let mut links: Vec<_> =
            scripts().into_iter().map(|script| (world.accept(), script, 0)).collect();
        let most = 1 + next(60);
        while !links.is_empty() {
            let at = next(links.len());
            let (link, script, from) = &mut links[at];
            let until = script.len().min(*from + 1 + next(most));
            world.give(*link, &script[*from..until]);
            *from = until;
            if until == script.len() {
                let (link, ..) = links.swap_remove(at);
                world.hub.handle_closed(world.now, link);
                world.settle(link);
            }
        }
        assert!(replayed(&world.recorded()) > 8);
    }
}

#[test]
fn a_link_that_stops_within_what_may_be_a_token_holds_no_more_back_than_may_wait() {
    let mut world = World::new();
    let script = &scripts()[0];
    let link = world.accept();
    let within = script.len() - 40;
    world.give(link, &script[..within]);
    let other = world.accept();
    for _ in 0..4_200 {
        world.give(other, b"G");
    }
    let written = world.memory.0.lock().len();
    assert!(written > 10_000, "{written} bytes");
    world.give(link, &script[within..]);
    world.recorded();
}

/// A token that only the program knows.
const FRESH: &str = "eyJhbGciOiJIUzI1NiJ9.ZnJlc2gtdG9rZW4.Vv4kRe9uXb1hPz";
/// The same as some write it in JSON.
const SPELLED: &str = r"eyJhbGciOiJIUzI1NiJ9.ZnJlc2\/\/tdG9rZW4.Vv4\u004be9u\/Xb1hPz";

/// The recording, where it is without these as well and was replayed.
fn recorded_without(world: World, tokens: &[&str]) -> String {
    let text = world.recorded();
    // A backslash in a text is two in its line.
    for token in tokens.iter().map(|token| token.replace('\\', r"\\")) {
        for run in token.as_bytes().windows(8) {
            let run = str::from_utf8(run).unwrap();
            assert!(!text.contains(run), "{run} is in {text}");
        }
    }
    replayed(&text);
    text
}

#[test]
fn a_token_that_the_program_sends_is_hidden_wherever_it_stands() {
    for token in [FRESH, SPELLED] {
        let mut world = World::new();
        let link = world.accept();
        let pam = opening(&format!("{PAM}?token={QUERY}"), "");
        let asked = message(r#"{"type":"chat","id":"1","message":"a token?"}"#);
        world.give(link, &[pam, asked].concat());
        let text = format!(r#"{{"type":"auth","token":"{token}"}}"#);
        let options = SendOptions::default();
        let pushed = world.hub.push_with(world.now, "ann", &text, options).unwrap();
        world.settle(link);
        let named = text.replace("token", "fresh_token");
        let sent = world.hub.broadcast(world.now, &named).unwrap();
        world.settle(link);
        assert_eq!((pushed.queued, sent.queued), (1, 1));
        // The peer says it again.
        let again = format!(r#"{{"type":"chat","id":"2","message":"is {token} good?"}}"#);
        world.give(link, &message(&again));
        let text = recorded_without(world, &[token]);
        assert!(text.contains("fresh_token") && text.contains("good?"), "{text}");
    }
    for reply in [
        Reply::Raw(format!(r#"{{"type":"auth","token":"{FRESH}"}}"#)),
        Reply::Answer {
            text: "here".to_owned(),
            ui_actions: Some(format!(r#"[{{"sign_in":{{"token":"{FRESH}"}}}}]"#)),
        },
    ] {
        let mut world = World::new();
        world.reply = Some(reply);
        let link = world.accept();
        let pam = opening(&format!("{PAM}?token={QUERY}"), "");
        let asked = message(r#"{"type":"chat","id":"1","message":"a token?"}"#);
        world.give(link, &[pam, asked].concat());
        let text = recorded_without(world, &[FRESH]);
        assert!(text.contains("eyJdentoken"), "{text}");
    }
}

#[test]
fn what_is_no_opening_request_is_recorded_without_its_token_and_replayed() {
    let bearer = format!("Authorization Bearer {BAD}\r\n");
    let named = format!("X-{}-secret", "a".repeat(40));
    for opening in [
        opening(&format!("{PAM}?token=Bearer {BAD}"), ""),
        opening(&format!("Bearer {BAD}"), ""),
        opening(&format!("wss://{BAD}@h{PAM}"), ""),
        format!(r#"{{"type":"hello","token":"{BAD}"}}"#).into_bytes(),
        format!("HELLO {BAD}\r\n").into_bytes(),
        format!("{BAD}\r\n").into_bytes(),
        opening(PAM, &bearer),
        opening(PAM, &format!("Cookie(: {BAD}\r\n")),
        opening(PAM, &format!("{named}: a\u{1}{BAD}\r\n")),
        [opening(PAM, "No header\r\n"), BAD.into()].concat(),
    ] {
        let mut world = World::new();
        let (whole, cut) = (world.accept(), world.accept());
        world.give(whole, &opening);
        opening.chunks(7).for_each(|part| world.give(cut, part));
        let text = recorded_without(world, &["aaa-secret"]);
        assert!(text.lines().count() > 4, "{text}");
    }
}

#[test]
fn a_hub_that_takes_subprotocols_of_others_is_recorded_and_replayed() {
    let mut world = World::with(|config| config.subprotocols = vec!["v11.stomp".to_owned()]);
    let link = world.accept();
    let offered = "Sec-WebSocket-Protocol: v10.stomp, v11.stomp\r\n";
    let asked = message(r#"{"type":"chat","id":"1","message":"hello?"}"#);
    world.give(link, &[opening(&format!("{PAM}?token={QUERY}"), offered), asked].concat());
    let text = recorded_without(world, &[]);
    assert!(text.contains("v11.stomp") && text.contains("you have said"), "{text}");
}

#[test]
fn a_token_with_the_name_of_its_user_is_hidden_and_the_name_stays() {
    const TOKEN: &str = "alice.smith-9f3b7c2d8e1f";
    let mut world = World::new();
    let link = world.accept();
    let alice = opening(&format!("/api/v1/pam/ws/alice.smith?token={TOKEN}"), "");
    let said = format!(r#"{{"type":"chat","id":"1","message":"is {TOKEN} good?"}}"#);
    world.give(link, &[alice, message(&said)].concat());
    let text = r#"{"type":"chat","message":"alice.smith"}"#;
    let pushed = world.hub.push_with(world.now, "alice.smith", text, SendOptions::default());
    world.settle(link);
    let ended = world.hub.disconnect_user(world.now, "alice.smith", CloseCode::NORMAL, TOKEN);
    world.settle(link);
    assert_eq!((pushed.unwrap().queued, ended), (1, 1));
    let text = recorded_without(world, &["-9f3b7c2d8e1f"]);
    assert!(text.contains(r#""subject":"alice.smith""#), "{text}");
}

#[test]
fn what_has_a_token_that_nobody_found_good_is_replayed() {
    let mut world = World::new();
    world.reply = Some(Reply::from("you have said it"));
    let link = world.accept();
    let pam = opening(&format!("{PAM}?token={QUERY}"), "");
    let renewal = message(&format!(r#"{{"type":"auth","id":"2","token":"{BAD}"}}"#));
    let asked = format!(r#"{{"type":"chat","id":"3","message":"is {BAD} bad?"}}"#);
    world.give(link, &[pam, renewal].concat());
    world.give(link, &message(&asked));
    let text = recorded_without(world, &[]);
    assert!(text.contains("bad?") && text.contains("you have said"), "{text}");
}

#[test]
fn the_child_of_a_fork_writes_nothing_into_the_file_of_its_parent() {
    let mut world = World::new();
    let link = world.accept();
    world.give(link, &scripts()[0]);
    let before = world.memory.0.lock().clone();
    let _begun_again = world.hub.reseed(pamlink::seed::Seed::new([3; 32]));
    world.give(link, b"more");
    assert_eq!(*world.memory.0.lock(), before);
    drop(world.hub);
    assert_eq!(*world.memory.0.lock(), before);
}

#[test]
fn what_is_refused_for_its_subprotocols_or_its_target_is_so_again_and_all_else_is_not() {
    for (target, offered, status) in [
        ("secret-1", "v11.stomp, v12.stomp, v10.stomp", 101),
        ("secret-1", "secret-a, secret-b", 101),
        ("secret-1", "secret-a, secret-b, secret-a", 400),
        ("secret-1", "pamlink.token.ab/c==", 400),
        ("secret#1", "v10.stomp", 400),
    ] {
        let mut world = World::with(|config| config.subprotocols = vec!["v10.stomp".to_owned()]);
        let link = world.accept();
        let offered = format!("Sec-WebSocket-Protocol: {offered}\r\n");
        world.give(link, &opening(&format!("{PAM}?token={target}"), &offered));
        let text = recorded_without(world, &["secret-1"]);
        let mut replay = Replay::open(text.as_bytes()).unwrap();
        let mut wrote = Vec::new();
        while let Some(step) = replay.next_step().unwrap() {
            wrote.extend(step.wrote);
        }
        assert!(wrote.join(" ").contains(&format!("HTTP {status}")), "{offered}: {wrote:?}");
    }
}

#[test]
fn what_was_planted_in_the_way_tokens_are_hidden_is_found() {
    let text = {
        let mut world = World::new();
        let link = world.accept();
        world.give(link, &scripts()[0]);
        world.recorded()
    };
    assert!(text.contains("you have said") && text.contains("is eyJdentoken"), "{text}");
    let leak = text.replacen("eyJdentokenhiddentok", &QUERY[..20], 1);
    assert!(std::panic::catch_unwind(|| is_without_tokens(&leak)).is_err());
}
