//! Streams, within bounds that end soon; `cargo xtask model` goes further.

use std::time::Duration;

use pamlink_model::streams::{Defect, Happened, StreamsModel, properties};
use pamlink_model::{Checked, Checking, counterexample, runs};

/// Where a run ends.
fn bounds(depth: usize) -> Checking {
    Checking { depth, states: 1_000_000, time: Duration::from_secs(120) }
}

/// Streams with a planted defect do not have this property.
#[track_caller]
fn finds(defect: Defect, most: Happened, property: &'static str) {
    let model = StreamsModel { most, defect: Some(defect) };
    let steps = counterexample(model, property, bounds(16)).expect("the checker finds the defect");
    println!("{defect:?}: not {property:?} after {} steps: {}", steps.len(), steps.join(", "));
    // Without the defect the same bounds show nothing.
    let model = StreamsModel { defect: None, ..model };
    assert_eq!(counterexample(model, property, bounds(steps.len())), None);
}

/// Nothing is found within the near bounds.
#[track_caller]
fn holds(run: runs::Run) {
    let checked = run.check(run.near, Duration::from_secs(120));
    println!("{}\n{checked}", Checked::HEADING);
    assert!(checked.holds(), "{:#?}", checked.faults);
}

#[test]
fn producers_of_two_generations_and_a_cancel() {
    holds(runs::PRODUCERS);
}

#[test]
fn a_reader_that_comes_and_goes() {
    holds(runs::READER);
}

#[test]
fn leases_that_lapse() {
    holds(runs::LEASES);
}

#[test]
fn a_stream_at_two_servers() {
    holds(runs::TWO_SERVERS);
}

#[test]
fn an_old_generation_that_appends_is_found() {
    let most = Happened { begun: 1, claimed: 2, appended: 1, ..Happened::default() };
    finds(Defect::KnowsNoGenerations, most, properties::FENCED);
}

#[test]
fn a_cancel_that_ends_nothing_is_found() {
    let most = Happened { begun: 1, cancelled: 1, ..Happened::default() };
    finds(Defect::EndsInWordOnly, most, properties::CANCELLED);
}

#[test]
fn a_cancel_without_an_outcome_is_found() {
    let most = Happened { begun: 1, cancelled: 1, ..Happened::default() };
    finds(Defect::LosesEnds, most, properties::ONE_OUTCOME);
}

#[test]
fn text_after_the_end_is_found() {
    let most = Happened {
        begun: 1,
        claimed_elsewhere: 1,
        appended: 1,
        cancelled: 1,
        ..Happened::default()
    };
    finds(Defect::GoesOnAfterTheEnd, most, properties::ENDED);
}

#[test]
fn text_that_is_taken_and_lost_is_found() {
    let most = Happened { begun: 1, claimed: 1, appended: 1, ..Happened::default() };
    finds(Defect::AppendsInWordOnly, most, properties::TAKEN);
}

#[test]
fn work_that_starts_twice_is_found() {
    let most = Happened { begun: 2, ..Happened::default() };
    finds(Defect::BeginsForEveryone, most, properties::ONCE);
}

#[test]
fn a_piece_that_is_lost_is_found() {
    let most = Happened { begun: 1, claimed: 1, appended: 1, ..Happened::default() };
    finds(Defect::LosesPieces, most, properties::ALL);
}

#[test]
fn a_reader_that_forgets_nothing_is_found() {
    let most = Happened { begun: 1, claimed: 1, appended: 2, restarted: 1, ..Happened::default() };
    finds(Defect::AppendsBlindly, most, properties::PREFIX);
}

#[test]
fn a_reader_that_misses_a_piece_finds_a_fault() {
    let most = Happened { begun: 1, claimed: 1, appended: 2, ..Happened::default() };
    finds(Defect::LosesPieces, most, properties::NO_FAULT);
}
