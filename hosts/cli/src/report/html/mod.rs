//! `report.html`: one file that needs nothing else, in light and dark, on a desk and on a phone.

mod plots;

use std::fmt::Write as _;

use super::model::{Case, Figure, Report, Suite, figures, percentile};

const STYLE: &str = include_str!("style.css");

/// The page.
pub fn render(report: &Report) -> String {
    let mut out = String::with_capacity(64 * 1024);
    let good = report.failed == 0 && report.passed > 0;
    let verdict = if good {
        format!("All {} cases passed", report.passed)
    } else {
        format!("{} of {} cases failed", report.failed, report.passed + report.failed)
    };
    let _ = write!(
        out,
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n\
         <meta http-equiv=\"Content-Security-Policy\" \
         content=\"default-src 'none'; style-src 'unsafe-inline'; img-src data:\">\n\
         <title>{} - pamlink report</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n",
        escape(&verdict)
    );
    header(&mut out, report, &verdict, good);
    out.push_str("<main>\n");
    failures(&mut out, report);
    out.push_str("<section aria-labelledby=\"plots\">\n<h2 id=\"plots\">Measured in this run</h2>\n<div class=\"plots\">\n");
    for plot in plots::all(&report.plots) {
        let _ = write!(
            out,
            "<figure>\n<figcaption><h3>{}</h3><p>{}</p></figcaption>\n{}",
            escape(plot.title),
            escape(&plot.says),
            plot.bars
        );
        if let Some(numbers) = plot.numbers {
            let summary = "<summary>The numbers</summary>";
            let _ = write!(out, "<details>{summary}\n{numbers}</details>\n");
        }
        out.push_str("</figure>\n");
    }
    out.push_str("</div>\n</section>\n");
    for (number, suite) in report.suites.iter().enumerate() {
        section(&mut out, number + 1, suite);
    }
    out.push_str("</main>\n");
    footer(&mut out, report);
    out.push_str("</body>\n</html>\n");
    out
}

fn header(out: &mut String, report: &Report, verdict: &str, good: bool) {
    let _ = write!(
        out,
        "<header>\n<p class=\"brand\">pamlink <span>report</span></p>\n\
         <h1><span class=\"mark {}\" aria-hidden=\"true\">{}</span>{}</h1>\n\
         <p class=\"sub\">Server and clients on real loopback sockets, beside the baseline: what \
         the server before this engine did on 2025-09-06.</p>\n<dl class=\"facts\">\n",
        if good { "good" } else { "bad" },
        if good { "\u{2713}" } else { "\u{2717}" },
        escape(verdict)
    );
    let mut latency = report.plots.latency_ms.clone();
    latency.sort_by(f64::total_cmp);
    let peak = report.plots.throughput.iter().map(|t| t.rate).fold(0.0, f64::max);
    let mut facts = vec![
        ("Suites".to_owned(), format!("{}", report.suites.len())),
        ("Time".to_owned(), format!("{:.1} s", report.elapsed_ms / 1e3)),
    ];
    if peak > 0.0 {
        facts.push(("Peak throughput".to_owned(), format!("{} msg/s", figures(peak))));
    }
    if !latency.is_empty() {
        facts.push((
            "Answer, median".to_owned(),
            format!("{} ms", figures(percentile(&latency, 50.0))),
        ));
    }
    facts.push(("Seed".to_owned(), report.seed.to_string()));
    for (name, value) in facts {
        let _ = writeln!(out, "<div><dt>{}</dt><dd>{}</dd></div>", escape(&name), escape(&value));
    }
    out.push_str("</dl>\n");
    if !report.suites.is_empty() {
        out.push_str("<nav aria-label=\"Suites\">\n<ul>\n");
        for (at, suite) in report.suites.iter().enumerate() {
            let all = suite.passed() == suite.cases.len();
            let _ = writeln!(
                out,
                "<li><a href=\"#suite-{}\">{} <b class=\"{}\">{}/{}</b></a></li>",
                at + 1,
                escape(&suite.name),
                if all { "good" } else { "bad" },
                suite.passed(),
                suite.cases.len()
            );
        }
        out.push_str("</ul>\n</nav>\n");
    }
    out.push_str("</header>\n");
}

fn failures(out: &mut String, report: &Report) {
    if report.failed == 0 {
        return;
    }
    out.push_str(
        "<section class=\"failures\" aria-labelledby=\"failures\">\n<h2 id=\"failures\">What failed</h2>\n<ul>\n",
    );
    for suite in &report.suites {
        for case in suite.cases.iter().filter(|case| !case.passed) {
            let _ = writeln!(
                out,
                "<li><b>{}: {}</b> {}</li>",
                escape(&suite.name),
                escape(&case.name),
                escape(case.why.as_deref().unwrap_or("no reason was given"))
            );
        }
    }
    out.push_str("</ul>\n</section>\n");
}

fn section(out: &mut String, number: usize, suite: &Suite) {
    let _ = write!(
        out,
        "<section aria-labelledby=\"suite-{number}\">\n<h2 id=\"suite-{number}\">{} \
         <small>{} of {} passed, {} ms</small></h2>\n\
         <table>\n<thead><tr><th scope=\"col\">Case</th><th scope=\"col\">Result</th>\
         <th scope=\"col\">This run</th><th scope=\"col\">Baseline</th></tr></thead>\n<tbody>\n",
        escape(&suite.name),
        suite.passed(),
        suite.cases.len(),
        figures(suite.elapsed_ms)
    );
    for case in &suite.cases {
        row(out, case);
    }
    out.push_str("</tbody>\n</table>\n</section>\n");
}

fn row(out: &mut String, case: &Case) {
    let (class, word) = if case.passed { ("good", "pass") } else { ("bad", "fail") };
    let _ = writeln!(
        out,
        "<tr><th scope=\"row\">{}</th><td data-label=\"Result\"><span class=\"tag {class}\">{word}\
         </span></td><td data-label=\"This run\">{}</td><td data-label=\"Baseline\">{}</td></tr>",
        escape(&case.name),
        cell(&case.figure),
        cell(&case.report)
    );
}

fn cell(figure: &Figure) -> String {
    if figure.text.is_empty() {
        "<span class=\"none\">not mentioned</span>".to_owned()
    } else {
        escape(&figure.text)
    }
}

fn footer(out: &mut String, report: &Report) {
    let _ = write!(
        out,
        "<footer>\n<p>Started {}, on {} {} with {} cores, {} build, version {}.</p>\n\
         <p>The same choices again: <code>pamlink report{} --seed {}</code>. \
         The same numbers for programs: <code>report.json</code>.</p>\n</footer>\n",
        escape(&report.started),
        escape(&report.machine.os),
        escape(&report.machine.arch),
        report.machine.cores,
        escape(&report.machine.build),
        escape(&report.version),
        if report.quick { " --quick" } else { "" },
        report.seed
    );
}

/// `text` as HTML or XML text and attribute value.
pub(super) fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            // Not allowed in a document, even written as a reference.
            c if c.is_control() && c != '\n' && c != '\t' => out.push('\u{fffd}'),
            c => out.push(c),
        }
    }
    out
}
