//! Streams, within bounds that end soon; `cargo xtask model` goes further.

mod common;

use pamlink_model::runs;
use pamlink_model::streams::{Defect, Happened, StreamsModel, properties};

use crate::common::holds;

/// Streams with a planted defect do not have this property.
#[track_caller]
fn finds(defect: Defect, most: Happened, property: &'static str) {
    common::finds(defect, property, 16, |defect| StreamsModel { most, defect });
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
