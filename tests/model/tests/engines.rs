//! Whole engines, within bounds that end soon; `cargo xtask model` goes further.

mod common;

use pamlink_model::engines::Beginning::{Apart, Connected, Saved};
use pamlink_model::engines::{Beginning, Defect, Dialect, EnginesModel, Happened, properties};
use pamlink_model::runs;

use crate::common::holds;

/// Engines with a planted defect do not have this property.
#[track_caller]
fn finds(defect: Defect, begins: Beginning, most: Happened, property: &'static str) {
    finds_with(defect, &[Dialect::OWN], begins, most, property);
}

#[track_caller]
fn finds_with(
    defect: Defect,
    dialects: &'static [Dialect],
    begins: Beginning,
    most: Happened,
    property: &'static str,
) {
    let model = |defect| EnginesModel { most, begins, dialects, defect };
    common::finds(defect, property, 16, model);
}

#[test]
fn what_is_agreed_on() {
    holds(runs::AGREEING);
}

#[test]
fn a_newer_link() {
    holds(runs::TAKEOVER);
}

#[test]
fn a_repeat_in_another_session() {
    holds(runs::REPEATS);
}

const PLAIN: &[Dialect] = &[Dialect { features: 0, ..Dialect::OWN }];

#[test]
fn an_end_that_is_lost_is_found() {
    let most = Happened { asked: 1, passed: 1, ..Happened::default() };
    finds(Defect::LosesEnds, Connected, most, properties::ONE_OUTCOME);
}

#[test]
fn two_outcomes_are_found() {
    let most = Happened { asked: 1, cut: 1, ..Happened::default() };
    finds(Defect::GivesUpAtCut, Connected, most, properties::NEVER_TWO);
}

#[test]
fn ids_of_one_session_are_found() {
    let most = Happened { asked: 1, saved: 1, restored: 1, ..Happened::default() };
    finds(Defect::KeepsIdsApart, Saved, most, properties::ONCE);
}

#[test]
fn another_result_for_a_repeat_is_found() {
    let most = Happened { asked: 1, passed: 1, saved: 1, restored: 1, ..Happened::default() };
    finds(Defect::AnswersAnew, Saved, most, properties::FIRST);
}

#[test]
fn a_link_that_is_left_without_a_word_is_found() {
    let most = Happened { cut: 1, ..Happened::default() };
    finds(Defect::LosesClosed, Connected, most, properties::ONE_LINK);
}

#[test]
fn a_link_that_was_left_and_says_on_is_found() {
    let most = Happened { cut: 1, ..Happened::default() };
    finds_with(Defect::SaysItOverAll, PLAIN, Connected, most, properties::SILENT);
}

#[test]
fn a_link_that_was_left_and_is_heard_is_found() {
    let most = Happened { asked: 1, cut: 1, ..Happened::default() };
    finds(Defect::HandsOnTheLeft, Connected, most, properties::UNHEARD);
}

#[test]
fn a_version_that_one_end_does_not_speak_is_found() {
    const LATER: &[Dialect] = &[Dialect { versions: (2, 3), ..Dialect::OWN }];
    finds_with(Defect::LowersVersions, LATER, Apart, Happened::default(), properties::VERSION);
}

#[test]
fn features_that_one_end_does_not_have_are_found() {
    finds_with(Defect::RaisesFeatures, PLAIN, Apart, Happened::default(), properties::FEATURES);
}
