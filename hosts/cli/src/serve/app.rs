//! What the server says: the agents' answers, `/health`, `/metrics` and the page.

use std::io;
use std::time::Duration;

use pamlink::frame::handshake;
use pamlink::hub::Hub;
use pamlink_tokio::{Handle, Handler, HttpResponse, Reply, Request};
use serde::Serialize;

use super::vitals::{Vitals, json};
use crate::page;
use crate::token;

/// How long a token of `/dev/token` is good for: short, so that the page shows renewal at work.
const DEV_TTL: Duration = Duration::from_secs(600);

/// The default agents, and the pages.
pub(crate) struct App {
    /// None: they have a listener of their own.
    vitals: Option<Vitals>,
    /// The text of the page.
    page: String,
    /// The audience of tokens that `/dev/token` makes; without it there is nothing under `/dev`.
    dev: Option<String>,
    /// How long each word of an answer waits.
    pace: Option<Duration>,
}

impl App {
    /// With an audience, development tokens for whoever asks.
    pub(crate) fn new(dev: Option<String>) -> Self {
        Self { vitals: Some(Vitals::new()), page: page::render(dev.is_some()), dev, pace: None }
    }

    /// With answers that grow word by word, each after so long.
    pub(super) fn with_pace(mut self, pace: Option<Duration>) -> Self {
        self.pace = pace;
        self
    }

    /// With what `/health` and `/metrics` say of the log of this server.
    pub(super) fn watching(mut self, server: Handle) -> Self {
        self.vitals = self.vitals.map(|vitals| vitals.watching(server));
        self
    }

    /// Without `/health` and `/metrics`, and what answers them elsewhere.
    pub(super) fn without_vitals(mut self) -> (Self, Vitals) {
        let vitals = self.vitals.take().unwrap_or_else(Vitals::new);
        (self, vitals)
    }

    fn dev_token(&self, request: &handshake::Request) -> Option<HttpResponse> {
        let audience = self.dev.as_ref()?;
        let Some(user) = user_of(request) else {
            return Some(HttpResponse::text(400, "whose token? /dev/token?user=ID\n"));
        };
        Some(match token::dev(&user, DEV_TTL, audience) {
            Ok(token) => json(200, &DevToken { token, expires_in: DEV_TTL.as_secs() })
                .with_header("Cache-Control", "no-store"),
            Err(error) => HttpResponse::text(500, &format!("{error}\n")),
        })
    }

    /// How many links a user has, for whoever could have a token of the user as well.
    fn dev_links(&self, request: &handshake::Request, hub: &Hub) -> Option<HttpResponse> {
        self.dev.as_ref()?;
        let Some(user) = user_of(request) else {
            return Some(HttpResponse::text(400, "whose links? /dev/links?user=ID\n"));
        };
        let links = DevLinks { links: hub.links_of(&user).count() };
        Some(json(200, &links).with_header("Cache-Control", "no-store"))
    }
}

impl Handler for App {
    async fn handle(&self, request: Request) -> Reply {
        let agent = request.agent();
        let answer = format!("{} ({}): {}", agent.name, agent.module, request.text());
        if request.wants_pieces() {
            for word in answer.split_inclusive(' ') {
                if let Some(pace) = self.pace {
                    tokio::time::sleep(pace).await;
                }
                if !request.piece(word) {
                    break;
                }
            }
        }
        answer.into()
    }

    fn exhausted(&self, error: &io::Error) {
        eprintln!(
            "out of descriptors, new connections are answered with 503: {error}; see `ulimit -n` \
             and links.max"
        );
    }

    fn http(&self, request: &handshake::Request, hub: &Hub) -> HttpResponse {
        if !matches!(request.method(), "GET" | "HEAD") {
            return HttpResponse::text(405, "only GET and HEAD are served here\n");
        }
        let found = match request.path() {
            "/" => Some(page::response(&self.page)),
            "/dev/token" => self.dev_token(request),
            "/dev/links" => self.dev_links(request, hub),
            path => page::file(request)
                .or_else(|| self.vitals.as_ref().and_then(|vitals| vitals.answer(path, hub))),
        };
        let known = if self.vitals.is_some() { "/ /health /metrics" } else { "/" };
        let nothing = || HttpResponse::text(404, &format!("nothing here; there is {known}\n"));
        page::guarded(found.unwrap_or_else(nothing))
    }
}

#[derive(Serialize)]
struct DevToken {
    token: String,
    expires_in: u64,
}

#[derive(Serialize)]
struct DevLinks {
    links: usize,
}

/// The user that a query names.
fn user_of(request: &handshake::Request) -> Option<String> {
    let mut members = request.query().into_iter().flat_map(|query| query.split('&'));
    let user = members.find_map(|member| member.strip_prefix("user=")).and_then(decoded);
    user.filter(|user| !user.is_empty())
}

/// A value of a query, percent-decoded; none if it is not UTF-8 or ends in half an escape.
fn decoded(value: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(value.len());
    let mut rest = value.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        rest = after;
        match first {
            b'+' => bytes.push(b' '),
            b'%' => {
                let (digits, after) = rest.split_at_checked(2)?;
                let digits = std::str::from_utf8(digits).ok()?;
                bytes.push(u8::from_str_radix(digits, 16).ok()?);
                rest = after;
            }
            other => bytes.push(*other),
        }
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_of_a_query_is_decoded_or_refused() {
        assert_eq!(decoded("a%20b+c%C3%BC").as_deref(), Some("a b c\u{fc}"));
        for bad in ["%", "%4", "%zz", "%ff"] {
            assert_eq!(decoded(bad), None, "{bad}");
        }
    }
}
