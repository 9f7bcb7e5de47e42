//! The interpreter at a terminal: a prompt when there is nothing to run.

use crate::stdio::pty::{Errors, Session};

use super::{PYTHON, compile};

fn session() -> Session {
    let mut session = launch(&[]);
    session.shows("Python 3.14.");
    session.shows(">>> ");
    session
}

fn launch(words: &[&str]) -> Session {
    compile();
    Session::launch(Errors::Shown, &[&PYTHON, words].concat())
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

#[test]
fn an_interrupt_takes_back_what_was_typed() {
    let mut session = session();
    session.types(b"x = 1\n");
    session.shows(">>> ");
    session.types(b"if x:\n");
    session.shows("... ");
    for _ in 0..3 {
        session.types(b"\x03");
        session.shows("\r\nKeyboardInterrupt\r\n>>> ");
    }
    session.types(b"x + 1\n");
    session.shows("\r\n2\r\n>>> ");
    session.types(b"exit()\n");
    assert_eq!(session.end().0, Some(0));
}

#[test]
fn a_prompt_follows_a_program_and_knows_its_names() {
    let mut session = launch(&["-i", "-q", "-c", "x = 6; 1 / 0"]);
    session.shows("ZeroDivisionError: division by zero\r\n>>> ");
    session.types(b"x * 7\n");
    session.shows("\r\n42\r\n>>> ");
    session.types(b"\x04");
    assert_eq!(session.end().0, Some(0));
}

#[test]
fn lines_of_asyncios_prompt_may_await_while_tasks_go_on() {
    let mut session = launch(&["-m", "asyncio"]);
    session.shows("asyncio REPL 3.14.");
    session.shows(">>> import asyncio\r\n>>> ");
    session
        .types(b"async def later(): await asyncio.sleep(0.01); print('in between'); done.set()\n");
    session.shows("... ");
    session.types(b"\n");
    session.shows(">>> ");
    session.types(b"done = asyncio.Event(); task = asyncio.create_task(later())\n");
    // Nothing is awaited: the prompt alone is waiting.
    session.shows("in between\r\n");
    session.types(b"await done.wait()\n");
    session.shows("\r\nTrue\r\n>>> ");
    session.types(b"await asyncio.sleep(0, 6) * 7\n");
    session.shows("\r\n42\r\n>>> ");
    session.types(b"1 / 0\n");
    session.shows("Traceback (most recent call last):\r\n  File \"<stdin>\", line 1");
    session.shows("ZeroDivisionError: division by zero\r\n>>> ");
    session.types(b"print('begun'); await asyncio.Event().wait()\n");
    session.shows("\r\nbegun\r\n");
    session.types(b"\x03");
    session.shows("\r\nKeyboardInterrupt\r\n>>> ");
    session.types(b"raise SystemExit(3)\n");
    session.shows("exiting asyncio REPL...\r\n");
    assert_eq!(session.end().0, Some(3));
}
