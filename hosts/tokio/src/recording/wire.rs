//! What stands on the wire, in words.

use pamlink::frame::{FrameConfig, FrameEvent, Reader, Role};

/// What reads the frames that came to an end of this role.
pub(super) fn reader(role: Role) -> Reader {
    Reader::new(role, FrameConfig::default())
}

/// A message by its type, or a control frame.
pub(super) fn kind(event: &FrameEvent<'_>) -> String {
    match event {
        FrameEvent::Text(text) => {
            let envelope = serde_json::from_str::<serde_json::Value>(text).unwrap_or_default();
            envelope["type"].as_str().map_or_else(|| "text".to_owned(), str::to_owned)
        }
        FrameEvent::Binary(_) => "binary".into(),
        FrameEvent::Ping(_) => "ping".into(),
        FrameEvent::Pong(_) => "pong".into(),
        FrameEvent::Close(said) => {
            let code = said.as_ref().map_or_else(String::new, |said| format!(" {}", said.code));
            format!("close{code}")
        }
        other => format!("{other:?}"),
    }
}
