//! The four plots: tables whose last cells hold bars, so that every number is there to be read,
//! heard and copied. The page's style draws the bars.

use std::fmt::Write as _;

use super::escape;
use crate::report::model::{Plots, Throughput, WindowSample, figures, percentile};

/// What the baseline gives as mean processing time, lowest and highest of its four bursts.
const REPORT_PROCESSING_MS: (f64, f64) = (2.05, 4.90);
/// What the baseline's window held before and after its clean-up.
const REPORT_WINDOW: (f64, f64) = (5_500.0, 3_008.0);

/// One plot: what it is, what it says in words, its bars, and what they do not say.
pub(super) struct Plot {
    pub(super) title: &'static str,
    pub(super) says: String,
    pub(super) bars: String,
    pub(super) numbers: Option<String>,
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
    // Eight bins a decade: fine enough for a shape, coarse enough for a few hundred samples.
    let bin = |ms: f64| (ms.max(0.001).log10() * 8.0).floor() as i32;
    let bins = bins(&sorted, bin, |bin| 10f64.powf(f64::from(bin) / 8.0));
    let most = most(&bins);
    let mut rows: Vec<_> = (bin(sorted[0])..)
        .zip(&bins)
        .map(|(at, (from, to, count))| {
            let mut text = count.to_string();
            for (percent, _) in marks.iter().filter(|(_, value)| bin(*value) == at) {
                let _ = write!(text, ", p{percent}");
            }
            Row::bar(vec![span(*from, *to), text], *count as f64, most)
        })
        .collect();
    let (least, highest) = REPORT_PROCESSING_MS;
    let text = "mean processing, baseline".to_owned();
    let at = bins.iter().take_while(|(from, ..)| *from < least).count();
    rows.insert(at, Row::bar(vec![span(least, highest), text], 0.0, most).of_baseline());
    let numbers = [0.0, 25.0, 50.0, 75.0, 90.0, 99.0, 99.9, 100.0].map(|p| {
        Row::plain(vec![format!("p{p}"), format!("{} ms", figures(percentile(&sorted, p)))])
    });
    Plot {
        title: "Latency distribution",
        says,
        bars: table(&["From asking to the answer", "Asks"], &rows),
        numbers: Some(table(&["Percentile", "Latency"], &numbers)),
    }
}

fn throughput(bursts: &[Throughput]) -> Plot {
    let best = bursts.iter().map(|burst| burst.rate).fold(0.0, f64::max);
    let report_best = bursts.iter().map(|burst| burst.report_rate).fold(0.0, f64::max);
    let says = format!(
        "Peak {} messages a second; the baseline's peak was {}.",
        figures(best),
        figures(report_best)
    );
    let rows: Vec<_> = bursts
        .iter()
        .flat_map(|burst| {
            let row = |rate: f64, text| {
                let messages = figures(burst.messages as f64);
                Row::bar(vec![messages, text], rate, best.max(report_best))
            };
            let ours = format!("{} msg/s", figures(burst.rate));
            let baseline = format!("{} msg/s, baseline", burst.report_rate);
            [row(burst.rate, ours), row(burst.report_rate, baseline).of_baseline()]
        })
        .collect();
    let bars = table(&["Messages", "Messages a second"], &rows);
    Plot { title: "Throughput", says, bars, numbers: None }
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
    let most = (bound.max(last.entries) as f64).max(REPORT_WINDOW.0);
    // Every sample would drown the page: ten of them, and the last.
    let every = samples.len().div_ceil(10).max(1);
    let mut rows: Vec<_> = samples
        .iter()
        .enumerate()
        .filter(|(at, _)| at.is_multiple_of(every) || *at + 1 == samples.len())
        .map(|(_, sample)| {
            let time = format!("{} ms", figures(sample.at_ms));
            let [messages, bytes, entries] =
                [sample.messages, sample.bytes, sample.entries].map(|count| figures(count as f64));
            Row::bar(vec![messages, time, bytes, entries], sample.entries as f64, most)
        })
        .collect();
    let (before, after) = REPORT_WINDOW;
    for (held, when) in [(before, "before"), (after, "after")] {
        let text = format!("{}, baseline {when} its clean-up", figures(held));
        let cells = vec![figures(before), String::new(), String::new(), text];
        rows.push(Row::bar(cells, held, most).of_baseline());
    }
    let bars = table(&["Messages", "Time", "Bytes", "Entries"], &rows);
    Plot { title: "Duplicate window over time", says, bars, numbers: None }
}

