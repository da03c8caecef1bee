//! A reader of a stream, as strict as the protocol lets one be.

use pamlink::envelope::Envelope;
use pamlink::envelope::v1::{self, Answer, Epoch, Message, Position};

use super::Defect;

/// What a reader has of the stream. It does what sections 7.13 to 7.15 of the protocol say and
/// forgives nothing; the engine's own reader has tests beside it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Reader {
    pub(super) is_attached: bool,
    pub(super) received: Position,
    pub(super) text: String,
    /// It was told that something is lost, or that there is no such stream.
    pub(super) knows_of_loss: bool,
    pub(super) has_ended: bool,
    /// What it cannot make sense of.
    pub(super) fault: Option<&'static str>,
}

impl Reader {
    pub(super) const fn new(log: Epoch) -> Self {
        let received = Position::start(log);
        let text = String::new();
        Self {
            is_attached: false,
            received,
            text,
            knows_of_loss: false,
            has_ended: false,
            fault: None,
        }
    }

    /// Where it is in the stream's text.
    pub(super) const fn offset(&self) -> u64 {
        self.text.len() as u64
    }

    pub(super) fn handle_text(&mut self, text: &str, defect: Option<Defect>) {
        let Ok(envelope) = Envelope::parse(text, v1::DEPTH) else {
            return self.fault = Some("malformed");
        };
        match Message::read(&envelope) {
            Ok(Some((_, Message::Following(following)))) => match following.answer {
                Answer::Resumed | Answer::Pending | Answer::Ended => {
                    if following.offset > self.offset() {
                        self.fault = Some("a following beyond the reader");
                    }
                    self.received = following.from;
                    self.cut(following.offset);
                }
                _ => self.knows_of_loss = true,
            },
            Ok(Some((_, Message::Piece(piece)))) => {
                let is_blind = defect == Some(Defect::AppendsBlindly);
                if piece.at.sequence < self.received.sequence {
                    return;
                }
                if piece.offset > self.offset() {
                    self.fault = Some("a piece beyond the reader");
                } else if piece.offset < self.offset() && !piece.restart && !is_blind {
                    self.fault = Some("a piece that stands before the reader and is no restart");
                }
                if !is_blind {
                    self.cut(piece.offset);
                }
                self.received = piece.at;
                self.text.push_str(&piece.append);
            }
            Ok(Some((_, Message::End(end)))) => {
                if end.offset != self.offset() {
                    self.fault = Some("an end that is not at the reader's offset");
                }
                if self.has_ended {
                    self.fault = Some("a second end");
                }
                self.has_ended = true;
            }
            Ok(_) => {}
            Err(_) => self.fault = Some("malformed"),
        }
    }

    fn cut(&mut self, offset: u64) {
        self.text.truncate(usize::try_from(offset).unwrap_or(usize::MAX));
    }
}
