//! Who gets in.

use super::support::Host;

#[test]
fn a_good_token_is_welcomed() {
    let mut host = Host::new();
    host.open("ada");
    assert_eq!(host.told(), ["opened ada 1"]);
    assert_eq!((host.hub.links(), host.hub.users()), (1, 1));
}

#[test]
fn a_bad_or_foreign_token_is_accepted_and_then_closed_with_4001() {
    for (token, reason) in [
        ("bad", "bad signature"),
        ("ben", "wrong subject"),
        ("", "missing token"),
        ("ada+-1", "token expired"),
    ] {
        let mut host = Host::new();
        let link = host.dial(&format!("/api/v1/pam/ws/ada?token={token}"));
        let peer = &host.peers[&link];
        assert!(peer.head.starts_with(b"HTTP/1.1 101"), "{token}");
        assert_eq!(peer.closed, Some((4001, reason.to_owned())), "{token}");
        assert!(peer.texts.is_empty());
    }
}

#[test]
fn without_a_token_parameter_or_on_another_path_there_is_no_upgrade() {
    let mut host = Host::new();
    for (target, status) in [("/api/v1/pam/ws/ada", "403"), ("/elsewhere?token=ada", "404")] {
        let link = host.dial(target);
        let peer = &host.peers[&link];
        assert!(peer.status().contains(status), "{}", peer.status());
        assert!(peer.hung_up);
    }
    assert_eq!(host.hub.links(), 0);
}
