//! The states of a session at either end, and of a cancel: every cell of their tables.

use super::pair::{End, Pair, body, hand_over};
use super::{SendOptions, Session, SessionConfig, Target};
use crate::delivery::tables;
use crate::envelope::v1::{Channel, Epoch, SessionId};
use crate::seed::Seed;
use crate::time::{Mono, Now, Wall};

const CHANNEL: Channel = Channel(7);
const ID: &str = "6f6e652073657373696f6e206f66206e";
const OTHER_ID: &str = "9f2c4e6a8b0d1f3557799bbddff01234";
const CLIENT_EPOCH: &str = "c1a5e00000000001";
const SERVER_EPOCH: &str = "5e7f00000000000a";

fn at(millis: u64) -> Now {
    Now::new(Mono::from_millis(millis), Wall::EPOCH)
}

/// One end, and what its machine shows of its state.
struct Machine {
    end: End,
    now: Now,
}

impl Machine {
    fn client() -> Self {
        let session = Session::client(SessionConfig::default(), Seed::from_number(1));
        Self { end: End::new(session), now: at(1_000) }
    }

    fn server() -> Self {
        let id = SessionId::from_bytes(*b"one session of n");
        let log = Epoch::from_bits(0x109);
        let session = Session::server(SessionConfig::default(), id, log, Seed::from_number(2));
        Self { end: End::new(session), now: at(1_000) }
    }

    /// The epoch of its own numbers, and the last that it has received.
    fn positions(&mut self) -> (String, u64, String, u64) {
        let positions = self.end.session.positions();
        let (sent, received) = (positions.sent, positions.received);
        (sent.epoch.to_string(), sent.sequence, received.epoch.to_string(), received.sequence)
    }

    fn hear(&mut self, text: &str) {
        hand_over(&mut self.end.session, self.now, text);
    }

    /// Everything that it has to say and to tell is taken. Whether there was any.
    fn drain(&mut self) -> bool {
        let mut wire = std::collections::VecDeque::new();
        self.end.drain(Some(&mut wire))
    }

    fn attach(&mut self) -> bool {
        self.end.session.attach(self.now, CHANNEL).is_ok()
    }

    fn begun(mut self) -> Self {
        self.attach();
        self.drain();
        self
    }

    /// The state, by the name of its column.
    fn state(&self) -> &'static str {
        let shown = format!("{:?}", self.end.session);
        let is_client = shown.contains("role: Client");
        let is_new =
            if is_client { shown.contains(" id: None") } else { shown.contains("begun: false") };
        let phase = shown.split("phase: ").nth(1).unwrap();
        match (phase, is_new) {
            _ if phase.starts_with("Detached") && is_new => "new",
            _ if phase.starts_with("Detached") => "away",
            _ if phase.starts_with("Opening { pending: true") => "pending",
            _ if phase.starts_with("Opening") && is_new => "opening",
            _ if phase.starts_with("Opening") => "resuming",
            _ if phase.starts_with("Open {") => "open",
            _ => "ended",
        }
    }

    /// What an input does.
    fn meet(mut self, act: impl FnOnce(&mut Self) -> Acted) -> String {
        self.drain();
        self.end.heard.clear();
        let before = self.state();
        let acted = act(&mut self);
        let any = self.drain() || acted == Acted::Taken;
        let fault = self.end.heard.iter().find_map(|line| line.strip_prefix("fault "));
        let fault = fault.map(|code| code.split(' ').next().unwrap_or(code).to_owned());
        let word = if acted == Acted::Refused { Some("refused".to_owned()) } else { fault };
        tables::written(before, self.state(), word.as_deref(), any)
    }
}

/// What a caller sees of an input.
#[derive(Clone, Copy, PartialEq)]
enum Acted {
    /// A command was taken.
    Taken,
    Refused,
    /// Something has happened: what, the machine shows.
    Happened,
}

impl Acted {
    const fn of(taken: bool) -> Self {
        if taken { Self::Taken } else { Self::Refused }
    }
}

/// A client in a state.
fn client(state: &str) -> Machine {
    let mut machine = Machine::client();
    if state == "new" {
        return machine;
    }
    machine = machine.begun();
    if state == "opening" {
        return machine;
    }
    let begun = opened(&mut machine, "begun");
    machine.hear(&begun);
    machine.drain();
    machine.hear(&item(SERVER_EPOCH, 1));
    machine.drain();
    if state == "open" {
        return machine;
    }
    machine.end.session.detach(machine.now);
    if state == "away" {
        return machine;
    }
    machine = machine.begun();
    if state == "pending" {
        let pending = opened(&mut machine, "pending");
        machine.hear(&pending);
        machine.drain();
    }
    machine
}

