//! The standard library, which comes from memory.

use super::{is_as_in_python, prints};

/// Imports every module, and prints those that cannot be, and why.
const IMPORT_ALL: &str = "
import importlib, pkgutil, sys
# The first opens a browser, the second prints a poem, the third that this is no telephone.
for module in pkgutil.iter_modules(['/python']):
    if module.name in ('antigravity', 'this', '_ios_support'):
        continue
    try:
        importlib.import_module(module.name)
    except ImportError as error:
        print(module.name, error.name)
";

/// Modules for a window, a terminal, or code that is native, and what they miss.
const MISSING: [&str; 7] = [
    "bz2 _bz2",
    "ctypes _ctypes",
    "curses _curses",
    "lzma _lzma",
    "pty termios",
    "tty termios",
    "turtle tkinter",
];

#[test]
fn every_module_is_there_but_what_needs_more_than_a_guest_has() {
    let printed = prints(&["-c", IMPORT_ALL]);
    let missing: Vec<_> = printed.lines().collect();
    assert_eq!(missing, MISSING);
}

#[test]
fn its_source_is_there_for_those_who_look() {
    let show = "import inspect, bisect; print(inspect.getsource(bisect.insort).splitlines()[0])";
    is_as_in_python(&["-c", show]);
    let show = "import asyncio, inspect; print(len(inspect.getsource(asyncio.run)) > 100)";
    is_as_in_python(&["-c", show]);
}

#[test]
fn chance_and_the_clock_are_not_those_of_the_build() {
    let show = "import random, os; print(random.random(), os.urandom(8))";
    assert_ne!(prints(&["-c", show]), prints(&["-c", show]));
    let show = "import logging, time; print(abs(time.time_ns() - logging._startTime) < 60e9)";
    assert_eq!(prints(&["-c", show]), "True\n");
}
