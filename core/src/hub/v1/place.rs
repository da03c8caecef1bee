//! Where an item stands that the hub answers.

use crate::delivery::SessionNumber;
use crate::delivery::stream::StreamKey;
use crate::envelope::v1::Position;

/// An item of a session.
#[derive(Clone, Debug)]
pub(in crate::hub) struct ItemPlace {
    pub(super) session: SessionNumber,
    pub(super) at: Position,
    /// The stream that it asked for, if it did.
    pub(super) stream: Option<StreamKey>,
}
