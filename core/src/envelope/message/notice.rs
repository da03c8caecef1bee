//! Messages that answer no request: the welcome, pings and pongs, pushes, and actions for a page.

use super::macros::frames;
use super::{Message, Object, Record};
use crate::envelope::field::Number;
use crate::envelope::id::Id;
use crate::envelope::json_string::Text;
use crate::envelope::kind::{Kind, TimerType};
use crate::envelope::raw::Raw;
use crate::envelope::record::record;
use crate::envelope::timestamp::Timestamp;

frames! {
    /// The welcome.
    Connection: Connection {
        /// `connected`.
        "status" status: Text<'a>,
        /// A greeting, which old clients take for an answer.
        "message" message: Text<'a>,
        /// When it was sent.
        "timestamp" timestamp: Timestamp<'a>,
        /// `enabled`.
        "profile_integration" profile_integration: Text<'a>,
        /// What the server can do beyond the dialect: an array of strings.
        "features" features: Raw<'a>,
        /// Which memory it is that recognises repeats: any JSON value, another one after a restart.
        "epoch" epoch: Raw<'a>,
        /// The largest message that the server takes, in bytes; see
        /// [`max_message`](Connection::max_message).
        "max_message" max_message: Number<'a>,
        /// How large messages and their members may be: an object (`docs/protocol.md`, P-2.3).
        "limits" limits: Raw<'a>,
    }

    /// The server goes down and closes the link with 1012.
    GoingAway: GoingAway {
        /// When to come back, in seconds; see [`retry_after`](GoingAway::retry_after).
        "retry_after" retry_after: Number<'a>,
    }

    /// "Are you there?"
    Ping: Ping {
        /// What the sender calls the frame.
        "id" id: Id<'a>,
        /// When it was sent.
        "timestamp" timestamp: Timestamp<'a>,
        /// The server's name for the connection.
        "connection_id" connection_id: Text<'a>,
        /// How many came before it on this connection, and itself.
        "ping_number" ping_number: Number<'a>,
    }

    /// "Yes."
    Pong: Pong {
        /// What the sender calls the frame.
        "id" id: Id<'a>,
        /// When it was sent, or the timestamp of the ping it answers.
        "timestamp" timestamp: Timestamp<'a>,
        /// The ping it answers.
        "reply_to" reply_to: Id<'a>,
    }

    /// A push.
    ProactiveAlert: ProactiveAlert {
        /// The server's name for it.
        "id" id: Id<'a>,
        /// When it was sent.
        "timestamp" timestamp: Timestamp<'a>,
        /// The news of one sender; see [`AlertContent`](super::AlertContent).
        "content" content: Raw<'a>,
        /// The weather, of the other sender.
        "weather" weather: Raw<'a>,
        /// Budgets that need care, of the other sender.
        "budgets" budgets: Raw<'a>,
        /// Where tomorrow ends, of the other sender.
        "camps_tomorrow" camps_tomorrow: Raw<'a>,
    }

    /// A timer or alarm has run out.
    TimerExpired: TimerExpired {
        /// The server's name for it.
        "timer_id" timer_id: Text<'a>,
        /// The user's name for it.
        "label" label: Text<'a>,
        /// Which of the two.
        "timer_type" timer_type: TimerType<'a>,
        /// What to say.
        "message" message: Text<'a>,
        /// When it was sent.
        "timestamp" timestamp: Timestamp<'a>,
        /// `show_notification`.
        "action" action: Text<'a>,
        /// What to show; see [`Notification`](super::Notification).
        "notification" notification: Raw<'a>,
    }

    /// Things for the page to do.
    UiActions: UiActions {
        /// An array of [`UiAction`](super::UiAction).
        "actions" actions: Raw<'a>,
    }

    /// A thing for the page to do, and what to say of it.
    VisualAction: VisualAction {
        /// What to do; see [`VisualVerb`](super::VisualVerb).
        "action" action: Raw<'a>,
        /// What to say.
        "feedback_message" feedback_message: Text<'a>,
    }
}
