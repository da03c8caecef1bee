//! A client with its links, over bytes: what it asks for, says and learns.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use pamlink::client::{Client, ClientConfig, Event, RequestId, SendError, SessionError};
use pamlink::delivery::{CommandId, SendOptions, SessionNumber};
use pamlink::envelope::Chat;
use pamlink::envelope::v1::{CancelOutcome, Code};
use pamlink::link::{ClientLinkEvent, Endpoint, Token, TokenNeed};
use pamlink::seed::Seed;
use serde_json::{Map, Value, json};

use super::commands::{send, send_error};
use super::session_events::shown_outcome;
use super::transport::Transport;
use super::values::{Members, json_of, millis, now};
use crate::conformance::file::{Input, Output};
use crate::conformance::play::{End, Stop};

/// What the file calls what was sent and asked.
#[derive(Default)]
struct Names {
    commands: BTreeMap<(SessionNumber, CommandId), String>,
    requests: BTreeMap<RequestId, String>,
    /// Requests whose answers are read as they grow.
    growing: BTreeSet<RequestId>,
}

pub(super) struct WholeClientEnd {
    client: Client,
    /// What it was made of.
    config: ClientConfig,
    endpoint: Endpoint,
    seed: u64,
    /// The last that was taken.
    snapshot: Vec<u8>,
    at: u64,
    /// The other ends of the first link and of the second.
    ways: [Way; 2],
    names: Names,
    outputs: VecDeque<Output>,
}

/// The other end of a link.
#[derive(Default)]
struct Way {
    transport: Option<Transport>,
    /// What the file calls it: nothing, or `second` where another was there when it began.
    name: &'static str,
}

/// The first link and the second, as places among the ways.
const FIRST: usize = 0;
const SECOND: usize = 1;

impl WholeClientEnd {
    pub(super) fn new(options: &Map<String, Value>, seed: u64) -> Result<Self, String> {
        let mut config = ClientConfig::default();
        let mut is_v1 = true;
        for (name, value) in options {
            match (name.as_str(), value.as_bool()) {
                ("anonymous", Some(anonymous)) => config.link.anonymous = anonymous,
                ("two_links", Some(two)) => config.two_links = two,
                ("v1", Some(offers)) => is_v1 = offers,
                _ => {
                    let number = value.as_u64().ok_or_else(|| format!("{name}: {value}"))?;
                    config.set(name, number).map_err(|why| why.to_string())?;
                }
            }
        }
        let endpoint = if is_v1 { Endpoint::v1 } else { Endpoint::pam };
        let endpoint = endpoint("ws://server.test", "ann").map_err(|why| why.to_string())?;
        let made = Client::new(config.clone(), endpoint.clone(), Seed::from_number(seed), now(0));
        Ok(Self {
            client: made.map_err(|why| why.to_string())?,
            config,
            endpoint,
            seed,
            snapshot: Vec::new(),
            at: 0,
            ways: Default::default(),
            names: Names::default(),
            outputs: VecDeque::new(),
        })
    }

    fn command(&mut self, name: Option<&str>, command: &Value) -> Result<(), String> {
        let now = now(self.at);
        let (word, mut its) = Members::of(command)?;
        match word {
            "connect" => self.client.connect(now),
            "disconnect" => self.client.disconnect(now),
            "detach" => {
                self.ways[FIRST].transport = None;
                self.client.handle_closed(now);
            }
            "token" => {
                let (token, life) = (its.text("token"), its.millis("expires"));
                let token = its.need("token", token)?;
                let token = match life {
                    Some(life) => Token::with_dates(token, Some(now.wall), now.wall + life),
                    None => Token::new(token),
                };
                self.client.provide_token(now, token).map_err(|why| why.to_string())?;
            }
            "send" => {
                let session =
                    its.number("session").map_or(SessionNumber::FIRST, SessionNumber::from_u64);
                let (body, options) = send(&mut its)?;
                self.send(session, &body, options, name)?;
            }
            "ask" => {
                let message = its.text("message");
                let message = its.need("message", message)?;
                let stream = its.take("stream").is_some_and(|stream| stream == true);
                let chat = Chat { message: Some(message.into()), ..Chat::default() };
                let chat = Chat { stream: stream.then_some(true), ..chat };
                let request = self.client.ask(now, &chat).map_err(|why| why.to_string())?;
                let name = name.ok_or("what is asked has a name")?;
                self.names.requests.insert(request, name.to_owned());
                self.names.growing.extend(stream.then_some(request));
            }
            "cancel" => {
                let command = its.text("command");
                let command = its.need("command", command)?;
                let mut asked = self.names.requests.iter();
                let asked = asked.find(|(_, name)| **name == command);
                let (request, _) = asked.ok_or_else(|| format!("{command} was not asked"))?;
                self.client.cancel(now, *request).map_err(|why| why.to_string())?;
            }
            "snapshot" => {
                self.snapshot.clear();
                let taken = self.client.snapshot(&mut self.snapshot);
                taken.map_err(|why| why.to_string())?;
            }
            "restore" => {
                // Another process draws anew.
                self.seed += 100;
                let (config, endpoint) = (self.config.clone(), self.endpoint.clone());
                let seed = Seed::from_number(self.seed);
                let restored = Client::restore(config, endpoint, &self.snapshot, seed, now);
                self.client = restored.map_err(|why| why.to_string())?;
                self.ways = Default::default();
            }
            "open" => {
                let result = match self.client.open_session(now) {
                    Ok(session) => json!({"session": session.as_u64()}),
                    Err(SessionError::Full) => json!({"error": "full"}),
                    Err(other) => return Err(other.to_string()),
                };
                self.outputs.push_back(Output::Result(result));
            }
            "leave" => {
                let session = its.number("session");
                let session = SessionNumber::from_u64(its.need("session", session)?);
                self.client.leave_session(now, session).map_err(|why| why.to_string())?;
            }
            _ => return Err(format!("a client has no {word}")),
        }
        its.end()
    }

