//! What the server says: the agents' answers, `/health`, `/metrics` and the page.

use std::time::{Duration, Instant};

use pamlink::frame::handshake;
use pamlink::hub::Hub;
use pamlink::metrics::{Value, prometheus};
use pamlink_tokio::{Handler, HttpResponse, Reply, Request};
use serde::Serialize;

use crate::{page, token};

/// How long a token of `/dev/token` is good for: short, so that the page shows renewal at work.
const DEV_TTL: Duration = Duration::from_secs(600);

/// The default agents, and the pages.
pub(crate) struct App {
    began: Instant,
    page: String,
    /// The audience of tokens that `/dev/token` makes; without it there is no such page.
    dev: Option<String>,
}

impl App {
    /// With an audience, development tokens for whoever asks.
    pub(crate) fn new(dev: Option<String>) -> Self {
        Self { began: Instant::now(), page: page::render(dev.is_some()), dev }
    }

    fn health(&self, hub: &Hub) -> HttpResponse {
        let table = hub.router().table();
        let agents = table.agents().map(|agent| Agent { id: &agent.id, name: &agent.name });
        let health = Health {
            status: if hub.is_draining() { "draining" } else { "ok" },
            version: env!("CARGO_PKG_VERSION"),
            links: welcomed(hub),
            users: hub.users(),
            requests: hub.requests(),
            memory_bytes: hub.memory(),
            uptime_seconds: self.began.elapsed().as_secs(),
            routes_version: table.version(),
            agents: agents.collect(),
        };
        // A draining server is well, but a balancer must send nobody new.
        let status = if hub.is_draining() { 503 } else { 200 };
        json(status, &health)
    }

    fn dev_token(&self, request: &handshake::Request) -> Option<HttpResponse> {
        let audience = self.dev.as_ref()?;
        let user = request
            .query()
            .into_iter()
            .flat_map(|query| query.split('&'))
            .find_map(|pair| pair.strip_prefix("user="))
            .and_then(decoded)
            .filter(|user| !user.is_empty());
        let Some(user) = user else {
            return Some(HttpResponse::text(400, "whose token? /dev/token?user=ID\n"));
        };
        Some(match token::dev(&user, DEV_TTL, audience) {
            Ok(token) => json(200, &DevToken { token, expires_in: DEV_TTL.as_secs() }),
            Err(error) => HttpResponse::text(500, &format!("{error}\n")),
        })
    }
}

impl Handler for App {
    async fn handle(&self, request: Request) -> Reply {
        let agent = request.agent();
        format!("{} ({}): {}", agent.name, agent.module, request.text()).into()
    }

    fn http(&self, request: &handshake::Request, hub: &Hub) -> HttpResponse {
        if !matches!(request.method(), "GET" | "HEAD") {
            return HttpResponse::text(405, "only GET and HEAD are served here\n");
        }
        let found = match request.path() {
            "/" => Some(HttpResponse::new(200, "text/html; charset=utf-8", self.page.as_str())),
            "/health" => Some(self.health(hub)),
            "/metrics" => {
                let mut text = String::new();
                prometheus::write(&hub.metrics(), &mut text);
                Some(HttpResponse::new(200, prometheus::CONTENT_TYPE, text))
            }
            "/dev/token" => self.dev_token(request),
            _ => None,
        };
        found.unwrap_or_else(|| {
            HttpResponse::text(404, "nothing here; there are / /health /metrics\n")
        })
    }
}

#[derive(Serialize)]
struct Health<'a> {
    status: &'static str,
    version: &'static str,
    links: i64,
    users: usize,
    requests: usize,
    memory_bytes: usize,
    uptime_seconds: u64,
    routes_version: &'a str,
    agents: Vec<Agent<'a>>,
}

#[derive(Serialize)]
struct Agent<'a> {
    id: &'a str,
    name: &'a str,
}

#[derive(Serialize)]
struct DevToken {
    token: String,
    expires_in: u64,
}

/// Links that were welcomed and are open: the hub's own count has this very request in it.
fn welcomed(hub: &Hub) -> i64 {
    let snapshot = hub.metrics();
    let samples = snapshot.family("websocket_connections_active").map(|family| &family.samples);
    match samples.and_then(|samples| samples.first()).map(|sample| &sample.value) {
        Some(Value::Gauge(links)) => *links,
        _ => 0,
    }
}

fn json(status: u16, value: &impl Serialize) -> HttpResponse {
    match serde_json::to_vec(value) {
        Ok(body) => HttpResponse::new(status, "application/json", body),
        Err(error) => HttpResponse::text(500, &format!("{error}\n")),
    }
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
