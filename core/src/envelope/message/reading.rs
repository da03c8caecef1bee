//! What messages say, whichever of several ways they say it in.

use core::time::Duration;

use super::part::{RateLimit, RateLimitInfo};
use super::{ChatResponse, Connection, ErrorFrame, Extra, GoingAway, Message, Object, Record};
use crate::envelope::extra::Seen;
use crate::envelope::field::Number;
use crate::envelope::json_string::Text;
use crate::envelope::raw::{Member, Raw};
use crate::envelope::shape::Shape;

/// A frame of a type that this version does not know.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Unknown<'a> {
    /// Its type.
    pub kind: Text<'a>,
    /// All other members.
    pub extra: Extra<'a>,
}

impl<'a> Unknown<'a> {
    /// Appends the frame as JSON.
    pub fn encode(&self, out: &mut String) {
        let mut object = Object::new(out);
        object.member("type", &self.kind);
        object.extra(&self.extra);
        object.end();
    }
}

impl<'a> From<Unknown<'a>> for Message<'a> {
    fn from(message: Unknown<'a>) -> Self {
        Self::Unknown(message)
    }
}

impl<'a> Record<'a> for Unknown<'a> {
    fn place(&mut self, _: &str, _: &Member<'a>, _: &mut Seen) -> bool {
        false
    }

    fn known(_: &str) -> Option<(&'static str, &'static str)> {
        None
    }

    fn extra(&self) -> &Extra<'a> {
        &self.extra
    }

    fn extra_mut(&mut self) -> &mut Extra<'a> {
        &mut self.extra
    }

    fn write_members(&self, object: &mut Object<'_>) {
        object.extra(&self.extra);
    }
}

impl ChatResponse<'_> {
    /// Whether the text excuses a failure: `error` is true, or anything that JavaScript takes for
    /// true.
    pub fn is_failure(&self) -> bool {
        self.error.unwrap_or_else(|| self.extra.field("error").is_some_and(is_truthy))
    }
}

impl Connection<'_> {
    /// Whether the server announces this feature.
    pub fn has_feature(&self, name: &str) -> bool {
        let features = self.features.into_iter().flat_map(|features| features.items());
        features.filter_map(|feature| feature.text()).any(|feature| feature == *name)
    }
}

impl Connection<'_> {
    /// The largest message that the server takes, in bytes; nothing if it does not say.
    pub fn max_message(&self) -> Option<usize> {
        usize::try_from(self.max_message.as_ref()?.as_i64()?).ok()
    }
}

impl GoingAway<'_> {
    /// When to come back; nothing if it does not say or that is negative.
    pub fn retry_after(&self) -> Option<Duration> {
        self.retry_after.as_ref()?.seconds()
    }
}

impl<'a> ErrorFrame<'a> {
    /// When to come back, from whichever member says it; nothing if none does or it is negative.
    pub fn retry_after(&self) -> Option<Duration> {
        let first = || RateLimit::of(self.rate_limit?)?.retry_after;
        let second = || RateLimitInfo::of(self.rate_limit_info?)?.reset_in_seconds;
        let seconds: Number<'a> = self.retry_after.clone().or_else(first).or_else(second)?;
        seconds.seconds()
    }
}

fn is_truthy(raw: Raw<'_>) -> bool {
    match raw.shape() {
        Shape::Null => false,
        Shape::Bool => raw.bool() == Some(true),
        Shape::Number => raw.is_nonzero(),
        Shape::Text => raw.text().is_some_and(|text| !text.is_empty()),
        Shape::List | Shape::Object => true,
    }
}
