//! What a host may set: each option once, with its unit, its bounds and what it means.
//!
//! A config offers its options as a table: [`HubConfig::options`](crate::hub::HubConfig::options),
//! [`ClientConfig::options`](crate::client::ClientConfig::options) and, for what messages are
//! compressed with, [`DeflateConfig::OPTIONS`](crate::frame::DeflateConfig::OPTIONS). Whoever reads
//! options from a file, a flag or another language sets them by these tables, so that no bound
//! stands anywhere else:
//!
//! ```
//! use pamlink::hub::HubConfig;
//!
//! let mut config = HubConfig::default();
//! config.set("max_links", 500)?;
//! assert_eq!(config.max_links, 500);
//!
//! let error = config.set("max_links", 0).unwrap_err();
//! assert_eq!(error.to_string(), "max_links is 0, not from 1 to 16777216");
//! # Ok::<(), pamlink::options::OptionError>(())
//! ```
//!
//! A default is not in the table: it is what the option has in the default of the config.

use core::fmt;
use core::ops::RangeInclusive;
use core::time::Duration;

use thiserror::Error;

/// One option of a config `C`.
#[derive(Clone)]
#[non_exhaustive]
pub struct Spec<C> {
    /// Its name. A span of time is in milliseconds, and its name ends with `_ms`.
    pub name: &'static str,
    /// What a number counts, or the kind of another value: `links`, `ms`, `flag`, `text`.
    pub unit: &'static str,
    /// One line of what it means.
    pub meaning: &'static str,
    /// Whether the packages for other languages have it, under this name.
    pub in_packages: bool,
    /// Section and name in the file of `pamlink serve`, where that has it.
    pub in_file: Option<&'static str>,
    kind: Kind<C>,
}

#[derive(Clone)]
enum Kind<C> {
    Number { bounds: RangeInclusive<u64>, place: fn(&mut C) -> Place<'_> },
    Other { default: &'static str },
}

impl<C> Spec<C> {
    /// An option that is a number within `bounds`, at a place in the config.
    pub const fn number(
        name: &'static str,
        unit: &'static str,
        bounds: RangeInclusive<u64>,
        place: fn(&mut C) -> Place<'_>,
        meaning: &'static str,
    ) -> Self {
        let kind = Kind::Number { bounds, place };
        Self { name, unit, meaning, in_packages: false, in_file: None, kind }
    }

    /// An option that is no number, of a kind that `unit` names; `default` is for people.
    pub const fn other(
        name: &'static str,
        unit: &'static str,
        default: &'static str,
        meaning: &'static str,
    ) -> Self {
        let kind = Kind::Other { default };
        Self { name, unit, meaning, in_packages: false, in_file: None, kind }
    }

    /// The same option, which the packages for other languages have.
    #[must_use]
    pub const fn in_packages(mut self) -> Self {
        self.in_packages = true;
        self
    }

    /// The same option, which the file of `pamlink serve` has at `member`.
    #[must_use]
    pub const fn in_file(mut self, member: &'static str) -> Self {
        self.in_file = Some(member);
        self
    }

    /// The lowest and the highest value of a number.
    pub const fn bounds(&self) -> Option<&RangeInclusive<u64>> {
        match &self.kind {
            Kind::Number { bounds, .. } => Some(bounds),
            Kind::Other { .. } => None,
        }
    }

    /// What a config has for a number. A span counts in milliseconds; none is 0.
    pub fn get(&self, config: &mut C) -> Option<u64> {
        match &self.kind {
            Kind::Number { place, .. } => Some(place(config).get()),
            Kind::Other { .. } => None,
        }
    }

    /// What is the default where `config` is one: a number, or what people read.
    pub fn default_in(&self, config: &mut C) -> String {
        match &self.kind {
            Kind::Number { place, .. } => place(config).get().to_string(),
            Kind::Other { default } => (*default).to_owned(),
        }
    }

    /// Sets a number.
    ///
    /// # Errors
    ///
    /// [`OptionError::OutOfBounds`]; [`OptionError::Unknown`] if the option is no number.
    pub fn set(&self, config: &mut C, value: u64) -> Result<(), OptionError> {
        let Kind::Number { bounds, place } = &self.kind else {
            return Err(OptionError::Unknown { name: self.name.to_owned() });
        };
        check(self.name, value, bounds)?;
        place(config).set(value);
        Ok(())
    }

    /// Takes a number that is out of its bounds as the nearest inside.
    pub(crate) fn clamp(&self, config: &mut C) {
        if let Kind::Number { bounds, place } = &self.kind {
            place(config).clamp(bounds);
        }
    }
}

impl<C> fmt::Debug for Spec<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("Spec");
        shown.field("name", &self.name).field("unit", &self.unit).field("bounds", &self.bounds());
        shown.finish_non_exhaustive()
    }
}

