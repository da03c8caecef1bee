//! Numbers of JSON as whole ones, by their digits: the tables of a parser of floats would be a twentieth
//! of what a page loads.

/// The largest power of ten that a float has.
const LARGEST: i64 = 308;

/// A number of JSON times ten to this power, as the nearest whole number (halves away from zero)
/// within what an `i64` holds; nothing for one beyond the range of floats.
pub(super) fn scaled(number: &str, power: i64) -> Option<i64> {
    let (is_negative, mantissa, exponent) = parts(number);
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits = whole.bytes().chain(fraction.bytes());
    let Some(zeros) = digits.clone().position(|digit| digit != b'0') else { return Some(0) };
    // How many digits stand before the point.
    let point = i64::try_from(whole.len()).unwrap_or(i64::MAX).saturating_add(exponent);
    if point.saturating_sub(i64::try_from(zeros).unwrap_or(i64::MAX)) > LARGEST + 1 {
        return None;
    }
    let kept = point.saturating_add(power);
    let mut digits = digits.map(|digit| i64::from(digit - b'0')).chain(core::iter::repeat(0));
    let mut value = 0_i64;
    for _ in 0..kept {
        value = value.saturating_mul(10).saturating_add(digits.next().unwrap_or(0));
    }
    if kept >= 0 && digits.next() >= Some(5) {
        value = value.saturating_add(1);
    }
    Some(if is_negative { -value } else { value })
}

/// Whether some digit of a number of JSON is not zero.
pub(super) fn is_nonzero(number: &str) -> bool {
    let (_, mantissa, _) = parts(number);
    mantissa.bytes().any(|digit| matches!(digit, b'1'..=b'9'))
}

/// Whether it is negative, what stands before the exponent, and that.
fn parts(number: &str) -> (bool, &str, i64) {
    let unsigned = number.strip_prefix('-').unwrap_or(number);
    let (mantissa, exponent) = unsigned.split_once(['e', 'E']).unwrap_or((unsigned, "0"));
    // One that does not fit is as good as the largest or the least.
    let beyond = if exponent.starts_with('-') { i64::MIN } else { i64::MAX };
    (unsigned.len() < number.len(), mantissa, exponent.parse().unwrap_or(beyond))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_number_is_read_by_its_digits() {
        for (number, power, expected) in [
            ("0", 3, Some(0)),
            ("-0.0", 3, Some(0)),
            ("1.5", 0, Some(2)),
            ("-1.5", 0, Some(-2)),
            ("0.4999", 0, Some(0)),
            ("0.05", 0, Some(0)),
            ("0.0000005", 6, Some(1)),
            ("1772337926.81", 6, Some(1_772_337_926_810_000)),
            ("1.77233792681E9", 6, Some(1_772_337_926_810_000)),
            ("1e3", 6, Some(1_000_000_000)),
            ("1000e-3", 0, Some(1)),
            ("0.001e3", 0, Some(1)),
            ("1e300", 0, Some(i64::MAX)),
            ("-1e300", 0, Some(-i64::MAX)),
            ("1e999", 0, None),
            ("-1e999", 0, None),
            ("0e999", 0, Some(0)),
            ("1e-999", 9, Some(0)),
            ("1e99999999999999999999", 0, None),
            ("1e-99999999999999999999", 0, Some(0)),
        ] {
            assert_eq!(scaled(number, power), expected, "{number}");
        }
        assert!(is_nonzero("0.01") && is_nonzero("-1e5"));
        assert!(!is_nonzero("0") && !is_nonzero("-0.00e7"));
    }

    proptest! {
        #[test]
        fn it_is_near_what_a_float_is(number in -1e12_f64..1e12, power in 0_i32..6) {
            let ours = scaled(&format!("{number:?}"), power.into()).unwrap() as f64;
            let theirs = number * 10_f64.powi(power);
            prop_assert!((ours - theirs).abs() <= 0.5 + theirs.abs() * 1e-15, "{ours}, {theirs}");
        }
    }
}
