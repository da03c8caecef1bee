//! The simulator itself: what it finds, and that it finds the same again.

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
    let (once, again) = (run.run().0, Run { threads: 1, ..run }.run().0);
    assert_eq!(once.to_string(), again.to_string());
    let lines = run.trace(1);
    assert!(lines.lines().count() > 1_000, "{} lines", lines.lines().count());
    assert_eq!(lines, run.trace(1));
    assert_ne!(lines, Run { seed: 2, ..run }.trace(1));
}

#[test]
fn a_run_without_faults_shows_nothing() {
    let (summary, _) = Run { faults: 0, ..SHORT }.run();
    assert!(!summary.missing(1, true).is_empty());
}

/// Each of these defects is found, by its own oracle first.
#[track_caller]
fn are_found(defects: &[(Defect, Oracle)], kind: Kind) {
    let mut wrong = Vec::new();
    for (defect, oracle) in defects {
        let run = Run { defect: Some(*defect), faults: 30_000, kind, ..SHORT };
        let (_, broken) = run.run();
        let found = broken.map(|broken| broken.violation);
        if found.as_ref().map(|it| it.oracle) != Some(*oracle) {
            wrong.push(format!("{defect:?} is to be found by {oracle:?}: {found:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
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