fn reconnect(samples: &[f64]) -> Plot {
    let mut sorted = samples.to_vec();
    sorted.sort_by(f64::total_cmp);
    let last = sorted[sorted.len() - 1];
    // Up to twenty bins, of a width with one figure.
    let width = last.max(1.0) / 20.0;
    let power = 10f64.powf(width.log10().floor());
    let width = (width / power).ceil() * power;
    let bins = bins(&sorted, |ms| (ms / width) as i32, |bin| f64::from(bin) * width);
    let most = most(&bins);
    let says = format!(
        "{} links lost their server at the same moment and came back over {} ms; at most {} of \
         them within {} ms.",
        sorted.len(),
        figures(last - sorted[0]),
        most,
        figures(width)
    );
    let rows: Vec<_> = bins
        .into_iter()
        .map(|(from, to, count)| {
            Row::bar(vec![span(from, to), count.to_string()], count as f64, most)
        })
        .collect();
    let numbers = [0.0, 25.0, 50.0, 75.0, 100.0].map(|p| {
        let after = format!("{} ms", figures(percentile(&sorted, p)));
        Row::plain(vec![format!("{p} % of the links"), after])
    });
    Plot {
        title: "Reconnect spread",
        says,
        bars: table(&["After the server was back", "Links"], &rows),
        numbers: Some(table(&["Back by", "After"], &numbers)),
    }
}

/// How many of `sorted` are in each bin, with its edges, from the first bin to the last.
fn bins(
    sorted: &[f64],
    bin: impl Fn(f64) -> i32,
    edge: impl Fn(i32) -> f64,
) -> Vec<(f64, f64, usize)> {
    let (first, last) = (bin(sorted[0]), bin(sorted[sorted.len() - 1]));
    let mut bins: Vec<_> = (first..=last).map(|at| (edge(at), edge(at + 1), 0)).collect();
    for sample in sorted {
        bins[(bin(*sample) - first) as usize].2 += 1;
    }
    bins
}

/// The most that one of the bins has.
fn most(bins: &[(f64, f64, usize)]) -> f64 {
    bins.iter().map(|(.., count)| *count).max().unwrap_or(0) as f64
}

fn span(from: f64, to: f64) -> String {
    format!("{} to {} ms", figures(from), figures(to))
}

/// A row of a table: its cells, of which the last may hold a bar.
struct Row {
    cells: Vec<String>,
    /// How long the bar is, from 0 to 1.
    bar: Option<f64>,
    baseline: bool,
}

impl Row {
    const fn plain(cells: Vec<String>) -> Self {
        Self { cells, bar: None, baseline: false }
    }

    /// A row with a bar for `value`, where the longest is for `most`.
    fn bar(cells: Vec<String>, value: f64, most: f64) -> Self {
        let length = if most > 0.0 { value / most } else { 0.0 };
        Self { cells, bar: Some(length), baseline: false }
    }

    /// The same in the baseline's colour. Its text says so too: not all see the colour.
    fn of_baseline(self) -> Self {
        Self { baseline: true, ..self }
    }
}

fn table(head: &[&str], rows: &[Row]) -> String {
    let mut out = String::from("<table>\n<thead><tr>");
    for name in head {
        let _ = write!(out, "<th scope=\"col\">{}</th>", escape(name));
    }
    out.push_str("</tr></thead>\n<tbody>\n");
    for Row { cells, bar, baseline } in rows {
        out.push_str(if *baseline { "<tr class=\"baseline\">" } else { "<tr>" });
        for (at, cell) in cells.iter().enumerate() {
            let cell = escape(cell);
            let _ = match bar {
                _ if at == 0 => write!(out, "<th scope=\"row\">{cell}</th>"),
                Some(length) if at + 1 == cells.len() => {
                    write!(out, "<td class=\"bar\" style=\"--length:{length:.3}\">{cell}</td>")
                }
                _ => write!(out, "<td>{cell}</td>"),
            };
        }
        out.push_str("</tr>\n");
    }
    out.push_str("</tbody>\n</table>\n");
    out
}
