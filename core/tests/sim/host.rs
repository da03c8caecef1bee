//! The program around the hub: it does what is asked, counts that, and answers.

use std::collections::HashMap;

use pamlink::hub::{Event, Hub, Reply, RequestId};
use pamlink::time::Now;

use super::Outcome;

#[derive(Default)]
pub(super) struct Host {
    running: HashMap<RequestId, String>,
}

impl Host {
    /// Does what a request asks; the reply comes later.
    pub(super) fn take(&mut self, event: &Event<'_>, outcome: &mut Outcome) -> Option<RequestId> {
        match event {
            Event::Request(request) => {
                let text = request.envelope.field("message")?.text()?.to_string();
                *outcome.effects.entry(text.clone()).or_default() += 1;
                self.running.insert(request.request, text);
                Some(request.request)
            }
            Event::Duplicate { .. } => {
                outcome.repeats += 1;
                None
            }
            Event::Refused(refused) => panic!("nothing is to be refused: {refused:?}"),
            _ => None,
        }
    }

    pub(super) fn reply(&mut self, hub: &mut Hub, now: Now, request: RequestId) {
        // Nothing is known of requests of the process before.
        let Some(text) = self.running.remove(&request) else { return };
        hub.reply(now, request, &Reply::text(&answer_to(&text))).expect("it is running");
    }
}

pub(super) fn answer_to(text: &str) -> String {
    format!("answer to {text}")
}
