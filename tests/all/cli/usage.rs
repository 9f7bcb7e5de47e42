//! Help, bad command lines, bad policy files and bad guests.

use std::process::Stdio;

use super::{Folder, Ran, aio_host, command, guest, hello, root};

const RUN_FLAGS: [&str; 33] = [
    "--allow-net",
    "--allow-listen",
    "--allow-unix",
    "--listen-fd",
    "--tls-identity",
    "--allow-env",
    "--env",
    "--allow-run",
    "--allow-child-env",
    "--allow-signal",
    "--allow-terminal",
    "--dir",
    "--allow-all",
    "--policy",
    "--max-memory",
    "--max-stack",
    "--max-handles",
    "--max-sockets",
    "--max-buffered",
    "--max-lookups",
    "--max-operations",
    "--max-children",
    "--child-limit",
    "--child-grace",
    "--confine-children",
    "--max-workers",
    "--max-jobs",
    "--timeout",
    "--fuel",
    "--grace",
    "--no-cache",
    "--allow-precompiled",
    "-A",
];

#[test]
fn help_tells_every_flag_examples_and_exit_codes() {
    let help = aio_host(&["run", "--help"]);
    help.succeeds();
    for word in RUN_FLAGS {
        assert!(help.stdout.contains(word), "{word}");
    }
    for command in ["run", "python", "compile", "check"] {
        let help = aio_host(&[command, "--help"]);
        assert!(help.stdout.contains("Examples:\n"), "{command}");
        assert!(help.stdout.contains("Exit codes:\n"), "{command}");
        assert!(aio_host(&["--help"]).stdout.contains(command));
    }
}

#[test]
fn python_takes_the_flags_of_run_and_its_own() {
    let help = aio_host(&["python", "--help"]).stdout;
    let native = "--allow-precompiled";
    for word in RUN_FLAGS.iter().filter(|flag| **flag != native) {
        assert!(help.contains(word), "{word}");
    }
    assert!(!help.contains(native));
    for word in [
        "-c <CODE>",
        "-m <MOD>",
        "-X <OPT>",
        "-W <RULE>",
        "-V, --version",
        "--venv",
        "--runtime",
        "--build",
        "--output",
    ] {
        assert!(help.contains(word), "{word}");
    }
    for letter in "BEIOPSiqsuvx".chars() {
        assert!(help.contains(&format!("\n  -{letter}")), "{letter}");
    }
}

#[test]
fn every_flag_that_help_tells_is_known_to_this_test() {
    let help = aio_host(&["run", "--help"]).stdout;
    let flags = help
        .lines()
        .filter_map(|line| line.trim_start().strip_prefix("--"));
    for flag in flags {
        let name: String = flag
            .chars()
            .take_while(|c| c.is_alphabetic() || *c == '-')
            .collect();
        assert!(RUN_FLAGS.contains(&format!("--{name}").as_str()), "{name}");
    }
}

