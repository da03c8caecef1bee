//! Several envelopes in one message (V-10.7).

/// What stands between two envelopes of one message, where no JSON text has it.
const SEPARATOR: char = '\u{1e}';

/// The most bytes of a message of several envelopes. As many wait at a link before it is given no
/// more: what is urgent has little before it.
pub(crate) const BATCH_BYTES: usize = 16 * 1024;

/// Adds an envelope to a message that has one already, if both make a message that is small enough;
/// whether they do.
pub(crate) fn join(message: &mut String, envelope: &str) -> bool {
    let fits = message.len() + envelope.len() < BATCH_BYTES;
    if fits {
        message.push(SEPARATOR);
        message.push_str(envelope);
    }
    fits
}

/// The envelopes of a message, which is a single one unless both ends know of `batches`.
pub(crate) fn divide(message: &str, batches: bool) -> impl Iterator<Item = &str> {
    message.splitn(if batches { usize::MAX } else { 1 }, SEPARATOR)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_joined_is_divided_again_and_has_16_kib_at_most() {
        let mut message = "{\"a\":1}".to_owned();
        assert!(join(&mut message, "{}"));
        assert_eq!(divide(&message, true).collect::<Vec<_>>(), ["{\"a\":1}", "{}"]);
        assert_eq!(divide(&message, false).collect::<Vec<_>>(), [message.as_str()]);
        let rest = "x".repeat(BATCH_BYTES - message.len() - 1);
        assert!(!join(&mut message.clone(), &format!("{rest}x")));
        assert!(join(&mut message, &rest));
        assert_eq!(message.len(), 16_384);
    }
}
