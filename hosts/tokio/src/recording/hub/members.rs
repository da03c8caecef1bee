//! Tokens in JSON, hidden as they come: the text of every member whose name ends with `token`.

use super::letters::Letters;

/// Where in a JSON text it is. It goes on in whatever bytes come, and what is no JSON as well.
#[derive(Debug, Default)]
pub(super) struct Members {
    place: Place,
    /// The last bytes of the name that is read, or was read last; none if something else was.
    name: Name,
}

#[derive(Clone, Copy, Debug, Default)]
enum Place {
    #[default]
    Outside,
    /// Behind the colon after a name that ends with `token`.
    BeforeToken,
    /// In a text that may be a name.
    Text,
    /// In the text of a token.
    Token(Letters),
}

impl Members {
    /// The next byte, or what stands for it.
    pub(super) fn pass(&mut self, byte: u8) -> u8 {
        match (self.place, byte) {
            (Place::Outside, b'"') => {
                self.name = Name::default();
                self.place = Place::Text;
            }
            (Place::Outside, b':') => {
                let is_token = self.name.is_token();
                self.place = if is_token { Place::BeforeToken } else { Place::Outside };
                self.name = Name::default();
            }
            (Place::BeforeToken, b'"') => self.place = Place::Token(Letters::default()),
            (Place::Outside | Place::BeforeToken, b' ' | b'\t' | b'\r' | b'\n') => {}
            (Place::Outside | Place::BeforeToken, _) => *self = Self::default(),
            (Place::Text, b'"') if !self.name.is_escaped() => self.place = Place::Outside,
            (Place::Text, _) => self.name.push(byte),
            (Place::Token(letters), b'"') if !letters.is_escaped() => *self = Self::default(),
            (Place::Token(mut letters), _) => {
                let shown = letters.of_json(byte);
                self.place = Place::Token(letters);
                return shown;
            }
        }
        byte
    }
}

/// A text with its tokens hidden.
pub(super) fn hidden(text: &str) -> String {
    let mut members = Members::default();
    let bytes = text.bytes().map(|byte| members.pass(byte)).collect();
    // ASCII stands for ASCII.
    String::from_utf8(bytes).unwrap_or_default()
}

/// The tokens in a text, as they are spelled there.
pub(super) fn tokens(text: &str) -> Vec<&str> {
    let (mut members, mut tokens, mut from) = (Members::default(), Vec::new(), None);
    for (at, byte) in text.bytes().enumerate() {
        members.pass(byte);
        match (members.place, from) {
            (Place::Token(_), None) => from = Some(at + 1),
            (Place::Token(_), Some(_)) | (_, None) => {}
            // A quote on either side.
            (_, Some(begin)) => {
                tokens.extend(text.get(begin..at));
                from = None;
            }
        }
    }
    // One that does not end.
    tokens.extend(from.and_then(|begin| text.get(begin..)));
    tokens
}

/// The end of a name, its escapes resolved as far as they are of ASCII.
#[derive(Debug, Default)]
struct Name {
    last: [u8; 5],
    escape: Option<Code>,
}

/// An escape of which a part has come.
#[derive(Clone, Copy, Debug)]
enum Code {
    Begun,
    /// So many digits of `\u`, and their value.
    Digits(u8, u32),
}

impl Name {
    fn push(&mut self, byte: u8) {
        let letter = match (self.escape.take(), byte) {
            (None, b'\\') => {
                self.escape = Some(Code::Begun);
                return;
            }
            (Some(Code::Begun), b'u') => {
                self.escape = Some(Code::Digits(0, 0));
                return;
            }
            (Some(Code::Digits(at, value)), _) => {
                let value = value * 16 + char::from(byte).to_digit(16).unwrap_or(0);
                if at < 3 {
                    self.escape = Some(Code::Digits(at + 1, value));
                    return;
                }
                u8::try_from(value).unwrap_or(0)
            }
            _ => byte,
        };
        self.last.rotate_left(1);
        self.last[4] = letter;
    }

    /// Whether the next byte is escaped.
    const fn is_escaped(&self) -> bool {
        matches!(self.escape, Some(Code::Begun))
    }

    fn is_token(&self) -> bool {
        self.last.eq_ignore_ascii_case(b"token")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_texts_of_tokens_are_hidden_and_all_else_stays() {
        for (text, expected) in [
            (r#"{"token":"secret"}"#, r#"{"token":"hidden"}"#),
            (
                r#"{"a":1,"token" : "s\"cr","b":"token"}"#,
                r#"{"a":1,"token" : "h\"id","b":"token"}"#,
            ),
            (r#"[{"access_Token":"secret"},"token"]"#, r#"[{"access_Token":"hidden"},"token"]"#),
            (r#"{"t\u006fken":"secret"}"#, r#"{"t\u006fken":"hidden"}"#),
            (r#"{"token":"secret","token":"other"}"#, r#"{"token":"hidden","token":"hidde"}"#),
            (r#""token":"secret" and no JSON"#, r#""token":"hidden" and no JSON"#),
            (
                r#"{"tokens":7,"text":"the token: \"token\":"}"#,
                r#"{"tokens":7,"text":"the token: \"token\":"}"#,
            ),
            (r#"{"token":{"a":"b"}}"#, r#"{"token":{"a":"b"}}"#),
            (r#"{"token":"","a":"b"}"#, r#"{"token":"","a":"b"}"#),
        ] {
            assert_eq!(hidden(text), expected);
        }
    }

    #[test]
    fn the_tokens_of_a_text_are_found_as_they_are_spelled() {
        let text = r#"{"token":"one","a":"b","new_token" : "t\"wo\u0041","token":"","token":"end"#;
        assert_eq!(tokens(text), ["one", r#"t\"wo\u0041"#, "", "end"]);
        assert_eq!(tokens("token: none"), [""; 0]);
    }
}