    fn send(
        &mut self,
        session: SessionNumber,
        body: &str,
        options: SendOptions<'_>,
        name: Option<&str>,
    ) -> Result<(), String> {
        let word = match self.client.submit_in(now(self.at), session, body, options) {
            Ok(command) => {
                let name = name.ok_or("what is sent has a name")?;
                self.names.commands.insert((session, command), name.to_owned());
                return Ok(());
            }
            Err(SendError::TooLarge { .. }) => "too_large",
            Err(SendError::Session(why)) => send_error(&why),
            Err(other) => return Err(other.to_string()),
        };
        self.outputs.push_back(Output::Result(json!({ "error": word })));
        Ok(())
    }

    /// Takes all that comes of an input.
    fn drain(&mut self) -> Result<(), String> {
        loop {
            let mut dropped = [false; 2];
            while let Some(event) = self.client.poll_event() {
                let (place, dials) = match &event {
                    Event::Link(ClientLinkEvent::Dial(_)) => (FIRST, true),
                    Event::SecondLink(ClientLinkEvent::Dial(_)) => (SECOND, true),
                    Event::Link(ClientLinkEvent::CloseTransport) => (FIRST, false),
                    Event::SecondLink(ClientLinkEvent::CloseTransport) => (SECOND, false),
                    event => {
                        if matches!(event, Event::ChangedPlaces) {
                            self.ways.swap(FIRST, SECOND);
                        }
                        let rest = last_words(event, &self.names);
                        let events = rest.into_iter().chain(shown(event, &self.names));
                        self.outputs.extend(events.map(Output::Event));
                        continue;
                    }
                };
                if !dials {
                    dropped[place] = true;
                    break;
                }
                let transport = Some(Transport::server());
                if place == FIRST {
                    self.ways[FIRST] = Way { transport, name: "" };
                    self.client.handle_dialed(now(self.at));
                } else {
                    self.ways[SECOND] = Way { transport, name: "second" };
                    self.client.second_link().handle_dialed(now(self.at));
                }
            }
            let mut goes_on = false;
            for place in [FIRST, SECOND] {
                goes_on |= self.write(place, dropped[place])?;
            }
            if !goes_on {
                return Ok(());
            }
        }
    }

    fn handle_bytes(&mut self, place: usize, bytes: &[u8]) -> Result<(), String> {
        let now = now(self.at);
        let taken = match place {
            FIRST => self.client.handle_bytes(now, bytes),
            _ => self.client.second_link().handle_bytes(now, bytes),
        };
        taken.map_err(|why| why.to_string())
    }

    /// Writes what is said over a link, whose transport may be dropped after it. Whether something
    /// may have come of it.
    fn write(&mut self, place: usize, dropped: bool) -> Result<bool, String> {
        let mut bytes = Vec::new();
        match place {
            FIRST => while self.client.poll_transmit(&mut bytes).more {},
            _ => while self.client.second_link().poll_transmit(&mut bytes).more {},
        }
        let Way { transport, name } = &mut self.ways[place];
        let mut answer = Vec::new();
        if let Some(transport) = transport.as_mut().filter(|_| !bytes.is_empty()) {
            let (said, answered) = transport.handle_bytes(&bytes)?;
            let link = || (*name).to_owned();
            self.outputs.extend(
                said.into_iter().map(|envelope| Output::Envelope { link: link(), envelope }),
            );
            answer = answered;
        }
        if dropped {
            *transport = None;
        } else if !answer.is_empty() {
            // Whoever has answered a close frame goes.
            self.handle_bytes(place, &answer)?;
            if self.ways[place].transport.take().is_some() {
                match place {
                    FIRST => self.client.handle_closed(now(self.at)),
                    _ => self.client.second_link().handle_closed(now(self.at)),
                }
            }
        } else if bytes.is_empty() {
            return Ok(false);
        }
        Ok(true)
    }
}

