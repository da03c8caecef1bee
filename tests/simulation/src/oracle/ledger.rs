//! What was sent, what its sender was told of it, and what it has done at the other end.

use std::collections::HashMap;

use super::Oracle;
use super::truth::Found;

/// Everything that was sent, by a number that its body names.
#[derive(Debug, Default)]
pub(crate) struct Ledger {
    commands: Vec<Command>,
    /// The last item that was heard of each sender, in each line of each session.
    heard: HashMap<(Sender, u32, (u32, u64)), usize>,
    /// How many outcomes were compared with what has been done.
    pub(crate) compared: u64,
}

/// Who has sent something.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Sender {
    /// A device, in its which life.
    Device { device: usize, life: u32 },
    /// The server, in its which life, in one session.
    Server { life: u32, session: u64 },
}

/// What something that was sent is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Item { priority: u32 },
    Cancel,
    Reject,
}

/// What becomes of it, as its sender is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    Acknowledged,
    Rejected,
    Expired,
    Unknown,
    /// A cancel has its result.
    Answered,
}

/// One that was sent.
#[derive(Debug)]
pub(crate) struct Command {
    pub(crate) sender: Sender,
    pub(crate) kind: Kind,
    fate: Option<Fate>,
    /// How often it took effect.
    effects: u32,
    was_heard: bool,
    /// The host that it was sent to did not take it.
    is_refused: bool,
    /// Its sender is gone, and is told nothing.
    is_void: bool,
    /// How often the conversation of its sender had broken off when it was sent.
    breaks: u32,
}

impl Ledger {
    /// Something is about to be sent: its number.
    pub(crate) fn next(&self) -> usize {
        self.commands.len()
    }

    /// It was sent.
    pub(crate) fn sent(&mut self, sender: Sender, kind: Kind, breaks: u32) -> usize {
        self.commands.push(Command {
            sender,
            kind,
            fate: None,
            effects: 0,
            was_heard: false,
            is_refused: false,
            is_void: false,
            breaks,
        });
        self.commands.len() - 1
    }

    /// A host was given an item, in one of its sessions.
    pub(crate) fn heard(
        &mut self,
        number: usize,
        session: (u32, u64),
        is_taken: bool,
    ) -> Result<(), Found> {
        let command = self
            .commands
            .get_mut(number)
            .ok_or(Found(Oracle::Effect, "an item that nobody sent"))?;
        if command.was_heard {
            return Err(Found(Oracle::Effect, "an item comes twice"));
        }
        command.was_heard = true;
        command.is_refused = !is_taken;
        command.effects += u32::from(is_taken);
        if matches!(command.fate, Some(Fate::Expired)) {
            return Err(Found(Oracle::NoEffect, "an item that has expired comes"));
        }
        if matches!(command.fate, Some(Fate::Rejected | Fate::Acknowledged)) {
            return Err(Found(Oracle::Effect, "an item comes after its outcome"));
        }
        let Kind::Item { priority } = command.kind else {
            return Err(Found(Oracle::Effect, "an item that was none"));
        };
        let last = self.heard.insert((command.sender, priority, session), number);
        if last.is_some_and(|last| last > number) {
            return Err(Found(Oracle::Order, "an item comes after one that was sent behind it"));
        }
        Ok(())
    }

    /// An item takes effect so much more often: what a defect does.
    pub(crate) fn take_effect(&mut self, number: usize, more: i32) {
        if let Some(command) = self.commands.get_mut(number) {
            command.effects = command.effects.saturating_add_signed(more);
        }
    }

    /// A sender is told what has become of something.
    pub(crate) fn settle(&mut self, number: usize, fate: Fate) -> Result<(), Found> {
        let Some(command) = self.commands.get_mut(number) else {
            return Err(Found(Oracle::Outcome, "an outcome of nothing that was sent"));
        };
        if command.fate.replace(fate).is_some() {
            return Err(Found(Oracle::Outcome, "a command has two outcomes"));
        }
        self.compared += 1;
        match (command.kind, fate) {
            (Kind::Cancel, Fate::Acknowledged | Fate::Rejected)
            | (Kind::Item { .. } | Kind::Reject, Fate::Answered)
            | (Kind::Reject, Fate::Rejected) => {
                Err(Found(Oracle::Outcome, "an outcome that such a command does not have"))
            }
            (Kind::Item { .. }, Fate::Acknowledged) if command.effects != 1 => {
                Err(Found(Oracle::Effect, "what is acknowledged has not taken effect once"))
            }
            (Kind::Item { .. }, Fate::Rejected) if command.effects > 0 => {
                Err(Found(Oracle::NoEffect, "what is rejected has taken effect"))
            }
            (Kind::Item { .. }, Fate::Expired) if command.was_heard => {
                Err(Found(Oracle::NoEffect, "what has expired was heard"))
            }
            (Kind::Item { .. }, Fate::Unknown) if command.effects > 1 => {
                Err(Found(Oracle::Effect, "what is unknown has taken effect twice"))
            }
            _ => Ok(()),
        }
    }

    /// Whether an outcome is explained by the end of a session or a gap since it was sent.
    pub(crate) fn is_explained(&self, number: usize, breaks: u32) -> bool {
        self.commands.get(number).is_some_and(|command| command.breaks < breaks)
    }

    /// A sender is gone, and what it has sent has no outcome any more.
    pub(crate) fn void(&mut self, is_gone: impl Fn(Sender) -> bool) {
        for command in self.commands.iter_mut().filter(|it| it.fate.is_none()) {
            command.is_void |= is_gone(command.sender);
        }
    }

    /// What has no outcome and is to have one.
    pub(crate) fn open(&self) -> impl Iterator<Item = (usize, &Command)> {
        let open = |it: &(usize, &Command)| it.1.fate.is_none() && !it.1.is_void;
        self.commands.iter().enumerate().filter(open)
    }
}
