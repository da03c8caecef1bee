//! The session, within bounds that end soon; `cargo xtask model` goes further.

mod common;

use pamlink_model::runs;
use pamlink_model::session::{Defect, Happened, SessionModel, properties};

use crate::common::holds;

/// A session with a planted defect does not have this property.
#[track_caller]
fn finds(defect: Defect, most: Happened, property: &'static str) {
    common::finds(defect, property, 24, |defect| SessionModel { most, defect });
}

#[test]
fn a_session_over_links_that_break() {
    holds(runs::LINKS);
}

#[test]
fn a_cancel_over_links_that_break() {
    holds(runs::CANCELS);
}

#[test]
fn a_session_at_a_server_that_forgets() {
    holds(runs::FORGETS);
}

#[test]
fn a_session_of_older_snapshots() {
    holds(runs::SNAPSHOTS);
}

#[test]
fn a_session_of_an_older_snapshot_at_a_server_that_forgets() {
    holds(runs::BOTH);
}

#[test]
fn a_host_that_does_not_go_back_is_found() {
    let most = Happened { client_sent: 1, saved: 1, restored: 1, ..Happened::default() };
    finds(Defect::KeepsItsHost, most, properties::ONCE);
}

#[test]
fn an_ack_that_is_lost_is_found() {
    let most = Happened { client_sent: 1, passed: 1, ..Happened::default() };
    finds(Defect::LosesAcks, most, properties::ONE_OUTCOME);
}

#[test]
fn two_outcomes_are_found() {
    let most = Happened { client_sent: 1, cut: 1, ..Happened::default() };
    finds(Defect::GivesUpAtCut, most, properties::NEVER_TWO);
}

#[test]
fn what_takes_effect_twice_is_found() {
    let most = Happened { client_sent: 1, cut: 1, ..Happened::default() };
    finds(Defect::SendsAgain, most, properties::ONCE);
}

#[test]
fn a_wrong_order_is_found() {
    let most = Happened { client_sent: 2, ..Happened::default() };
    finds(Defect::Reorders, most, properties::IN_ORDER);
}

#[test]
fn a_foreign_epoch_that_is_accepted_is_found() {
    let most = Happened { client_sent: 1, emptied: 1, ..Happened::default() };
    finds(Defect::AcceptsForeignEpoch, most, properties::ONCE);
}

#[test]
fn a_silent_loss_is_found() {
    let most = Happened { client_sent: 1, ..Happened::default() };
    finds(Defect::AcknowledgesUnheard, most, properties::NO_SILENT_LOSS);
}

#[test]
fn a_reject_that_comes_after_its_acknowledgement_is_found() {
    let most = Happened { client_sent: 1, rejected: 1, cut: 1, ..Happened::default() };
    finds(Defect::IgnoresSent, most, properties::REJECTED);
}

#[test]
fn an_expiry_of_what_was_sent_is_found() {
    let most = Happened { client_sent: 1, passed: 1, ..Happened::default() };
    finds(Defect::ExpiresNumbered, most, properties::EXPIRED);
}

#[test]
fn a_link_that_was_left_and_is_heard_is_found() {
    let most = Happened { taken_over: 1, ..Happened::default() };
    finds(Defect::HandsOnTheOld, most, properties::NO_FAULT);
}

#[test]
fn a_cancel_without_a_result_is_found() {
    let most = Happened { cancelled: 1, passed: 2, ..Happened::default() };
    finds(Defect::SwallowsResults, most, properties::ONE_RESULT);
}

#[test]
fn a_cancel_that_a_cut_is_taken_to_end_is_found() {
    let most = Happened { cancelled: 1, cut: 1, ..Happened::default() };
    finds(Defect::GivesCancelsUp, most, properties::ONE_RESULT);
}
