//! The four plots. Each has its numbers in a table as well.

use std::fmt::Write as _;

use super::axis::Axis;
use super::escape;
use super::svg::{Anchor, Svg};
use crate::report::model::{Plots, Throughput, WindowSample, figures, percentile};

const WIDTH: f64 = 460.0;
const HEIGHT: f64 = 270.0;
const LEFT: f64 = 52.0;
const RIGHT: f64 = 436.0;
const TOP: f64 = 22.0;
const BOTTOM: f64 = 224.0;

/// What the baseline gives as mean processing time, lowest and highest of its four bursts.
const REPORT_PROCESSING_MS: (f64, f64) = (2.05, 4.90);
/// What the baseline's window held before and after its clean-up.
const REPORT_WINDOW: (f64, f64) = (5_500.0, 3_008.0);

/// One plot: what it is, what it says in words, the drawing, the numbers.
pub(super) struct Plot {
    pub(super) title: &'static str,
    pub(super) says: String,
    pub(super) svg: String,
    pub(super) table: String,
}

/// The plots for which there are samples.
pub(super) fn all(plots: &Plots) -> Vec<Plot> {
    let mut all = Vec::new();
    if !plots.latency_ms.is_empty() {
        all.push(latency(&plots.latency_ms));
    }
    if !plots.throughput.is_empty() {
        all.push(throughput(&plots.throughput));
    }
    if !plots.window.is_empty() {
        all.push(window(&plots.window, plots.window_bound));
    }
    if !plots.reconnect_ms.is_empty() {
        all.push(reconnect(&plots.reconnect_ms));
    }
    all
}

fn latency(samples: &[f64]) -> Plot {
    let mut sorted = samples.to_vec();
    sorted.sort_by(f64::total_cmp);
    let marks = [50.0, 99.0, 99.9].map(|p| (p, percentile(&sorted, p)));
    let says = format!(
        "{} asks over a socket: p50 {} ms, p99 {} ms, p99.9 {} ms. The baseline's mean processing \
         took {} to {} ms.",
        figures(sorted.len() as f64),
        figures(marks[0].1),
        figures(marks[1].1),
        figures(marks[2].1),
        REPORT_PROCESSING_MS.0,
        REPORT_PROCESSING_MS.1
    );
    let most = sorted[sorted.len() - 1].max(REPORT_PROCESSING_MS.1);
    let x = Axis::log(sorted[0].max(0.001), most, LEFT, RIGHT);
    // Eight bins a decade: fine enough for a shape, coarse enough for a few hundred samples.
    let decades = (x.high() / x.low()).log10();
    let bins = ((decades * 8.0).round() as usize).max(8);
    let mut counts = vec![0_usize; bins];
    for sample in &sorted {
        let part = (x.at(*sample) - LEFT) / (RIGHT - LEFT);
        counts[((part * bins as f64) as usize).min(bins - 1)] += 1;
    }
    let highest = counts.iter().copied().max().unwrap_or(1);
    let y = Axis::counts(highest, BOTTOM, TOP);
    let title = "Latency distribution";
    let mut svg = Svg::new("latency", (WIDTH, HEIGHT), title, &says);
    frame(&mut svg, &x, &y, "milliseconds from asking to the answer (log)", "asks");
    let step = (RIGHT - LEFT) / bins as f64;
    for (at, count) in counts.iter().enumerate().filter(|(_, count)| **count > 0) {
        let left = LEFT + at as f64 * step;
        let top = y.at(*count as f64);
        let from = x.low() * 10f64.powf(decades * at as f64 / bins as f64);
        let to = x.low() * 10f64.powf(decades * (at + 1) as f64 / bins as f64);
        let hint = format!("{count} asks from {} to {} ms", figures(from), figures(to));
        svg.bar((left + 0.5, top), (step - 1.0, BOTTOM - top), &hint);
    }
    for (at, (percent, value)) in marks.iter().take(2).enumerate() {
        let place = x.at(*value);
        svg.line("mark-line", (place, TOP - 8.0), (place, BOTTOM));
        let (anchor, shift) = if at == 0 { (Anchor::End, -3.0) } else { (Anchor::Start, 3.0) };
        svg.text("soft", (place + shift, TOP - 4.0), anchor, &format!("p{percent:.0}"));
    }
    let reference = x.at(REPORT_PROCESSING_MS.0);
    svg.line("refline", (reference, TOP + 14.0), (reference, BOTTOM));
    svg.text("reftext", (reference + 4.0, TOP + 24.0), Anchor::Start, "report");

    let rows = [0.0, 25.0, 50.0, 75.0, 90.0, 99.0, 99.9, 100.0]
        .map(|p| vec![format!("p{p}"), format!("{} ms", figures(percentile(&sorted, p)))]);
    Plot { title, says, svg: svg.finish(), table: table(&["Percentile", "Latency"], &rows) }
}