/// An `opened` that fits where the client is.
fn opened(client: &mut Machine, answer: &str) -> String {
    let (own, sent, theirs, received) = client.positions();
    let (epoch, from) = if answer == "begun" || answer == "gap" {
        (if answer == "gap" { "5e7f00000000000b" } else { SERVER_EPOCH }, 0)
    } else {
        (theirs.as_str(), received)
    };
    format!(
        r#"{{"type":"opened","channel":7,"session":"{ID}","answer":"{answer}","received":["{own}",{sent}],"from":["{epoch}",{from}],"sent":["{epoch}",{from}],"log":"109e000000000001","window":{{"envelopes":512,"bytes":262144}},"keep":120000}}"#
    )
}

fn item(epoch: &str, number: u64) -> String {
    format!(r#"{{"type":"item","channel":7,"at":["{epoch}",{number}],"body":1}}"#)
}

/// An input of either end.
fn both(machine: &mut Machine, input: &str) -> Acted {
    let now = machine.now;
    let (_, _, theirs, received) = machine.positions();
    let text = match input {
        "attach" => return Acted::of(machine.attach()),
        "detach" => {
            machine.end.session.detach(now);
            return Acted::Happened;
        }
        "leave" => {
            machine.end.session.leave(now);
            return Acted::Happened;
        }
        "send" => {
            let sent = machine.end.session.send(now, &body("x"), SendOptions::default());
            return Acted::of(sent.is_ok());
        }
        "120 s" => {
            machine.now = at(121_001);
            machine.end.session.handle_timeout(machine.now);
            return Acted::Happened;
        }
        "`item`, the next" => item(&theirs, received + 1),
        "`item`, once more" => item(&theirs, received),
        "`item`, beyond the next" => item(&theirs, received + 2),
        "`ack` of what was never sent" => {
            let (own, sent, ..) = machine.positions();
            let more = sent + 1;
            format!(
                r#"{{"type":"ack","channel":7,"received":["{own}",{more}],"sent":["{theirs}",{received}]}}"#
            )
        }
        "`caught_up`" => {
            format!(r#"{{"type":"caught_up","channel":7,"at":["{theirs}",{received}]}}"#)
        }
        "`caught_up` beyond what has come" => {
            let more = received + 1;
            format!(r#"{{"type":"caught_up","channel":7,"at":["{theirs}",{more}]}}"#)
        }
        "`heartbeat`" => r#"{"type":"heartbeat","channels":[]}"#.to_owned(),
        "`closed`" => r#"{"type":"closed","channel":7,"code":"malformed"}"#.to_owned(),
        "`closed`, `left`" => r#"{"type":"closed","channel":7,"code":"left"}"#.to_owned(),
        "what is malformed" => r#"{"type":"item","channel":7}"#.to_owned(),
        other => panic!("{other} is no input"),
    };
    machine.hear(&text);
    Acted::Happened
}

#[test]
fn a_client_is_as_its_table_says() {
    tables::check("A session at a client", |input, state| {
        client(state).meet(|machine| {
            let text = match input {
                "what only a client says" => {
                    r#"{"type":"unfollow","channel":7,"stream":"q"}"#.into()
                }
                _ => match input.strip_prefix("`opened`, `") {
                    Some(answer) => opened(machine, answer.trim_end_matches('`')),
                    None => return both(machine, input),
                },
            };
            machine.hear(&text);
            Acted::Happened
        })
    });
}

/// A server in a state.
fn server(state: &str) -> Machine {
    let mut machine = Machine::server();
    if state == "new" {
        return machine;
    }
    machine = machine.begun();
    if state == "opening" {
        return machine;
    }
    machine.hear(&format!(r#"{{"type":"open","channel":7,"sent":["{CLIENT_EPOCH}",0]}}"#));
    machine.drain();
    machine.hear(&item(CLIENT_EPOCH, 1));
    machine.drain();
    match state {
        "ended" => machine.end.session.leave(machine.now),
        "away" => machine.end.session.detach(machine.now),
        "resuming" => {
            machine.end.session.detach(machine.now);
            machine.drain();
            machine = machine.begun();
        }
        _ => {}
    }
    machine
}

#[test]
fn a_server_is_as_its_table_says() {
    tables::check("A session at a server", |input, state| {
        server(state).meet(|machine| {
            let (own, sent, theirs, received) = machine.positions();
            let open = |id: &str| {
                format!(
                    r#"{{"type":"open","channel":7,"session":"{id}","received":["{own}",{sent}],"sent":["{theirs}",{received}]}}"#
                )
            };
            let text = match input {
                "`open` of a new one" => {
                    format!(r#"{{"type":"open","channel":7,"sent":["{CLIENT_EPOCH}",0]}}"#)
                }
                "`open` of this one" => open(ID),
                "`open` of another" => open(OTHER_ID),
                "`continue`" => {
                    r#"{"type":"continue","channel":7,"from":["c1a5e00000000002",0],"reason":"ahead"}"#
                        .into()
                }
                "what only a server says" => {
                    r#"{"type":"cancel_result","channel":7,"at":["5e7f00000000000a",1],"of":["5e7f00000000000a",1],"results":[]}"#.into()
                }
                _ => return both(machine, input),
            };
            machine.hear(&text);
            Acted::Happened
        })
    });
}

/// A client's cancel in a state: the pair, and nothing heard yet.
fn cancel(state: &str) -> Pair {
    let mut pair = Pair::begun();
    if state == "waits" {
        pair.cut();
    }
    let now = pair.now();
    pair.client.session.cancel(now, Target::All).unwrap();
    match state {
        "sent" => {
            pair.step_client();
        }
        "acknowledged" => {
            pair.settle();
            pair.pass(1_000);
            pair.settle();
        }
        _ => {}
    }
    pair.client.heard.clear();
    pair
}

/// The state of the one cancel, or what it has ended as.
fn cancel_state(pair: &Pair) -> String {
    let ended = pair.client.heard.iter().find_map(|line| {
        let result = line.starts_with("result ").then(|| "result".to_owned());
        let outcome = || Some(line.strip_prefix("outcome ")?.split(' ').nth(1)?.to_owned());
        result.or_else(outcome)
    });
    ended.unwrap_or_else(|| {
        let shown = format!("{:?}", pair.client.session);
        if !shown.contains("awaited: []") {
            "acknowledged".to_owned()
        } else if pair.client.types().iter().any(|kind| kind == "cancel") {
            "sent".to_owned()
        } else {
            "waits".to_owned()
        }
    })
}

/// The server's host answers what it has heard of, or will.
fn result(pair: &mut Pair) {
    pair.settle();
    let now = pair.now();
    if let Some(of) = pair.server.cancels.first() {
        pair.server.session.cancel_result(now, *of, &[]).unwrap();
    }
    pair.settle();
}

#[test]
fn a_cancel_is_as_its_table_says() {
    tables::check("A cancel at its client", |input, state| {
        let mut pair = cancel(state);
        let before = cancel_state(&pair);
        assert_eq!(before, state);
        match input {
            "a link carries it" => {
                if state == "waits" {
                    pair.connect();
                    // The client's `open`, the answer, and what is new over the link.
                    pair.step_client();
                    pair.step_server();
                    while pair.client.incoming.front().is_some() {
                        pair.step_client();
                    }
                }
            }
            "it is carried and acknowledged" => {
                if state == "waits" {
                    pair.connect();
                }
                pair.settle();
                pair.pass(1_000);
                pair.settle();
            }
            "it is carried and answered" => {
                if state == "waits" {
                    pair.connect();
                }
                result(&mut pair);
            }
            "the link is cut" => pair.cut(),
            "the link is cut, and the session resumed" => {
                pair.cut();
                pair.connect();
                pair.settle();
                pair.pass(1_000);
                pair.settle();
            }
            "the link is cut, and what the server sent is lost" => {
                pair.cut();
                let mut other = Pair::with_seeds(8, 9);
                other.connect();
                other.settle();
                other.cut();
                pair.server = other.server;
                pair.connect();
                pair.settle();
            }
            "60 s" => pair.pass(60_000),
            "the session ends" => {
                let now = pair.now();
                pair.client.session.leave(now);
                pair.client.drain(None);
            }
            other => panic!("{other} is no input"),
        }
        tables::written(&before, &cancel_state(&pair), None, true)
    });
}
