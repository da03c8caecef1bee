use super::*;
use crate::dedup::{Window, WindowConfig};
use crate::limits::Rate;
use crate::routing::Table;
use crate::seed::Seed;

struct Gate {
    admission: Admission,
    requests: Requests,
    metrics: Metrics,
    scan: Scan,
    user: UserKey,
    free: bool,
    turn: Turn,
}

impl Gate {
    fn new(change: impl FnOnce(&mut HubConfig)) -> Self {
        let mut config = HubConfig::default();
        change(&mut config);
        let seed = || Seed::from_number(1);
        let violations = Violations::new(1, Duration::from_secs(60), 8);
        let rates = RateLimiter::new(config.rates.clone(), seed());
        let router = Router::new(Arc::new(Table::default()), seed());
        let window = Window::new(WindowConfig::default(), seed());
        let requests = Requests::new(4, config.request_timeout, window);
        let user = requests.user_key("ada");
        let admission = Admission::new(&Arc::new(config), violations, rates, router);
        let (metrics, scan) = (Metrics::default(), Scan::EMPTY);
        Self { admission, requests, metrics, scan, user, free: true, turn: Turn::Now }
    }

    fn examine(&mut self, text: &str) -> Action {
        let now = Now::new(Mono::ZERO, crate::time::Wall::EPOCH);
        let sender = Sender { now, user: self.user, free: self.free, turn: self.turn, agent: None };
        let Self { admission, requests, metrics, scan, .. } = self;
        admission.examine(sender, text, scan, requests, metrics)
    }

    fn reason(&mut self, text: &str) -> RefusalReason {
        match self.examine(text) {
            Action::Refuse { reason, .. } => reason,
            other => panic!("{other:?}"),
        }
    }

    fn refuse(&mut self, reason: &RefusalReason) -> Refusal {
        self.admission.refuse(Mono::ZERO, Some(self.user), reason, &mut self.metrics)
    }
}

const CHAT: &str = r#"{"type":"chat","id":"a","message":"hello","stream":true}"#;

#[test]
fn a_request_is_admitted_once_and_is_a_repeat_from_then_on() {
    let mut gate = Gate::new(|_| {});
    let Action::Request { id, pieces, key, .. } = gate.examine(CHAT) else { panic!("no request") };
    assert_eq!(id.as_ref().map(InlineText::as_str), Some("\"a\""));
    assert!(pieces);
    let Action::Repeat { key: again, first: First::Pending, .. } = gate.examine(CHAT) else {
        panic!("no repeat")
    };
    assert_eq!(key, Some(again));
}

#[test]
fn what_is_refused_may_be_tried_again_under_the_same_id() {
    let mut gate = Gate::new(|_| {});
    gate.free = false;
    assert_eq!(gate.reason(CHAT), RefusalReason::Busy);
    gate.free = true;
    assert!(matches!(gate.examine(CHAT), Action::Request { .. }));
}

#[test]
fn the_kind_of_a_message_says_what_is_done_with_it() {
    let mut gate = Gate::new(|config| config.accepts.push("mine".into()));
    assert!(matches!(gate.examine(r#"{"type":"ping"}"#), Action::Ping { id: None }));
    assert!(matches!(gate.examine(r#"{"type":"pong"}"#), Action::Pong));
    assert!(matches!(gate.examine(r#"{"type":"auth","token":""}"#), Action::Life));
    assert!(matches!(gate.examine(r#"{"type":"auth","token":"t"}"#), Action::Renewal { .. }));
    let update = gate.examine(r#"{"type":"context_update","context":{}}"#);
    assert!(matches!(update, Action::Message { acknowledge: true, .. }));
    let mine = gate.examine(r#"{"type":"mine"}"#);
    assert!(matches!(mine, Action::Message { acknowledge: false, .. }));
    assert_eq!(gate.reason(r#"{"type":"other"}"#), RefusalReason::UnknownType);
    assert!(matches!(gate.reason("nothing"), RefusalReason::Envelope(_)));
    let long = format!(r#"{{"type":"chat","id":"{}"}}"#, "x".repeat(MAX_ID));
    assert_eq!(gate.reason(&long), RefusalReason::IdTooLong);
}

#[test]
fn a_repeat_costs_nothing_of_the_rate_of_requests() {
    let mut gate = Gate::new(|config| {
        let rate = Rate::new(1, Duration::from_secs(60));
        config.rates = config.rates.clone().with(RateClass::Message, rate);
    });
    assert!(matches!(gate.examine(CHAT), Action::Request { .. }));
    assert!(matches!(gate.examine(CHAT), Action::Repeat { .. }));
    let other = CHAT.replace("\"a\"", "\"b\"");
    assert!(matches!(gate.reason(&other), RefusalReason::Rate(_)));
}

#[test]
fn one_refusal_too_many_closes_and_an_unknown_type_never_does() {
    let mut gate = Gate::new(|_| {});
    for _ in 0..3 {
        let refusal = gate.refuse(&RefusalReason::UnknownType);
        assert_eq!((refusal.close, refusal.left.is_some()), (None, true));
    }
    let first = gate.refuse(&RefusalReason::IdTooLong);
    assert_eq!((first.close, first.left), (None, Some(0)));
    assert_eq!(first.message, "the id is too long");
    let second = gate.refuse(&RefusalReason::IdTooLong);
    assert_eq!((second.close, second.left), (Some(TooMany::Faults), None));
}