fn throughput(bursts: &[Throughput]) -> Plot {
    let best = bursts.iter().map(|burst| burst.rate).fold(0.0, f64::max);
    let report_best = bursts.iter().map(|burst| burst.report_rate).fold(0.0, f64::max);
    let says = format!(
        "Peak {} messages a second; the baseline's peak was {}.",
        figures(best),
        figures(report_best)
    );
    let least = bursts.iter().map(|burst| burst.rate.min(burst.report_rate)).fold(best, f64::min);
    let x = Axis::log(least.max(1.0), best.max(report_best), LEFT + 30.0, RIGHT - 8.0);
    let title = "Throughput";
    let mut svg = Svg::new("throughput", (WIDTH, HEIGHT), title, &says);
    for tick in x.ticks() {
        svg.line("grid", (x.at(tick), TOP), (x.at(tick), BOTTOM));
        svg.text("soft", (x.at(tick), BOTTOM + 16.0), Anchor::Middle, &short(tick));
    }
    svg.line("axis", (LEFT + 30.0, BOTTOM), (RIGHT, BOTTOM));
    svg.text(
        "soft",
        ((LEFT + RIGHT) / 2.0, HEIGHT - 8.0),
        Anchor::Middle,
        "messages a second (log)",
    );
    svg.diamond((LEFT + 36.0, TOP - 8.0), "baseline");
    svg.text("reftext", (LEFT + 46.0, TOP - 4.0), Anchor::Start, "baseline");
    svg.dot((LEFT + 136.0, TOP - 8.0), "this run");
    svg.text("", (LEFT + 146.0, TOP - 4.0), Anchor::Start, "this run");
    let step = (BOTTOM - TOP) / bursts.len() as f64;
    for (at, burst) in bursts.iter().enumerate() {
        let y = TOP + (at as f64 + 0.6) * step;
        svg.text("", (LEFT + 22.0, y + 4.0), Anchor::End, &figures(burst.messages as f64));
        svg.line("link", (x.at(burst.report_rate), y), (x.at(burst.rate), y));
        let says = format!("report, {} messages: {} msg/s", burst.messages, burst.report_rate);
        svg.diamond((x.at(burst.report_rate), y), &says);
        let says = format!("this run, {} messages: {} msg/s", burst.messages, figures(burst.rate));
        svg.dot((x.at(burst.rate), y), &says);
        let label = figures(burst.rate);
        svg.text("", (x.at(burst.rate), y - 11.0), Anchor::Middle, &label);
    }
    svg.text("soft", (4.0, TOP - 4.0), Anchor::Start, "messages");
    let rows: Vec<_> = bursts
        .iter()
        .map(|burst| {
            vec![
                figures(burst.messages as f64),
                format!("{} msg/s", figures(burst.rate)),
                format!("{} msg/s", burst.report_rate),
            ]
        })
        .collect();
    let table = table(&["Messages", "This run", "Baseline"], &rows);
    Plot { title, says, svg: svg.finish(), table }
}

fn window(samples: &[WindowSample], bound: usize) -> Plot {
    let last = samples[samples.len() - 1];
    let says = format!(
        "{} distinct messages in {} ms: {} entries held of at most {}, {} bytes each with the \
         answer that is kept. The baseline's map fell from 5,500 to 3,008 when it was cleaned up.",
        figures(last.messages as f64),
        figures(last.at_ms.round()),
        figures(last.entries as f64),
        figures(bound as f64),
        figures((last.bytes as f64 / last.entries.max(1) as f64).round())
    );
    let x = Axis::linear((last.messages as f64).max(REPORT_WINDOW.0), LEFT, RIGHT);
    let most = samples.iter().map(|sample| sample.entries).max().unwrap_or(0);
    let y = Axis::linear((most.max(bound) as f64).max(REPORT_WINDOW.0), BOTTOM, TOP);
    let title = "Duplicate window over time";
    let mut svg = Svg::new("window", (WIDTH, HEIGHT), title, &says);
    frame(&mut svg, &x, &y, "distinct messages until then", "entries");
    let mut points: Vec<_> = samples
        .iter()
        .map(|sample| (x.at(sample.messages as f64), y.at(sample.entries as f64)))
        .collect();
    let mut area = points.clone();
    area.push((x.at(last.messages as f64), BOTTOM));
    area.push((points[0].0, BOTTOM));
    svg.path("area", &area);
    if points.len() == 1 {
        points.push(points[0]);
    }
    svg.path("line", &points);
    let place = y.at(bound as f64);
    svg.line("mark-line", (LEFT, place), (RIGHT, place));
    svg.text(
        "soft",
        (LEFT + 4.0, place - 5.0),
        Anchor::Start,
        &format!("bound {}", figures(bound as f64)),
    );
    let at = x.at(REPORT_WINDOW.0);
    svg.line("refline", (at, y.at(REPORT_WINDOW.0)), (at, y.at(REPORT_WINDOW.1)));
    svg.diamond((at, y.at(REPORT_WINDOW.0)), "report: 5,500 entries before its clean-up");
    svg.diamond((at, y.at(REPORT_WINDOW.1)), "report: 3,008 entries after its clean-up");
    svg.text("reftext", (at - 10.0, y.at(REPORT_WINDOW.0) + 4.0), Anchor::End, "report");
    // Every sample would drown the table: ten of them, and the last.
    let every = samples.len().div_ceil(10).max(1);
    let rows: Vec<_> = samples
        .iter()
        .enumerate()
        .filter(|(at, _)| at.is_multiple_of(every) || *at + 1 == samples.len())
        .map(|(_, sample)| {
            vec![
                figures(sample.messages as f64),
                format!("{} ms", figures(sample.at_ms)),
                figures(sample.entries as f64),
                figures(sample.bytes as f64),
            ]
        })
        .collect();
    let table = table(&["Messages", "Time", "Entries", "Bytes"], &rows);
    Plot { title, says, svg: svg.finish(), table }
}

