//! Which member of a message is its text.

use super::scan::ValueSpan;
use super::{Envelope, Kind, Raw, Scan, Text};

impl<'a> Envelope<'a> {
    /// Its text for a person: of `message` and `content` the first that is a text and not empty,
    /// whatever the type. Where neither is, the members in which some types have their text alone
    /// count: `full_response` of `chat_response_complete`, `response` of `message`, `text` of
    /// `stt_result`, `feedback_message` of `visual_action`.
    pub fn text(&self) -> Option<Text<'a>> {
        let said = self.scan.said(self.text).or_else(|| {
            let own = match self.kind() {
                Kind::ChatResponseComplete => "full_response",
                Kind::Message => "response",
                Kind::SttResult => "text",
                Kind::VisualAction => "feedback_message",
                _ => return None,
            };
            self.field(own).filter(Raw::is_said)
        });
        said?.text()
    }
}

impl Scan {
    /// What is said in it: of `message` and `content` the first that is a text and not empty. This
    /// is the one place that decides it; `null`, a number and the like are absence.
    pub(crate) fn said<'a>(&self, text: &'a str) -> Option<Raw<'a>> {
        let said = |span: ValueSpan| span.raw(text).filter(Raw::is_said);
        said(self.message).or_else(|| said(self.content))
    }
}
