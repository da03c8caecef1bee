//! The six ways in which peers write a time, and the one in which the engine does.

use core::fmt;
use std::borrow::Cow;

use super::ascii::Ascii;
use super::field::Field;
use super::raw::Raw;
use super::shape::Shape;
use crate::time::Wall;

/// A time as a peer wrote it, and what it means.
///
/// | form | example | reads as |
/// |---|---|---|
/// | [`IsoNaive`](TimeForm::IsoNaive) | `"2026-03-01T04:05:06.789012"` | UTC, which is what servers mean; one sender means its local time, and nothing tells |
/// | [`IsoZoned`](TimeForm::IsoZoned) | `"2026-03-01T04:05:06+10:00"`, `"…Z"` | that instant |
/// | [`Seconds`](TimeForm::Seconds) | `1772337926.81` | a number below 10¹¹: seconds since 1970 |
/// | [`Millis`](TimeForm::Millis) | `1772337926810` | a number from 10¹¹: milliseconds since 1970 |
/// | [`Uuid`](TimeForm::Uuid) | `"0195…-…-7…"` | the time in versions 1, 6 and 7; other versions have none |
/// | [`Other`](TimeForm::Other) | `"soon"`, `{}` | no time |
///
/// Fractions beyond the microsecond are cut. A date alone is its midnight. Second 60 is the first
/// of the next minute. Years reach from 0000 to 9999; a time beyond has no `wall`.
///
/// The one written form is RFC 3339 in UTC with milliseconds: `"2026-03-01T04:05:06.789Z"`.
#[derive(Clone, PartialEq, Eq)]
pub struct Timestamp<'a> {
    json: Cow<'a, str>,
    wall: Option<Wall>,
    form: TimeForm,
}

/// How a peer wrote a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum TimeForm {
    /// ISO 8601 without a zone.
    IsoNaive,
    /// ISO 8601 with `Z` or an offset.
    IsoZoned,
    /// A number of milliseconds.
    Millis,
    /// Nothing that is read as a time.
    Other,
    /// A number of seconds.
    Seconds,
    /// A UUID.
    Uuid,
}

impl<'a> Timestamp<'a> {
    /// The time in a value of a frame; `null` counts as absent.
    pub fn from_raw(raw: Raw<'a>) -> Option<Self> {
        let (wall, form) = match raw.shape() {
            Shape::Null => return None,
            Shape::Number => read_number(raw),
            Shape::Text => raw.text().map_or((None, TimeForm::Other), |text| read_text(&text)),
            _ => (None, TimeForm::Other),
        };
        Some(Self { json: Cow::Borrowed(raw.as_json()), wall, form })
    }

    /// The instant, if the value is a time within the years 0000 to 9999.
    pub const fn wall(&self) -> Option<Wall> {
        self.wall
    }

    /// How it was written.
    pub const fn form(&self) -> TimeForm {
        self.form
    }

    /// The value as JSON, spelled as it came.
    pub fn as_json(&self) -> &str {
        &self.json
    }
}

impl From<Wall> for Timestamp<'_> {
    /// In the written form. Times beyond the years 0000 to 9999 become the nearest within.
    fn from(wall: Wall) -> Self {
        let mut json = String::with_capacity(26);
        json.push('"');
        write_wall(&mut json, wall);
        json.push('"');
        Self { json: Cow::Owned(json), wall: Some(clamped(wall)), form: TimeForm::IsoZoned }
    }
}

impl fmt::Debug for Timestamp<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.json)
    }
}

impl<'a> Field<'a> for Timestamp<'a> {
    const EXPECTED: &'static str = "a time";

    fn read(raw: Raw<'a>) -> Option<Self> {
        Self::from_raw(raw)
    }

    fn write(&self, out: &mut String) {
        out.push_str(&self.json);
    }
}

const MICROS_A_DAY: i64 = 86_400_000_000;
/// 0000-01-01T00:00:00Z and 9999-12-31T23:59:59.999999Z.
const FIRST: i64 = -719_528 * MICROS_A_DAY;
const LAST: i64 = 2_932_897 * MICROS_A_DAY - 1;
/// From 1582-10-15, where the time of UUIDs of version 1 and 6 starts, in units of 100 ns.
const GREGORIAN_TO_UNIX: i64 = 0x01b2_1dd2_1381_4000;

