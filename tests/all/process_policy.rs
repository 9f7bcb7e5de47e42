//! What a guest may run, and what its children may reach: each refusal beside its permission.

use std::fs;
use std::net::TcpListener;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use super::support::{Ran, Running, guest, in_repository, run};

/// Has a guest run something.
fn ask(flags: &[&str], words: &[&str]) -> Ran {
    run(flags, &guest("process_asked"), words)
}

#[track_caller]
fn says(flags: &[&str], words: &[&str], expected: &str) {
    let ran = ask(flags, words);
    ran.passes();
    assert_eq!(ran.stdout, expected);
}

/// Checks that the guest got the code, and that the host named what would grant it.
#[track_caller]
fn is_denied(flags: &[&str], words: &[&str], said: &[&str]) {
    let ran = ask(flags, words);
    ran.fails(1, &["aio-host: refused: ", "access-denied"]);
    ran.fails(1, said);
}

/// A policy file, deleted with its folder.
struct File(TempDir);

impl File {
    fn new(content: &str) -> Self {
        let file = Self(tempfile::tempdir().unwrap());
        fs::write(file.path(), content).unwrap();
        file
    }

    fn path(&self) -> PathBuf {
        self.0.path().join("p.toml")
    }

    fn flag(&self) -> String {
        format!("--policy={}", self.path().display())
    }
}

#[test]
fn running_needs_its_flag() {
    let words = ["/bin/echo", "hi"];
    let flag = "--allow-run=/bin/echo would allow it";
    is_denied(&[], &words, &["run /bin/echo hi: not granted", flag]);
    is_denied(&["--allow-run=/bin/cat"], &words, &[flag]);
    is_denied(&["--allow-run=/bin/echo ho"], &words, &[flag]);
    is_denied(&["--allow-net", "--dir=/tmp"], &words, &[flag]);
    for flag in [
        "--allow-run=/bin/echo",
        "--allow-run=echo hi",
        "--allow-run",
        "--allow-run=*",
        "-A",
    ] {
        says(&[flag], &words, "hi\n");
    }
    let file = File::new("[allow]\nrun = ['echo']\n");
    says(&[&file.flag()], &words, "hi\n");
}

#[test]
fn the_path_of_the_guest_finds_no_program() {
    let folder = tempfile::tempdir().unwrap();
    let path = format!("PATH={}", folder.path().display());
    fs::copy("/bin/cat", folder.path().join("echo")).unwrap();
    let flags = ["--allow-run=echo", "--allow-child-env=PATH", "--env", &path];
    says(&flags, &[&path, "echo", "hi"], "hi\n");
}

#[test]
fn arguments_are_words_whatever_they_contain() {
    let flags = ["--allow-run=/bin/echo 'a b' c"];
    says(&flags, &["echo", "a b", "c", "; $(id)"], "a b c ; $(id)\n");
    is_denied(&flags, &["echo", "a", "b", "c"], &["--allow-run=echo"]);
    is_denied(&flags, &["echo", "a b"], &["--allow-run=echo"]);
    is_denied(&flags, &["echo", "a b", "cc"], &["--allow-run=echo"]);
}

#[test]
fn the_shell_has_to_be_granted_as_such() {
    let words = ["shell", "echo $((1 + 1))"];
    let flag = "--allow-run=\"/bin/sh -c\" would allow it";
    is_denied(&[], &words, &[flag]);
    is_denied(&["--allow-run=/bin/echo"], &words, &[flag]);
    is_denied(&["--allow-run=/bin/sh -e"], &words, &[flag]);
    for flag in [
        "--allow-run=/bin/sh -c",
        "--allow-run=/bin/sh -c 'echo $((1 + 1))'",
    ] {
        says(&[flag], &words, "2\n");
    }
}

#[test]
fn a_deny_beats_every_allow() {
    let file = File::new("[deny]\nrun = ['/bin/sh -c']\n");
    let flags = ["-A", &file.flag()];
    is_denied(&flags, &["shell", ":"], &["denied by the policy's rule"]);
    says(&flags, &["/bin/echo", "hi"], "hi\n");
}

#[test]
fn what_is_not_there_is_told_only_to_who_may_run_it() {
    for absent in ["/no/such/program", "no-such-program"] {
        ask(&["--allow-run"], &[absent]).fails(1, &["not-found"]);
        is_denied(&["--allow-run=echo"], &[absent], &["not granted"]);
    }
}

