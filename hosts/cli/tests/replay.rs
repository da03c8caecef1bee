//! `--record` of `pamlink chat` and `pamlink serve`, and `pamlink replay`, as somebody meets them in a
//! terminal.

mod support;

use std::io::Write as _;
use std::process::{Command, Stdio};

use support::served::Served;
use support::{file, one_line, pamlink};

/// The path and the text of a recording of one question and its answer.
fn recorded(name: &str) -> (String, String) {
    let server = Served::start(&["--dev"]);
    let path = fresh(name);
    chat(&server, &["--record", &path]);
    let text = std::fs::read_to_string(&path).expect("it was written");
    (path, text)
}

/// A path at which there is nothing.
fn fresh(name: &str) -> String {
    let path = file(name, "");
    std::fs::remove_file(&path).expect("it was there");
    path
}

/// Asks a server a question, and gets its answer.
fn chat(server: &Served, flags: &[&str]) {
    let mut chat = Command::new(env!("CARGO_BIN_EXE_pamlink"))
        .args(["chat", &format!("ws://{}", server.address), "--dev", "--user", "ada"])
        .args(flags)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("the program starts");
    let mut input = chat.stdin.take().expect("it is piped");
    writeln!(input, "is it far?").expect("it reads");
    drop(input);
    let output = chat.wait_with_output().expect("it ends");
    assert!(output.status.success());
    assert!(String::from_utf8_lossy(&output.stdout).contains("is it far?"));
}

#[cfg(unix)]
#[test]
fn a_server_is_recorded_without_tokens_and_explained_line_by_line() {
    let path = fresh("replay-serve.jsonl");
    let mut server = Served::start(&["--dev", "--record", &path]);
    assert_eq!(server.get("/dev/token?user=eve").0, 200);
    // Messages are not compressed though both ends could.
    chat(&server, &["--compress"]);
    server.signal("-TERM");
    assert!(server.child.wait().expect("it ends").success());
    let text = std::fs::read_to_string(&path).expect("it was written");
    assert!(!text.contains("eyJ0eXAi") && !text.contains("eyJhbGci"), "{text}");
    let mode = std::os::unix::fs::PermissionsExt::mode(
        &std::fs::metadata(&path).expect("it is there").permissions(),
    );
    assert_eq!(mode & 0o077, 0, "others can read it");

    let output = pamlink(&["replay", &path]);
    let (out, errors) = (String::from_utf8_lossy(&output.stdout), output.stderr);
    assert_eq!((output.status.code(), errors.is_empty()), (Some(0), true), "{out}");
    let lines: Vec<_> = out.lines().collect();
    assert_eq!(lines.len() + 1, text.lines().count(), "a line for each but the header: {out}");
    let having = |parts: &[&str]| {
        let found = lines.iter().find(|line| parts.iter().all(|part| line.contains(part)));
        found.unwrap_or_else(|| panic!("{parts:?}: {out}"))
    };
    having(&["accept from 127.0.0.1; link 0.0"]);
    having(&["respond 200 with"]);
    having(&["the token is good: ada; opened link", "wrote to link", "welcome"]);
    having(&[" (ada, session ", "bytes, item", "request 0.0 of link", "for chat"]);
    having(&["piece for 0.0: \"is \""]);
    having(&["drain within", "drained"]);
    assert_eq!(*lines.last().unwrap(), "the recording ends: the server has ended");

    let changed = file("replay-serve-changed.jsonl", &text.replacen("is it far?", "is it new?", 1));
    let output = pamlink(&["replay", &changed]);
    let errors = String::from_utf8(output.stderr).expect("it writes text");
    let at = 1 + text.lines().position(|line| line.contains("is it far?")).expect("it was asked");
    assert_eq!(output.status.code(), Some(1), "{errors}");
    assert!(errors.contains(&format!("line {at}: ")), "{errors}");
    assert!(
        one_line(&["serve", "--dev", "--record", "/nowhere/file"], 2).contains("/nowhere/file")
    );
}

