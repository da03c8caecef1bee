//! The newest text of a stream, held for its readers so that the log is not read for each.

use std::collections::VecDeque;

use super::interface::Record;

/// The newest records of a stream that a reader lacks, as they came: a run without holes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Tail {
    records: VecDeque<Record>,
    size: usize,
    /// The number of the last record that is known, held or not.
    last: u64,
}

impl Tail {
    /// Takes a record over, and holds it if `most` bytes allow. Answers of a log may come in any
    /// order: behind a hole it begins anew, and one that is older than the last is in the log.
    pub(super) fn push(&mut self, record: Record, most: usize) {
        if record.sequence <= self.last {
            return;
        }
        if record.sequence > self.last + 1 {
            self.clear();
        }
        self.last = record.sequence;
        self.size += size(&record);
        self.records.push_back(record);
        while self.size > most {
            let Some(first) = self.records.pop_front() else { break };
            self.size -= size(&first);
        }
    }

    /// All readers have what was up to this number.
    pub(super) fn forget(&mut self, had: u64) {
        while let Some(first) = self.records.pop_front_if(|first| first.sequence <= had) {
            self.size -= size(&first);
        }
    }

    /// The log has records up to this number.
    pub(super) fn note(&mut self, last: u64) {
        if last > self.last {
            self.clear();
            self.last = last;
        }
    }

    /// Forgets everything, also the numbers: they are of another epoch.
    pub(super) fn reset(&mut self, last: u64) {
        self.clear();
        self.last = last;
    }

    /// Holds nothing any more.
    pub(super) fn clear(&mut self) {
        self.records = VecDeque::new();
        self.size = 0;
    }

    /// The records behind this number; nothing if the next of them is not held.
    pub(super) fn after(&self, sequence: u64) -> Option<impl Iterator<Item = &Record> + Clone> {
        let place = self.place(sequence)?;
        (place < self.records.len()).then(|| self.records.range(place..))
    }

    /// The record behind this number, if it is held.
    pub(super) fn next(&self, sequence: u64) -> Option<&Record> {
        self.records.get(self.place(sequence)?)
    }

    pub(super) const fn last(&self) -> u64 {
        self.last
    }

    /// How many bytes are held, with what holding them takes.
    pub(super) const fn size(&self) -> usize {
        self.size
    }

    /// Where the record behind this number stands, or would.
    fn place(&self, sequence: u64) -> Option<usize> {
        let first = self.records.front()?.sequence;
        usize::try_from((sequence + 1).checked_sub(first)?).ok()
    }
}

fn size(record: &Record) -> usize {
    size_of::<Record>() + record.text.len()
}
