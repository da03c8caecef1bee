//! Objects inside of messages.
//!
//! A message keeps them [`Raw`]; `of` types one when it is wanted, and gives nothing for a value
//! that is no object. As in messages, every member is optional and nothing is lost.

use super::{Object, Record};
use crate::envelope::error::DecodeError;
use crate::envelope::field::Number;
use crate::envelope::json_string::Text;
use crate::envelope::kind::{AlertAction, AlertCategory, InputMode, Priority, Verb};
use crate::envelope::raw::{Members, Raw};
use crate::envelope::record::{mismatches, read, record};
use crate::envelope::shape::Shape;
use crate::envelope::timestamp::Timestamp;

/// Makes the types and what all of them can do.
macro_rules! parts {
    ( $( $(#[$doc:meta])* $name:ident { $($members:tt)* } )* ) => { $(
        record! { $(#[$doc])* $name { $($members)* } }

        impl<'a> $name<'a> {
            /// Types an object; nothing for any other value.
            pub fn of(raw: Raw<'a>) -> Option<Self> {
                let is_object = raw.shape() == Shape::Object;
                is_object.then(|| read(Members::of(raw.as_json()), None))
            }

            /// The known members that were not of their type; offsets count from the start of
            /// the object.
            pub fn mismatches(&self) -> Vec<DecodeError> {
                mismatches(self)
            }

            /// Appends the object as JSON.
            pub fn encode(&self, out: &mut String) {
                let mut object = Object::new(out);
                self.write_members(&mut object);
                object.end();
            }
        }
    )* };
}

parts! {
    /// What an alert says.
    AlertContent {
        /// `proactive_suggestion`.
        "type" kind: Text<'a>,
        /// What it is about.
        "category" category: AlertCategory<'a>,
        /// The text.
        "message" message: Text<'a>,
        /// How soon it wants to be seen.
        "priority" priority: Priority<'a>,
        /// Which alert it is, e.g. `low_fuel`.
        "alert_type" alert_type: Text<'a>,
        /// When it was made.
        "timestamp" timestamp: Timestamp<'a>,
        /// What it offers to do: an array of [`AlertAction`].
        "actions" actions: Raw<'a>,
    }

    /// The parameters of [`Verb::BookAppointment`].
    BookAppointment {
        /// With whom.
        "person" person: Text<'a>,
        /// On which day.
        "date" date: Text<'a>,
        /// At which time.
        "time" time: Text<'a>,
        /// What for.
        "description" description: Text<'a>,
    }

    /// What surrounds a request.
    Context {
        /// Who asks.
        "user_id" user_id: Text<'a>,
        /// The page in view, without a leading slash.
        "current_page" current_page: Text<'a>,
        /// How the user speaks.
        "input_mode" input_mode: InputMode<'a>,
        /// The IANA name of the user's time zone.
        "timezone" timezone: Text<'a>,
        /// Where the client runs.
        "environment" environment: Text<'a>,
        /// When it was made.
        "timestamp" timestamp: Timestamp<'a>,
        /// The user's date, `YYYY-MM-DD`.
        "current_date" current_date: Text<'a>,
        /// Where the user is, as most clients name it: a [`Location`].
        "user_location" user_location: Raw<'a>,
        /// Where the user is, as others name it: a [`Location`] or `"lat, lng"`.
        "userLocation" user_location_camel: Raw<'a>,
        /// Where the user is, by a third name.
        "location" location: Raw<'a>,
        /// The user's vehicle.
        "vehicleInfo" vehicle_info: Raw<'a>,
        /// How the user travels.
        "travelStyle" travel_style: Text<'a>,
        /// What was said before: an array of [`Turn`].
        "conversation_history" conversation_history: Raw<'a>,
        /// The conversation.
        "session_id" session_id: Text<'a>,
        /// Whether the client has asked the user where they are.
        "location_request_attempted" location_request_attempted: bool,
    }

    /// The parameters of [`Verb::CreateTrip`].
    CreateTrip {
        /// Where to.
        "destination" destination: Text<'a>,
        /// Whether to go to the page first.
        "navigate_first" navigate_first: bool,
    }

    /// A server's view of a failure.
    DebugInfo {
        /// Whether there was somebody to answer.
        "orchestrator_initialized" orchestrator_initialized: bool,
        /// The length of the request.
        "message_length" message_length: Number<'a>,
        /// Whether the request named its user.
        "user_id_provided" user_id_provided: bool,
    }

    /// Where a user is.
    Location {
        /// Degrees north.
        "lat" lat: Number<'a>,
        /// Degrees east.
        "lng" lng: Number<'a>,
        /// Degrees north, by its other name.
        "latitude" latitude: Number<'a>,
        /// Degrees east, by its other name.
        "longitude" longitude: Number<'a>,
        /// The city.
        "city" city: Text<'a>,
        /// The region.
        "region" region: Text<'a>,
        /// The country.
        "country" country: Text<'a>,
        /// The IANA name of the time zone.
        "timezone" timezone: Text<'a>,
        /// How exact it is, in metres.
        "accuracy" accuracy: Number<'a>,
        /// When it was measured.
        "timestamp" timestamp: Timestamp<'a>,
        /// What measured it.
        "source" source: Text<'a>,
        /// The postal address.
        "address" address: Text<'a>,
    }

    /// The parameters of [`Verb::LogExpense`].
    LogExpense {
        /// How much.
        "amount" amount: Number<'a>,
        /// Of which kind.
        "category" category: Text<'a>,
        /// What for.
        "description" description: Text<'a>,
    }

    /// The parameters of [`Verb::Navigate`].
    Navigate {
        /// The page.
        "route" route: Text<'a>,
        /// What for.
        "description" description: Text<'a>,
    }

    /// What to show when a timer has run out.
    Notification {
        /// The headline.
        "title" title: Text<'a>,
        /// The text.
        "body" body: Text<'a>,
        /// Whether it stays until the user acts.
        "requireInteraction" require_interaction: bool,
        /// A later one with the same tag replaces it.
        "tag" tag: Text<'a>,
    }

    /// A rate that was exceeded, in its first shape.
    RateLimit {
        /// How many in a window.
        "limit" limit: Number<'a>,
        /// The window in seconds.
        "window" window: Number<'a>,
        /// When to come back, in seconds.
        "retry_after" retry_after: Number<'a>,
        /// When the window ends.
        "reset" reset: Timestamp<'a>,
    }

    /// A rate that was exceeded, in its second shape.
    RateLimitInfo {
        /// How many are left.
        "remaining" remaining: Number<'a>,
        /// When to come back, in seconds.
        "reset_in_seconds" reset_in_seconds: Number<'a>,
        /// Which rate, e.g. `websocket`.
        "limit_type" limit_type: Text<'a>,
    }

    /// How a `response` came about.
    ResponseMetadata {
        /// The agent behind it.
        "agent_used" agent_used: Text<'a>,
        /// The tools that were called: an array.
        "tool_calls" tool_calls: Raw<'a>,
    }

    /// A size that was exceeded.
    SizeInfo {
        /// The size of the message in bytes.
        "message_size_bytes" message_size_bytes: Number<'a>,
        /// The limit in bytes.
        "limit_bytes" limit_bytes: Number<'a>,
        /// The size for people.
        "message_size_formatted" message_size_formatted: Text<'a>,
        /// The limit for people.
        "limit_formatted" limit_formatted: Text<'a>,
    }

    /// The text as speech.
    Tts {
        /// The speech in Base64.
        "audio_data" audio_data: Text<'a>,
        /// Its format.
        "format" format: Text<'a>,
        /// Its length in seconds.
        "duration" duration: Number<'a>,
        /// Whose voice.
        "voice_used" voice_used: Text<'a>,
        /// What spoke.
        "engine_used" engine_used: Text<'a>,
        /// Whether it had been spoken before.
        "from_cache" from_cache: bool,
        /// Whether the data is compressed.
        "compressed" compressed: bool,
        /// How long it took, in milliseconds.
        "latency_ms" latency_ms: Number<'a>,
        /// Why the data is missing.
        "error" error: Text<'a>,
        /// When to ask again, in seconds.
        "retry_after" retry_after: Number<'a>,
    }

    /// Something said before.
    Turn {
        /// Who said it.
        "role" role: Text<'a>,
        /// What was said.
        "content" content: Text<'a>,
    }

    /// A thing for the page to do.
    UiAction {
        /// What to do.
        "type" verb: Verb<'a>,
        /// The name of the thing that has changed.
        "entity_id" entity_id: Text<'a>,
        /// What sort of thing it is.
        "entity_type" entity_type: Text<'a>,
        /// What people call it.
        "entity_title" entity_title: Text<'a>,
        /// More of it.
        "metadata" metadata: Raw<'a>,
        /// The text of [`Verb::Message`].
        "content" content: Text<'a>,
    }

    /// A verb and its parameters.
    VisualVerb {
        /// What to do.
        "action" verb: Verb<'a>,
        /// With what: [`BookAppointment`], [`CreateTrip`], [`LogExpense`] or [`Navigate`].
        "parameters" parameters: Raw<'a>,
    }
}

impl<'a> AlertContent<'a> {
    /// What it offers to do.
    pub fn offers(&self) -> impl Iterator<Item = AlertAction<'a>> + use<'a> {
        let actions = self.actions.into_iter().flat_map(|actions| actions.items());
        actions.filter_map(|action| action.text()).map(AlertAction::from)
    }
}

impl<'a> Context<'a> {
    /// Where the user is, by whichever name: `userLocation` before `user_location` before
    /// `location`, as servers have it. A [`Location`] or a string.
    pub fn place(&self) -> Option<Raw<'a>> {
        self.user_location_camel.or(self.user_location).or(self.location)
    }
}

impl Location<'_> {
    /// Degrees north and east, by whichever names.
    pub fn degrees(&self) -> Option<(f64, f64)> {
        let north = self.lat.as_ref().or(self.latitude.as_ref())?;
        let east = self.lng.as_ref().or(self.longitude.as_ref())?;
        Some((north.as_f64()?, east.as_f64()?))
    }
}
