//! What is written by hand in Rust, on axum with serde_json: the same manager of connections as
//! `fastapi_manager.py`, and as little. The runtime is the one of `#[tokio::main]`.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::Result;
use axum::Router;
use axum::extract::ws::{CloseFrame, Message, WebSocket};
use axum::extract::{Path, Query, State, WebSocketUpgrade};
use axum::response::Response;
use axum::routing::get;
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use tokio::net::TcpListener;

const AGENTS: [(&str, &str, &[&str]); 4] = [
    ("Financial Advisor", "Financial Module", &["budget", "expense", "spent", "money", "tax"]),
    ("Trip Planner", "Mapping Module", &["trip", "route", "drive", "fuel", "weather"]),
    ("Health Advisor", "Health Module", &["health", "doctor", "medicine", "symptom"]),
    ("Voice Assistant", "Voice Module", &["voice", "microphone", "speak"]),
];
const CHAT: (&str, &str) = ("Chat Agent", "Chat Module");
const REMEMBERED: usize = 262_144;
/// As in `world.py`.
const PIECE: &str = "a word of 25. ";
const PAUSE: Duration = Duration::from_millis(40);

#[tokio::main]
async fn main() -> Result<()> {
    let secret = std::env::var("PAMLINK_BENCH_SECRET")?;
    let mut validation = Validation::new(Algorithm::HS256);
    validation.set_audience(&["authenticated"]);
    let key = DecodingKey::from_secret(secret.as_bytes());
    let manager = Arc::new(Manager { key, validation, known: Mutex::default() });
    let app = Router::new().route("/api/v1/pam/ws/{user}", get(pam)).with_state(manager);
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    println!("listening on http://{}", listener.local_addr()?);
    // Small frames are the rule here.
    let listener = axum::serve::ListenerExt::tap_io(listener, |socket| {
        let _ = socket.set_nodelay(true);
    });
    Ok(axum::serve(listener, app).await?)
}

/// Who is connected, and what was answered.
struct Manager {
    key: DecodingKey,
    validation: Validation,
    known: Mutex<Known>,
}

#[derive(Default)]
struct Known {
    links: HashMap<String, usize>,
    answers: HashMap<(String, String), Option<Arc<str>>>,
    order: VecDeque<(String, String)>,
}

#[derive(Deserialize)]
struct Access {
    token: String,
}

#[derive(Deserialize)]
struct Claims {
    sub: String,
}

async fn pam(
    State(manager): State<Arc<Manager>>,
    Path(user): Path<String>,
    Query(Access { token }): Query<Access>,
    upgrade: WebSocketUpgrade,
) -> Response {
    let claims = jsonwebtoken::decode::<Claims>(&token, &manager.key, &manager.validation);
    let is_allowed = claims.is_ok_and(|data| data.claims.sub == user);
    upgrade.on_upgrade(async move |mut socket| {
        if !is_allowed {
            let close = CloseFrame { code: 4001, reason: "".into() };
            let _has_gone = socket.send(Message::Close(Some(close))).await;
            return;
        }
        *manager.known().links.entry(user.clone()).or_default() += 1;
        // Whatever ends a link, it is over.
        let _has_ended = manager.converse(&mut socket, &user).await;
        manager.forget(&user);
    })
}

impl Manager {
    fn known(&self) -> std::sync::MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn forget(&self, user: &str) {
        let mut known = self.known();
        if let Some(links) = known.links.get_mut(user) {
            *links -= 1;
            if *links == 0 {
                known.links.remove(user);
            }
        }
    }

    async fn converse(&self, socket: &mut WebSocket, user: &str) -> Result<()> {
        send(socket, &Connection { kind: "connection", status: "connected", timestamp: now()? })
            .await?;
        while let Some(message) = socket.recv().await {
            if let Message::Text(text) = message? {
                self.handle(socket, user, text.as_str()).await?;
            }
        }
        Ok(())
    }

