//! The duplicate window by itself, for a host that receives messages by another way.

use std::sync::Arc;

use pamlink::dedup::{First, Key, Verdict, Window};
use pamlink::hub::HubConfig;
use pamlink::time::Mono;
use parking_lot::Mutex;

use crate::fault::Failure;
use pamlink_border::{Fault, seed};

/// Which messages were seen, and what came of the first of each.
#[derive(Debug, uniffi::Object)]
pub struct DuplicateWindow {
    window: Mutex<Window>,
}

/// What the window says about a message.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct WindowVerdict {
    /// `fresh`: not seen, and remembered from now on; `pending`: the first one is still worked on;
    /// `result`: the first one has a result; `forgotten`: it had one that is not kept any more.
    pub verdict: String,
    /// The result of the first.
    pub result: Option<Vec<u8>>,
}

#[uniffi::export]
impl DuplicateWindow {
    /// An empty window that remembers the newest `max_entries` messages (1 to 16,777,216), none
    /// longer than `max_age_ms`, and results of `max_result_bytes` together. With
    /// `content_age_ms`, messages without an id are remembered by their content for so long.
    ///
    /// # Errors
    ///
    /// `bad_option`, `bad_seed`.
    #[uniffi::constructor]
    pub fn new(
        max_entries: u64,
        max_age_ms: u64,
        content_age_ms: Option<u64>,
        max_result_bytes: u64,
        seed: &[u8],
    ) -> Result<Arc<Self>, Failure> {
        let seed = self::seed(seed)?;
        // The bounds are those of a hub's window.
        let mut hub = HubConfig::default();
        for (name, of_hub, value) in [
            ("max_entries", "window_entries", max_entries),
            ("max_age_ms", "window_age_ms", max_age_ms),
            ("content_age_ms", "window_content_age_ms", content_age_ms.unwrap_or(0)),
            ("max_result_bytes", "window_result_bytes", max_result_bytes),
        ] {
            hub.set(of_hub, value).map_err(|error| Fault::from(error.of(name)))?;
        }
        let config = hub.window;
        Ok(Arc::new(Self { window: Mutex::new(Window::new(config, seed)) }))
    }

    /// Whether this user's message was seen within the window; if not, it is remembered. A message
    /// without an id, and without a time for contents, is always `fresh`.
    pub fn check(
        &self,
        mono_nanos: u64,
        user: &str,
        id: Option<String>,
        content: &str,
    ) -> WindowVerdict {
        let mut window = self.window.lock();
        let Some(key) = window.key(user, id.as_deref(), content) else {
            return verdict("fresh", None);
        };
        match window.check(Mono::from_nanos(mono_nanos), key) {
            Verdict::Fresh => verdict("fresh", None),
            Verdict::Duplicate { first: First::Pending } => verdict("pending", None),
            Verdict::Duplicate { first: First::Forgotten } => verdict("forgotten", None),
            Verdict::Duplicate { first: First::Result(result) } => {
                verdict("result", Some(result.to_vec()))
            }
        }
    }

    /// Keeps the result of the first message for its repeats. Whether it is kept: not if the
    /// message is not known any more, has a result, or the result is too large.
    pub fn complete(&self, user: &str, id: Option<String>, content: &str, result: &[u8]) -> bool {
        self.with_key(user, id, content, |window, key| window.complete(key, result.into()))
    }

    /// Forgets a message as if it had never come. Whether it was known.
    pub fn forget(&self, user: &str, id: Option<String>, content: &str) -> bool {
        self.with_key(user, id, content, Window::forget)
    }

    /// Messages that are held.
    pub fn size(&self) -> u64 {
        self.window.lock().len() as u64
    }

    /// Bytes that are held.
    pub fn memory(&self) -> u64 {
        self.window.lock().memory() as u64
    }
}

impl DuplicateWindow {
    fn with_key(
        &self,
        user: &str,
        id: Option<String>,
        content: &str,
        work: impl FnOnce(&mut Window, Key) -> bool,
    ) -> bool {
        let mut window = self.window.lock();
        let key = window.key(user, id.as_deref(), content);
        key.is_some_and(|key| work(&mut window, key))
    }
}

fn verdict(verdict: &str, result: Option<Vec<u8>>) -> WindowVerdict {
    WindowVerdict { verdict: verdict.to_owned(), result }
}