/// `wall`, moved into the years that the written form can name.
pub(super) fn clamped(wall: Wall) -> Wall {
    Wall::from_unix_micros(wall.as_unix_micros().clamp(FIRST, LAST))
}

/// Appends the written form without quotes.
pub(super) fn write_wall(out: &mut String, wall: Wall) {
    let micros = clamped(wall).as_unix_micros();
    let (year, month, day) = civil_from_days(micros.div_euclid(MICROS_A_DAY));
    // Of a day, so without a sign, which is divided in fewer steps.
    let millis = u32::try_from(micros.rem_euclid(MICROS_A_DAY) / 1_000).unwrap_or(0);
    let (seconds, millis) = (millis / 1_000, millis % 1_000);
    let (minutes, second) = (seconds / 60, seconds % 60);
    let (hour, minute) = (minutes / 60, minutes % 60);
    // By hand: every frame of ours has one, and formatting takes ten times as long.
    let mut form = Ascii([b' '; 64]);
    form.0[..24].copy_from_slice(b"0000-00-00T00:00:00.000Z");
    let pairs = [
        (0, year / 100),
        (2, year),
        (5, month),
        (8, day),
        (11, hour),
        (14, minute),
        (17, second),
        (20, millis / 10),
    ];
    for (at, number) in pairs {
        form.write_pair(at, number);
    }
    form.0[22] += (millis % 10).to_le_bytes()[0];
    out.push_str(&form.as_str()[..24]);
}

fn read_number(raw: Raw<'_>) -> (Option<Wall>, TimeForm) {
    const MILLIS_FROM: u64 = 100_000_000_000;
    const MICROS_BELOW: u64 = MILLIS_FROM * 1_000_000;
    if let Some(whole) = raw.i64()
        && whole.unsigned_abs() >= MILLIS_FROM
    {
        return (whole.checked_mul(1_000).and_then(in_range), TimeForm::Millis);
    }
    let Some(micros) = raw.scaled(6) else { return (None, TimeForm::Millis) };
    if micros.unsigned_abs() < MICROS_BELOW {
        return (in_range(micros), TimeForm::Seconds);
    }
    // What is out of range stays out of range.
    (raw.scaled(3).and_then(in_range), TimeForm::Millis)
}

fn in_range(micros: i64) -> Option<Wall> {
    (FIRST..=LAST).contains(&micros).then(|| Wall::from_unix_micros(micros))
}

fn read_text(text: &str) -> (Option<Wall>, TimeForm) {
    let bytes = text.as_bytes();
    if let Some((wall, form)) = read_iso(bytes) {
        (wall, form)
    } else if let Some(number) = uuid(bytes) {
        (uuid_time(number), TimeForm::Uuid)
    } else {
        (None, TimeForm::Other)
    }
}

/// ISO 8601 as Python and JavaScript write it, and the variants RFC 3339 allows.
fn read_iso(text: &[u8]) -> Option<(Option<Wall>, TimeForm)> {
    let (date, rest) = text.split_first_chunk::<10>()?;
    if date[4] != b'-' || date[7] != b'-' {
        return None;
    }
    let year = i64::from(two(date[0], date[1])?) * 100 + i64::from(two(date[2], date[3])?);
    let (month, day) = (two(date[5], date[6])?, two(date[8], date[9])?);
    if !(1..=12).contains(&month) || day < 1 || day > days_in_month(year, month) {
        return None;
    }
    let midnight = days_from_civil(year, month, day) * MICROS_A_DAY;
    let Some((b'T' | b't' | b' ', rest)) = rest.split_first() else {
        return rest.is_empty().then(|| (in_range(midnight), TimeForm::IsoNaive));
    };
    let (clock, rest) = rest.split_first_chunk::<5>()?;
    let (hour, minute) = (two(clock[0], clock[1])?, two(clock[3], clock[4])?);
    let (micros, rest) = seconds(rest)?;
    if clock[2] != b':' || hour > 23 || minute > 59 {
        return None;
    }
    let local = midnight + (i64::from(hour) * 60 + i64::from(minute)) * 60_000_000 + micros;
    match rest {
        [] => Some((in_range(local), TimeForm::IsoNaive)),
        [b'Z' | b'z'] => Some((in_range(local), TimeForm::IsoZoned)),
        [sign @ (b'+' | b'-'), offset @ ..] => {
            let minutes = match *offset {
                [h1, h2] => two(h1, h2)? * 60,
                [h1, h2, m1, m2] | [h1, h2, b':', m1, m2] => {
                    two(h1, h2)? * 60 + two(m1, m2).filter(|minutes| *minutes < 60)?
                }
                _ => return None,
            };
            let offset = i64::from(minutes) * 60_000_000;
            let utc = if *sign == b'+' { local - offset } else { local + offset };
            (minutes < 24 * 60).then(|| (in_range(utc), TimeForm::IsoZoned))
        }
        _ => None,
    }
}

