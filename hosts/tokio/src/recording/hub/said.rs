//! What came of an input of a hub, as a line: nothing where it is only well.

use std::fmt::Display;

use pamlink::hub::{Delivered, Full, LinkId, Push, PushError, ReplyError};

use crate::recording::outcome;

pub(crate) fn done<E: Display>(result: &Result<(), E>) -> Option<String> {
    outcome(result, |()| None)
}

pub(crate) fn accepted(result: &Result<LinkId, Full>) -> Option<String> {
    outcome(result, |link| Some(format!("link {link}")))
}

pub(crate) fn delivered(result: &Result<Delivered, ReplyError>) -> Option<String> {
    outcome(result, |delivered| {
        Some(match delivered {
            Delivered::Queued(link) => format!("queued for link {link}"),
            Delivered::InOrder(link) => format!("waits for its turn on link {link}"),
            Delivered::Refused(link) => format!("refused by link {link}"),
            other => format!("{other:?}"),
        })
    })
}

pub(crate) fn pushed(result: &Result<Push, PushError>) -> Option<String> {
    outcome(result, |push| {
        let Push { id, queued, refused, .. } = push;
        Some(format!("push {}: {queued} queued, {refused} refused", id.as_u64()))
    })
}

pub(crate) fn links(count: u32) -> Option<String> {
    Some(format!("{count} links"))
}

pub(crate) fn flag(is_so: bool) -> Option<String> {
    Some(if is_so { "yes" } else { "no" }.to_owned())
}
