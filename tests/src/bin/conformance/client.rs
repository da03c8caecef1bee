//! The client on tokio behind the adapter protocol of `tests/conformance`.

use std::collections::BTreeMap;
use std::io;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, mpsc};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use pamlink::client::SendError;
use pamlink::delivery::{Priority, SendOptions, SessionNumber};
use pamlink::envelope::v1::Name;
use pamlink::link::{Token, TokenError, TokenNeed};
use pamlink::time::Wall;
use pamlink_tests::conformance::Stop;
use pamlink_tokio::{Answer, Client, ClientConfig, Event, SessionHandle, SubmitError};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use tokio::sync::Mutex;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::task::JoinHandle;

use crate::lines::{self, event};
use crate::requests::Requests;

pub(crate) fn run() -> io::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    lines::write(&json!({
        "ends": ["whole_client"],
        "options": ["anonymous", "two_links", "max_message_bytes", "v1"],
        "commands": ["connect", "token", "ask", "send", "open", "leave", "disconnect",
                     "cancel", "snapshot"],
        "events": ["need_token", "retrying", "stopped", "welcomed", "message", "gap", "outcome",
                   "answered", "rejected", "expired", "unknown", "unsent", "cancelled",
                   "cancel_result", "piece", "late", "repeated", "unreadable"],
    }));
    let (sender, mut arrivals) = unbounded_channel();
    std::thread::spawn(move || lines::read().try_for_each(|line| sender.send(line)));
    runtime.block_on(async {
        let mut machine = None;
        while let Some(line) = arrivals.recv().await {
            let line = line?;
            let done = if line.get("make").is_some() {
                Machine::new(&line).map(|made| {
                    machine = Some(made);
                    Value::Null
                })
            } else {
                let machine = machine.as_mut().ok_or_else(|| io::Error::other("no machine"))?;
                machine.command(&line).await
            };
            lines::write(&match done {
                Ok(done) => json!({ "done": done }),
                Err(Stop::Cannot(why)) => json!({ "cannot": why }),
                Err(Stop::Fault(why)) => json!({ "fault": why }),
            });
        }
        Ok(())
    })
}

struct Machine {
    url: String,
    options: Value,
    tokens: UnboundedSender<Token>,
    /// How many have been asked for and not given.
    wanted: Arc<AtomicUsize>,
    /// Who waits for a token takes it here.
    given: Arc<Mutex<UnboundedReceiver<Token>>>,
    client: Option<Client>,
    /// Was closed, and is not opened again.
    closed: bool,
    events: Option<JoinHandle<()>>,
    sessions: BTreeMap<u64, SessionHandle>,
    requests: Arc<Requests>,
    /// Of the client before, with which this one goes on.
    snapshot: Option<Vec<u8>>,
}

impl Machine {
    fn new(line: &Value) -> Result<Self, Stop> {
        let (tokens, given) = unbounded_channel();
        let requests = Requests::from(taken::<Vec<_>>(&line["snapshot"]["requests"])?);
        Ok(Self {
            url: line["url"].as_str().unwrap_or_default().to_owned(),
            options: line["options"].clone(),
            tokens,
            wanted: Arc::default(),
            given: Arc::new(Mutex::new(given)),
            client: None,
            closed: false,
            events: None,
            sessions: BTreeMap::new(),
            requests: Arc::new(requests),
            snapshot: taken(&line["snapshot"]["bytes"])?,
        })
    }

