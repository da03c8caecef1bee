//! The files of `tests/conformance`, run against the machines of the engine in memory.

mod document;
mod ends;
mod file;
mod names;
mod play;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;

use file::File;

/// What a machine draws must not matter: each case is played with either.
const SEEDS: [u64; 2] = [1, 2];

#[test]
fn every_case_of_every_file_passes() {
    let files = File::all();
    let cases: usize = files.iter().map(|file| file.cases.len()).sum();
    let faults: Vec<_> = files.iter().flat_map(faults).collect();
    assert!(faults.is_empty(), "{} of {cases} cases:\n{}", faults.len(), faults.join("\n"));
}

/// What is wrong with a file: cases that fail or show no clause, and clauses that it names and no
/// output shows, or shows and does not name.
fn faults(file: &File) -> Vec<String> {
    let name = &file.name;
    let mut faults = Vec::new();
    let mut shown = BTreeSet::new();
    for case in &file.cases {
        for seed in SEEDS {
            let played = ends::make(case, seed).and_then(|mut end| play::play(case, &mut *end));
            match played {
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
    let unseen = named.difference(&shown).filter(|_| faults.is_empty());
    let unseen = unseen.map(|clause| format!("{name}: no output shows {clause}"));
    let foreign = shown.difference(&named);
    let foreign = foreign.map(|clause| format!("{name}: {clause} is none of its clauses"));
    let more: Vec<_> = unseen.chain(foreign).collect();
    faults.extend(more);
    faults
}
