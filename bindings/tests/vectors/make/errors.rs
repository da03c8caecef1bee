//! `errors.json`.

use pamlink_ffi::error_codes;

use super::list;
use crate::files::Made;

/// Every error there ever was, by rising number. A line is only ever added to this list: a number
/// that changes its meaning breaks programs that were built before.
const FROZEN: &[(u32, &str, &str, bool)] = &[
    (1, "abi_mismatch", "usage", false),
    (2, "bad_input", "usage", false),
    (3, "wrong_machine", "usage", false),
    (4, "no_engine", "usage", false),
    (5, "output_pending", "usage", true),
    (6, "poisoned", "internal", false),
    (7, "forked", "usage", false),
    (8, "wrong_loop", "usage", false),
    (10, "bad_option", "usage", false),
    (11, "bad_url", "usage", false),
    (12, "bad_seed", "usage", false),
    (13, "bad_key", "usage", false),
    (14, "bad_routes", "usage", false),
    (15, "bad_snapshot", "usage", false),
    (20, "requests_full", "busy", true),
    (21, "not_open", "link", true),
    (22, "outbox_full", "busy", true),
    (23, "not_an_envelope", "usage", false),
    (24, "bad_context", "usage", false),
    (25, "too_large", "usage", false),
    (26, "needs_v1", "link", false),
    (27, "no_request", "usage", false),
    (30, "token_expired", "auth", false),
    (31, "token_malformed", "auth", false),
    (32, "token_denied", "auth", false),
    (33, "token_unavailable", "auth", true),
    (40, "hub_full", "busy", true),
    (41, "hub_draining", "busy", true),
    (42, "no_link", "link", false),
    (43, "not_running", "usage", false),
    (44, "bad_response", "usage", false),
    (45, "not_drained", "busy", true),
    (50, "frames_closed", "usage", false),
    (51, "close_code", "usage", false),
    (52, "control_too_long", "usage", false),
    (53, "message_open", "usage", false),
    (60, "bad_signature", "auth", false),
    (61, "expired", "auth", false),
    (62, "malformed", "auth", false),
    (63, "missing_claim", "auth", false),
    (64, "missing_token", "auth", false),
    (65, "not_yet_valid", "auth", false),
    (66, "verifier_unavailable", "auth", true),
    (67, "unknown_key", "auth", false),
    (68, "unsupported_algorithm", "auth", false),
    (69, "wrong_audience", "auth", false),
    (70, "wrong_subject", "auth", false),
    (80, "rejected", "answer", false),
    (81, "request_expired", "answer", false),
    (82, "request_unknown", "answer", false),
    (83, "stopped", "link", false),
    (84, "closed", "link", false),
    (85, "request_unsent", "answer", false),
    (86, "request_cancelled", "answer", false),
];

pub(super) fn file() -> Made {
    let codes = error_codes();
    let ours: Vec<_> =
        codes.iter().map(|it| (it.code, &*it.name, &*it.class, it.retryable)).collect();
    assert_eq!(ours, FROZEN, "a number has changed, or a new one is not in the list");
    let lines: Vec<_> = codes
        .iter()
        .map(|it| {
            format!(
                "{{\"code\": {}, \"name\": \"{}\", \"class\": \"{}\", \"retryable\": {}}}",
                it.code, it.name, it.class, it.retryable
            )
        })
        .collect();
    let about = "Every error: a number never changes its meaning, and none is taken twice.";
    let text = format!(
        "{{\n  \"about\": \"{about}\",\n  \"codes\": [\n{}\n  ]\n}}\n",
        list("    ", &lines)
    );
    Made { path: "errors.json".to_owned(), text }
}
