//! Programs in each of their forms, their arguments, and how they end.

use std::process::Command;

use rustix::process::Signal;

use super::super::support::in_repository;
use super::{Folder, is_as_in_python, path_text, prints, python, start, start_in};

const SHOW: &str = "import sys; print(__name__, sys.argv, sys.path[0], helper.NAME)";
const HELPER: (&str, &str) = ("helper.py", "NAME = __name__");

#[test]
fn the_example_says_hello_as_in_python() {
    let hello = path_text(&in_repository("examples/python/hello.py"));
    is_as_in_python(&[&hello, "Ada", "Grace"]);
    is_as_in_python(&[&hello]);
}

#[test]
fn all_that_follows_the_program_is_the_programs() {
    let show = "import sys; print(sys.argv)";
    is_as_in_python(&["-c", show, "-c", "-A", "--dir=.", "--help", "--", "", "é"]);
    is_as_in_python(&["-m", "calendar", "2024", "2"]);
}

#[test]
fn programs_end_as_in_python() {
    let endings = [
        "pass",
        "import sys; sys.exit(3)",
        "import sys; sys.exit(256 + 4)",
        "import sys; sys.exit('no more')",
        "import sys; sys.exit(None)",
        "import os; os._exit(9)",
        "import atexit; atexit.register(print, 'bye'); raise SystemExit(5)",
        "1 / 0",
        "x = (",
        "import no_such_module",
        "import sys; sys.excepthook = lambda *args: print('hook'); raise ValueError",
        "print('to nobody'); import sys; sys.stdout.close()",
    ];
    for ending in endings {
        is_as_in_python(&["-c", ending]);
    }
    let ran = python(&["-m", "no_such_module"]);
    ran.fails(1, &["python3: No module named no_such_module\n"]);
}

#[test]
fn an_interrupt_that_is_not_caught_is_130() {
    let ran = python(&["-c", "raise KeyboardInterrupt"]);
    ran.fails(130, &["Traceback", "\nKeyboardInterrupt\n"]);
}

#[test]
fn a_traceback_shows_the_programs_lines_alone() {
    let folder = Folder::with(&[("fails.py", "def f():\n    raise ValueError('why')\n\nf()\n")]);
    let file = folder.file("fails.py");
    let expected = format!(
        "Traceback (most recent call last):\n  File \"{file}\", line 4, in <module>\n    f()\n    ~^^\n  \
         File \"{file}\", line 2, in f\n    raise ValueError('why')\nValueError: why\n"
    );
    let ran = python(&[&file]);
    assert_eq!((ran.code, ran.stderr), (Some(1), expected));
}

#[test]
fn a_file_finds_what_lies_beside_it() {
    let show = format!("import helper\n{SHOW}\nprint(__file__)");
    let folder = Folder::with(&[("app.py", &show), HELPER]);
    is_as_in_python(&[&folder.file("app.py"), "-x"]);
    let ran = start_in(&folder.enter(), &["app.py", "-x"]).end();
    ran.passes();
    let path = folder.text();
    let expected = format!("__main__ ['app.py', '-x'] {path} helper\n{path}/app.py\n");
    assert_eq!(ran.stdout, expected);
}

#[test]
fn the_folders_above_a_program_are_there() {
    let show = "
import os, pathlib
path = pathlib.Path(__file__).resolve(strict=True)
print(path, [folder.is_dir() for folder in path.parents])
print(path.parts[1] in os.listdir('/'), path.parts[1].encode() in os.listdir(b'/'))
for missing in '/no/such', '/no', path / 'inner':
    print(os.path.exists(missing))
";
    let folder = Folder::with(&[("app.py", show)]);
    is_as_in_python(&[&folder.file("app.py")]);
}

