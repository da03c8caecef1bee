//! Any text as a routing table: a clear refusal, or a table whose router decides every request.

#![no_main]

use std::sync::Arc;
use std::time::Duration;

use libfuzzer_sys::fuzz_target;
use pamlink::routing::{Outcome, Query, Router, Table};
use pamlink::seed::Seed;
use pamlink::time::Mono;

fuzz_target!(|input: &[u8]| {
    let Ok(text) = std::str::from_utf8(input) else { return };
    match Table::from_json(text) {
        Ok(table) => route(Arc::new(table), text),
        Err(error) => {
            assert!(!error.faults().is_empty(), "refused for nothing");
            let lines = text.lines().count().max(1) + 1;
            for fault in error.faults() {
                assert!((1..=lines).contains(&fault.line), "line {} of {lines}", fault.line);
                assert!(fault.column >= 1);
            }
            assert!(!error.to_string().is_empty());
        }
    }
});

/// Asks in every way, and ends every message in some way.
fn route(table: Arc<Table>, text: &str) {
    let mut router = Router::new(Arc::clone(&table), Seed::from_number(3));
    let mut now = Mono::ZERO;
    let names: Vec<String> = table.agents().take(8).map(|agent| agent.id.to_string()).collect();
    for (at, word) in text.split('"').take(64).enumerate() {
        let by_name = names.get(at % (names.len() + 1)).map(String::as_str);
        for agent in [by_name, Some(word), None] {
            let query = Query { agent, kind: word, intent: Some(word), text };
            let decision = router.route(now, &query);
            assert_eq!(decision.ticket.is_none(), decision.refused.is_some());
            assert_eq!(decision.version, table.version());
            if decision.refused.is_some() {
                assert!(Arc::ptr_eq(decision.agent, table.error_handler()));
            }
            // Some messages never end: their agents fill up.
            if let Some(ticket) = decision.ticket.filter(|_| at % 3 != 0) {
                let failed = at % 2 == 0;
                let outcome = if failed { Outcome::Failure } else { Outcome::Success };
                router.finished(now, ticket, outcome);
                router.finished(now, ticket, outcome);
            }
        }
        now = now + Duration::from_millis(700);
        if at == 32 {
            let replaced = router.replace(Arc::clone(&table));
            assert_eq!((replaced.added, replaced.removed), (0, 0));
        }
    }
}