    async fn command(&mut self, line: &Value) -> Result<Value, Stop> {
        let (word, its) = lines::command(line);
        match word {
            "connect" => self.connect()?,
            "token" => {
                let less = |wanted: usize| wanted.checked_sub(1);
                if self.wanted.fetch_update(SeqCst, SeqCst, less).is_err() {
                    return Err(Stop::Cannot("a token is given when it is wanted".to_owned()));
                }
                let token = its["token"].as_str().unwrap_or_default();
                let token = match its["expires"].as_u64() {
                    Some(life) => {
                        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
                        let now = Wall::from_unix_secs(0) + now;
                        Token::with_dates(token, Some(now), now + Duration::from_millis(life))
                    }
                    None => Token::new(token),
                };
                self.tokens.send(token).map_err(|why| why.to_string())?;
            }
            "disconnect" => {
                let client = self.client.take().ok_or("it is not connected")?;
                self.closed = true;
                tokio::spawn(client.close());
            }
            "open" => {
                let client = self.client.as_ref().ok_or("it is not connected")?;
                let Ok(session) = client.open_session() else {
                    return Ok(json!({"error": "full"}));
                };
                let number = session.number().as_u64();
                self.sessions.insert(number, session);
                return Ok(json!({ "session": number }));
            }
            "leave" => {
                let number = its["session"].as_u64().unwrap_or_default();
                self.sessions.remove(&number).ok_or("no such session")?.leave();
            }
            "ask" => self.ask(its, line["as"].as_str().unwrap_or_default()).await?,
            "cancel" => {
                self.requests.cancel(&its["command"])?;
                // It is cancelled once its task goes on.
                tokio::task::yield_now().await;
            }
            "snapshot" => {
                let client = self.client.as_ref().ok_or_else(unconnected)?;
                let bytes = client.snapshot().await.map_err(|why| why.to_string())?;
                return Ok(json!({"bytes": bytes, "requests": self.requests.as_json()}));
            }
            "send" => return self.send(its, line["as"].as_str().unwrap_or_default()).await,
            _ => return Err(format!("no {word}").into()),
        }
        Ok(Value::Null)
    }

    fn connect(&mut self) -> Result<(), Stop> {
        if let Some(client) = &self.client {
            client.reconnect();
            return Ok(());
        }
        if self.closed {
            return Err(Stop::Cannot("a client that was closed is not opened again".to_owned()));
        }
        let mut config = ClientConfig::default();
        config.v1 = self.options["v1"] != false;
        config.engine.two_links = self.options["two_links"] == true;
        config.engine.link.anonymous = self.options["anonymous"] == true;
        if let Some(bytes) = self.options["max_message_bytes"].as_u64() {
            config.engine.set("max_message_bytes", bytes).map_err(|why| why.to_string())?;
        }
        config.snapshot = self.snapshot.take();
        let (given, wanted) = (self.given.clone(), self.wanted.clone());
        let tokens = move |need: TokenNeed| {
            let given = given.clone();
            wanted.fetch_add(1, SeqCst);
            let why = match need {
                TokenNeed::Missing => "missing",
                TokenNeed::Rejected => "rejected",
                _ => "renewal",
            };
            async move {
                event("need_token", &json!({ "why": why }));
                given.lock().await.recv().await.ok_or(TokenError::Unavailable)
            }
        };
        let client = Client::start(&self.url, tokens, config).map_err(|why| why.to_string())?;
        self.client = Some(client.clone());
        for answer in client.restored() {
            self.requests.go_on(answer);
        }
        let requests = self.requests.clone();
        self.events = Some(tokio::spawn(async move {
            while let Some(it) = client.next_event().await {
                show(&it, &requests);
            }
        }));
        Ok(())
    }

    async fn ask(&self, its: &Value, name: &str) -> Result<(), Stop> {
        let client = self.client.clone().ok_or_else(unconnected)?;
        let message = its["message"].as_str().unwrap_or_default().to_owned();
        self.requests.begin(&client, message, name, its["stream"] == true);
        // It is asked once its task has begun.
        tokio::task::yield_now().await;
        Ok(())
    }

