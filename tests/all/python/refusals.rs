//! What a program may not do, or cannot, and what it is told; each beside what it may.

use std::fs;

use super::super::support::{AIO_HOST, Running};
use super::{Folder, prints, python, start_in};

#[test]
fn a_missing_file_is_one_line_and_2() {
    let ran = python(&["/no/such.py"]);
    ran.fails(2, &["aio-host: open /no/such.py: No such file"]);
    assert_eq!(ran.stderr.lines().count(), 1);
}

#[test]
fn a_missing_runtime_is_127_and_says_where_to_get_it() {
    let named = python(&["--runtime", "/no/such.wasm", "-c", "1"]);
    named.fails(127, &["/no/such.wasm"]);
    let by_variable = ["env", "AIO_HOST_PYTHON=/no/such.wasm"];
    start_in(&by_variable, &["-c", "1"])
        .end()
        .fails(127, &["/no/such.wasm"]);
    // A binary that is somewhere else has nothing beside it.
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let elsewhere = folder.path().join("aio-host");
    fs::hard_link(AIO_HOST, &elsewhere).unwrap();
    let ran = Running::launch(&[elsewhere.to_str().unwrap(), "python", "-c", "1"]).end();
    ran.fails(
        127,
        &["cargo xtask guests python", "--runtime", "$AIO_HOST_PYTHON"],
    );
}

#[test]
fn the_programs_folder_is_read_and_not_written() {
    let code = "print(open('data').read())\nopen('new', 'w')";
    let paths = |folder: &Folder| code.replace("open('", &format!("open('{}/", folder.text()));
    let folder = Folder::with(&[("data", "text")]);
    fs::write(folder.path.join("app.py"), paths(&folder)).unwrap();
    let ran = python(&[&folder.file("app.py")]);
    ran.fails(1, &["Error: [Errno "]);
    assert_eq!(ran.stdout, "text\n");
    assert!(!folder.path.join("new").exists());
    let granted = format!("--dir={}", folder.text());
    python(&[&granted, &folder.file("app.py")]).passes();
    assert!(folder.path.join("new").exists());
}

#[test]
fn what_is_not_granted_is_not_there() {
    let folder = Folder::with(&[("data", "text")]);
    let code = format!("print(open('{}').read())", folder.file("data"));
    python(&["-c", &code]).fails(1, &["FileNotFoundError"]);
    let granted = format!("--dir={}", folder.text());
    assert_eq!(prints(&[&granted, "-c", &code]), "text\n");
}

#[test]
fn a_program_begins_in_the_working_directory_if_it_is_granted() {
    let folder = Folder::with(&[("inner/data", "text")]);
    let code = "import os; print(os.getcwd(), open('inner/data').read())";
    for granted in ["--dir=.", "--dir=./inner/.."] {
        let ran = start_in(&folder.enter(), &[granted, "-c", code]).end();
        ran.passes();
        assert_eq!(ran.stdout, format!("{} text\n", folder.text()));
    }
    let ran = start_in(&folder.enter(), &["-c", "import os; print(os.getcwd())"]).end();
    assert_eq!(ran.stdout, "/\n");
}

#[test]
fn a_thread_is_refused_in_words_that_help() {
    let code = "import threading; threading.Thread(target=print).start()";
    python(&["-c", code]).fails(1, &["RuntimeError: can't start new thread", "asyncio"]);
    let code = "import _thread; _thread.start_new_thread(print, ())";
    python(&["-c", code]).fails(1, &["RuntimeError: can't start new thread"]);
}

#[test]
fn memory_that_is_not_there_is_an_error_that_can_be_caught() {
    let code = "try: bytes(2 * 10**8)\nexcept MemoryError: print('caught')";
    assert_eq!(prints(&["--max-memory=200MiB", "-c", code]), "caught\n");
    assert_eq!(prints(&["-c", code]), "");
    let all = "kept = []\nwhile True: kept.append('a' * 10**6)";
    python(&["--max-memory=200MiB", "-c", all]).fails(1, &["\nMemoryError\n"]);
}

#[test]
fn packages_of_a_virtual_environment_are_imported_and_native_ones_named() {
    let site = "lib/python3.14/site-packages";
    let folder = Folder::with(&[
        (&format!("{site}/pure/__init__.py"), "NAME = 'pure'"),
        (&format!("{site}/fast/__init__.py"), "from . import core"),
        (
            &format!("{site}/fast/core.cpython-314-x86_64-linux-gnu.so"),
            "",
        ),
    ]);
    let pure = "import pure; print(pure.NAME)";
    assert_eq!(prints(&["--venv", folder.text(), "-c", pure]), "pure\n");
    python(&["-c", pure]).fails(1, &["ModuleNotFoundError: No module named 'pure'"]);
    let ran = python(&["--venv", folder.text(), "-c", "import fast"]);
    ran.fails(
        1,
        &["ImportError: fast.core is native code", "linux-gnu.so)"],
    );
    let ran = python(&["--venv", "/no/such", "-c", "1"]);
    ran.fails(2, &["/no/such", "no virtual environment"]);
}
