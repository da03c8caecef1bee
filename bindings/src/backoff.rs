//! The delays between attempts to connect, by themselves.

use core::time::Duration;

use pamlink::link::{Backoff, BackoffConfig};

use crate::fault::Failure;
use pamlink_border::seed;

/// The delays in nanoseconds before retries 0, 1, 2 and so on with the default configuration: one
/// for each of `hints_ms`, the time that the server asked for before that retry, if it did.
///
/// # Errors
///
/// `bad_seed`.
#[uniffi::export]
pub fn backoff_delays(seed: &[u8], hints_ms: Vec<Option<u64>>) -> Result<Vec<u64>, Failure> {
    let mut backoff = Backoff::new(BackoffConfig::default(), self::seed(seed)?);
    let delay = |hint: Option<u64>| {
        let delay = backoff.next_delay(hint.map(Duration::from_millis));
        u64::try_from(delay.as_nanos()).unwrap_or(u64::MAX)
    };
    Ok(hints_ms.into_iter().map(delay).collect())
}
