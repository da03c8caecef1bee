//! The two pages: well formed, self-contained, and true to what they were given.

mod support;

use pamlink_cli::page;
use pamlink_cli::report::html;
use pamlink_cli::report::model::{
    Case, Figure, Machine, Plots, Report, Suite, Throughput, WindowSample,
};
use support::well_formed::check;

fn report(plots: Plots) -> Report {
    let cases = vec![
        Case {
            name: "Normal <messages> & \"quotes\"".into(),
            passed: true,
            figure: Figure::number(0.4213, "ms"),
            report: Figure::number(762.0, "ms").and("acceptable"),
            ..Case::default()
        },
        Case {
            name: "Malformed".into(),
            figure: Figure::words("failed"),
            why: Some("<script>alert(1)</script>\u{0}\u{1b}[31m".into()),
            ..Case::default()
        },
    ];
    Report {
        version: "0".into(),
        seed: 7,
        passed: 1,
        failed: 1,
        machine: Machine { os: "linux".into(), ..Machine::default() },
        suites: vec![Suite { name: "JSON & more".into(), elapsed_ms: 12.0, cases }],
        plots,
        ..Report::default()
    }
}

fn plots() -> Plots {
    Plots {
        latency_ms: (1..500).map(|n| f64::from(n) * 0.013).collect(),
        throughput: [(10, 128.2), (50, 185.9), (100, 192.7), (500, 174.3)]
            .map(|(messages, report_rate)| Throughput { messages, rate: 9_000.0, report_rate })
            .to_vec(),
        window: (0..60)
            .map(|n| WindowSample {
                messages: n * 100,
                at_ms: n as f64,
                entries: (n * 100).min(4_096),
                bytes: n * 4_000,
            })
            .collect(),
        window_bound: 4_096,
        reconnect_ms: (0..200).map(|n| f64::from(n) * 4.7).collect(),
    }
}

#[test]
fn the_report_is_well_formed_with_and_without_samples() {
    let one = Plots {
        latency_ms: vec![0.0],
        throughput: vec![Throughput { messages: 10, rate: 0.0, report_rate: 128.2 }],
        window: vec![WindowSample { messages: 0, at_ms: 0.0, entries: 0, bytes: 0 }],
        window_bound: 0,
        reconnect_ms: vec![0.0],
    };
    for (plots, figures) in [(plots(), 4), (Plots::default(), 0), (one, 4)] {
        let page = html::render(&report(plots));
        check(&page);
        assert_eq!(page.matches("<figure>").count(), figures);
        assert!(!page.contains("NaN") && !page.contains("inf"), "a number is missing");
    }
    check(&html::render(&Report::default()));
}

#[test]
fn bars_hold_every_sample_and_none_is_longer_than_its_cell() {
    let page = html::render(&report(plots()));
    let bars = |figure: &str| -> Vec<(f64, String)> {
        let (_, figure) = page.split_once(&format!("<h3>{figure}</h3>")).expect("a figure");
        let (figure, _) = figure.split_once("</figure>").expect("its end");
        let cells = figure.split("style=\"--length:").skip(1);
        cells
            .map(|cell| {
                let (length, text) = cell.split_once("\">").expect("a length");
                (length.parse().expect("a number"), text.split('<').next().unwrap_or("").to_owned())
            })
            .collect()
    };
    for (figure, samples) in [("Latency distribution", 499), ("Reconnect spread", 200)] {
        let counts = bars(figure).into_iter().filter(|(_, text)| !text.contains("baseline"));
        let counts = counts.map(|(_, text)| {
            text.split(',').next().and_then(|count| count.parse::<usize>().ok()).expect("a count")
        });
        assert_eq!(counts.sum::<usize>(), samples, "{figure}");
    }
    for figure in
        ["Latency distribution", "Throughput", "Duplicate window over time", "Reconnect spread"]
    {
        let lengths: Vec<f64> = bars(figure).iter().map(|(length, _)| *length).collect();
        assert!(lengths.iter().all(|length| (0.0..=1.0).contains(length)), "{lengths:?}");
        assert!(lengths.contains(&1.0), "{figure}: {lengths:?}");
    }
}

#[test]
fn what_came_from_outside_is_text_and_never_markup() {
    let page = html::render(&report(plots()));
    assert!(page.contains("Normal &lt;messages&gt; &amp; &quot;quotes&quot;"));
    assert!(page.contains("&lt;script&gt;alert(1)&lt;/script&gt;"));
    assert!(!page.contains("<script") && !page.contains('\u{1b}') && !page.contains('\0'));
}

#[test]
fn a_failure_is_shown_at_the_top() {
    let page = html::render(&report(Plots::default()));
    assert!(page.contains("1 of 2 cases failed") && page.contains("What failed"));
    // A run in which nothing ran has shown nothing.
    assert!(!html::render(&Report::default()).contains("class=\"mark good\""));
}

#[test]
fn neither_page_needs_anything_from_outside() {
    for page in [html::render(&report(plots())), page::chat(true), page::bare()] {
        let lower = page.to_lowercase();
        // Nor from another place of the same site: it may have a prefix before it.
        for outside in ["src=\"http", "href=\"http", "src=\"/", "href=\"/", "@import", "url("] {
            assert!(!lower.contains(outside), "{outside}");
        }
    }
}

#[test]
fn the_chat_page_is_well_formed_and_has_what_tests_look_for() {
    for (dev, mode) in [(true, "data-mode=\"dev\""), (false, "data-mode=\"token\"")] {
        let page = page::chat(dev);
        check(&page);
        for part in
            [mode, "<textarea id=\"text\"", "<button id=\"send\"", "<ol id=\"log\"", "id=\"state\""]
        {
            assert!(page.contains(part), "{part}");
        }
        assert!(!page.contains("{mode}") && !page.contains("{version}"));
    }
    // What it loads holds no markup and no style: a policy forbids both.
    assert!(!page::chat(true).contains("style=") && !page::chat(true).contains("<style"));
}

#[test]
fn a_program_without_the_engine_for_browsers_says_how_to_build_it() {
    let page = page::bare();
    check(&page);
    assert!(page.contains("cargo xtask page") && !page.contains("{version}"), "{page}");
}