#[test]
fn a_folder_and_an_archive_are_programs() {
    let show = format!("import helper\n{SHOW}");
    let folder = Folder::with(&[("app/__main__.py", &show), ("app/helper.py", HELPER.1)]);
    is_as_in_python(&[&folder.file("app"), "-x"]);
    let archive = folder.file("app.pyz");
    let pack = super::python3(&["-m", "zipapp", &folder.file("app"), "-o", &archive]);
    assert!(pack.status.success());
    is_as_in_python(&[&archive, "-x"]);
}

#[test]
fn a_module_is_found_in_the_working_directory() {
    let show = format!("import helper\n{SHOW}");
    let folder = Folder::with(&[("package/app.py", &show), HELPER]);
    let ran = start_in(&folder.enter(), &["-m", "package.app", "-x"]).end();
    ran.passes();
    let path = folder.text();
    let app = folder.file("package/app.py");
    // The working directory is `/` in the guest, as it may read but was not granted.
    assert!(
        ran.stdout.contains(&format!("['{app}', '-x']")),
        "{path} {ran:?}"
    );
}

#[test]
fn standard_input_is_a_program() {
    let feed = [
        "sh",
        "-c",
        "printf 'import sys; print(sys.argv)' | \"$@\"",
        "sh",
    ];
    for (words, argv) in [(&[][..], "['']\n"), (&["-", "-x"], "['-', '-x']\n")] {
        let ran = start_in(&feed, words).end();
        ran.passes();
        assert_eq!(ran.stdout, argv);
    }
}

#[test]
fn standard_input_is_read_by_the_program() {
    let feed = ["sh", "-c", "printf 'one\\ntwo\\n' | \"$@\"", "sh"];
    let code = "import sys; print([input(), sys.stdin.read()])";
    let ran = start_in(&feed, &["-c", code]).end();
    ran.passes();
    assert_eq!(ran.stdout, "['one', 'two\\n']\n");
}

#[test]
fn output_is_written_at_once_when_that_is_asked_for() {
    let wait = "print('now'); import time; time.sleep(60)";
    let mut running = start(&["-u", "-c", wait]);
    assert_eq!(running.line(), "now");
    running.signal(Signal::KILL);
}

#[test]
fn output_that_cannot_be_written_is_told() {
    let full = ["sh", "-c", "exec \"$@\" > /dev/full", "sh"];
    let ran = start_in(&full, &["-c", "print('lost')"]).end();
    ran.fails(120, &["Exception ignored while flushing sys.stdout"]);
}

#[test]
fn a_reader_that_has_gone_away_is_an_error_as_in_python() {
    let gone = ["bash", "-c", "\"$@\" | true; exit ${PIPESTATUS[0]}", "bash"];
    let code = "while True: print('more')";
    let ran = start_in(&gone, &["-c", code]).end();
    ran.fails(
        120,
        &["Traceback", "BrokenPipeError: ", "flushing sys.stdout"],
    );
}

#[test]
fn development_mode_warns_and_is_seen() {
    let show = "import sys; print(sys.flags.dev_mode, sys._xoptions, sys.warnoptions)";
    is_as_in_python(&["-X", "dev", "-c", show]);
    is_as_in_python(&["-Xa=b", "-W", "error", "-c", show]);
    is_as_in_python(&["-W", "error", "-c", "import warnings; warnings.warn('no')"]);
}

#[test]
fn options_are_seen_as_in_python() {
    let show = "import sys; f = sys.flags; print(f.isolated, f.ignore_environment, f.safe_path, \
                f.no_user_site, f.quiet, f.verbose, f.dont_write_bytecode, f.optimize, f.no_site)";
    is_as_in_python(&["-IqBOO", "-c", show]);
    is_as_in_python(&["-EPsS", "-c", show]);
    let said = [prints(&["-V"]), prints(&["--version"]), prints(&["-VV"])];
    assert!(
        said.iter().all(|said| said.starts_with("Python 3.14.")),
        "{said:?}"
    );
    assert!(said[2].len() > said[1].len() && said[0] == said[1]);
}