#[test]
fn a_program_that_the_guest_could_replace_is_no_rule() {
    let folder = tempfile::tempdir().unwrap();
    let tool = folder.path().join("tool");
    fs::copy("/bin/echo", &tool).unwrap();
    let rule = format!("--allow-run={}", tool.display());
    let words = [tool.to_str().unwrap(), "hi"];
    for (mode, refused) in [("", true), (":ro", false)] {
        let dir = format!("--dir={}::/data{mode}", folder.path().display());
        match refused {
            true => ask(&[&rule, &dir], &words).fails(2, &[&rule, ":ro"]),
            false => says(&[&rule, &dir], &words, "hi\n"),
        }
        says(&["--allow-run", &dir], &words, "hi\n");
    }
}

#[test]
fn the_environment_is_what_was_granted() {
    let run = "--allow-run=/usr/bin/env";
    says(&[run], &["env"], "");
    says(&[run, "--env=A=1"], &["env"], "A=1\n");
    says(
        &[run, "--env=A=1", "--env=B=2"],
        &["-", "B=2", "env"],
        "B=2\n",
    );
    let flag = "set A for a child: not granted; --allow-child-env=A would allow it";
    is_denied(&[run, "--env=A=1"], &["A=2", "env"], &[flag]);
    is_denied(&[run], &["A=1", "env"], &[flag]);
    for rule in ["A", "B,A", "*"] {
        let rule = format!("--allow-child-env={rule}");
        says(&[run, &rule], &["A=2", "env"], "A=2\n");
    }
}

#[test]
fn what_loads_code_is_no_childs_unless_it_is_named() {
    let run = "--allow-run=/usr/bin/env";
    let flag = "--allow-child-env=LD_LIBRARY_PATH would allow it";
    let words = ["-", "LD_LIBRARY_PATH=/none", "env"];
    is_denied(&[run, "--allow-child-env=*"], &words, &[flag]);
    is_denied(&["-A"], &words, &[flag]);
    for rule in ["LD_LIBRARY_PATH", "LD_*"] {
        let rule = format!("--allow-child-env={rule}");
        says(&[run, &rule], &words, "LD_LIBRARY_PATH=/none\n");
    }
    says(&[run, "--env=PYTHONPATH=/none"], &["env"], "");
}

#[test]
fn a_child_has_the_limits_that_were_set() {
    let script = ["shell", "ulimit -t; ulimit -v; ulimit -n"];
    let run = "--allow-run=/bin/sh -c";
    let limit = "--child-limit=cpu=7s,mem=512MiB,files=19";
    says(&[run, limit], &script, "7\n524288\n19\n");
    let file = File::new("[limits]\nchild-limit = 'files=20'\n");
    let number = ["shell", "ulimit -n"];
    says(&[run, &file.flag()], &number, "20\n");
    says(
        &[run, &file.flag(), "--child-limit=files=21"],
        &number,
        "21\n",
    );
}

/// `in/file` and, beside what is granted, `secret`.
struct Data(TempDir);

impl Data {
    fn new() -> Self {
        let data = Self(tempfile::tempdir().unwrap());
        fs::create_dir(data.path("in")).unwrap();
        fs::write(data.path("in/file"), "granted\n").unwrap();
        fs::write(data.path("secret"), "secret\n").unwrap();
        data
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn flag(&self, mode: &str) -> String {
        format!("--dir={}::/data{mode}", self.path("in").display())
    }

    /// Has a guest run a script that may use `cat`, confined or not.
    fn script(&self, mode: &str, flags: &[&str], script: &str) -> Ran {
        let dir = self.flag(mode);
        let own = ["--allow-run=/bin/sh -c", "--allow-run=cat", &dir];
        ask(&[&own, flags].concat(), &["shell", script])
    }
}

const CONFINED: &[&str] = &["--confine-children"];

#[test]
fn a_confined_child_reads_what_is_granted_and_nothing_beside_it() {
    let data = Data::new();
    let cat = |name: &str| format!("/bin/cat {}", data.path(name).display());
    for (script, refused) in [
        (cat("in/file"), false),
        (cat("in/../secret"), true),
        (cat("secret"), true),
        ("/bin/cat /etc/passwd".to_owned(), true),
    ] {
        data.script(":ro", &[], &script).passes();
        match refused {
            true => data
                .script(":ro", CONFINED, &script)
                .fails(1, &["Permission denied"]),
            false => data.script(":ro", CONFINED, &script).passes(),
        }
    }
}

#[test]
fn a_confined_child_writes_where_the_guest_may() {
    let data = Data::new();
    let script = format!("echo new > {}", data.path("in/new").display());
    data.script("", CONFINED, &script).passes();
    data.script(":ro", &[], &script).passes();
    data.script(":ro", CONFINED, &script)
        .fails(1, &["Permission denied"]);
}

#[test]
fn a_confined_child_runs_the_programs_that_are_granted() {
    let data = Data::new();
    data.script(":ro", &[], "/bin/ls /").passes();
    data.script(":ro", CONFINED, "/bin/ls /usr/share")
        .fails(1, &["Permission denied"]);
    data.script(
        ":ro",
        &["--confine-children", "--allow-run"],
        "/bin/ls /usr/share",
    )
    .passes();
}

/// Otherwise the guest could name any file there, and its child would read that.
#[test]
fn the_first_line_of_a_script_that_the_guest_could_write_grants_nothing() {
    let data = Data::new();
    let (shell, script) = (data.path("shell"), data.path("in/script"));
    fs::copy("/bin/sh", &shell).unwrap();
    fs::copy("/bin/sh", &script).unwrap();
    fs::write(&script, format!("#!{}\necho ran\n", shell.display())).unwrap();
    let words = [script.to_str().unwrap()];
    for (mode, runs) in [(":ro", true), ("", false)] {
        let flags = ["--allow-run", &data.flag(mode)];
        says(&flags, &words, "ran\n");
        let confined = [&flags, CONFINED].concat();
        match runs {
            true => says(&confined, &words, "ran\n"),
            false => ask(&confined, &words).fails(1, &["not-permitted"]),
        }
    }
}

#[test]
fn a_confined_child_has_the_network_only_if_the_guest_has_all_of_it() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let script = format!("import socket; socket.create_connection(('127.0.0.1', {port}))");
    let words = ["/usr/bin/python3", "-I", "-S", "-c", &script];
    let own = "--allow-run=/usr/bin/python3";
    says(&[own], &words, "");
    let one = format!("--allow-net=127.0.0.1:{port}");
    let no_deny = File::new("");
    let a_deny = File::new("[deny]\nnet = ['10.0.0.0/8']\n");
    for (flags, reaches) in [
        (vec![own], false),
        (vec![own, &one], false),
        (vec![own, "--allow-net"], false),
        (vec![own, "--allow-net", "--allow-listen=*:*"], true),
        (vec!["-A", &no_deny.flag()], true),
        (vec!["-A", &a_deny.flag()], false),
    ] {
        let ran = ask(&[&flags[..], CONFINED].concat(), &words);
        match reaches {
            true => ran.passes(),
            false => ran.fails(1, &["PermissionError"]),
        }
    }
}

