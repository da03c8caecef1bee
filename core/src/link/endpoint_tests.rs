use proptest::prelude::*;

use super::*;

#[test]
fn an_address_is_taken_apart_and_put_together() {
    let cases = [
        ("ws://localhost", false, "localhost", 80, "localhost", "/"),
        ("wss://pam.example:8443/a?b=1", true, "pam.example", 8443, "pam.example:8443", "/a?b=1"),
        ("WSS://pam.example:443/a", true, "pam.example", 443, "pam.example", "/a"),
        ("ws://[::1]:80?x", false, "::1", 80, "[::1]", "/?x"),
        ("ws://10.0.0.1:9/", false, "10.0.0.1", 9, "10.0.0.1:9", "/"),
    ];
    for (url, tls, host, port, authority, target) in cases {
        let (endpoint, token) = Endpoint::parse(url).unwrap();
        assert_eq!((endpoint.is_tls(), endpoint.host(), endpoint.port()), (tls, host, port));
        assert_eq!(
            (endpoint.authority().as_str(), endpoint.target(None).as_str()),
            (authority, target)
        );
        assert!(token.is_none());
    }
}

#[test]
fn what_is_wrong_with_an_address_is_named() {
    let long = format!("ws://h/{}", "a".repeat(5_000));
    let cases = [
        ("http://h/", EndpointError::Scheme),
        ("h/ws", EndpointError::Scheme),
        ("ws://", EndpointError::Host),
        ("ws:///path", EndpointError::Host),
        ("ws://[::1", EndpointError::Host),
        ("ws://a_b c/", EndpointError::Characters),
        ("ws://a<b/", EndpointError::Host),
        ("ws://h:0/", EndpointError::Port),
        ("ws://h:65536/", EndpointError::Port),
        ("ws://h:/", EndpointError::Port),
        ("ws://user:secret@h/", EndpointError::UserInfo),
        ("ws://h/#top", EndpointError::Fragment),
        ("ws://h/\u{e9}", EndpointError::Characters),
        (long.as_str(), EndpointError::TooLong),
    ];
    for (url, error) in cases {
        assert_eq!(Endpoint::parse(url).unwrap_err(), error, "{url}");
        assert!(!error.to_string().contains("secret"));
    }
}

#[test]
fn a_token_in_the_text_comes_out_and_is_never_printed() {
    let (endpoint, token) = Endpoint::parse("ws://h/p?a=1&token=s%2Becret&b=2").unwrap();
    let token = token.unwrap();
    assert_eq!(token.expose(), "s+ecret");
    assert_eq!(endpoint.to_string(), "ws://h/p?a=1&b=2");
    assert_eq!(format!("{endpoint:?}"), "Endpoint(ws://h/p?a=1&b=2)");
    assert_eq!(endpoint.url(Some(&token)), "ws://h/p?a=1&b=2&token=s%2Becret");
}

#[test]
fn the_path_of_the_dialect_names_the_user() {
    let endpoint = Endpoint::pam("wss://pam.example/", "a b/ü").unwrap();
    assert_eq!(endpoint.to_string(), "wss://pam.example/api/v1/pam/ws/a%20b%2F%C3%BC");
    for user in ["", "undefined", "null", "[object Object]"] {
        assert_eq!(Endpoint::pam("ws://h", user), Err(EndpointError::User));
    }
    assert_eq!(Endpoint::pam("ws://h?x=1", "u"), Err(EndpointError::Query));
}

#[test]
fn a_prefix_before_the_path_stays_and_is_no_part_of_the_user() {
    for base in ["wss://pam.example", "wss://pam.example/pam", "wss://pam.example/a/b/"] {
        let endpoint = Endpoint::pam(base, "a b/ü").unwrap();
        let prefix = base.trim_end_matches('/');
        assert_eq!(endpoint.to_string(), format!("{prefix}/api/v1/pam/ws/a%20b%2F%C3%BC"));
        assert_eq!(endpoint.user().as_deref(), Some("a b/ü"));
    }
    for other in ["ws://h/pam/", "ws://h/pam/api/v1/pam/ws/", "ws://h/api/v1/pam/ws/a/b", "ws://h"]
    {
        assert_eq!(Endpoint::parse(other).unwrap().0.user(), None, "{other}");
    }
    // A server is asked for what a proxy has taken the prefix from.
    assert_eq!(PamTarget::parse("/pam/api/v1/pam/ws/a"), None);
}

#[test]
fn a_server_reads_user_and_token_or_knows_the_path_is_not_its_own() {
    let target = PamTarget::parse("/api/v1/pam/ws/u-1?x=2&token=a.b%2Fc").unwrap();
    assert_eq!(target.user, "u-1");
    assert_eq!(target.token.as_ref().unwrap().expose(), "a.b/c");
    assert!(!format!("{target:?}").contains("a.b"));
    assert_eq!(PamTarget::parse("/api/v1/pam/ws/u").unwrap().token, None);
    assert_eq!(PamTarget::parse("/api/v1/pam/ws/u?token=").unwrap().token.unwrap().expose(), "");
    for other in ["/", "/health", "/api/v1/pam/ws", "/api/v1/pam/ws/", "/api/v1/pam/ws/a/b"] {
        assert_eq!(PamTarget::parse(other), None, "{other}");
    }
    assert_eq!(PamTarget::parse("/api/v1/pam/ws/%ff"), None);
    assert_eq!(PamTarget::parse("/api/v1/pam/ws/%4"), None);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn what_a_client_builds_a_server_reads(user in "\\PC{1,20}", token in "[!-~]{1,40}") {
        prop_assume!(!matches!(user.as_str(), "undefined" | "null" | "[object Object]"));
        let endpoint = Endpoint::pam("ws://h:1", &user).unwrap();
        let read = PamTarget::parse(&endpoint.target(Some(&Token::new(token.as_str())))).unwrap();
        let (user_read, token_read) = (read.user, read.token.unwrap());
        prop_assert_eq!(user_read, user);
        prop_assert_eq!(token_read.expose(), token);
    }

    #[test]
    fn no_text_makes_the_readers_panic(text in "\\PC{0,60}") {
        let _ = Endpoint::parse(&text);
        let _ = Endpoint::parse(&format!("ws://{text}"));
        let _ = PamTarget::parse(&format!("/api/v1/pam/ws/{text}"));
        let _ = super::super::token::redact(&text);
    }
}

#[test]
fn a_client_states_the_largest_message_where_it_is_not_the_one_supposed() {
    let (mut endpoint, token) = Endpoint::parse("ws://h/api/v1/pam/ws/u?token=t").unwrap();
    for (bytes, stated) in [(1 << 20, None), (4_096, Some(4_096))] {
        endpoint.state_max_message(bytes);
        let target = PamTarget::parse(&endpoint.target(token.as_ref())).unwrap();
        assert_eq!((target.max_message, target.token.as_ref()), (stated, token.as_ref()));
    }
    assert_eq!(endpoint.target(None), "/api/v1/pam/ws/u?max_message=4096");
    for odd in ["", "-1", "1e3", "99999999999999999999999999"] {
        let target = format!("/api/v1/pam/ws/u?max_message={odd}");
        assert_eq!(PamTarget::parse(&target).unwrap().max_message, None, "{odd}");
    }
}