/// Where a config has a number.
#[derive(Debug)]
#[non_exhaustive]
pub enum Place<'a> {
    /// A count.
    Count(&'a mut u32),
    /// A level, or a number of bits.
    Small(&'a mut u8),
    /// A size in memory.
    Size(&'a mut usize),
    /// A span of time.
    Span(&'a mut Duration),
    /// A span of time, 0 for none.
    SpanOrNone(&'a mut Option<Duration>),
    /// Places that have the same number.
    All(Vec<Self>),
}

impl Place<'_> {
    fn get(&self) -> u64 {
        match self {
            Self::Count(count) => u64::from(**count),
            Self::Small(small) => u64::from(**small),
            Self::Size(size) => u64::try_from(**size).unwrap_or(u64::MAX),
            Self::Span(span) => millis(**span),
            Self::SpanOrNone(span) => span.map_or(0, millis),
            Self::All(places) => places.first().map_or(0, Place::get),
        }
    }

    /// What the type does not hold is taken as the most that it does: on 32 bits, more bytes than
    /// there are is no bound.
    fn set(&mut self, value: u64) {
        match self {
            Self::Count(count) => **count = u32::try_from(value).unwrap_or(u32::MAX),
            Self::Small(small) => **small = u8::try_from(value).unwrap_or(u8::MAX),
            Self::Size(size) => **size = usize::try_from(value).unwrap_or(usize::MAX),
            Self::Span(span) => **span = Duration::from_millis(value),
            Self::SpanOrNone(span) => {
                **span = (value > 0).then_some(Duration::from_millis(value));
            }
            Self::All(places) => places.iter_mut().for_each(|place| place.set(value)),
        }
    }

    fn clamp(&mut self, bounds: &RangeInclusive<u64>) {
        if let Self::All(places) = self {
            places.iter_mut().for_each(|place| place.clamp(bounds));
        } else {
            let value = self.get();
            // Within its bounds it stays as it is: a span may have parts of a millisecond.
            if !bounds.contains(&value) {
                self.set(value.clamp(*bounds.start(), *bounds.end()));
            }
        }
    }
}

/// Why an option is refused.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum OptionError {
    /// The value is out of its bounds.
    #[error("{name} is {value}, not from {lowest} to {highest}")]
    OutOfBounds {
        /// The option, as the caller names it.
        name: String,
        /// The value.
        value: u64,
        /// The lowest that it may be.
        lowest: u64,
        /// The highest that it may be.
        highest: u64,
    },
    /// There is no such option, or it is no number.
    #[error("there is no option `{name}`")]
    Unknown {
        /// The name.
        name: String,
    },
}

impl OptionError {
    /// The same error for an option that the caller knows by another name.
    #[must_use]
    pub fn of(mut self, called: &str) -> Self {
        match &mut self {
            Self::OutOfBounds { name, .. } | Self::Unknown { name } => called.clone_into(name),
        }
        self
    }
}

/// Holds a value against its bounds.
///
/// # Errors
///
/// [`OptionError::OutOfBounds`].
pub fn check(name: &str, value: u64, bounds: &RangeInclusive<u64>) -> Result<(), OptionError> {
    if bounds.contains(&value) {
        return Ok(());
    }
    let (lowest, highest) = (*bounds.start(), *bounds.end());
    Err(OptionError::OutOfBounds { name: name.to_owned(), value, lowest, highest })
}

/// Sets the number of this name in one of the tables of a config.
pub(crate) fn set<'a, C: 'a>(
    mut options: impl Iterator<Item = &'a Spec<C>>,
    config: &mut C,
    name: &str,
    value: u64,
) -> Result<(), OptionError> {
    match options.find(|option| option.name == name) {
        Some(option) => option.set(config, value),
        None => Err(OptionError::Unknown { name: name.to_owned() }),
    }
}

fn millis(span: Duration) -> u64 {
    u64::try_from(span.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// What every table keeps to: names and members of the file are unique, spans are called so,
    /// and the default is within its bounds.
    pub(crate) fn sound<C: Clone>(options: &[&Spec<C>], default: &C) {
        for (at, option) in options.iter().enumerate() {
            let name = option.name;
            let others = options.iter().skip(at + 1);
            assert!(others.clone().all(|other| other.name != name), "{name} stands twice");
            let twin =
                |other: &&&Spec<C>| option.in_file.is_some() && other.in_file == option.in_file;
            assert!(others.clone().find(twin).is_none(), "{:?} stands twice", option.in_file);
            assert_eq!(name.ends_with("_ms"), option.unit == "ms", "{name}");
            assert!(option.meaning.ends_with('.') && !option.meaning.contains('\n'), "{name}");
            if let (Some(bounds), Some(value)) = (option.bounds(), option.get(&mut default.clone()))
            {
                assert!(bounds.contains(&value), "{name}: {value} is not in {bounds:?}");
                let mut config = default.clone();
                for (beyond, nearest) in [
                    (bounds.start().checked_sub(1), *bounds.start()),
                    (bounds.end().checked_add(1), *bounds.end()),
                ] {
                    let Some(beyond) = beyond else { continue };
                    assert!(option.set(&mut config, beyond).is_err(), "{name}");
                    assert_eq!(option.get(&mut config), Some(value), "{name} was set all the same");
                    option.set(&mut config, nearest).unwrap();
                    assert_eq!(option.get(&mut config), Some(nearest), "{name}");
                    option.set(&mut config, value).unwrap();
                }
            }
        }
    }

    /// The lines of a config that no number of its table changes, but have a digit.
    pub(crate) fn out_of_reach<C: Clone + fmt::Debug>(
        options: &[&Spec<C>],
        default: &C,
    ) -> Vec<String> {
        let mut config = default.clone();
        for option in options {
            if let (Some(bounds), Some(value)) = (option.bounds(), option.get(&mut config)) {
                let other = if value < *bounds.end() { value + 1 } else { value - 1 };
                option.set(&mut config, other).unwrap();
            }
        }
        let (before, after) = (format!("{default:#?}"), format!("{config:#?}"));
        assert_eq!(before.lines().count(), after.lines().count());
        let same = before.lines().zip(after.lines()).filter(|(before, after)| before == after);
        let has_digit = |line: &str| line.contains(|letter: char| letter.is_ascii_digit());
        same.map(|(line, _)| line.trim().to_owned()).filter(|line| has_digit(line)).collect()
    }

    #[derive(Clone, Debug, Default, PartialEq)]
    struct Sample {
        count: u32,
        spans: [Duration; 2],
        perhaps: Option<Duration>,
        forgotten: u32,
    }

    const TABLE: &[Spec<Sample>] = &[
        Spec::number("count", "links", 0..=9, |it| Place::Count(&mut it.count), "How many."),
        Spec::number("spans_ms", "ms", 0..=1_000, |it| Place::All(spans(it)), "How long."),
        Spec::number("perhaps_ms", "ms", 0..=9, |it| Place::SpanOrNone(&mut it.perhaps), "If so."),
        Spec::other("plain", "flag", "no", "Whether."),
    ];

    fn spans(it: &mut Sample) -> Vec<Place<'_>> {
        it.spans.iter_mut().map(Place::Span).collect()
    }

    fn rows() -> Vec<&'static Spec<Sample>> {
        TABLE.iter().collect()
    }

    #[test]
    fn an_error_names_option_value_and_bounds() {
        let mut it = Sample::default();
        let error = set(TABLE.iter(), &mut it, "count", 10).unwrap_err();
        assert_eq!(error.to_string(), "count is 10, not from 0 to 9");
        assert_eq!(error.of("links.max").to_string(), "links.max is 10, not from 0 to 9");
        for name in ["plain", "none"] {
            let error = set(TABLE.iter(), &mut it, name, 1).unwrap_err();
            assert_eq!(error.to_string(), format!("there is no option `{name}`"));
        }
        assert_eq!(it, Sample::default());
    }

    #[test]
    fn a_number_is_set_wherever_it_stands_and_0_may_be_none() {
        let mut it = Sample::default();
        set(TABLE.iter(), &mut it, "spans_ms", 5).unwrap();
        assert_eq!(it.spans, [Duration::from_millis(5); 2]);
        set(TABLE.iter(), &mut it, "perhaps_ms", 5).unwrap();
        assert_eq!(it.perhaps, Some(Duration::from_millis(5)));
        set(TABLE.iter(), &mut it, "perhaps_ms", 0).unwrap();
        assert_eq!(it.perhaps, None);
    }

    #[test]
    fn what_is_out_of_bounds_becomes_the_nearest_inside_and_nothing_else_changes() {
        let mut it = Sample {
            count: 10,
            spans: [Duration::from_micros(1_500), Duration::MAX],
            ..Sample::default()
        };
        TABLE.iter().for_each(|option| option.clamp(&mut it));
        assert_eq!(it.count, 9);
        assert_eq!(it.spans, [Duration::from_micros(1_500), Duration::from_secs(1)]);
        assert_eq!(it.perhaps, None);
    }

    #[test]
    fn a_number_that_no_table_has_is_noticed() {
        let some = Sample { perhaps: Some(Duration::from_millis(1)), ..Sample::default() };
        sound(&rows(), &some);
        assert_eq!(out_of_reach(&rows(), &some), ["forgotten: 0,"]);
    }
}
