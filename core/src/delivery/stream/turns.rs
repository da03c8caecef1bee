//! Whose turn it is: the readers that have something to take, and for each the streams of which.

use std::collections::VecDeque;

use super::keyed::StreamIndex;
use super::readers::ReaderId;
use crate::delivery::numbered::Numbered;

/// The lines of all readers. Each stream of a reader has one turn after the other, and so has each
/// reader: what there is much of holds up nothing else.
#[derive(Clone, Debug, Default)]
pub(super) struct Lines {
    lines: Numbered<ReaderId, Line>,
    /// The readers that have something to take, each once.
    turns: VecDeque<ReaderId>,
}

/// What a turn has come to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::delivery) enum Taken {
    /// There was nothing to take.
    Nothing,
    /// What there was has been taken: whose turn it was is named again once there is more.
    Last,
    /// There may be more.
    More,
}

/// The line of one reader.
#[derive(Clone, Debug, Default)]
pub(super) struct Line {
    /// The streams of which it has something to take, each once.
    streams: VecDeque<StreamIndex>,
    /// Those that it follows.
    follows: Vec<StreamIndex>,
    /// Whether it stands among those that have something to take,
    has_turn: bool,
    /// or was named as one of them, and has not taken everything yet.
    is_taking: bool,
}

impl Lines {
    /// A reader follows one stream more.
    pub(super) fn follows(&mut self, reader: ReaderId, stream: StreamIndex) {
        self.lines.entry(reader).or_default().follows.push(stream);
    }

    /// A reader follows a stream no more.
    pub(super) fn leaves(&mut self, reader: ReaderId, stream: StreamIndex) {
        let Some(line) = self.lines.get_mut(&reader) else { return };
        line.follows.retain(|other| *other != stream);
        line.streams.retain(|other| *other != stream);
        if line.follows.is_empty() {
            self.lines.remove(&reader);
            self.turns.retain(|other| *other != reader);
        }
    }

    /// Something of a stream waits for a reader, who follows it and is not in line for it yet.
    pub(super) fn push(&mut self, reader: ReaderId, stream: StreamIndex) {
        let Some(line) = self.lines.get_mut(&reader) else { return };
        line.push(stream);
        if !line.has_turn && !line.is_taking {
            line.has_turn = true;
            self.turns.push_back(reader);
        }
    }

    /// The line of a reader, while it follows any stream.
    pub(super) fn of(&mut self, reader: ReaderId) -> Option<&mut Line> {
        self.lines.get_mut(&reader)
    }

    /// The reader whose turn it is.
    pub(super) fn pop_reader(&mut self) -> Option<ReaderId> {
        loop {
            let reader = self.turns.pop_front()?;
            let Some(line) = self.lines.get_mut(&reader) else { continue };
            line.has_turn = false;
            if !line.streams.is_empty() {
                line.is_taking = true;
                return Some(reader);
            }
        }
    }

    /// The streams that a reader follows.
    pub(super) fn followed(&self, reader: ReaderId) -> &[StreamIndex] {
        self.lines.get(&reader).map_or(&[], |line| &line.follows)
    }
}

impl Line {
    /// The stream whose turn it is; with none left the reader is named again once there is one.
    pub(super) fn pop(&mut self) -> Option<StreamIndex> {
        let stream = self.streams.pop_front();
        self.is_taking &= stream.is_some();
        stream
    }

    /// A stream has something for the reader, who is not in line for it yet.
    pub(super) fn push(&mut self, stream: StreamIndex) {
        self.streams.push_back(stream);
    }

    /// Whether there is more; if not, the reader is named again once there is.
    pub(super) fn has_more(&mut self) -> bool {
        let has_more = !self.streams.is_empty();
        self.is_taking &= has_more;
        has_more
    }
}
