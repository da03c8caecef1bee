//! `/health` and `/metrics`: how the server is. Neither looks at a single link, so that they cost
//! the same however many there are.

use std::time::Instant;

use pamlink::frame::handshake;
use pamlink::hub::Hub;
use pamlink::metrics::prometheus;
use pamlink_tokio::{Handle, Handler, HttpResponse, Reply, Request};
use serde::Serialize;

/// What answers them.
#[derive(Clone, Debug)]
pub(super) struct Vitals {
    began: Instant,
    /// Whose log is looked at as well.
    server: Option<Handle>,
}

impl Vitals {
    pub(super) fn new() -> Self {
        Self { began: Instant::now(), server: None }
    }

    pub(super) fn watching(self, server: Handle) -> Self {
        Self { server: Some(server), ..self }
    }

    /// The answer, if it is one of theirs that is asked for.
    pub(super) fn answer(&self, path: &str, hub: &Hub) -> Option<HttpResponse> {
        match path {
            "/health" => Some(self.health(hub)),
            "/metrics" => {
                let mut text = String::new();
                prometheus::write(&hub.metrics(), &mut text);
                let away = u8::from(self.is_log_away());
                text += "# HELP pamlink_log_away Whether the log of streams is away.\n";
                text += "# TYPE pamlink_log_away gauge\n";
                text += &format!("pamlink_log_away {away}\n");
                Some(HttpResponse::new(200, prometheus::CONTENT_TYPE, text))
            }
            _ => None,
        }
    }

    fn is_log_away(&self) -> bool {
        self.server.as_ref().is_some_and(Handle::is_log_away)
    }

    fn health(&self, hub: &Hub) -> HttpResponse {
        let table = hub.router().table();
        let agents = table.agents().map(|agent| Agent { id: &agent.id, name: &agent.name });
        let health = Health {
            status: match (hub.is_draining(), self.is_log_away()) {
                (true, _) => "draining",
                // It serves what it can: to send users elsewhere would help nobody.
                (false, true) => "degraded",
                (false, false) => "ok",
            },
            version: env!("CARGO_PKG_VERSION"),
            links: hub.links_welcomed(),
            users: hub.users(),
            requests: hub.requests(),
            uptime_seconds: self.began.elapsed().as_secs(),
            routes_version: table.version(),
            agents: agents.collect(),
        };
        // A draining server is well, but a balancer must send nobody new.
        let status = if hub.is_draining() { 503 } else { 200 };
        json(status, &health)
    }
}

/// The program behind `--admin-listen`: a hub of its own takes its connections, and it looks at
/// the other one.
pub(super) struct Admin {
    vitals: Vitals,
    server: Handle,
}

impl Admin {
    pub(super) fn new(vitals: Vitals, server: Handle) -> Self {
        Self { vitals, server }
    }
}

impl Handler for Admin {
    async fn handle(&self, _: Request) -> Reply {
        // Nobody gets in: every token is refused.
        Reply::error("UNKNOWN_TYPE", "no conversations here")
    }

    fn http(&self, request: &handshake::Request, _: &Hub) -> HttpResponse {
        if !matches!(request.method(), "GET" | "HEAD") {
            return HttpResponse::text(405, "only GET and HEAD are served here\n");
        }
        let found = self.server.view(|hub| self.vitals.answer(request.path(), hub));
        found.unwrap_or_else(|| {
            HttpResponse::text(404, "nothing here; there are /health /metrics\n")
        })
    }
}

pub(super) fn json(status: u16, value: &impl Serialize) -> HttpResponse {
    match serde_json::to_vec(value) {
        Ok(body) => HttpResponse::new(status, "application/json", body),
        Err(error) => HttpResponse::text(500, &format!("{error}\n")),
    }
}

#[derive(Serialize)]
struct Health<'a> {
    status: &'static str,
    version: &'static str,
    links: usize,
    users: usize,
    requests: usize,
    uptime_seconds: u64,
    routes_version: &'a str,
    agents: Vec<Agent<'a>>,
}

#[derive(Serialize)]
struct Agent<'a> {
    id: &'a str,
    name: &'a str,
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::Duration;

    use pamlink::hub::{Auth, HubConfig, Proof};
    use pamlink::link::Claims;
    use pamlink::routing::Table;
    use pamlink::seed::Seed;
    use pamlink::time::{Mono, Now, Wall};

    use super::*;

    fn hub(links: u32) -> Hub {
        let (table, seed) = (Arc::new(Table::default()), Seed::from_number(1));
        let mut hub = Hub::new(HubConfig::default(), Auth::Host, table, seed);
        let now = Now::new(Mono::ZERO, Wall::from_unix_secs(1_000));
        for link in 0..links {
            let claims = Claims::new(format!("user-{link}"), Wall::from_unix_secs(9_000));
            let user = claims.subject.clone();
            hub.accept_opened(now, &user, Proof::Claims(claims), None).unwrap();
            while hub.poll_event().is_some() {}
        }
        hub
    }

    /// The quickest of many is what it takes, whatever else the machine does.
    fn quickest(hub: &Hub, path: &str) -> Duration {
        let vitals = Vitals::new();
        let time = |_| {
            let start = Instant::now();
            assert_eq!(vitals.answer(path, hub).map(|answer| answer.status), Some(200));
            start.elapsed()
        };
        (0..200).map(time).min().unwrap()
    }

    #[test]
    fn they_cost_the_same_with_8000_links_as_with_none() {
        let (none, many) = (hub(0), hub(8_000));
        assert_eq!(many.links_welcomed(), 8_000);
        for path in ["/health", "/metrics"] {
            let (none, many) = (quickest(&none, path), quickest(&many, path));
            assert!(many < none * 2 + Duration::from_micros(20), "{path}: {none:?} and {many:?}");
        }
    }
}