#[test]
fn a_bad_command_line_is_one_line_and_2() {
    let run = |args: &[&str]| aio_host(&[&["run"], args, &["g.wasm"]].concat());
    run(&["--nope"]).is_refused(2, &["--nope"]);
    run(&["--alow-net"]).is_refused(2, &["--alow-net", "'--allow-net'"]);
    run(&["--allow-net=10.0.0.1/8"]).is_refused(2, &["10.0.0.1/8", "10.0.0.0/8 is that network"]);
    run(&["--allow-net=::1"]).is_refused(2, &["--allow-net", "brackets"]);
    run(&["--allow-listen=localhost:80"]).is_refused(2, &["localhost", "not an address"]);
    run(&["--allow-listen=127.0.0.1"]).is_refused(2, &["port is missing"]);
    run(&["--allow-unix=/app.sock"]).is_refused(2, &["begins with `@`", "`dir`"]);
    run(&["--allow-unix=@"]).is_refused(2, &["name is empty"]);
    run(&["--allow-env=A=B"]).is_refused(2, &["--allow-env"]);
    run(&["--env=A"]).is_refused(2, &["NAME=VALUE"]);
    run(&["--dir=a::"]).is_refused(2, &["HOST::GUEST"]);
    run(&["--allow-run="]).is_refused(2, &["--allow-run", "program is empty"]);
    run(&["--allow-run=/no/such -x"]).is_refused(2, &["/no/such does not exist"]);
    run(&["--allow-run=no-such-program"]).is_refused(2, &["not found in PATH"]);
    run(&["--allow-run=/bin/sh '"]).is_refused(2, &["quote is not closed"]);
    run(&["--allow-child-env=A*B"]).is_refused(2, &["--allow-child-env", "at the end only"]);
    run(&["--allow-child-env="]).is_refused(2, &["--allow-child-env"]);
    run(&["--allow-signal=NOPE"]).is_refused(2, &["--allow-signal", "TERM"]);
    run(&["--allow-signal=TERM,SIGKILL"]).is_refused(2, &["no program can wait"]);
    run(&["--allow-signal"]).is_refused(2, &["--allow-signal"]);
    run(&["--max-children=-1"]).is_refused(2, &["--max-children"]);
    run(&["--child-limit=cpu=1"]).is_refused(2, &["--child-limit", "5s"]);
    run(&["--child-limit=memory=1"]).is_refused(2, &["cpu=10s,mem=512MiB,files=64"]);
    run(&["--child-grace=5"]).is_refused(2, &["--child-grace", "5s"]);
    run(&["--max-workers=x"]).is_refused(2, &["--max-workers"]);
    run(&["--max-jobs=4294967296"]).is_refused(2, &["--max-jobs"]);
    run(&["--max-memory=1MB"]).is_refused(2, &["--max-memory", "MiB"]);
    run(&["--max-handles=4294967296"]).is_refused(2, &["--max-handles"]);
    run(&["--max-sockets=-1"]).is_refused(2, &["--max-sockets"]);
    run(&["--max-buffered=1MB"]).is_refused(2, &["--max-buffered", "MiB"]);
    run(&["--max-lookups=x"]).is_refused(2, &["--max-lookups"]);
    run(&["--max-operations=4294967296"]).is_refused(2, &["--max-operations"]);
    run(&["--timeout=5"]).is_refused(2, &["--timeout", "5s"]);
    run(&["--grace=-1s"]).is_refused(2, &["--grace"]);
    run(&["--fuel=x"]).is_refused(2, &["--fuel"]);
    aio_host(&["run"]).is_refused(2, &["GUEST"]);
    aio_host(&["compile", "g.wasm"]).is_refused(2, &["--output"]);
    aio_host(&["nope"]).is_refused(2, &["nope"]);
    assert_eq!(aio_host(&[]).code, Some(2));
}

#[test]
#[cfg(unix)]
fn a_listener_that_is_none_is_one_line_and_2() {
    let run = |args: &[&str]| aio_host(&[&["run"], args, &["g.wasm"]].concat());
    for bad in [
        "http",
        "=3",
        "http=",
        "http=2",
        "http=-1",
        "http=4294967299",
    ] {
        run(&["--listen-fd", bad]).is_refused(2, &["--listen-fd", "NAME=FD"]);
    }
    run(&["--listen-fd=http=999999"]).is_refused(2, &["--listen-fd http=999999"]);
}

#[test]
#[cfg(unix)]
fn an_argument_that_is_not_unicode_is_2() {
    use std::os::unix::ffi::OsStrExt;
    let word = std::ffi::OsStr::from_bytes(b"a\xff");
    let output = command(&["run", "g.wasm"]).arg(word).output().unwrap();
    Ran::from(output).is_refused(2, &["not UTF-8"]);
}

#[test]
fn a_bad_policy_file_is_one_line_with_its_place_and_2() {
    let folder = Folder::new();
    let with = |content: &str| {
        let file = folder.write("p.toml", content);
        aio_host(&["run", "--policy", &file, "g.wasm"])
    };
    with("[allow]\n\nnets = []\n").is_refused(2, &["p.toml:3: ", "unknown key `nets`", "`net`"]);
    with("[alow]\n").is_refused(2, &["p.toml:1: ", "unknown key `alow`"]);
    with("[allow\n").is_refused(2, &["p.toml:1: "]);
    with("[deny]\nnet = [\n'a b',\n]").is_refused(2, &["p.toml:3: deny.net: `a b`: "]);
    with("[limits]\ntimeout = 5").is_refused(2, &["p.toml:2: "]);
    with("[allow]\nrun = ['./tool']").is_refused(2, &["p.toml:2: allow.run: `./tool`: "]);
    with("[deny]\nsignal = ['9']").is_refused(2, &["p.toml:2: deny.signal: `9`: "]);
    with("[limits]\nchild-limit = 'cpu=1ms'").is_refused(2, &["p.toml:2: ", "whole seconds"]);
    let missing = folder.arg("missing.toml");
    aio_host(&["run", "--policy", &missing, "g.wasm"]).is_refused(2, &["missing.toml"]);
}