/// `:SS` and a fraction, either of which may be missing: microseconds, and what follows.
fn seconds(text: &[u8]) -> Option<(i64, &[u8])> {
    let [b':', s1, s2, rest @ ..] = text else { return Some((0, text)) };
    let second = two(*s1, *s2).filter(|second| *second <= 60)?;
    let mut micros = i64::from(second) * 1_000_000;
    let [b'.', fraction @ ..] = rest else { return Some((micros, rest)) };
    let digits = fraction.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let mut unit = 100_000;
    for digit in &fraction[..digits] {
        micros += i64::from(digit - b'0') * unit;
        unit /= 10;
    }
    (digits > 0).then(|| (micros, &fraction[digits..]))
}

fn two(tens: u8, ones: u8) -> Option<u32> {
    (tens.is_ascii_digit() && ones.is_ascii_digit())
        .then(|| u32::from(tens - b'0') * 10 + u32::from(ones - b'0'))
}

/// The number that a UUID in its hyphenated form spells.
fn uuid(text: &[u8]) -> Option<u128> {
    if text.len() != 36 {
        return None;
    }
    let mut number = 0_u128;
    for (at, byte) in text.iter().enumerate() {
        if let 8 | 13 | 18 | 23 = at {
            if *byte != b'-' {
                return None;
            }
        } else {
            number = number << 4 | u128::from(char::from(*byte).to_digit(16)?);
        }
    }
    Some(number)
}

/// The time in a UUID (RFC 9562 sections 5.1, 5.6 and 5.7).
fn uuid_time(uuid: u128) -> Option<Wall> {
    let high = (uuid >> 64) as u64;
    let gregorian = match high >> 12 & 15 {
        1 => (high & 0xfff) << 48 | (high >> 16 & 0xffff) << 32 | high >> 32,
        6 => (high >> 16) << 12 | high & 0xfff,
        7 => return in_range(i64::try_from(high >> 16).ok()?.checked_mul(1_000)?),
        _ => return None,
    };
    in_range((i64::try_from(gregorian).ok()? - GREGORIAN_TO_UNIX).div_euclid(10))
}

fn days_in_month(year: i64, month: u32) -> u32 {
    match month {
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Days from 1970-01-01 in the proleptic Gregorian calendar.
fn days_from_civil(year: i64, month: u32, day: u32) -> i64 {
    // Years that start in March put the leap day last.
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let of_era = year.rem_euclid(400);
    let of_year = (153 * i64::from((month + 9) % 12) + 2) / 5 + i64::from(day) - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

/// The inverse of [`days_from_civil`].
fn civil_from_days(days: i64) -> (u32, u32, u32) {
    let days = days + 719_468;
    let era = days.div_euclid(146_097);
    // All within an era is without a sign, which is divided in fewer steps.
    let of_era = u32::try_from(days.rem_euclid(146_097)).unwrap_or(0);
    let year = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    let year = i64::from(year) + era * 400 + i64::from(month <= 2);
    (u32::try_from(year).unwrap_or(0), month, day)
}
