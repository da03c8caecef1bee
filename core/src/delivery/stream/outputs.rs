//! What comes of an input: requests to the log, events for the host.

use std::collections::VecDeque;

use super::config::StreamsConfig;
use super::counters::Counters;
use super::event::{CancelId, Cancelled, Event};
use super::interface::{LogRequest, Request, StreamKey};
use super::keyed::StreamIndex;
use super::readers::ReaderId;
use crate::delivery::numbered::Numbered;
use crate::time::Mono;

/// How far something is that the log is to do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Step {
    #[default]
    No,
    Wanted,
    Asked,
}

impl Step {
    /// Whether it is wanted, and from now on asked.
    pub(super) fn take(&mut self) -> bool {
        let wanted = *self == Self::Wanted;
        if wanted {
            *self = Self::Asked;
        }
        wanted
    }
}

/// Outputs that wait to be polled.
#[derive(Clone, Debug, Default)]
pub(super) struct Outputs {
    requests: VecDeque<(u64, Asked)>,
    pub(super) events: VecDeque<Event>,
    /// What was counted so far.
    pub(super) counters: Counters,
    /// Results of cancels that are on their way into an event.
    pub(super) cancelled: VecDeque<(CancelId, StreamKey, Cancelled)>,
    /// What was polled and is not answered yet.
    asked: Numbered<u64, Asked>,
    last_id: u64,
}

/// What was asked of the log.
#[derive(Clone, Debug)]
pub(super) struct Asked {
    pub(super) key: StreamKey,
    /// Where the stream was; nowhere, if nothing of it is to be known here.
    pub(super) index: Option<StreamIndex>,
    /// For which reader, where it is to be read for one.
    pub(super) reader: Option<ReaderId>,
    pub(super) request: Request,
}

impl Outputs {
    /// What is asked of a log that answers when it can.
    pub(super) fn poll_log(&mut self) -> Option<LogRequest> {
        let (id, asked) = self.requests.pop_front()?;
        let request = LogRequest::new(id, asked.key.clone(), asked.request.clone());
        self.asked.insert(id, asked);
        Some(request)
    }

    /// What is asked of a log that answers at once, with its id.
    pub(super) fn take_request(&mut self) -> Option<(u64, Asked)> {
        self.requests.pop_front()
    }

    /// What the answer of this id is for, which counts once.
    pub(super) fn answered(&mut self, id: u64) -> Option<Asked> {
        self.asked.remove(&id)
    }

    pub(super) fn ask(&mut self, asked: Asked) -> u64 {
        self.last_id += 1;
        self.requests.push_back((self.last_id, asked));
        self.last_id
    }
}

/// One input to one stream: when, which, and where its outputs go.
#[derive(Debug)]
pub(super) struct Turn<'t> {
    pub(super) now: Mono,
    pub(super) key: &'t StreamKey,
    pub(super) index: StreamIndex,
    pub(super) config: &'t StreamsConfig,
    pub(super) out: &'t mut Outputs,
}

impl Turn<'_> {
    pub(super) fn ask(&mut self, request: Request) {
        self.request_for(None, request);
    }

    /// As [`ask`](Self::ask), for a reader: the id of what is asked.
    pub(super) fn request_for(&mut self, reader: Option<ReaderId>, request: Request) -> u64 {
        let (key, index) = (self.key.clone(), Some(self.index));
        self.out.ask(Asked { key, index, reader, request })
    }

    pub(super) fn event(&mut self, event: Event) {
        self.out.events.push_back(event);
    }

    /// One cancel has come to this for the stream.
    pub(super) fn cancelled(&mut self, cancel: CancelId, what: Cancelled) {
        self.out.cancelled.push_back((cancel, self.key.clone(), what));
    }
}
