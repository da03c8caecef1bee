//! Every case against the machines of the engine, in a time that the runner gives.

use std::collections::BTreeSet;

use super::file::File;
use super::{ends, play, transcripts};

/// What a machine draws must not matter: each case is played with either.
const SEEDS: [u64; 2] = [1, 2];

/// Plays every case of every file, and every case of a session over a link. What is wrong, a line
/// each.
#[must_use]
pub fn faults_of_files() -> Vec<String> {
    File::all().iter().chain(&File::derived()).flat_map(faults).collect()
}

/// Plays every transcript of `pam`, to a client and to a server.
#[must_use]
pub fn faults_of_transcripts() -> Vec<String> {
    transcripts::all().iter().flat_map(faults).collect()
}

/// What is wrong with a file: cases that fail or show no clause, and clauses that it names and no
/// output shows, or shows and does not name.
pub(super) fn faults(file: &File) -> Vec<String> {
    let name = &file.name;
    let mut faults = Vec::new();
    let mut shown = BTreeSet::new();
    for case in file.cases.iter().filter(|case| case.spared.is_none()) {
        for seed in SEEDS {
            let played = ends::make(case, seed).map_err(play::Stop::Fault);
            match played.and_then(|mut end| play::play(case, &mut *end)) {
                Ok(clauses) if clauses.is_empty() => {
                    faults.push(format!("{name}, {}: shows no clause", case.name));
                    break;
                }
                Ok(clauses) => shown.extend(clauses),
                Err(why) => {
                    faults.push(format!("{name}, {}, seed {seed}: {why}", case.name));
                    break;
                }
            }
        }
    }
    let named: BTreeSet<_> = file.clauses.iter().map(String::as_str).collect();
    let spared = |clause: &str| {
        let mut cases = file.cases.iter().filter(|case| case.spared.is_some());
        cases.any(|case| case.clauses.iter().any(|it| it == clause))
    };
    let unseen = named.difference(&shown).filter(|it| faults.is_empty() && !spared(it));
    let unseen = unseen.map(|clause| format!("{name}: no output shows {clause}"));
    let foreign = shown.difference(&named);
    let foreign = foreign.map(|clause| format!("{name}: {clause} is none of its clauses"));
    let more: Vec<_> = unseen.chain(foreign).collect();
    faults.extend(more);
    faults
}