#[test]
fn a_confined_child_signals_nobody_but_its_own() {
    let data = Data::new();
    data.script(":ro", &[], "kill -0 $PPID").passes();
    if keeps_signals() {
        data.script(":ro", CONFINED, "kill -0 $PPID")
            .fails(1, &["Code(1)"]);
    }
    data.script(":ro", CONFINED, "cat & kill $!; kill -0 $$")
        .passes();
}

/// Whether the kernel is Linux 6.12 or newer: before that, signals are not kept back.
fn keeps_signals() -> bool {
    let release = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap();
    let mut numbers = release.split('.').map(|number| number.parse::<u32>());
    let mut next = || numbers.next().unwrap().unwrap();
    (next(), next()) >= (6, 12)
}

/// A kernel without Landlock is one whose call for it is missing.
#[test]
fn where_nothing_confines_no_guest_is_started() {
    let without = "import ctypes, os, struct, sys
steps = [(0x20, 0, 0, 0), (0x15, 0, 1, 444), (0x06, 0, 0, 0x50026), (0x06, 0, 0, 0x7fff0000)]
program = ctypes.create_string_buffer(b''.join(struct.pack('HBBI', *step) for step in steps))
head = ctypes.create_string_buffer(struct.pack('HxxxxxxQ', len(steps), ctypes.addressof(program)))
libc = ctypes.CDLL(None, use_errno=True)
assert libc.prctl(38, 1, 0, 0, 0) == 0 and libc.prctl(22, 2, head) == 0
os.execv(sys.argv[1], sys.argv[1:])";
    let enter = ["/usr/bin/python3", "-c", without];
    let words = ["echo", "hi"];
    let ask = |flags: &[&str]| {
        let flags = [&["--allow-run=echo"], flags].concat();
        Running::start_in(&enter, &flags, &guest("process_asked"), &words).end()
    };
    ask(&[]).passes();
    let refused = ask(CONFINED);
    refused.fails(2, &["--confine-children", "Landlock"]);
    assert_eq!(refused.stdout, "");
}

#[test]
fn check_tells_the_flags() {
    let path = guest("process_asked");
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_aio-host"))
        .args([Path::new("check"), &path])
        .env("XDG_CACHE_HOME", super::support::cache())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    for flag in ["  --allow-run\n", "  --allow-child-env\n"] {
        assert!(said.contains(flag), "{said}");
    }
}

#[test]
fn the_manual_says_that_a_child_is_outside_of_the_sandbox() {
    for manual in ["README.md", "docs/permissions.md"] {
        let text = fs::read_to_string(in_repository(manual)).unwrap();
        assert!(
            text.contains("**A child is outside of the sandbox.**"),
            "{manual}"
        );
    }
}