impl End for WholeClientEnd {
    fn handle(&mut self, at: u64, input: &Input) -> Result<(), Stop> {
        self.at = at;
        match input {
            Input::Envelope { envelope, link } => {
                let mut places = [FIRST, SECOND].into_iter();
                let is_it = |way: &Way| way.transport.is_some() && way.name == link;
                let place = places.find(|place| is_it(&self.ways[*place]));
                let place = place.ok_or("there is no such link")?;
                let transport = self.ways[place].transport.as_mut().ok_or("it has ended")?;
                let bytes = transport.say(envelope)?;
                self.handle_bytes(place, &bytes)?;
            }
            Input::Command { name, command, .. } => self.command(name.as_deref(), command)?,
        }
        self.drain()?;
        Ok(())
    }

    fn handle_timeout(&mut self, at: u64) {
        self.at = at;
        self.client.handle_timeout(now(at));
        self.drain().unwrap_or_else(|why| panic!("at {at} ms: {why}"));
    }

    fn poll(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    fn poll_timeout(&self) -> Option<u64> {
        self.client.poll_timeout().map(|deadline| millis(deadline.at))
    }
}

/// An event, where the file has a word for it: what a client's host learns of its links one by one
/// is seen in what comes over them.
fn shown(event: &Event<'_>, names: &Names) -> Option<Value> {
    Some(match event {
        Event::Link(ClientLinkEvent::NeedToken(need)) => {
            let why = match need {
                TokenNeed::Missing => "missing",
                TokenNeed::Rejected => "rejected",
                TokenNeed::Renewal => "renewal",
                other => panic!("{other:?}"),
            };
            json!({"need_token": {"why": why}})
        }
        Event::Link(ClientLinkEvent::Retrying { .. }) => json!({"retrying": {}}),
        Event::Link(ClientLinkEvent::Stopped { .. }) => json!({"stopped": {}}),
        Event::Link(_) | Event::SecondLink(_) => return None,
        Event::ChangedPlaces => json!({"changed_places": {}}),
        Event::Welcomed { .. } => json!({"welcomed": {}}),
        Event::Message { session, envelope } => {
            let body = json_of(envelope.as_str());
            json!({"message": {"session": within(*session), "body": body}})
        }
        Event::Repeated { session, envelope } => {
            let body = json_of(envelope.as_str());
            json!({"repeated": {"session": within(*session), "body": body}})
        }
        Event::Gap { session, lost, reason } => {
            json!({"gap": {"session": within(*session), "lost": lost, "reason": reason.as_str()}})
        }
        Event::Answer { request, .. } => json!({"answered": {"command": names.requests[request]}}),
        Event::Rejected { request, .. } => {
            json!({"rejected": {"command": names.requests[request]}})
        }
        Event::Piece { request, text, restart, .. } => {
            return piece(*request, text, *restart, names);
        }
        Event::Cancelled { request } => json!({"cancelled": {"command": names.requests[request]}}),
        Event::CancelResult { request, outcome, offset, code } => json!({"cancel_result": {
            "command": names.requests[request],
            "outcome": outcome.as_ref().map(CancelOutcome::as_str),
            "offset": offset,
            "code": code.as_ref().map(Code::as_str),
        }}),
        Event::Unknown { request } => json!({"unknown": {"command": names.requests[request]}}),
        Event::Late { .. } => json!({"late": {}}),
        Event::Unreadable { text, .. } => json!({"unreadable": {"text": text}}),
        Event::Expired { request } => json!({"expired": {"command": names.requests[request]}}),
        Event::Unsent { request } => json!({"unsent": {"command": names.requests[request]}}),
        Event::Outcome { session, command, outcome } => {
            shown_outcome(&names.commands[&(*session, *command)], outcome)
        }
        other => json!({"other": format!("{other:?}")}),
    })
}

/// A piece of an answer that is read as it grows, where it says something.
fn piece(request: RequestId, text: &str, restart: bool, names: &Names) -> Option<Value> {
    let is_read = names.growing.contains(&request) && (restart || !text.is_empty());
    let command = &names.requests[&request];
    let restart = restart.then_some(true);
    is_read.then(|| json!({"piece": {"command": command, "text": text, "restart": restart}}))
}

/// What an answer has beyond its pieces.
fn last_words(event: &Event<'_>, names: &Names) -> Option<Value> {
    let Event::Answer { request, text, in_pieces, restart, .. } = event else { return None };
    piece(*request, text.get(*in_pieces..).unwrap_or_default(), *restart, names)
}

/// A session that is not the first.
fn within(session: SessionNumber) -> Option<u64> {
    (session != SessionNumber::FIRST).then(|| session.as_u64())
}
