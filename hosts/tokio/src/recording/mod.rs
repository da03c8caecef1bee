//! A client's or a server's run as a file: what it was given, and when, so that it can be run again
//! anywhere.
//!
//! The engine is deterministic: the same configuration, seed and inputs with their times give the
//! same outputs. A [`Recorder`] in [`ClientConfig::record`](crate::ClientConfig::record) or
//! [`ServerConfig::record`](crate::ServerConfig::record) writes the inputs as JSON, a line each, with
//! a digest of what was said and written after each; [`Replay`] gives them to a new engine, says what
//! that does, and finds the line from which on it does something else.
//!
//! **What is in the file.** Everything that was asked and answered, as it came, and the seed, from
//! which masks, ids and epochs follow: it is as confidential as the conversations. No token is in it,
//! but for its dates: a placeholder of the same length stands for it, and for any eight characters of
//! it in a row that a peer has repeated or somebody has typed; of a later token from when it was given
//! to the client, or found good by the server. What is said is compared by a hash of its lines.
//!
//! **Of a client.** What it writes is an output and is not in the file; since a token is among it, its
//! length is compared and its bytes are not.
//!
//! **Of a server.** What a link brings is in the file without the masks of its frames, which are
//! zeros there. Of its opening request stays what the engine looks at; the values of all other
//! headers and parameters are hidden as tokens are, and so is in JSON the text of every member whose
//! name ends with `token`; of what is no request, or no header, stays that it is none. Such a member
//! of what the program sends is a token that is known from then on, where it is ASCII. The former
//! takes no knowledge of the token and holds nothing back. A token that nobody has found good may be
//! anything, and is looked for over its own link alone, of each link the latest 64 KiB; of those that
//! are good, 512 KiB are known, which are a thousand as a rule. The verdict on a token is an input,
//! whoever gave it: no keys are needed to replay. What the program answers to a plain HTTP request is
//! its own, and in the file by its length. What is written is compared by a hash as well, where no
//! token is among it.
//!
//! **What cannot be recorded.** What compresses (what is written is as long as a token makes it,
//! and what comes cannot be searched for one), and a value of the configuration that no option has;
//! of a client a token of fewer than eight characters, a URL with what looks like a token in it, a
//! snapshot to go on with that has a part of the token in it; of a server whose streams are in a
//! log of the host's own, and what the child of a fork does. The last line of such a recording says
//! so, but for a fork: the file goes on as the parent's.
//!
//! **The format**, version 2, each line one JSON object: first the header (`pamlink_recording`, `of`,
//! which is `client` or `hub`, the version of the engine, the options that are not at their default,
//! the seed, both clocks, and for a client its endpoint, for a hub its routing table), then for each
//! input `at` (nanoseconds since the header, on the monotonic clock), `wall` (microseconds since then,
//! on the wall clock), `in`, and `then`: in the order in which the host asked, `events` with their
//! number and hash, what was written, and `said`, what came of a command. Last `end` with the reason.
//!
//! A client has `wrote` with the bytes and whether the transport was to be closed. What is of the
//! second link of a planned change has its input within `second`, and `wrote_second`; after the event
//! that the two have changed places the second is that which was the first. A client that goes on with
//! a snapshot has that in its header, its bytes written as those of `bytes`; of one that is taken,
//! `snapshot` has the length and the hash, or no hash where it has a part of a token in it. A hub has
//! `sent`, with the link, the bytes, whether its transport was to be closed, and the hash. Version 1 is
//! of clients alone, without `of`.

mod characters;
pub(crate) mod client;
mod digest;
mod format;
mod hidden;
pub(crate) mod hub;
mod replay;
mod sheet;
mod streams;
mod urgency;
mod wire;

use std::fmt;
use std::io::Write;
use std::sync::Arc;

use pamlink::client::ClientConfig;
use pamlink::hub::HubConfig;
use pamlink::link::Endpoint;
use pamlink::routing::Table;
use pamlink::seed::Seed;
use pamlink::time::Now;
use parking_lot::Mutex;

pub use self::replay::{RecordingError, Replay, Step};

use crate::clock;

/// Where the first client or server that starts with it is recorded. A clone is the same recorder.
///
/// It writes a line at a time, from the task that the input comes from. What cannot be written ends
/// the recording and never what is recorded.
#[derive(Clone)]
pub struct Recorder {
    out: Arc<Mutex<Option<Box<dyn Write + Send>>>>,
    max_bytes: u64,
}

impl Recorder {
    /// The size that a recording has at most, in bytes: 64 MiB.
    pub const MAX_BYTES: u64 = 64 << 20;

    /// A recorder that writes here, such as to a file.
    pub fn new(out: impl Write + Send + 'static) -> Self {
        Self { out: Arc::new(Mutex::new(Some(Box::new(out)))), max_bytes: Self::MAX_BYTES }
    }

    /// The same with another bound, in bytes, its last line included. Whoever reaches it is recorded
    /// no further, and the last line says so.
    #[must_use]
    pub fn max_bytes(self, bytes: u64) -> Self {
        Self { max_bytes: bytes, ..self }
    }

    /// Begins, with the seed that the client is to have; nothing if one is recorded already, or this
    /// one cannot be.
    pub(crate) fn begin(
        &self,
        client: (&ClientConfig, &Endpoint, bool, Option<&[u8]>),
        now: Now,
    ) -> Option<(client::Recording, Seed)> {
        let out = self.out.lock().take()?;
        client::Recording::begin(out, self.max_bytes, client, clock::entropy(), now)
    }

    /// The same of a hub.
    ///
    /// # Errors
    ///
    /// Why it is not recorded.
    pub(crate) fn begin_hub(
        &self,
        hub: (&HubConfig, &Arc<Table>),
        now: Now,
    ) -> Result<(hub::Recording, Seed), &'static str> {
        let out = self.out.lock().take().ok_or("something else is recorded with it")?;
        hub::Recording::begin(out, self.max_bytes, hub, clock::entropy(), now)
    }
}

impl fmt::Debug for Recorder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Recorder").field("max_bytes", &self.max_bytes).finish_non_exhaustive()
    }
}

/// What came of a command, as a line: nothing where it is only well.
pub(crate) fn outcome<T, E: fmt::Display>(
    result: &Result<T, E>,
    well: impl Fn(&T) -> Option<String>,
) -> Option<String> {
    match result {
        Ok(value) => well(value),
        Err(error) => Some(format!("refused: {error}")),
    }
}
