//! The frame of the report: what a case is, and that none can bring down a run.

use std::time::Duration;

use pamlink_cli::report::bench::{Bench, Dice, Failure};
use pamlink_cli::report::model::{Figure, Machine, Report, Suite, figures, percentile};
use pamlink_cli::report::progress::Progress;
use pamlink_cli::report::table;

fn bench() -> Bench {
    Bench::new(true, 7, Progress::silent()).with_case_limit(Duration::from_millis(50))
}

async fn broken() -> Result<Figure, Failure> {
    let figures: Vec<Figure> = Vec::new();
    Ok(figures.into_iter().next().expect("there was something"))
}

#[tokio::test]
async fn a_case_that_fails_panics_or_hangs_has_failed_and_the_run_goes_on() {
    let mut bench = bench();
    bench.suite("One");
    bench.case("good", Figure::none(), async { Ok(Figure::words("seen")) }).await;
    bench
        .case("bad", Figure::none(), async {
            pamlink_cli::ensure!(1 > 2, "{} is not more than {}", 1, 2);
            Ok(Figure::none())
        })
        .await;
    bench.case("broken", Figure::none(), broken()).await;
    bench.case("stuck", Figure::none(), std::future::pending::<Result<Figure, Failure>>()).await;
    bench.case("still there", Figure::none(), async { Ok(Figure::none()) }).await;
    bench.suite_done();
    let (suites, _) = bench.finish();
    let why: Vec<_> = suites[0].cases.iter().map(|case| case.why.as_deref()).collect();
    assert_eq!(why[0], None);
    assert_eq!(why[1], Some("1 is not more than 2"));
    assert_eq!(why[2], Some("panicked: there was something"));
    assert_eq!(why[3], Some("did not end within 50ms"));
    assert_eq!(why[4], None);
    assert_eq!(suites[0].passed(), 2);
}

#[test]
fn a_suite_that_lacks_what_it_needs_has_failed() {
    let mut bench = bench();
    bench.suite("One");
    assert_eq!(bench.need("there", Ok(5)), Some(5));
    assert_eq!(bench.need::<u8>("missing", Err(Failure::new("no port is free"))), None);
    let (suites, _) = bench.finish();
    assert_eq!(suites[0].cases.len(), 1);
    assert!(!suites[0].cases[0].passed);
    assert_eq!(suites[0].cases[0].why.as_deref(), Some("no port is free"));
}

#[test]
fn a_seed_fixes_the_dice_and_names_give_different_ones() {
    let rolls = |seed, name: &str| {
        let mut dice = Bench::new(false, seed, Progress::silent()).dice(name);
        (0..8).map(|_| dice.roll()).collect::<Vec<_>>()
    };
    assert_eq!(rolls(1, "a"), rolls(1, "a"));
    assert_ne!(rolls(1, "a"), rolls(2, "a"));
    assert_ne!(rolls(1, "a"), rolls(1, "b"));
}

#[test]
fn dice_are_fair_enough() {
    let mut dice: Dice = Bench::new(false, 3, Progress::silent()).dice("fair");
    let hits = (0..10_000).filter(|_| dice.chance(30)).count();
    assert!((2_800..3_200).contains(&hits), "{hits}");
    assert!((0..10_000).all(|_| dice.below(7) < 7));
}

#[test]
fn the_table_names_every_case_and_says_why_one_failed() {
    let case = |name: &str, why: Option<&str>| pamlink_cli::report::model::Case {
        name: name.into(),
        passed: why.is_none(),
        figure: Figure::number(12_345.6, "msg/s"),
        report: Figure::number(192.7, "msg/s"),
        why: why.map(Into::into),
        ..Default::default()
    };
    let report = Report {
        passed: 1,
        failed: 1,
        seed: 9,
        machine: Machine::default(),
        suites: vec![Suite {
            name: "S".into(),
            elapsed_ms: 1.0,
            cases: vec![case("fast", None), case("slow", Some("too slow"))],
        }],
        ..Report::default()
    };
    let text = table::render(&report, false);
    assert!(text.contains("12,346 msg/s") && text.contains("192.7 msg/s"), "{text}");
    assert!(text.contains("FAIL S: slow: too slow"), "{text}");
    assert!(text.contains("1 passed, 1 failed"), "{text}");
    assert!(!text.contains('\u{1b}'));
    assert!(table::render(&report, true).contains("\u{1b}[31;1mFAIL"));
    let widths: Vec<_> = text.lines().take(4).map(|line| line.find("  ").is_some()).collect();
    assert_eq!(widths, [true; 4]);
}

#[test]
fn figures_are_short_and_honest() {
    for (value, text) in [
        (0.0, "0"),
        (0.00412, "0.0041"),
        (0.0421, "0.042"),
        (2.05, "2.05"),
        (85.14, "85.1"),
        (762.0, "762"),
        (18_204.4, "18,204"),
        (-1_234.0, "-1,234"),
        (1_000_000.0, "1,000,000"),
        (f64::NAN, "-"),
    ] {
        assert_eq!(figures(value), text);
    }
}

#[test]
fn percentiles_are_samples() {
    let samples: Vec<_> = (1..=100).map(f64::from).collect();
    assert_eq!(percentile(&samples, 50.0), 50.0);
    assert_eq!(percentile(&samples, 99.9), 100.0);
    assert_eq!(percentile(&samples, 0.0), 1.0);
    assert_eq!(percentile(&[], 50.0), 0.0);
}
