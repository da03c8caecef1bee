//! Sessions of two ends with a link in memory between them.

mod faults;
mod pair;
mod resuming;
mod sending;

use super::{
    AtBound, Ending, Event, Outcome, Priority, RejectError, SendError, SendOptions, Session,
    SessionConfig, Target,
};
