//! Links with cuts: whatever is lost, every request is answered once and in order, and the hub
//! works on it once.

use super::pair::{Cut, Host, Pair};
use super::scene::Scene;

pub(super) fn scenes() -> Vec<Scene> {
    vec![
        cuts("cuts-messages", MESSAGES, false, Host::Prompt, Cut::Before),
        cuts("cuts-messages-late", LATE, false, Host::Late, Cut::Before),
        cuts("cuts-bytes", BYTES, true, Host::Prompt, Cut::Within),
        again_and_again("cuts-many", MANY, false),
        again_and_again("cuts-many-bytes", MANY_BYTES, true),
    ]
}

const MESSAGES: &str = "A client sends two requests over transports of whole messages; each pair \
    loses another message, and all behind it.";
const LATE: &str = "The same, but the host replies when nothing is on its way any more: after \
    the cut.";
const BYTES: &str = "The same over bytes; each pair loses the second half of another write.";
const MANY: &str = "The transport breaks again and again between eight requests.";
const MANY_BYTES: &str = "The same over bytes.";

/// How many deliveries the conversation has: a welcome, requests and answers; or an upgrade, its
/// answer with the welcome, both requests at once, and answers.
const DELIVERIES: usize = 5;

fn cuts(
    name: &'static str,
    about: &'static str,
    bytes: bool,
    host: Host,
    cut: fn(usize) -> Cut,
) -> Scene {
    let mut scene = Scene::new(name, about);
    // A host that is late does nothing before the requests have come.
    let first = if host == Host::Late { 1 } else { 0 };
    for at in first..DELIVERIES {
        let place = format!("-{at}");
        let mut pair = Pair::new(&mut scene, &place, bytes, host, cut(at));
        pair.connect();
        pair.ask(&["one", "two"]);
        pair.settle();
        assert_eq!(pair.connects, 2, "{name}: nothing was cut at {at}");
        scene.audit(&format!("client{place}")).all_answered_in_order(2);
        scene.audit(&format!("hub{place}")).each_effect_once(2);
    }
    scene
}

/// Cuts between any two requests, some of them twice, with the answers on their way.
fn again_and_again(name: &'static str, about: &'static str, bytes: bool) -> Scene {
    let mut scene = Scene::new(name, about);
    let mut pair = Pair::new(&mut scene, "", bytes, Host::Late, Cut::Never);
    pair.connect();
    pair.settle();
    for (at, request) in ["one", "two", "three", "four"].into_iter().enumerate() {
        pair.ask(&[request]);
        if at % 2 == 0 {
            pair.break_off();
        }
        pair.ask(&[&format!("{request} and a half")]);
        pair.settle();
        if at != 2 {
            pair.break_off();
        }
    }
    assert!(pair.connects >= 4, "{}", pair.connects);
    scene.audit("client").all_answered_in_order(8);
    scene.audit("hub").each_effect_once(8);
    scene
}
