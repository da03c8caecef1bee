//! What other servers change in a shared log.

use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt as _;

use super::connection::Server;
use crate::server::{Handle, WeakHandle};

/// What other servers change in a shared log: a server has to hear of it, or its readers read on late.
#[derive(Debug)]
#[must_use = "a server does not hear what others change"]
pub struct SharedNews {
    server: Arc<Server>,
}

impl SharedNews {
    /// How long nothing may be heard: every server that shares the log says something each 10 s.
    const SILENCE: Duration = Duration::from_secs(25);
    /// How long it takes until the channel is subscribed to again.
    const PAUSE: Duration = Duration::from_millis(500);

    pub(super) fn new(server: Arc<Server>) -> Self {
        Self { server }
    }

    /// Tells a server, in a task that ends soon after it.
    pub fn tell(self, handle: &Handle) {
        tokio::spawn(self.run(handle.downgrade()));
    }

    async fn run(self, handle: WeakHandle) {
        while handle.is_there() {
            // What is away is reported by what carries the requests.
            if let Ok(mut subscribed) = self.server.subscribe().await {
                // Whatever was said before is missed.
                handle.tell(Handle::handle_missed_news);
                let mut messages = subscribed.on_message();
                while let Ok(Some(message)) =
                    tokio::time::timeout(Self::SILENCE, messages.next()).await
                {
                    if let Some(key) = self.server.log().news(message.get_payload_bytes()) {
                        handle.tell(|handle| handle.handle_news(&key));
                    }
                    if !handle.is_there() {
                        return;
                    }
                }
            }
            tokio::time::sleep(Self::PAUSE).await;
        }
    }
}
