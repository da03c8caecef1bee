//! Links with cuts: whatever is lost, every question is answered once and in order, and the hub
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

const MESSAGES: &str = "A client asks three questions over transports of whole messages; each pair \
    loses another message, and all behind it.";
const LATE: &str = "The same, but the host replies when nothing is on its way any more: after \
    the cut.";
const BYTES: &str = "The same over bytes; each pair loses the second half of another write.";
const MANY: &str = "The transport breaks again and again between five questions.";
const MANY_BYTES: &str = "The same over bytes.";

/// How many deliveries the conversation has: a welcome, questions and answers; or an upgrade, its
/// answer with the welcome, all questions at once, and answers.
const fn deliveries(bytes: bool) -> usize {
    if bytes { 6 } else { 7 }
}

fn cuts(
    name: &'static str,
    about: &'static str,
    bytes: bool,
    host: Host,
    cut: fn(usize) -> Cut,
) -> Scene {
    let mut scene = Scene::new(name, about);
    for at in 0..deliveries(bytes) {
        let place = format!("-{at}");
        let mut pair = Pair::new(&mut scene, &place, bytes, host, cut(at));
        pair.connect();
        for question in ["one", "two", "three"] {
            pair.ask(question);
        }
        pair.settle();
        assert_eq!(pair.connects, 2, "{name}: nothing was cut at {at}");
        scene.audit(&format!("client{place}")).all_answered_in_order(3);
        scene.audit(&format!("hub{place}")).each_effect_once(3);
    }
    scene
}

/// Cuts between any two questions, some of them twice, with the answers on their way.
fn again_and_again(name: &'static str, about: &'static str, bytes: bool) -> Scene {
    let mut scene = Scene::new(name, about);
    let mut pair = Pair::new(&mut scene, "", bytes, Host::Late, Cut::Never);
    pair.connect();
    pair.settle();
    for (at, question) in ["one", "two", "three", "four", "five"].into_iter().enumerate() {
        pair.ask(question);
        if at % 2 == 0 {
            pair.break_off();
        }
        pair.ask(&format!("{question} and a half"));
        pair.settle();
        if at != 3 {
            pair.break_off();
        }
    }
    assert!(pair.connects >= 5, "{}", pair.connects);
    scene.audit("client").all_answered_in_order(10);
    scene.audit("hub").each_effect_once(10);
    scene
}