fn reconnect(samples: &[f64]) -> Plot {
    let mut sorted = samples.to_vec();
    sorted.sort_by(f64::total_cmp);
    let last = sorted[sorted.len() - 1];
    let x = Axis::linear(last, LEFT, RIGHT);
    let bins = 20;
    let mut counts = vec![0_usize; bins];
    for sample in &sorted {
        counts[((sample / x.high() * bins as f64) as usize).min(bins - 1)] += 1;
    }
    let highest = counts.iter().copied().max().unwrap_or(1);
    let width = x.high() / bins as f64;
    let says = format!(
        "{} links lost their server at the same moment and came back over {} ms; at most {} of \
         them within {} ms.",
        sorted.len(),
        figures(last - sorted[0]),
        highest,
        figures(width)
    );
    let y = Axis::counts(highest, BOTTOM, TOP);
    let title = "Reconnect spread";
    let mut svg = Svg::new("reconnect", (WIDTH, HEIGHT), title, &says);
    frame(&mut svg, &x, &y, "milliseconds after the server was back", "links");
    let step = (RIGHT - LEFT) / bins as f64;
    for (at, count) in counts.iter().enumerate().filter(|(_, count)| **count > 0) {
        let top = y.at(*count as f64);
        let (from, to) = (at as f64 * width, (at + 1) as f64 * width);
        let hint = format!("{count} links from {} to {} ms", figures(from), figures(to));
        svg.bar((LEFT + at as f64 * step + 0.5, top), (step - 1.0, BOTTOM - top), &hint);
    }
    let rows = [0.0, 25.0, 50.0, 75.0, 100.0].map(|p| {
        vec![format!("{p} % of the links"), format!("{} ms", figures(percentile(&sorted, p)))]
    });
    Plot { title, says, svg: svg.finish(), table: table(&["Back by", "After"], &rows) }
}

/// Grid, axes and their names.
fn frame(svg: &mut Svg, x: &Axis, y: &Axis, x_name: &str, y_name: &str) {
    for tick in y.ticks() {
        svg.line("grid", (LEFT, y.at(tick)), (RIGHT, y.at(tick)));
        svg.text("soft", (LEFT - 6.0, y.at(tick) + 4.0), Anchor::End, &short(tick));
    }
    for tick in x.ticks() {
        svg.line("axis", (x.at(tick), BOTTOM), (x.at(tick), BOTTOM + 4.0));
        svg.text("soft", (x.at(tick), BOTTOM + 17.0), Anchor::Middle, &short(tick));
    }
    svg.line("axis", (LEFT, BOTTOM), (RIGHT, BOTTOM));
    svg.text("soft", ((LEFT + RIGHT) / 2.0, HEIGHT - 8.0), Anchor::Middle, x_name);
    svg.text("soft", (4.0, TOP - 10.0), Anchor::Start, y_name);
}

/// A tick's label: `0.1`, `250`, `10k`, `2M`.
fn short(value: f64) -> String {
    match value {
        v if v >= 1e6 => format!("{}M", figures(v / 1e6)),
        v if v >= 1e4 => format!("{}k", figures(v / 1e3)),
        v => figures(v),
    }
}

fn table(head: &[&str], rows: &[Vec<String>]) -> String {
    let mut out = String::from("<table>\n<thead><tr>");
    for name in head {
        let _ = write!(out, "<th scope=\"col\">{}</th>", escape(name));
    }
    out.push_str("</tr></thead>\n<tbody>\n");
    for row in rows {
        out.push_str("<tr>");
        for (at, cell) in row.iter().enumerate() {
            let _ = if at == 0 {
                write!(out, "<th scope=\"row\">{}</th>", escape(cell))
            } else {
                write!(out, "<td>{}</td>", escape(cell))
            };
        }
        out.push_str("</tr>\n");
    }
    out.push_str("</tbody>\n</table>\n");
    out
}
