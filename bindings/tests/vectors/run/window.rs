//! The duplicate window.

use pamlink_ffi::DuplicateWindow;
use serde_json::Value;

use super::{items, number, seed, text};

pub(super) fn run(file: &Value) -> usize {
    let window = DuplicateWindow::new(
        number(&file["max_entries"]),
        number(&file["max_age_ms"]),
        file["content_age_ms"].as_u64(),
        number(&file["max_result_bytes"]),
        &seed(number(&file["seed"])),
    )
    .expect("a window");
    for step in items(&file["steps"]) {
        let now = number(&step["at_ms"]) * 1_000_000;
        let message = |named: &Value| {
            let id = named["id"].as_str().map(str::to_owned);
            (text(&named["user"]).to_owned(), id, text(&named["content"]).to_owned())
        };
        if let Some(check) = step.get("check") {
            let (user, id, content) = message(check);
            let said = window.check(now, &user, id, &content);
            let result = said.result.map(|it| format!(":{}", String::from_utf8_lossy(&it)));
            let said = said.verdict + &result.unwrap_or_default();
            assert_eq!(said, text(&step["expect"]), "{step}");
        } else if let Some(complete) = step.get("complete") {
            let (user, id, content) = message(complete);
            let result = text(&complete["result"]).as_bytes();
            assert_eq!(window.complete(&user, id, &content, result), step["expect"], "{step}");
        } else {
            let (user, id, content) = message(&step["forget"]);
            assert_eq!(window.forget(&user, id, &content), step["expect"], "{step}");
        }
        assert_eq!(window.size(), number(&step["size"]), "{step}");
    }
    items(&file["steps"]).len()
}
