//! Guests at a terminal: lines, escapes, size, and raw mode however it ends.

use rustix::process::Signal;

use super::DOORS;
use super::pty::{Errors, Session};
use crate::support::guest;

const TERMINAL: &[&str] = &["--allow-terminal"];

fn start(flags: &[&str], args: &[&str]) -> Session {
    Session::start(flags, &guest("stdio_terminal"), args)
}

#[test]
fn lines_are_read_by_every_door_and_ctrl_d_ends() {
    for door in DOORS {
        let mut session = Session::start(&[], &guest("stdio_copy"), &[door]);
        for line in ["one", "two"] {
            session.types(format!("{line}\n").as_bytes());
            // The terminal's own echo, and then the guest's.
            session.shows(&format!("{line}\r\n"));
            session.shows(&format!("{line}\r\n"));
        }
        session.types(b"\x04");
        let (code, _, errors) = session.end();
        assert_eq!((code, errors.as_str()), (Some(0), "8\n"), "{door}");
    }
}

#[test]
fn escapes_are_left_out_unless_the_terminal_is_granted() {
    let plain = ["grün|abé1mc|\r\n", "bold\r\n"];
    let whole = [
        "\x1b[31mgrün\x1b[0m\x1b]0;title\x07|a\x1b[2Jbé\u{9b}1mc|\r\n",
        "\x1b[1mbold\x1b[m\r\n",
    ];
    for (flags, lines) in [(&[][..], plain), (TERMINAL, whole)] {
        let args = ["escapes"];
        let guest = guest("stdio_terminal");
        let mut session = Session::start_with(Errors::Shown, flags, &guest, &args);
        for line in lines {
            assert_eq!(session.shows(line), "");
        }
        assert_eq!(session.end(), (Some(0), String::new(), String::new()));
    }
}

#[test]
fn the_size_is_told_when_the_terminal_is_granted() {
    let mut session = start(TERMINAL, &["size"]);
    session.shows("80 by 24\r\n");
    assert_eq!(session.end().0, Some(0));

    let mut session = start(&[], &["size"]);
    let (code, shown, errors) = session.end();
    assert_eq!((code, shown.as_str()), (Some(1), ""));
    assert!(errors.contains("--allow-terminal"), "{errors}");
}

#[test]
fn a_change_of_the_size_is_told() {
    let mut session = start(TERMINAL, &["resized"]);
    session.shows("80 by 24\r\n");
    session.resize(132, 50);
    session.shows("132 by 50\r\n");
    assert_eq!(session.end().0, Some(0));
}

#[test]
fn raw_mode_is_denied_unless_the_terminal_is_granted() {
    let mut session = start(&[], &["raw", "return"]);
    let (code, _, errors) = session.end();
    assert_eq!(code, Some(1));
    assert!(errors.contains("--allow-terminal"), "{errors}");
    session.is_as_before();
}

/// A guest that has read one key in raw mode and goes on as `end` says.
fn raw(flags: &[&str], end: &str) -> Session {
    let flags = [TERMINAL, flags].concat();
    let mut session = start(&flags, &["raw", end]);
    session.shows("raw\n");
    assert!(!session.mode().contains("ICANON"), "{}", session.mode());
    // Not even Ctrl-C is more than a key, and no line must end.
    session.types(b"\x03");
    session.shows("key [3]\n");
    session
}

#[test]
fn raw_mode_ends_with_the_guest_however_that_ends() {
    for (end, code) in [("return", 0), ("fail", 1), ("exit", 1), ("trap", 134)] {
        let mut session = raw(&[], end);
        let (ended, shown, errors) = session.end();
        assert_eq!((ended, shown.as_str()), (Some(code), ""), "{end}: {errors}");
        assert!(!errors.contains('\x1b'), "{errors:?}");
        session.is_as_before();
    }
}

#[test]
fn raw_mode_ends_with_a_guest_that_is_killed() {
    let mut session = raw(&["--grace=1h"], "spin");
    session.send(Signal::INT);
    assert_eq!(session.error_line(), "aio-host: stopping, again to kill");
    session.send(Signal::INT);
    assert_eq!(session.error_line(), "aio-host: killed");
    assert_eq!(session.end().0, Some(130));
    session.is_as_before();

    let mut session = raw(&["--timeout=1s"], "spin");
    assert_eq!(session.end().0, Some(134));
    session.is_as_before();
}

#[test]
fn raw_mode_ends_when_the_guest_says_so() {
    let mut session = raw(&[], "back");
    // Line ends are the terminal's again.
    session.shows("back\r\n");
    session.is_as_before();
    session.types(b"\n");
    assert_eq!(session.end().0, Some(0));
}

#[test]
fn the_mode_is_not_changed_from_the_background() {
    let background = ["sh", "-c", "set -m; \"$0\" \"$@\" & wait $!"];
    let guest = guest("stdio_terminal");
    let args = ["raw", "return"];
    let mut session = Session::start_in(&background, Errors::Apart, TERMINAL, &guest, &args);
    let (code, _, errors) = session.end();
    assert_eq!(code, Some(1));
    assert!(errors.contains("raw mode: invalid-state"), "{errors}");
    session.is_as_before();
}

#[test]
fn a_terminal_that_takes_nothing_stops_nothing_but_its_writer() {
    let mut session = start(&[], &["stuck"]);
    assert_eq!(session.error_line(), "alive");
    let (code, shown, errors) = session.end();
    assert_eq!((code, errors.as_str()), (Some(0), ""));
    assert_eq!(shown.len(), 1 << 20);
    assert!(shown.bytes().all(|byte| byte == b'x'));
}

#[test]
fn a_repl_answers_line_by_line() {
    let mut session = Session::start(&["--allow-signal=INT"], &guest("repl"), &[]);
    session.shows("> ");
    for (line, answer) in [
        ("1 + 2 * 3", "7"),
        ("(1 + 2) * -3", "-9"),
        ("7 / 2 - 1", "2"),
        ("1 / 0", "division by zero"),
        ("9223372036854775807 + 1", "too large"),
        ("2 +", "a number is missing"),
        ("2 2", "'2' is out of place"),
        ("x", "x has no value"),
    ] {
        session.types(format!("{line}\n").as_bytes());
        session.shows(&format!("{line}\r\n{answer}\r\n> "));
    }
    session.types(b"x = 6\n");
    session.shows("x = 6\r\n> ");
    session.types(b"x * 7\n");
    session.shows("42\r\n> ");
    session.types(b"\x04");
    assert_eq!(session.end(), (Some(0), "\r\n".to_owned(), String::new()));
}

#[test]
fn ctrl_c_begins_a_new_line_in_a_repl_that_may_hear_it() {
    let mut session = Session::start(&["--allow-signal=INT"], &guest("repl"), &[]);
    session.shows("> ");
    for _ in 0..3 {
        session.types(b"1 + \x03");
        session.shows("^C");
        session.shows("\r\n> ");
    }
    session.types(b"2 + 3\n");
    session.shows("5\r\n> ");
    session.types(b"\x04");
    assert_eq!(session.end().0, Some(0));
}

#[test]
fn ctrl_c_ends_a_repl_that_may_not() {
    let mut session = Session::start(&["--grace=1h"], &guest("repl"), &[]);
    session.shows("> ");
    session.types(b"1 + \x03");
    let refused = session.error_line();
    assert!(refused.contains("--allow-signal"), "{refused}");
    assert_eq!(session.error_line(), "aio-host: stopping, again to kill");
    assert_eq!(session.end().0, Some(0));
}