    async fn send(&self, its: &Value, name: &str) -> Result<Value, Stop> {
        let text = |name: &str| its[name].as_str().map(str::to_owned);
        let named = |name: &str| text(name).and_then(Name::new).map(Name::into_owned);
        let options = SendOptions {
            priority: match its["priority"].as_str() {
                Some("urgent") => Priority::Urgent,
                Some("bulk") => Priority::Bulk,
                _ => Priority::Normal,
            },
            key: named("key"),
            time_to_live: its["ttl"].as_u64().map(Duration::from_millis),
            agent: named("agent"),
            ..SendOptions::default()
        };
        let (body, name) = (its["body"].to_string(), name.to_owned());
        let (first, refused) = mpsc::channel();
        let submitted = match its["session"].as_u64().filter(|number| *number != 0) {
            Some(number) => {
                let session = self.sessions.get(&number).ok_or("no such session")?.clone();
                tokio::spawn(async move {
                    outcome(&name, &first, session.submit(&body, options).await);
                })
            }
            None => {
                let client = self.client.clone().ok_or_else(unconnected)?;
                tokio::spawn(async move {
                    outcome(&name, &first, client.submit(&body, options).await);
                })
            }
        };
        // It is submitted once its task has begun.
        tokio::task::yield_now().await;
        drop(submitted);
        Ok(refused.try_recv().unwrap_or(Value::Null))
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        // It holds the client, too.
        if let Some(events) = &self.events {
            events.abort();
        }
    }
}

/// What a snapshot has, or nothing without one.
fn taken<T: Default + DeserializeOwned>(value: &Value) -> Result<T, String> {
    let taken: Option<T> = serde_json::from_value(value.clone()).map_err(|why| why.to_string())?;
    Ok(taken.unwrap_or_default())
}

/// The client connects as soon as it is there.
fn unconnected() -> Stop {
    Stop::Cannot("nothing is sent before it connects".to_owned())
}

/// What has become of what was sent: an event, or at once the result of the command.
fn outcome(name: &str, refused: &mpsc::Sender<Value>, came: Result<(), SubmitError>) {
    let mut its = json!({ "command": name });
    match came {
        Ok(()) => its["outcome"] = "acknowledged".into(),
        Err(SubmitError::Rejected { code, retry_after }) => {
            its["outcome"] = "rejected".into();
            its["code"] = code.into();
            its["retry_after"] =
                retry_after.and_then(|after| u64::try_from(after.as_millis()).ok()).into();
        }
        Err(SubmitError::Expired) => its["outcome"] = "expired".into(),
        Err(SubmitError::Unknown) => its["outcome"] = "unknown".into(),
        Err(SubmitError::Closed) => return,
        Err(SubmitError::Send(SendError::TooLarge { .. })) => {
            // Nobody may wait for the result.
            let _unheard = refused.send(json!({"error": "too_large"}));
            return;
        }
        Err(other) => {
            // Nobody may wait for the result.
            let _unheard = refused.send(json!({"error": other.to_string()}));
            return;
        }
    }
    event("outcome", &its);
}

fn show(it: &Event, requests: &Requests) {
    let body = |session: SessionNumber, message: &Answer| {
        let body: Value = serde_json::from_str(message.as_str()).unwrap_or_default();
        json!({"session": within(session), "body": body})
    };
    match it {
        Event::Welcomed => event("welcomed", &json!({})),
        Event::Retrying { .. } => event("retrying", &json!({})),
        Event::Stopped { .. } => event("stopped", &json!({})),
        Event::Message { session, message } => event("message", &body(*session, message)),
        Event::Gap { session, lost, reason } => {
            event("gap", &json!({"session": within(*session), "lost": lost, "reason": reason}));
        }
        Event::Repeated { session, message } => event("repeated", &body(*session, message)),
        Event::Unreadable { text, .. } => event("unreadable", &json!({ "text": text })),
        Event::Late { .. } => event("late", &json!({})),
        Event::CancelResult { request, outcome, offset, code } => event(
            "cancel_result",
            &json!({
                "command": requests.name(*request),
                "outcome": outcome.as_deref().unwrap_or("unknown"),
                "offset": offset,
                "code": code,
            }),
        ),
        _ => {}
    }
}

/// A session that is not the first.
fn within(session: SessionNumber) -> Option<u64> {
    (session != SessionNumber::FIRST).then(|| session.as_u64())
}