#[test]
fn assertions_and_docstrings_are_left_out_when_that_is_asked_for() {
    let helper = "def f():\n    'text'\n    assert False\n";
    let folder = Folder::with(&[
        ("app.py", "import helper as h\nh.f()\nprint(h.f.__doc__)"),
        ("helper.py", helper),
    ]);
    let file = folder.file("app.py");
    for options in [&["-O"][..], &["-OO"], &[]] {
        is_as_in_python(&[options, &[&file]].concat());
    }
    is_as_in_python(&[
        "-O",
        "-c",
        "assert False; print(__debug__, vars(__builtins__)['__debug__'])",
    ]);
}

#[test]
fn a_first_line_is_left_out_and_counted() {
    let folder = Folder::with(&[("app.py", "no (python\nprint('here')\n1 / 0\n")]);
    is_as_in_python(&["-x", &folder.file("app.py")]);
    python(&["-x", &folder.file("app.py")]).fails(1, &["line 3, in <module>"]);
}

#[test]
fn a_prompt_follows_the_program_when_that_is_asked_for() {
    let feed = ["sh", "-c", "printf 'print(x)\\n' | \"$@\"", "sh"];
    let show = "x = 7; raise SystemExit(3)";
    for words in [
        &["-i", "-c", show][..],
        &["-c", "import os; os.environ['PYTHONINSPECT'] = '1'; x = 7"],
    ] {
        let ran = start_in(&feed, words).end();
        assert_eq!((ran.code, &*ran.stdout), (Some(0), "7\n"), "{ran:?}");
        assert!(ran.stderr.ends_with(">>> >>> \n"), "{ran:?}");
        assert!(!ran.stderr.contains("refused"), "{ran:?}");
    }
}

#[test]
fn folders_of_modules_come_from_the_variable() {
    let folder = Folder::with(&[HELPER]);
    let path = format!("PYTHONPATH={}:/no/such", folder.text());
    let show = "import helper, os; print(helper.NAME, 'PYTHONPATH' in os.environ)";
    let ran = start_in(&["env", &path], &["-c", show]).end();
    ran.passes();
    assert_eq!(ran.stdout, "helper False\n");
    let ran = start_in(&["env", &path], &["-E", "-c", show]).end();
    ran.fails(1, &["ModuleNotFoundError: No module named 'helper'"]);
}

#[test]
fn variables_choose_encoding_warnings_and_bounds() {
    let variables = [
        "env",
        "PYTHONIOENCODING=latin1:replace",
        "PYTHONWARNINGS=error,ignore::UserWarning",
        "PYTHONINTMAXSTRDIGITS=700",
        "PYTHONOPTIMIZE=2",
    ];
    let show = "import sys; print(sys.stdout.encoding, sys.stdout.errors, sys.warnoptions, \
                sys.get_int_max_str_digits(), sys.flags.optimize, __debug__)";
    let expected = Command::new("env")
        .args(&variables[1..])
        .args(["python3", "-c", show])
        .output();
    let ran = start_in(&variables, &["-c", show]).end();
    ran.passes();
    assert_eq!(
        ran.stdout,
        String::from_utf8(expected.unwrap().stdout).unwrap()
    );
}

#[test]
fn variables_of_python_are_passed_on_and_no_others() {
    let variables = ["env", "PYTHONASYNCIODEBUG=1", "PYTHONDEVMODE=1", "HOME=/"];
    let show = "import os, sys, asyncio; print(sorted(os.environ), sys.flags.dev_mode, \
                asyncio.coroutines._is_debug_mode())";
    let ran = start_in(&variables, &["-c", show]).end();
    ran.passes();
    let expected = "['PYTHONASYNCIODEBUG', 'PYTHONDEVMODE'] True True\n";
    assert_eq!(ran.stdout, expected);
    assert_eq!(prints(&["-c", show]), "[] False False\n");
}
