//! Spans of time as people write them: `90s`, `15m`, `1h`, `2d`, `250ms`.

use std::time::Duration;

/// Reads a span: a whole number and one of the units `ms`, `s`, `m`, `h`, `d`.
///
/// # Errors
///
/// One line that says what was expected.
pub fn parse(text: &str) -> Result<Duration, String> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (number, unit) = text.split_at(digits);
    let expected = || "a whole number and a unit (ms, s, m, h, d) such as 90s or 1h".to_owned();
    let number: u64 = number.parse().map_err(|_| expected())?;
    let unit_ms: u64 = match unit {
        "ms" => 1,
        "s" => 1_000,
        "m" => 60_000,
        "h" => 3_600_000,
        "d" => 86_400_000,
        _ => return Err(expected()),
    };
    let span = number.checked_mul(unit_ms).map(Duration::from_millis);
    match span {
        None => Err("longer than this program can count".to_owned()),
        Some(Duration::ZERO) => Err("longer than nothing is needed".to_owned()),
        Some(span) => Ok(span),
    }
}

/// Writes a span with the largest unit that shows it within three figures: `1.25 ms`, `3.0 s`.
pub fn show(span: Duration) -> String {
    let seconds = span.as_secs_f64();
    if seconds >= 120.0 {
        format!("{}m {:02}s", span.as_secs() / 60, span.as_secs() % 60)
    } else if seconds >= 1.0 {
        format!("{seconds:.1} s")
    } else if seconds >= 1e-3 {
        format!("{:.1} ms", seconds * 1e3)
    } else {
        format!("{:.0} us", seconds * 1e6)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_unit_is_read() {
        for (text, ms) in
            [("5ms", 5), ("90s", 90_000), ("15m", 900_000), ("1h", 3_600_000), ("2d", 172_800_000)]
        {
            assert_eq!(parse(text), Ok(Duration::from_millis(ms)), "{text}");
        }
    }

    #[test]
    fn what_is_no_span_is_refused() {
        for text in ["", "1", "h", "1 h", "-1s", "0s", "1.5h", "1w", "99999999999999999999d"] {
            assert!(parse(text).is_err(), "{text}");
        }
        assert!(parse("18446744073709551615d").is_err());
    }
}
