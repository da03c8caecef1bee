//! What the host of the client on tokio has asked, by what the files call it.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use pamlink::client::RequestId;
use pamlink_tokio::{AnswerStream, Client, RequestError};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use crate::lines::event;

/// All that was asked, in its order: the place of a request is its number.
#[derive(Default)]
pub(crate) struct Requests(Mutex<Vec<Request>>);

#[derive(Deserialize, Serialize)]
pub(crate) struct Request {
    name: String,
    /// Its answer is read as it grows.
    is_read: bool,
    /// Whoever reads it is told to cancel it.
    #[serde(skip)]
    cancels: Option<UnboundedSender<()>>,
}

impl From<Vec<Request>> for Requests {
    fn from(requests: Vec<Request>) -> Self {
        Self(Mutex::new(requests))
    }
}

impl Requests {
    /// Begins a task that asks, and says how that has ended.
    pub(crate) fn begin(
        self: &Arc<Self>,
        client: &Client,
        message: String,
        name: &str,
        is_read: bool,
    ) {
        let (cancels, cancelled) = unbounded_channel();
        let (client, name, requests) = (client.clone(), name.to_owned(), Arc::clone(self));
        let cancels = is_read.then_some(cancels);
        let request = Request { name: name.clone(), is_read, cancels };
        self.lock().push(request);
        tokio::spawn(async move {
            let answered = if is_read {
                match client.stream(message) {
                    Ok(answer) => read(answer, &name, cancelled).await,
                    Err(error) => Err(error),
                }
            } else {
                client.ask(message).await.map(drop)
            };
            requests.end(&name, &answered);
        });
    }

    /// Begins a task for a request of the client before, as the file wants it.
    pub(crate) fn go_on(self: &Arc<Self>, answer: AnswerStream) {
        let (cancels, cancelled) = unbounded_channel();
        let requests = Arc::clone(self);
        let (name, is_read) = {
            let mut requests = self.lock();
            let Some(request) = requests.get_mut(place(answer.id())) else { return };
            request.cancels = request.is_read.then_some(cancels);
            (request.name.clone(), request.is_read)
        };
        tokio::spawn(async move {
            let answered = if is_read {
                read(answer, &name, cancelled).await
            } else {
                answer.answer().await.map(drop)
            };
            requests.end(&name, &answered);
        });
    }

    pub(crate) fn cancel(&self, name: &Value) -> Result<(), String> {
        let requests = self.lock();
        let request = requests.iter().find(|it| *name == *it.name);
        let cancels =
            request.and_then(|it| it.cancels.as_ref()).ok_or("nobody reads the answer")?;
        cancels.send(()).map_err(|why| why.to_string())
    }

    /// How a request has ended, if it is one of the file.
    pub(crate) fn end<T>(&self, name: &str, ended: &Result<T, RequestError>) {
        let word = match ended {
            Ok(_) => "answered",
            Err(RequestError::Rejected { .. }) => "rejected",
            Err(RequestError::Expired) => "expired",
            Err(RequestError::Unknown) => "unknown",
            Err(RequestError::Unsent) => "unsent",
            Err(RequestError::Cancelled) => "cancelled",
            Err(_) => return,
        };
        event(word, &json!({ "command": name }));
    }

    /// What the file calls a request.
    pub(crate) fn name(&self, request: RequestId) -> String {
        self.lock().get(place(request)).map(|it| it.name.clone()).unwrap_or_default()
    }

    /// All of them, for another process.
    pub(crate) fn as_json(&self) -> Value {
        json!(*self.lock())
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Request>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The place of a request among all.
fn place(request: RequestId) -> usize {
    usize::try_from(request.as_u64()).unwrap_or(usize::MAX)
}

/// Reads an answer as it grows, which may be cancelled.
async fn read(
    mut answer: AnswerStream,
    name: &str,
    mut cancelled: UnboundedReceiver<()>,
) -> Result<(), RequestError> {
    loop {
        tokio::select! {
            Some(()) = cancelled.recv() => {
                if let Err(why) = answer.cancel() {
                    event("fault", &json!({"command": name, "why": why.to_string()}));
                }
            }
            piece = answer.next_piece() => match piece? {
                Some(piece) => {
                    let its = json!({"command": name, "text": piece.text, "restart": piece.restart});
                    event("piece", &its);
                }
                None => return Ok(()),
            },
        }
    }
}
