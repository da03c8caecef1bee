//! Callers that leave, and a client that stops.

use super::*;

impl Host {
    /// The server closes with this code, and the transport ends.
    fn closed_with(&mut self, code: u16) {
        let mut frame = Vec::new();
        self.server.as_mut().unwrap().0.close(CloseCode::new(code), "", &mut frame).unwrap();
        self.client.handle_bytes(self.now, &frame).unwrap();
        self.drain();
        self.cut();
    }

    fn forget(&mut self, request: RequestId) {
        self.client.forget(self.now, request);
        self.drain();
    }
}

/// The events without those of the link.
fn of_requests(events: Vec<String>) -> Vec<String> {
    events.into_iter().filter(|it| !it.starts_with("retrying")).collect()
}

#[test]
fn a_client_that_stops_ends_every_request_and_takes_none_until_it_is_started() {
    let mut host = Host::welcomed(NEW_WELCOME);
    let sent = host.ask("sent");
    host.cut();
    let waiting = host.ask("never sent");
    assert_eq!(host.client.pending(), 2);
    host.pass(Duration::from_secs(2));
    host.open();
    host.events();
    host.closed_with(4003);
    let expected =
        ["stopped refused".to_owned(), format!("unknown {sent}"), format!("unsent {waiting}")];
    assert_eq!(host.events(), expected);
    assert_eq!((host.client.pending(), host.client.pending_bytes()), (0, 0));

    let chat = Chat { message: Some("while stopped".into()), ..Chat::default() };
    assert_eq!(host.client.ask(host.now, &chat), Err(RequestError::Stopped));
    assert_eq!(host.client.send(host.now, r#"{"type":"init"}"#), Err(SendError::Stopped));
    host.client.disconnect(host.now);
    assert_eq!(host.client.ask(host.now, &chat), Err(RequestError::Stopped));

    host.read();
    host.client.connect(host.now);
    host.drain();
    let fresh = host.ask("fresh");
    host.open();
    host.say(NEW_WELCOME);
    // Nothing of before goes out behind anybody's back.
    let read = host.read();
    assert_eq!(read.len(), 1, "{read:?}");
    assert!(read[0].contains("fresh"), "{read:?}");
    host.events();
    host.say(&format!(r#"{{"type":"chat_response","message":"it","reply_to":{}}}"#, {
        let envelope = Envelope::parse(&read[0], 10).unwrap();
        envelope.id().unwrap().to_json()
    }));
    assert_eq!(host.events(), [format!("answer {fresh} it")]);
}

#[test]
fn the_hosts_own_disconnect_leaves_requests_waiting() {
    let mut host = Host::welcomed(NEW_WELCOME);
    let asked = host.ask("before");
    host.client.disconnect(host.now);
    host.drain();
    host.cut();
    let waiting = host.ask("while disconnected");
    assert_eq!(of_requests(host.events()), ["stopped normal"]);
    host.read();
    host.client.connect(host.now);
    host.drain();
    host.open();
    host.say(NEW_WELCOME);
    assert_eq!(host.read().len(), 2, "{asked} and {waiting}");
}

#[test]
fn what_comes_for_a_caller_who_has_left_is_late() {
    let mut host = Host::welcomed(NEW_WELCOME);
    let asked = [host.ask("answered"), host.ask("refused"), host.ask("expired")];
    let ids = host
        .read()
        .into_iter()
        .map(|text| Envelope::parse(&text, 10).unwrap().id().unwrap().to_json());
    let ids: Vec<_> = ids.collect();
    for request in asked {
        host.forget(request);
    }
    let [answered, refused, _] = asked;
    host.say(&format!(r#"{{"type":"chat_response_delta","content":"a","reply_to":{}}}"#, ids[0]));
    host.say(&answer(Some(&ids[0]), "a"));
    host.say(&format!(
        r#"{{"type":"error","error_code":"X","message":"no","reply_to":{}}}"#,
        ids[1]
    ));
    let late = |request| format!("late {:?}", Some::<RequestId>(request));
    assert_eq!(host.events(), [late(answered), late(answered), late(refused)]);
    // Whoever has left misses no end.
    host.pass(Duration::from_secs(61));
    assert_eq!(of_requests(host.events()), Vec::<String>::new());
    assert_eq!(host.client.pending(), 0);
    // What has ended cannot be forgotten.
    host.forget(answered);
}

#[test]
fn from_an_old_server_the_answer_of_a_caller_who_has_left_is_not_the_next_ones() {
    let mut host = Host::welcomed(OLD_WELCOME);
    let (left, stays) = (host.ask("left"), host.ask("stays"));
    host.forget(left);
    host.say(r#"{"type":"chunk","content":"1"}"#);
    host.say(&answer(None, "1"));
    host.say(&answer(None, "2"));
    let late = format!("late {:?}", Some(left));
    assert_eq!(host.events(), [late.clone(), late, format!("answer {stays} 2")]);
}

#[test]
fn a_request_that_was_forgotten_before_it_was_sent_is_not_sent() {
    let mut host = Host::welcomed(NEW_WELCOME);
    host.cut();
    let request = host.ask("never mind");
    host.forget(request);
    assert_eq!(host.client.pending(), 0);
    host.reconnect(NEW_WELCOME);
    assert_eq!(host.read(), Vec::<String>::new());
}
