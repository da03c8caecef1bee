//! A case for a server that needs no host: that judges tokens itself, where what a host would say of
//! a token is in the token, or answers requests itself.

use serde_json::Value;

use super::file::{Case, Does, Input, Output, Step};
use super::play::Stop;

/// Whether a command or event is about what a host says of a token.
pub(super) fn is_about(word: &str) -> bool {
    matches!(word, "authorize" | "refuse")
}

/// Takes out what a host is asked and says, and puts tokens in the places of those that it finds
/// good; `make` makes one.
pub(super) fn judge(
    case: &mut Case,
    mut make: impl FnMut(&Value) -> Result<String, Stop>,
) -> Result<(), Stop> {
    while let Some(event) = case.steps.iter().position(|step| asked(step).is_some()) {
        let token = asked(&case.steps[event]).ok_or("it is there")?;
        let decision = case.steps[event..].iter().position(|step| verdict(step).is_some());
        let Some(decision) = decision.map(|after| event + after) else {
            return Err(Stop::Cannot("it judges tokens itself, at once".to_owned()));
        };
        let between = &case.steps[event + 1..decision];
        let (word, its) = verdict(&case.steps[decision]).ok_or("it is there")?;
        let is_late =
            between.iter().any(|step| !matches!(step.does, Does::Output(Output::Event(_))));
        if is_late || its["why"] == "unavailable" {
            return Err(Stop::Cannot("it judges tokens itself, at once".to_owned()));
        }
        if word == "authorize" {
            let good = make(&its)?;
            let shown = case.steps[..event].iter_mut().rev().find_map(|step| shown(step, &token));
            *shown.ok_or("a token is judged that was not shown")? = good.into();
        }
        case.steps.remove(decision);
        case.steps.remove(event);
    }
    Ok(())
}

/// Whether what a case says of a server is what it says over `pam`.
pub(super) fn is_pam(case: &Case) -> bool {
    case.steps.iter().any(|step| match &step.does {
        Does::Output(Output::Envelope { envelope, .. }) => envelope["pam"].is_object(),
        Does::Input(..) | Does::Time(_) | Does::Output(_) => false,
    })
}

/// Takes out what a host learns of messages, and says to them: to each request at once.
pub(super) fn answer(case: &mut Case) -> Result<(), Stop> {
    let is_reply = |step: Option<&Step>| {
        let Some(Does::Input(at, Input::Command { command, .. })) = step.map(|it| &it.does) else {
            return false;
        };
        at.is_none() && command["reply"].get("left").is_none() && command.get("reply").is_some()
    };
    let mut later = case.steps.iter().enumerate().filter(|(at, step)| {
        matches!(&step.does, Does::Output(Output::Event(event)) if event.get("request").is_some())
            && !is_reply(case.steps.get(at + 1))
    });
    if later.next().is_some() {
        return Err(Stop::Cannot("it answers requests itself, at once".to_owned()));
    }
    case.steps.retain(|step| match &step.does {
        Does::Output(Output::Event(event)) => {
            event.get("request").is_none() && event.get("message").is_none()
        }
        Does::Input(_, Input::Command { command, .. }) => command.get("reply").is_none(),
        Does::Input(..) | Does::Time(_) | Does::Output(_) => true,
    });
    Ok(())
}

/// The token about which a host is asked.
fn asked(step: &Step) -> Option<Value> {
    let Does::Output(Output::Event(event)) = &step.does else { return None };
    Some(event.get("authorize")?["token"].clone())
}

/// What a host says of a token.
fn verdict(step: &Step) -> Option<(&'static str, Value)> {
    let Does::Input(_, Input::Command { command, .. }) = &step.does else { return None };
    let said = |word| Some((word, command.get(word)?.clone()));
    said("authorize").or_else(|| said("refuse"))
}

/// Where a client shows this token.
fn shown<'a>(step: &'a mut Step, token: &Value) -> Option<&'a mut Value> {
    let Does::Input(_, Input::Envelope { envelope, .. }) = &mut step.does else { return None };
    let its = match envelope.get("request") {
        Some(_) => envelope.get_mut("request")?,
        None => envelope,
    };
    its.get_mut("token").filter(|shown| *shown == token)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn case(steps: &Value) -> Case {
        let case = json!({"name": "n", "end": "whole_server", "steps": steps});
        serde_json::from_value(case).expect("a case")
    }

    #[test]
    fn a_token_stands_for_what_a_host_would_say_of_it() {
        let hello = |token| json!({"in": {"type": "hello", "token": token}});
        let asked = json!({"event": {"authorize": {"user": "ann", "token": "t"}}});
        let good = json!({"do": {"authorize": {"user": "bob", "expires": 5}}});
        let welcome = json!({"out": {"type": "welcome"}});
        let mut judged = case(&json!([hello("t"), asked, good, welcome]));
        let wanted = json!({"user": "bob", "expires": 5});
        judge(&mut judged, |its| Ok(format!("for {}", (*its == wanted)))).expect("a token");
        let expected = case(&json!([hello("for true"), welcome]));
        assert_eq!(format!("{judged:?}"), format!("{expected:?}"));

        let bad = json!({"do": {"refuse": {"why": "bad"}}});
        let mut judged = case(&json!([hello("t"), asked, bad, welcome]));
        judge(&mut judged, |_| Err("none".into())).expect("no token");
        assert_eq!(format!("{judged:?}"), format!("{:?}", case(&json!([hello("t"), welcome]))));
    }

    #[test]
    fn over_pam_a_server_may_answer_itself() {
        let steps = [
            json!({"in": "{}"}),
            json!({"event": {"message": {"user": "ann", "body": 1}}}),
            json!({"event": {"request": {"user": "ann", "body": 1}}}),
            json!({"do": {"reply": {"message": "well"}}}),
            json!({"out": {"pam": {"type": "chat_response"}}}),
        ];
        let mut answered = case(&json!(steps));
        assert!(is_pam(&answered));
        answer(&mut answered).expect("each is answered at once");
        let expected = case(&json!([steps[0], steps[4]]));
        assert_eq!(format!("{answered:?}"), format!("{expected:?}"));
        assert!(!is_pam(&case(&json!([{"out": {"type": "ack"}}]))));
        let later = answer(&mut case(&json!([steps[2], {"time": 5}, steps[3], steps[4]])));
        assert!(matches!(later, Err(Stop::Cannot(_))));
    }

    #[test]
    fn a_token_that_is_not_judged_at_once_is_for_a_host() {
        let asked = json!({"event": {"authorize": {"user": "ann", "token": "t"}}});
        let later = json!({"do": {"authorize": {"user": "ann", "expires": 5}}});
        let unavailable = json!({"do": {"refuse": {"why": "unavailable"}}});
        for steps in
            [json!([asked]), json!([asked, {"time": 5}, later]), json!([asked, unavailable])]
        {
            let judged = judge(&mut case(&steps), |_| Ok(String::new()));
            assert!(matches!(judged, Err(Stop::Cannot(_))), "{steps}");
        }
    }
}
