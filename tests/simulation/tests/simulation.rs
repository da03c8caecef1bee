//! The simulator itself: what it finds, and that it finds the same again.

mod common;

use pamlink_simulation::{Defect, Kind, Oracle, Run};

/// Few enough for every day.
const SHORT: Run =
    Run { seed: 1, faults: 4_000, kind: Kind::Swarm, sessions: None, defect: None, threads: 2 };

#[test]
fn every_promise_is_kept() {
    for (name, kind) in Kind::ALL {
        let run = Run { kind, ..SHORT };
        let (summary, broken) = run.run();
        assert_eq!(broken, None, "profile {name}");
        let missing = summary.missing(run.faults, kind == Kind::Swarm);
        assert!(missing.is_empty(), "profile {name}: {missing:?}\n{summary}");
    }
}

#[test]
fn a_run_is_the_same_byte_for_byte() {
    let run = Run { faults: 1_000, ..SHORT };
    let again = Run { threads: 1, ..run };
    let runs = [run, again].map(|run| run.run().0.to_string());
    let other = Run { seed: 2, ..run }.trace(1);
    common::are_the_same(runs, [run.trace(1), run.trace(1)], &other, 1_000);
}

#[test]
fn a_run_without_faults_shows_nothing() {
    let (summary, _) = Run { faults: 0, ..SHORT }.run();
    assert!(!summary.missing(1, true).is_empty());
}

/// Each of these defects is found in worlds of this profile.
#[track_caller]
fn are_found(defects: &[(Defect, Oracle)], kind: Kind) {
    common::are_found(defects, |defect| {
        let run = Run { defect: Some(defect), faults: 30_000, kind, ..SHORT };
        run.run().1.map(|broken| broken.violation)
    });
}

#[test]
fn defects_of_sessions_are_found() {
    are_found(&Defect::ALL[..7], Kind::Swarm);
}

#[test]
fn defects_of_the_log_are_found() {
    are_found(&Defect::ALL[7..11], Kind::Log);
}

#[test]
fn defects_of_streams_are_found() {
    are_found(&Defect::ALL[11..17], Kind::Swarm);
}

#[test]
fn defects_of_links_and_machines_are_found() {
    are_found(&Defect::ALL[17..], Kind::Swarm);
}

#[test]
fn every_oracle_has_a_defect_that_it_finds() {
    for oracle in Oracle::ALL {
        assert!(Defect::ALL.iter().any(|(_, finds)| *finds == oracle), "{oracle:?} finds nothing");
    }
}

#[test]
fn the_least_of_a_trace_still_breaks_the_promise() {
    let run = Run { defect: Some(Defect::DoublesOutcomes), ..SHORT };
    let (_, broken) = run.run();
    let broken = broken.expect("the defect is found");
    let (count, lines) = run.shrink(&broken);
    assert!(count < 60, "{count} actions:\n{lines}");
    assert!(lines.contains("VIOLATION Outcome"), "{lines}");
}
