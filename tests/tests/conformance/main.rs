//! The files of `tests/conformance`, run against the machines of the engine in memory.

mod document;

use pamlink_tests::conformance::{faults_of_files, faults_of_transcripts};

#[test]
fn every_case_of_every_file_passes() {
    let faults = faults_of_files();
    assert!(faults.is_empty(), "{} faults:\n{}", faults.len(), faults.join("\n"));
}

#[test]
fn every_transcript_passes() {
    let faults = faults_of_transcripts();
    assert!(faults.is_empty(), "{} faults:\n{}", faults.len(), faults.join("\n"));
}
