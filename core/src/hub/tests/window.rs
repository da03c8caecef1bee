//! What the duplicate window sees of requests.

use super::support::Host;
use crate::dedup::WindowConfig;
use crate::hub::HubConfig;

fn chat(id: &str) -> String {
    format!(r#"{{"type":"chat","id":"{id}","message":"hello"}}"#)
}

#[test]
fn a_refused_request_pushes_no_other_out_and_may_be_tried_again() {
    let window = WindowConfig { max_entries: 4, ..WindowConfig::default() };
    let config = HubConfig { window, max_requests_per_link: 1, ..HubConfig::default() };
    let mut host = Host::with(config);
    let ada = host.open("ada");
    host.say(ada, &chat("first"));
    // One request may run: these are refused as busy.
    for number in 0..20 {
        host.say(ada, &chat(&format!("refused {number}")));
        assert!(host.text(ada).contains("AGENT_BUSY"));
    }
    host.events.clear();
    host.say(ada, &chat("first"));
    assert_eq!(host.events, ["duplicate ada Running"]);
    host.say(ada, &chat("refused 0"));
    assert!(host.text(ada).contains("AGENT_BUSY"), "tried again, not a duplicate");
}
