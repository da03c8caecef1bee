//! Sessions of two ends with a link in memory between them.

mod bounds;
mod complaints;
mod faults;
mod pair;
mod random;
mod resuming;
mod sending;
mod snapshots;
mod states;

use super::{
    AtBound, AttachError, Ending, Event, Outcome, Priority, RejectError, SendError, SendOptions,
    Session, SessionConfig, Target,
};
