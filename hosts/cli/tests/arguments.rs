//! Bad flags and files end with one clear line and exit code 2; help is on standard output.

mod support;

use clap::CommandFactory as _;
use support::{file, one_line, pamlink};

#[test]
fn bad_flags_end_with_one_line_and_code_2() {
    for (args, part) in [
        (&[][..], "a command is missing"),
        (&["reprot"], "report"),
        (&["report", "--quik"], "--quick"),
        (&["report", "--seed", "x"], "--seed <N>"),
        (&["report", "--suite", "nothing"], "no suite is called \"nothing\""),
        (&["token"], "--user <ID>"),
        (&["token", "--user", "ada"], "--jwt-secret-file"),
        (&["token", "--user", "", "--dev"], "at least one character"),
        (&["token", "--user", "ada", "--dev", "--ttl", "1w"], "such as 90s or 1h"),
        (&["token", "--user", "ada", "--dev", "--jwt-secret-file", "x"], "cannot be used with"),
        (&["token", "--user", "ada", "--jwt-secret-file", "/nowhere/at/all"], "/nowhere/at/all"),
        (&["serve", "--dev", "--pace", "soon"], "such as 90s or 1h"),
        (&["routes"], "a command is missing"),
        (&["routes", "check"], "<FILE>"),
    ] {
        let line = one_line(args, 2);
        assert!(line.contains(part), "{args:?}: {line}");
    }
}

#[test]
fn a_directory_that_cannot_be_written_is_named() {
    let taken = file("taken", "a file, not a folder");
    let line = one_line(&["report", "--out", &taken], 2);
    assert!(line.contains(&taken), "{line}");
}

#[test]
fn a_short_secret_is_refused_without_being_shown() {
    let path = file("short-secret", "tooshort\n");
    let line = one_line(&["token", "--user", "ada", "--jwt-secret-file", &path], 2);
    assert!(line.contains("32 bytes or more, found 8"), "{line}");
    assert!(!line.contains("tooshort"), "{line}");
}

#[test]
fn help_is_on_standard_output() {
    for command in [&["--help"][..], &["report", "--help"], &["token", "--help"]] {
        let output = pamlink(command);
        assert!(output.status.success() && output.stderr.is_empty(), "{command:?}");
        let text = String::from_utf8(output.stdout).expect("it is text");
        assert!(text.contains("Usage: pamlink"), "{text}");
    }
    for command in ["chat", "serve"] {
        let text = String::from_utf8(pamlink(&[command, "--help"]).stdout).expect("it is text");
        assert!(text.contains("--record <FILE>") && text.contains("no token"), "{text}");
    }
    let text = String::from_utf8(pamlink(&["replay", "--help"]).stdout).expect("it is text");
    assert!(text.contains("pamlink serve --dev --record server.jsonl"), "{text}");
}

#[test]
fn every_command_and_every_flag_is_described() {
    fn walk(command: &clap::Command) {
        assert!(command.get_about().is_some(), "{} is not described", command.get_name());
        for flag in command.get_arguments() {
            assert!(flag.get_help().is_some(), "{}: {}", command.get_name(), flag.get_id());
        }
        command.get_subcommands().for_each(walk);
    }
    let command = pamlink_cli::args::Cli::command();
    command.clone().debug_assert();
    walk(&command);
}

#[test]
fn the_version_is_one_line() {
    let output = pamlink(&["--version"]);
    let expected = format!("pamlink {}\n", env!("CARGO_PKG_VERSION"));
    assert_eq!(String::from_utf8_lossy(&output.stdout), expected);
}
