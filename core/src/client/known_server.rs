//! What a client knows of the server that it is connected to.

use super::ClientConfig;
use super::error::SendError;
use crate::delivery::SessionConfig;
use crate::envelope::Envelope;
use crate::envelope::message::Connection;
use crate::envelope::v1::{Features, Welcome};
use crate::limits::{Refusal, Sizes};
use crate::link::OFFERED;

/// What is known of the server of the present link.
#[derive(Clone, Debug, Default)]
pub(super) struct KnownServer {
    pub(super) welcomed: bool,
    /// It names the request in each reply.
    pub(super) correlates: bool,
    /// It recognises repeats.
    pub(super) repeats: bool,
    /// Requests that only earlier links have carried are to be given up.
    pub(super) unsure: bool,
    /// It speaks `pamlink.v1`.
    pub(super) is_v1: bool,
    /// A message may be several envelopes, of either end (V-10.7).
    pub(super) batches: bool,
    /// The largest message that it takes, as its welcome states, in bytes.
    pub(super) max_message: Option<usize>,
    /// How large messages and their members may be, as its welcome states.
    pub(super) limits: Option<Box<Sizes>>,
}

/// What an envelope of `pamlink.v1` has beside its body, at most.
const BESIDE_BODY: usize = 2_048;

impl KnownServer {
    /// One that has welcomed the link in `pamlink.v1`.
    pub(super) fn of_v1(welcome: &Welcome) -> Self {
        let limits = welcome.limits;
        let message = usize::try_from(limits.message).unwrap_or(usize::MAX);
        Self {
            welcomed: true,
            correlates: true,
            repeats: true,
            // What was asked over a link of the other dialect.
            unsure: true,
            is_v1: true,
            batches: welcome.features.common(OFFERED).contains(Features::BATCH),
            max_message: Some((message - BESIDE_BODY).min(SessionConfig::MAX_BODY)),
            limits: None,
        }
    }

    /// It has welcomed the link; `known` is the epoch of the one that welcomed before. Returns its
    /// own.
    pub(super) fn welcome(
        &mut self,
        envelope: &Envelope<'_>,
        known: Option<&str>,
    ) -> Option<Box<str>> {
        let mut epoch = None;
        if let Some(welcome) = envelope.read::<Connection>() {
            self.correlates = welcome.has_feature("reply_to");
            self.repeats = welcome.has_feature("repeat");
            self.max_message = welcome.max_message();
            self.limits = welcome.limits.map(Sizes::from_stated).map(Box::new);
            epoch = welcome.epoch.map(|epoch| epoch.as_json());
        }
        let forgetful = epoch != known;
        self.welcomed = true;
        self.unsure = forgetful || !self.repeats;
        epoch.map(Box::from)
    }

    /// The largest message that may be sent, in bytes: as large as one that is taken here, and no
    /// larger than the server says it takes.
    pub(super) fn largest(&self, config: &ClientConfig) -> usize {
        let own = config.link.link.frames.max_message;
        self.max_message.map_or(own, |stated| stated.min(own))
    }

    /// Whether it takes a message of this size.
    pub(super) fn takes_size(&self, bytes: usize, config: &ClientConfig) -> Result<(), SendError> {
        let limit = self.largest(config);
        if bytes > limit { Err(SendError::TooLarge { bytes, limit }) } else { Ok(()) }
    }

    /// Whether it has said that it refuses this message for its size.
    pub(super) fn takes(&self, envelope: &Envelope<'_>) -> Result<(), Refusal> {
        self.limits.as_ref().map_or(Ok(()), |limits| limits.check_envelope(envelope))
    }

    /// The same of a text, which is read only where there are limits. What is no envelope is not
    /// judged here.
    pub(super) fn takes_text(&self, text: &str) -> Result<(), Refusal> {
        match self.limits.as_ref().map(|_| Envelope::parse(text, Envelope::DEPTH)) {
            Some(Ok(envelope)) => self.takes(&envelope),
            _ => Ok(()),
        }
    }
}