#[test]
fn a_chat_is_recorded_without_its_token_and_explained_line_by_line() {
    let (path, text) = recorded("replay-chat.jsonl");
    // The first 8 characters of any token that `--dev` makes are in none of its placeholders.
    assert!(!text.contains("eyJ0eXAi") && !text.contains("eyJhbGci"), "{text}");
    let output = pamlink(&["replay", &path]);
    let (out, errors) = (String::from_utf8_lossy(&output.stdout), output.stderr);
    assert_eq!((output.status.code(), errors.is_empty()), (Some(0), true), "{out}");
    let lines: Vec<_> = out.lines().collect();
    assert_eq!(lines.len() + 1, text.lines().count(), "a line for each but the header: {out}");
    let having = |part: &str| {
        lines.iter().find(|line| line.contains(part)).unwrap_or_else(|| panic!("{part}: {out}"))
    };
    assert!(having("connect: CLOSED to CONNECTING").contains("token renewal in 30.0 s"), "{out}");
    assert!(having("ask \"is it far?\"").contains("; request 0"), "{out}");
    assert!(having("dialed: ").contains("; wrote opening request"), "{out}");
    assert!(having("answer of 0").contains(" bytes: OPEN; piece of 0"), "{out}");
    assert_eq!(*lines.last().unwrap(), "the recording ends: the client has ended");
    #[cfg(unix)]
    {
        let permissions = std::fs::metadata(&path).expect("it is there").permissions();
        let mode = std::os::unix::fs::PermissionsExt::mode(&permissions);
        assert_eq!(mode & 0o077, 0, "others can read it");
    }
}

#[test]
fn what_differs_ends_with_1_and_names_its_line_and_a_bad_file_ends_with_2() {
    let (path, text) = recorded("replay-whole.jsonl");
    let at = 1 + text.lines().position(|line| line.contains("chat_response")).expect("an answer");
    let changed = file("replay-changed.jsonl", &text.replacen("is it far?", "is it new?", 2));
    let output = pamlink(&["replay", &changed]);
    let errors = String::from_utf8(output.stderr).expect("it writes text");
    assert_eq!((output.status.code(), errors.lines().count()), (Some(1), 1), "{errors}");
    assert!(errors.contains(&format!("line {at}: ")) && errors.contains("events ("), "{errors}");

    let version = text.replacen("\"pamlink_recording\":2", "\"pamlink_recording\":3", 1);
    let option = text.replacen("\"options\":{}", "\"options\":{\"max_links\":1}", 1);
    let broken = text.replacen("\"in\":\"connect\"", "\"in\":\"connekt\"", 1);
    for (name, text, part) in [
        ("none", "hello", "line 1: it is no recording"),
        ("version", &version, "line 1: it has format 3"),
        ("option", &option, "line 1: there is no option `max_links`"),
        ("broken", &broken, "line 2: unknown variant `connekt`"),
    ] {
        let path = file(&format!("replay-{name}.jsonl"), text);
        let output = pamlink(&["replay", &path]);
        let errors = String::from_utf8(output.stderr).expect("it writes text");
        assert_eq!((output.status.code(), errors.lines().count()), (Some(2), 1), "{errors}");
        assert!(errors.starts_with(&format!("pamlink: {path}: {part}")), "{errors}");
    }
    assert!(one_line(&["replay", "/nowhere"], 2).contains("/nowhere"));
    let chat = ["chat", "ws://h", "--user", "ada", "--dev", "--record"];
    assert!(one_line(&[&chat[..], &["/nowhere/file"]].concat(), 2).contains("/nowhere/file"));
    let both = one_line(&[&chat[..], &[&path, "--compress"]].concat(), 2);
    assert!(both.contains("cannot be used with"), "{both}");
}

#[cfg(unix)]
#[test]
fn a_file_that_others_could_read_is_nobody_elses_once_it_is_written_to() {
    use std::os::unix::fs::PermissionsExt as _;
    let path = file("replay-was-readable.jsonl", "what was there");
    let open = std::fs::Permissions::from_mode(0o644);
    std::fs::set_permissions(&path, open).expect("it is ours");
    let server = Served::start(&["--dev", "--record", &path]);
    let metadata = std::fs::metadata(&path).expect("it is there");
    assert_eq!(metadata.permissions().mode() & 0o777, 0o600);
    let text = std::fs::read_to_string(&path).expect("it is ours");
    assert!(text.starts_with(r#"{"pamlink_recording""#), "{text}");
    drop(server);
}
