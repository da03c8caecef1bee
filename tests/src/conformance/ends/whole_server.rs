//! A server with all its links, over bytes: a hub, and clients that speak as a file says.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use pamlink::envelope::ErrorCode;
use pamlink::frame::CloseCode;
use pamlink::hub::{
    Auth, Event, Hub, HubConfig, LinkId, Reply, ReplyError, RequestId, WhileAnswering,
};
use pamlink::link::{AuthError, Claims};
use pamlink::routing::Table;
use pamlink::seed::Seed;
use pamlink::time::Now;
use serde_json::{Map, Value, json};

use super::transport::Transport;
use super::values::{Members, json_of, millis, now};
use crate::conformance::file::{Input, Output};
use crate::conformance::play::{End, Stop};

pub(super) struct WholeServerEnd {
    hub: Hub,
    at: u64,
    links: BTreeMap<String, Link>,
    /// Requests that were not answered yet, the oldest first.
    requests: VecDeque<RequestId>,
    outputs: VecDeque<Output>,
    due: Option<u64>,
}

/// A link, and the client at its other end.
struct Link {
    id: LinkId,
    transport: Transport,
}

impl WholeServerEnd {
    pub(super) fn new(options: &Map<String, Value>, seed: u64) -> Result<Self, String> {
        let mut config = HubConfig::default();
        for (name, value) in options {
            if name == "while_answering" {
                let policy = value.as_str().and_then(WhileAnswering::from_name);
                config.while_answering = policy.ok_or_else(|| format!("{name}: {value}"))?;
                continue;
            }
            if name == "origins" {
                let origins = value.as_array().into_iter().flatten().map(|it| it.as_str());
                let origins = origins.map(|it| it.map(str::to_owned)).collect::<Option<_>>();
                config.origins = Some(origins.ok_or_else(|| format!("{name}: {value}"))?);
                continue;
            }
            let number = value.as_u64().ok_or_else(|| format!("{name}: {value}"))?;
            config.set(name, number).map_err(|why| why.to_string())?;
        }
        let table = Arc::new(Table::default());
        Ok(Self {
            hub: Hub::new(config, Auth::Host, table, Seed::from_number(seed)),
            at: 0,
            links: BTreeMap::new(),
            requests: VecDeque::new(),
            outputs: VecDeque::new(),
            due: None,
        })
    }

    fn now(&self) -> Now {
        now(self.at)
    }

    fn link(&mut self, name: &str) -> Result<&mut Link, String> {
        self.links.get_mut(name).ok_or_else(|| format!("there is no link {name:?}"))
    }

    fn say(&mut self, name: &str, value: &Value) -> Result<(), String> {
        if let Some(request) = value.get("request") {
            let (transport, bytes) = Transport::client(request)?;
            let id = self.hub.accept(self.now()).map_err(|why| why.to_string())?;
            self.links.insert(name.to_owned(), Link { id, transport });
            return self.handle_bytes(id, &bytes);
        }
        let link = self.link(name)?;
        let (id, bytes) = (link.id, link.transport.say(value)?);
        self.handle_bytes(id, &bytes)
    }

    fn handle_bytes(&mut self, link: LinkId, bytes: &[u8]) -> Result<(), String> {
        self.hub.handle_bytes(self.now(), link, bytes).map_err(|why| why.to_string())
    }

    fn command(&mut self, link: &str, command: &Value) -> Result<(), String> {
        let now = self.now();
        let (word, mut its) = Members::of(command)?;
        match word {
            "detach" => {
                let id = self.link(link)?.id;
                self.links.remove(link);
                self.hub.handle_closed(now, id);
            }
            "authorize" => {
                let (user, life) = (its.text("user"), its.millis("expires"));
                let (user, life) = (its.need("user", user)?, its.need("expires", life)?);
                let claims = Claims::new(user, now.wall + life);
                let id = self.link(link)?.id;
                self.hub.authorize(now, id, Ok(claims)).map_err(|why| why.to_string())?;
            }
            "refuse" => {
                let why = match its.text("why").as_deref() {
                    Some("bad") => AuthError::BadSignature,
                    Some("unavailable") => AuthError::Unavailable,
                    _ => return Err("a token is refused as bad, or is unavailable".to_owned()),
                };
                let id = self.link(link)?.id;
                self.hub.authorize(now, id, Err(why)).map_err(|why| why.to_string())?;
            }
            "disconnect" => {
                let code = its.number("code").and_then(|code| u16::try_from(code).ok());
                let code = CloseCode::new(its.need("code", code)?);
                let id = self.link(link)?.id;
                let reason = its.text("reason").unwrap_or_default();
                self.hub.disconnect(now, id, code, &reason);
            }
            "shut_down" => {
                let within = its.millis("within");
                self.hub.drain(now, its.need("within", within)?);
            }
            "push" => {
                let (user, body) = (its.text("user"), its.take("body"));
                let (user, body) = (its.need("user", user)?, its.need("body", body)?);
                let pushed = self.hub.push(now, &user, &body.to_string());
                let pushed = pushed.map_err(|why| why.to_string())?;
                if pushed.refused > 0 {
                    self.outputs.push_back(Output::Result(json!({ "error": "too_large" })));
                }
            }
            "piece" => {
                let text = its.text("text");
                let request = *self.requests.front().ok_or("nothing was requested")?;
                let grown = self.hub.piece(now, request, &its.need("text", text)?);
                grown.map_err(|why| why.to_string())?;
            }
            "reply" => {
                let (message, code) = (its.text("message"), its.text("error_code"));
                let code = code.as_deref().map(ErrorCode::from);
                let message =
                    if code.is_some() { String::new() } else { its.need("message", message)? };
                let reply = match &code {
                    Some(code) => Reply::Error { code, message: &message, retry_after: None },
                    None => Reply::text(&message),
                };
                let left = its.number("left").and_then(|left| usize::try_from(left).ok());
                // Another may have taken the place of the oldest.
                while let Err(why) = {
                    let request = self.requests.remove(left.unwrap_or_default());
                    let request = request.ok_or("nothing was requested")?;
                    self.hub.reply(now, request, &reply)
                } {
                    if !matches!(why, ReplyError::NotRunning(_)) {
                        return Err(why.to_string());
                    }
                }
            }
            _ => return Err(format!("a server has no {word}")),
        }
        its.end()
    }