#[test]
fn the_policy_files_of_the_documentation_are_policy_files() {
    let document = std::fs::read_to_string(root().join("docs/permissions.md")).unwrap();
    let (_, rest) = document.split_once("```toml\n").unwrap();
    let (of_document, _) = rest.split_once("```").unwrap();
    let help = aio_host(&["run", "--help"]).stdout;
    let (_, rest) = help.split_once("  [allow]\n").unwrap();
    let (of_help, _) = rest.split_once("\n\n").unwrap();
    for policy in [of_document, &format!("[allow]\n{of_help}")] {
        let folder = Folder::new();
        std::fs::create_dir(folder.path("data")).unwrap();
        let own = rcgen::generate_simple_self_signed(["web".to_owned()]).unwrap();
        folder.write("cert.pem", own.cert.pem());
        folder.write("key.pem", own.signing_key.serialize_pem());
        let file = folder.write("p.toml", policy);
        aio_host(&["run", "--policy", &file, &hello()]).succeeds();
    }
}

#[test]
fn a_guest_that_cannot_be_read_is_127() {
    let folder = Folder::new();
    let missing = folder.arg("missing.wasm");
    for command in ["run", "check"] {
        aio_host(&[command, &missing]).is_refused(127, &["missing.wasm"]);
        aio_host(&[command, &folder.arg("")]).is_refused(127, &[]);
    }
    let output = folder.arg("out.cwasm");
    aio_host(&["compile", &missing, "-o", &output]).is_refused(127, &["missing.wasm"]);
    assert_eq!(folder.names(), [""; 0]);
}

#[test]
fn what_is_no_component_is_126() {
    let folder = Folder::new();
    for (name, content) in [
        ("empty.wasm", &b""[..]),
        ("text.wasm", b"#!/bin/sh\necho hello\n"),
        ("magic.wasm", b"\0asm"),
        ("header.wasm", b"\0asm\x0d\0\x01"),
        ("truncated.wasm", b"\0asm\x0d\0\x01\0\x01\x64\0asm"),
        ("core.wat", b"(module (import \"env\" \"f\" (func)))"),
    ] {
        let file = folder.write(name, content);
        for command in ["run", "check"] {
            aio_host(&[command, &file]).is_refused(126, &[name]);
        }
        let output = folder.arg("out.cwasm");
        aio_host(&["compile", &file, "-o", &output]).is_refused(126, &[name]);
        assert!(!folder.path("out.cwasm").exists());
    }
}

#[test]
fn what_is_wrong_with_a_text_is_shown_at_its_place() {
    let folder = Folder::new();
    let ran = aio_host(&["run", &folder.write("g.wat", "(component (nonsense))")]);
    assert_eq!(ran.code, Some(126), "{ran:?}");
    ran.says(&["aio-host: ", "g.wat", ":1:13", "(component (nonsense))"]);
}

#[test]
fn a_missing_import_is_named_and_126() {
    let ran = aio_host(&["run", &guest("stranger.wat")]);
    ran.is_refused(126, &["example:unknown/oracle@1.0.0"]);
}

#[test]
fn a_guest_without_a_main_call_is_126() {
    aio_host(&["run", &guest("no_main.wat")]).is_refused(126, &["aio:host/run"]);
}

#[test]
fn a_directory_that_does_not_exist_is_2() {
    let folder = Folder::new();
    let dir = folder.arg("missing") + "::/data";
    aio_host(&["run", "--dir", &dir, &guest("files.wat")]).is_refused(2, &["missing"]);
}

#[test]
fn a_guests_error_is_told_and_1() {
    aio_host(&["run", &guest("fail.wat")]).is_refused(1, &["out of luck"]);
}

#[test]
fn a_trap_is_134_with_the_names_of_its_backtrace() {
    let ran = aio_host(&["run", &guest("trap.wat")]);
    assert_eq!(ran.code, Some(134), "{ran:?}");
    ran.says(&["aio-host: ", "unreachable", "culprit", "accomplice"]);
}

#[test]
fn a_reader_that_went_away_is_no_panic() {
    let closed = || {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        Stdio::from(writer)
    };
    let code = |args: &[&str]| {
        let status = command(args).stdout(closed()).stderr(closed()).status();
        status.unwrap().code()
    };
    assert_eq!(code(&["run", "--help"]), Some(0));
    assert_eq!(code(&["check", &hello()]), Some(0));
    assert_eq!(code(&["run", "--nope"]), Some(2));
    assert_eq!(code(&["run", "missing.wasm"]), Some(127));
    assert_eq!(code(&["run", &guest("trap.wat")]), Some(134));
}
