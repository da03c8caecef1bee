//! Prometheus text exposition format, version 0.0.4.

use core::fmt::Write;

use super::snapshot::{Family, MetricKind, Sample, SampleValue, Snapshot};

/// The `Content-Type` of the text.
pub const CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// Appends the snapshot as text that a Prometheus server reads.
///
/// A metric without samples still has its `HELP` and `TYPE` lines.
pub fn write(snapshot: &Snapshot, out: &mut String) {
    for family in &snapshot.families {
        write_family(family, out);
    }
}

fn write_family(family: &Family, out: &mut String) {
    out.push_str("# HELP ");
    out.push_str(family.name);
    out.push(' ');
    escape(family.help, false, out);
    out.push_str("\n# TYPE ");
    out.push_str(family.name);
    out.push_str(match family.kind {
        MetricKind::Counter => " counter\n",
        MetricKind::Gauge => " gauge\n",
        MetricKind::Histogram => " histogram\n",
    });
    for sample in &family.samples {
        write_sample(family.name, sample, out);
    }
}

fn write_sample(name: &str, sample: &Sample, out: &mut String) {
    match &sample.value {
        SampleValue::Counter(value) => line(name, "", sample, None, value, out),
        SampleValue::Gauge(value) => line(name, "", sample, None, value, out),
        SampleValue::Histogram(buckets) => {
            for (bound, count) in &buckets.cumulative {
                line(name, "_bucket", sample, Some(*bound), count, out);
            }
            line(name, "_bucket", sample, Some(f64::INFINITY), &buckets.count, out);
            line(name, "_sum", sample, None, &buckets.sum, out);
            line(name, "_count", sample, None, &buckets.count, out);
        }
    }
}

fn line(
    name: &str,
    suffix: &str,
    sample: &Sample,
    bound: Option<f64>,
    value: &dyn core::fmt::Display,
    out: &mut String,
) {
    out.push_str(name);
    out.push_str(suffix);
    let mut separator = '{';
    for (label, text) in &sample.labels {
        out.push(separator);
        separator = ',';
        out.push_str(label);
        out.push_str("=\"");
        escape(text, true, out);
        out.push('"');
    }
    if let Some(bound) = bound {
        out.push(separator);
        separator = ',';
        if bound == f64::INFINITY {
            out.push_str("le=\"+Inf\"");
        } else {
            // Writing to a String cannot fail.
            let _ = write!(out, "le=\"{bound}\"");
        }
    }
    if separator == ',' {
        out.push('}');
    }
    let _ = writeln!(out, " {value}");
}

/// Backslash and line feed are escaped everywhere, the quote in label values.
fn escape(text: &str, quotes: bool, out: &mut String) {
    for char in text.chars() {
        match char {
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '"' if quotes => out.push_str("\\\""),
            char => out.push(char),
        }
    }
}
