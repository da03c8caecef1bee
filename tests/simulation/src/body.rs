//! The bodies of items, which name what was sent.

/// The body of what was sent under this number, with so many bytes of padding.
pub(crate) fn of(number: usize, padding: u32) -> String {
    let mut body = format!("[{number},\"");
    body.extend(std::iter::repeat_n('~', padding as usize));
    body.push_str("\"]");
    body
}

/// The number that a body names.
pub(crate) fn number(body: &str) -> usize {
    let digits = body.strip_prefix('[').and_then(|rest| rest.split_once(','));
    digits.and_then(|(digits, _)| digits.parse().ok()).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_names_its_number() {
        assert_eq!(of(17, 2), "[17,\"~~\"]");
        assert_eq!(number(&of(17, 200)), 17);
        assert_eq!(number("null"), usize::MAX);
    }
}
