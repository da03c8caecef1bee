//! What has been seen of a stream, beside what its machines remember.

use std::collections::BTreeSet;

use pamlink::delivery::stream::{
    Answer, Event, Generation, LogRequest, MemoryLog, Request, State, Status,
};
use pamlink::envelope::v1::{CancelOutcome, How};
use pamlink::time::Now;

use crate::digest;

/// What has been seen.
#[derive(Clone, Debug, Default)]
pub(super) struct Seen {
    /// The stream's text in the log, and every text that it has had there.
    pub(super) text: String,
    pub(super) texts: BTreeSet<String>,
    /// How the stream has ended in the log, and with which text.
    pub(super) end: Option<(How<'static>, String)>,
    /// The newest producer that the log has named.
    pub(super) newest: Generation,
    /// An older one has appended after it.
    pub(super) old_has_appended: bool,
    /// How often the work of the stream was to start.
    pub(super) begun: u8,
    /// What each cancel has come to.
    pub(super) cancelled: Vec<Option<CancelOutcome<'static>>>,
    /// What a producer was told was taken, unless the text began anew after it.
    pub(super) taken: Vec<(Generation, char)>,
    /// Something was taken where a cancel had come to its end.
    pub(super) taken_late: bool,
    /// Producers that were told that they are none any more.
    pub(super) fenced: BTreeSet<Generation>,
    /// What the log has done, as a number.
    log: u64,
}

impl Seen {
    pub(super) fn handle_event(&mut self, event: &Event) {
        match event {
            Event::Begun { .. } => self.begun += 1,
            Event::Fenced { generation, .. } => {
                self.fenced.insert(*generation);
            }
            Event::Cancelled { results, .. } => {
                self.cancelled.push(results.first().map(|result| result.outcome.clone()));
            }
            _ => {}
        }
    }

    /// The log has done something.
    pub(super) fn handle_log(
        &mut self,
        now: Now,
        log: &mut MemoryLog,
        request: &LogRequest,
        answer: &Answer,
    ) {
        let read = Request::ReadAfter { sequence: 0, most: 1 << 20 };
        let read = log.handle_request(now, &LogRequest::new(0, request.key.clone(), read)).answer;
        if !matches!(request.request, Request::ReadAfter { .. } | Request::Status) {
            self.log = digest::of(&[&self.log, &now.mono, &request.request, answer]);
        }
        if let (Request::ClaimProducer { .. }, Answer::Claimed { generation, .. }) =
            (&request.request, answer)
        {
            self.newest = self.newest.max(*generation);
        }
        let Answer::Read(read) = read else { return };
        let mut text = String::new();
        for record in &read.records {
            text.truncate(usize::try_from(record.offset).unwrap_or(usize::MAX));
            text.push_str(&record.text);
        }
        if let Request::Append { generation, .. } = &request.request {
            self.old_has_appended |= text != self.text && *generation < self.newest;
        }
        let Status { state, .. } = read.status;
        if let (State::Ended(end), None) = (state, &self.end) {
            self.end = Some((end.how.clone(), text.clone()));
        }
        self.texts.insert(text.clone());
        self.text = text;
    }

    /// A producer was told that its letter is taken.
    pub(super) fn handle_taken(&mut self, server: usize, by: Generation, letter: char) {
        self.taken.push((by, letter));
        // At another server its producer hears of the cancel when the log refuses the text.
        self.taken_late |= server == 0 && self.cancelled.contains(&Some(CancelOutcome::Cancelled));
    }

    /// The text begins anew with what is taken next.
    pub(super) fn handle_restart(&mut self) {
        self.taken.clear();
    }
}
