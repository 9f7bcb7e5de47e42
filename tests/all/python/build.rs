//! Programs that become components of their own, and run where nothing else of them is.

use super::super::support::{AIO_HOST, Ran, Running};
use super::{Folder, python, start_in};

const APP: &str = "
import asyncio, sys
from importlib import metadata, resources
import dependency, helper

print(__name__, helper.NAME, dependency.NAME, sys.argv[1:])
print((resources.files('folder') / 'inner/data.txt').read_text(), end='')
print(metadata.version('dependency'))
print(sorted(part.name for part in resources.files('folder').iterdir()))

try:
    import broken
except SyntaxError as error:
    print(error.filename, error.lineno)

async def main():
    raise SystemExit(await asyncio.sleep(0, 7))

asyncio.run(main())
";
const SITE: &str = "venv/lib/python3.14/site-packages";

fn sources() -> Folder {
    Folder::with(&[
        ("app/app.py", APP),
        ("app/helper.py", "NAME = __name__"),
        ("app/broken.py", "x = ("),
        ("app/folder/__init__.py", ""),
        ("app/folder/inner/data.txt", "data\n"),
        ("app/.hidden/secret.py", "x = ("),
        ("app/venv/pyvenv.cfg", ""),
        ("app/venv/other.py", "x = ("),
        (&format!("{SITE}/dependency/__init__.py"), "NAME = __name__"),
        (
            &format!("{SITE}/dependency/old.py"),
            "print 'of another Python'",
        ),
        (
            &format!("{SITE}/dependency-1.5.dist-info/METADATA"),
            "Metadata-Version: 2.1\nName: dependency\nVersion: 1.5\n",
        ),
    ])
}

fn built(words: &[&str]) -> Ran {
    Running::launch(&[&[AIO_HOST, "run"], words].concat()).end()
}

#[test]
fn a_program_its_folder_and_its_packages_become_a_component() {
    let folder = sources();
    let component = folder.file("out.wasm");
    let venv = folder.file("venv");
    let app = folder.file("app/app.py");
    python(&["--venv", &venv, "--build", &app, "-o", &component]).passes();
    for part in ["app", "venv"] {
        std::fs::remove_dir_all(folder.path.join(part)).unwrap();
    }
    // The second time it is known.
    for _ in 0..2 {
        let ran = built(&[&component, "-x", "y"]);
        assert_eq!(ran.code, Some(7), "{ran:?}");
        let expected = "__main__ helper dependency ['-x', 'y']\ndata\n1.5\n\
                        ['__init__.py', 'inner']\n/python/app/broken.py 1\n";
        assert_eq!(ran.stdout, expected);
    }
}

#[test]
fn a_folder_becomes_a_component_of_its_name() {
    let main = "def f():\n    1 / 0\n\nf()\n";
    let folder = Folder::with(&[("tool/__main__.py", main)]);
    start_in(&folder.enter(), &["--build", "tool"])
        .end()
        .passes();
    let ran = built(&[&folder.file("tool.wasm")]);
    ran.fails(
        1,
        &[
            "line 4, in <module>\n    f()\n",
            "line 2, in f\n    1 / 0\n",
        ],
    );
    assert!(!ran.stderr.contains("importlib"), "{ran:?}");
}

#[test]
fn what_is_built_is_granted_nothing_by_that() {
    let folder = Folder::with(&[("app.py", "open(__file__)"), ("data", "")]);
    let component = folder.file("app.wasm");
    python(&["--build", &folder.file("app.py"), "-o", &component]).passes();
    built(&[&component]).fails(1, &["FileNotFoundError"]);
}

#[test]
fn what_cannot_be_built_is_told_and_leaves_nothing() {
    let folder = Folder::with(&[("bad.py", "x = ("), ("empty/data", "")]);
    let build = |name: &str| start_in(&folder.enter(), &["--build", name]).end();
    build("bad.py").fails(1, &["bad.py\", line 1", "SyntaxError: "]);
    build("empty").fails(1, &["can't find '__main__' module"]);
    build("no-such.py").fails(2, &["open no-such.py: No such file"]);
    let file = folder.file("bad.py");
    python(&["--build", &file, "-o", &file]).fails(2, &["both"]);
    let runtime = folder.file("empty/data");
    python(&["--runtime", &runtime, "--build", &file, "-o", &runtime]).fails(2, &["both"]);
    python(&["--build", &file, "-c", "1"]).fails(2, &["--build"]);
    python(&["-o", "x.wasm", "-c", "1"]).fails(2, &["--output"]);
    assert_eq!(std::fs::read_dir(&folder.path).unwrap().count(), 2);
}
