//! How a stream ends whose answer is an envelope of the `pam` dialect.

use crate::delivery::stream::End;
use crate::envelope::v1::{Code, How};
use crate::envelope::{Envelope, ErrorCode, Kind, Text};

/// The end of a stream that this text answers: an `error` is a failure with its code as a word. No
/// text at all is an end that says nothing.
pub(super) fn end_of(text: &str) -> End {
    let mut end = End::new(How::Done);
    if text.is_empty() {
        return end;
    }
    let envelope = Envelope::parse(text, Envelope::DEPTH).ok();
    if let Some(failure) = envelope.filter(|it| it.kind() == Kind::Error) {
        let code = failure.field("error_code").and_then(|code| code.text());
        let code = ErrorCode::from(code.unwrap_or_else(|| Text::from("")));
        if code == ErrorCode::RequestExpired {
            end.how = How::TimedOut;
        } else {
            end.how = How::Failed;
            end.code = code_of(&code);
        }
    }
    end.body = Some(text.into());
    end
}

/// A code of the `pam` dialect as a word of `pamlink.v1`: in small letters.
pub(super) fn code_of(code: &ErrorCode<'_>) -> Option<Code<'static>> {
    let word = |letter: char| match letter.to_ascii_lowercase() {
        letter @ ('a'..='z' | '0'..='9') => letter,
        _ => '_',
    };
    let text: String = code.as_str().chars().map(word).take(64).collect();
    Code::new(text.as_str()).map(Code::into_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_the_same_word_in_small_letters() {
        let word = |code: &str| code_of(&ErrorCode::from(code)).map(|it| it.as_str().to_owned());
        assert_eq!(word("RATE_LIMIT_EXCEEDED").as_deref(), Some("rate_limit_exceeded"));
        assert_eq!(word("Zu viel! 7").as_deref(), Some("zu_viel__7"));
        assert_eq!(word(&"X".repeat(80)).as_deref(), Some("x".repeat(64).as_str()));
        assert_eq!(word(""), None);
    }

    #[test]
    fn an_answer_is_done_and_an_error_is_not() {
        let answer = end_of(r#"{"type":"chat_response","message":"40"}"#);
        assert_eq!((answer.how, answer.code), (How::Done, None));
        assert_eq!(answer.body.as_deref(), Some(r#"{"type":"chat_response","message":"40"}"#));
        let failed = end_of(r#"{"type":"error","error_code":"AGENT_BUSY"}"#);
        assert_eq!((failed.how, failed.code), (How::Failed, Code::new("agent_busy")));
        let late = end_of(r#"{"type":"error","error_code":"REQUEST_EXPIRED"}"#);
        assert_eq!((late.how, late.code), (How::TimedOut, None));
        assert_eq!(end_of(""), End::new(How::Done));
    }
}
