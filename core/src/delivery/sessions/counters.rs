//! What is counted of sessions and is no event.

use crate::envelope::v1::CancelOutcome;
use crate::metrics::{By, Label};

/// Counted from the first session on.
#[derive(Clone, Debug, Default)]
pub(crate) struct Counters {
    /// Times that a session was opened that there is not.
    pub(crate) unknown: u64,
    /// Bytes that were sent again.
    pub(crate) replayed: u64,
    /// What cancels came to, for each stream.
    pub(crate) cancels: By<CancelOutcome<'static>, { <CancelOutcome<'_> as Label>::TEXTS.len() }>,
}