    /// Takes all that comes of an input.
    fn drain(&mut self) -> Result<(), String> {
        loop {
            while let Some(event) = self.hub.poll_event() {
                if let Event::Request(request) = &event {
                    self.requests.push_back(request.request);
                }
                let event = shown(&event, &self.links).map(Output::Event);
                self.outputs.extend(event);
            }
            let Some(id) = self.hub.poll_writable() else { break };
            self.transmit(id)?;
        }
        self.due = self.hub.poll_timeout().map(|deadline| millis(deadline.at));
        Ok(())
    }

    /// What waits at a link goes over it.
    fn transmit(&mut self, id: LinkId) -> Result<(), String> {
        let mut bytes = Vec::new();
        let ends = loop {
            let transmit = self.hub.poll_transmit(id, &mut bytes);
            if !transmit.more {
                break transmit.close_transport;
            }
        };
        let found = self.links.iter_mut().find(|(_, link)| link.id == id);
        let Some((name, Link { transport, .. })) = found else { return Ok(()) };
        let name = name.clone();
        let (mut said, answer) = transport.handle_bytes(&bytes)?;
        if ends {
            said.extend(transport.handle_end()?);
        }
        self.outputs.extend(
            said.into_iter().map(|envelope| Output::Envelope { link: name.clone(), envelope }),
        );
        if !ends && !answer.is_empty() {
            self.handle_bytes(id, &answer)?;
        }
        // Whoever has answered a close frame goes.
        if ends || !answer.is_empty() {
            self.links.remove(&name);
            self.hub.handle_closed(self.now(), id);
        }
        Ok(())
    }
}

impl End for WholeServerEnd {
    fn handle(&mut self, at: u64, input: &Input) -> Result<(), Stop> {
        self.at = at;
        match input {
            Input::Envelope { link, envelope } => self.say(link, envelope)?,
            Input::Command { link, command, .. } => self.command(link, command)?,
        }
        self.drain()?;
        Ok(())
    }

    fn handle_timeout(&mut self, at: u64) {
        self.at = at;
        self.hub.handle_timeout(now(at));
        self.drain().unwrap_or_else(|why| panic!("at {at} ms: {why}"));
    }

    fn poll(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    fn poll_timeout(&self) -> Option<u64> {
        self.due
    }
}

/// An event, where the file has a word for it: what a server's host learns of its links one by one
/// is seen in what comes over them.
fn shown(event: &Event<'_>, links: &BTreeMap<String, Link>) -> Option<Value> {
    let name = |id: LinkId| {
        let found = links.iter().find(|(_, link)| link.id == id);
        found.map(|(name, _)| name.clone()).filter(|name| !name.is_empty())
    };
    Some(match event {
        Event::Authorize { link, user, token } => {
            json!({"authorize": {"link": name(*link), "user": user, "token": token.expose()}})
        }
        Event::Request(request) => json!({"request": {
            "user": request.user,
            "body": json_of(request.envelope.as_str()),
        }}),
        Event::Message { user, envelope, .. } => {
            json!({"message": {"user": user, "body": json_of(envelope.as_str())}})
        }
        Event::Cancelled { user, .. } => json!({"cancelled": {"user": user}}),
        Event::Drained => json!({"drained": {}}),
        // What becomes of a push or a request is the host's to know, and no clause is about that. A
        // repeat shows in what answers it.
        Event::Undelivered { .. } | Event::Duplicate { .. } | Event::Expired { .. } => return None,
        Event::Opened { .. } | Event::Closed { .. } | Event::Refused(_) => return None,
        other => json!({"other": format!("{other:?}")}),
    })
}
