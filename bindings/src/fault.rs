//! What goes wrong at the border, as one record for every language.

use core::time::Duration;

use pamlink_border::{Code, Fault};

/// An error of the engine: one record for every language.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error, uniffi::Error)]
pub enum Failure {
    /// Something was refused.
    #[error("{what}")]
    Failure {
        /// Its number, which never changes its meaning.
        code: u32,
        /// The name of the number.
        name: String,
        /// What kind of thing went wrong: `usage`, `busy`, `link`, `auth`, `answer`, `internal`.
        class: String,
        /// Whether the same call may succeed later.
        retryable: bool,
        /// How long to wait before that, in milliseconds, rounded up.
        retry_after_ms: Option<u64>,
        /// What is wrong and where, for people. Carries no token.
        what: String,
    },
}

impl core::convert::From<Fault> for Failure {
    fn from(fault: Fault) -> Self {
        let millis =
            |span: Duration| u64::try_from(span.as_nanos().div_ceil(1_000_000)).unwrap_or(u64::MAX);
        Self::Failure {
            code: fault.code as u32,
            name: fault.code.as_str().to_owned(),
            class: fault.code.class().to_owned(),
            retryable: fault.code.is_retryable(),
            retry_after_ms: fault.retry_after.map(millis),
            what: fault.what,
        }
    }
}

/// One number of the table of errors.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct ErrorCode {
    /// The number.
    pub code: u32,
    /// Its name.
    pub name: String,
    /// What kind of thing goes wrong.
    pub class: String,
    /// Whether the same call may succeed later.
    pub retryable: bool,
}

/// Every error number there is, by rising number.
#[uniffi::export]
pub fn error_codes() -> Vec<ErrorCode> {
    let all = Code::ALL.iter().map(|code| ErrorCode {
        code: *code as u32,
        name: code.as_str().to_owned(),
        class: code.class().to_owned(),
        retryable: code.is_retryable(),
    });
    all.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_number_of_the_file_of_errors_has_changed() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/vectors/errors.json");
        let file: serde_json::Value =
            serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
        let ours: Vec<_> = error_codes()
            .into_iter()
            .map(|it| {
                serde_json::json!({
                    "code": it.code, "name": it.name, "class": it.class, "retryable": it.retryable
                })
            })
            .collect();
        assert_eq!(file["codes"], serde_json::Value::from(ours));
    }
}
