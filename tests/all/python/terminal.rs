//! The interpreter at a terminal: a prompt when there is nothing to run.

use crate::stdio::pty::{Errors, Session};

use super::{PYTHON, compile};

fn session() -> Session {
    compile();
    let mut session = Session::launch(Errors::Shown, &PYTHON);
    session.shows("Python 3.14.");
    session.shows(">>> ");
    session
}

#[test]
fn what_is_typed_is_run_line_by_line() {
    let mut session = session();
    session.types(b"x = 6\n");
    session.shows("x = 6\r\n>>> ");
    session.types(b"x * 7\n");
    session.shows("\r\n42\r\n>>> ");
    session.types(b"if x:\n");
    session.shows("... ");
    session.types(b"    print('inner')\n");
    session.shows("... ");
    session.types(b"\n");
    session.shows("\r\ninner\r\n>>> ");
    session.types(b"\x04");
    assert_eq!(session.end().0, Some(0));
}

#[test]
fn an_error_is_told_and_the_prompt_comes_back() {
    let mut session = session();
    session.types(b"1 / 0\n");
    session.shows("ZeroDivisionError: division by zero\r\n");
    session.shows(">>> ");
    session.types(b"raise SystemExit(3)\n");
    assert_eq!(session.end().0, Some(3));
}