    async fn handle(&self, socket: &mut WebSocket, user: &str, text: &str) -> Result<()> {
        let message: Chat = match serde_json::from_str(text) {
            Ok(message) => message,
            Err(_) => return refuse(socket, "FORMAT_ERROR").await,
        };
        match message.kind.as_deref() {
            Some("chat") => self.chat(socket, user, &message).await,
            Some("ping") => send(socket, &Pong { kind: "pong", timestamp: now()? }).await,
            Some("pong") => Ok(()),
            _ => refuse(socket, "VALIDATION_ERROR").await,
        }
    }

    async fn chat(&self, socket: &mut WebSocket, user: &str, message: &Chat) -> Result<()> {
        let key = (user.to_owned(), message.id.clone().unwrap_or_default());
        if let Some(first) = self.first(&key) {
            return match first {
                Some(first) => Ok(socket.send(Message::Text((&*first).into())).await?),
                None => Ok(()),
            };
        }
        let said = message.message.as_deref().or(message.content.as_deref()).unwrap_or_default();
        let text = answer(socket, message, said).await?;
        let reply = serde_json::to_string(&Reply {
            kind: "chat_response",
            message: &text,
            content: &text,
            ui_actions: [],
            error: false,
            timestamp: now()?,
            reply_to: message.id.as_deref(),
        })?;
        self.known().answers.insert(key, Some(reply.as_str().into()));
        Ok(socket.send(Message::Text(reply.into())).await?)
    }

    /// What was answered before, if that has ended; a message that is new is noted.
    fn first(&self, key: &(String, String)) -> Option<Option<Arc<str>>> {
        let mut known = self.known();
        if let Some(first) = known.answers.get(key) {
            return Some(first.clone());
        }
        known.answers.insert(key.clone(), None);
        known.order.push_back(key.clone());
        if known.order.len() > REMEMBERED
            && let Some(oldest) = known.order.pop_front()
        {
            known.answers.remove(&oldest);
        }
        None
    }
}

async fn answer(socket: &mut WebSocket, message: &Chat, said: &str) -> Result<String> {
    if let Some(count) = said.strip_prefix("stream ") {
        let count: usize = count.parse()?;
        for _ in 0..count {
            tokio::time::sleep(PAUSE).await;
            let reply_to = message.id.as_deref();
            let piece =
                Piece { kind: "chat_response_delta", content: PIECE, timestamp: now()?, reply_to };
            send(socket, &piece).await?;
        }
        return Ok(PIECE.repeat(count));
    }
    let (name, module) = agent(said);
    Ok(format!("{name} ({module}): {said}"))
}

/// Who answers: the first with a keyword in the text.
fn agent(said: &str) -> (&'static str, &'static str) {
    let lower = said.to_lowercase();
    let found = AGENTS.iter().find(|(_, _, keywords)| keywords.iter().any(|it| lower.contains(it)));
    found.map_or(CHAT, |(name, module, _)| (name, module))
}

fn now() -> Result<String> {
    Ok(OffsetDateTime::now_utc().format(&Rfc3339)?)
}

async fn refuse(socket: &mut WebSocket, code: &str) -> Result<()> {
    send(socket, &Refusal { kind: "error", message: code, error_code: code, timestamp: now()? })
        .await
}

async fn send(socket: &mut WebSocket, frame: &impl Serialize) -> Result<()> {
    Ok(socket.send(Message::Text(serde_json::to_string(frame)?.into())).await?)
}

#[derive(Deserialize)]
struct Chat {
    #[serde(rename = "type")]
    kind: Option<String>,
    id: Option<String>,
    message: Option<String>,
    content: Option<String>,
}

#[derive(Serialize)]
struct Connection {
    #[serde(rename = "type")]
    kind: &'static str,
    status: &'static str,
    timestamp: String,
}

#[derive(Serialize)]
struct Pong {
    #[serde(rename = "type")]
    kind: &'static str,
    timestamp: String,
}

#[derive(Serialize)]
struct Refusal<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    message: &'a str,
    error_code: &'a str,
    timestamp: String,
}

#[derive(Serialize)]
struct Piece<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    content: &'static str,
    timestamp: String,
    reply_to: Option<&'a str>,
}

#[derive(Serialize)]
struct Reply<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    message: &'a str,
    content: &'a str,
    ui_actions: [(); 0],
    error: bool,
    timestamp: String,
    reply_to: Option<&'a str>,
}
