//! `aio-host compile` and `aio-host check`.

use super::permissions::net_guest;
use super::{Folder, aio_host, guest, hello};

#[test]
fn native_code_runs_only_when_vouched_for() {
    let folder = Folder::new();
    let code = folder.arg("hello.cwasm");
    aio_host(&["compile", &hello(), "-o", &code]).succeeds();
    assert_eq!(folder.names(), ["hello.cwasm"]);
    for flags in [&[][..], &["-A"]] {
        let ran = aio_host(&[&["run"], flags, &[&code]].concat());
        ran.is_refused(126, &["hello.cwasm", "--allow-precompiled"]);
        assert_eq!(ran.stdout, "");
    }
    let ran = aio_host(&["run", "--allow-precompiled", &code]);
    ran.succeeds();
    assert_eq!(ran.stdout, "hello from a component written by hand\n");
}

#[test]
fn vouching_changes_nothing_for_a_component() {
    aio_host(&["run", "--allow-precompiled", &hello()]).succeeds();
}

#[test]
fn code_with_and_without_fuel_are_told_apart() {
    let folder = Folder::new();
    let (plain, counting) = (folder.arg("plain.cwasm"), folder.arg("counting.cwasm"));
    let spin = guest("spin.wat");
    aio_host(&["compile", &spin, "-o", &plain]).succeeds();
    aio_host(&["compile", "--fuel", &spin, "-o", &counting]).succeeds();
    let run = |code: &str| aio_host(&["run", "--allow-precompiled", "--fuel=100000", code]);
    run(&plain).is_refused(126, &["plain.cwasm", "fuel"]);
    run(&counting).is_refused(134, &["ran out of fuel"]);
}

#[test]
fn damaged_code_is_126() {
    let folder = Folder::new();
    let code = folder.arg("hello.cwasm");
    aio_host(&["compile", &hello(), "-o", &code]).succeeds();
    let whole = std::fs::read(&code).unwrap();
    let part = folder.write("part.cwasm", &whole[..whole.len() / 2]);
    aio_host(&["run", "--allow-precompiled", &part]).is_refused(126, &["part.cwasm"]);
}

#[test]
fn code_that_cannot_be_written_is_125_and_leaves_nothing() {
    let folder = Folder::new();
    let output = folder.arg("missing/out.cwasm");
    aio_host(&["compile", &hello(), "-o", &output]).is_refused(125, &["write", "out.cwasm"]);
    aio_host(&["compile", &hello(), "-o", &folder.arg("")]).is_refused(125, &["write"]);
    assert_eq!(folder.names(), [""; 0]);
}

#[test]
fn a_guest_is_not_replaced_by_its_code() {
    let folder = Folder::new();
    let file = folder.write("g.wat", "(component)");
    aio_host(&["compile", &file, "-o", &file]).is_refused(2, &["g.wat"]);
    assert_eq!(std::fs::read(&file).unwrap(), b"(component)");
}

#[test]
fn check_tells_imports_exports_and_flags() {
    let ran = aio_host(&["check", &guest("sleep.wat")]);
    ran.succeeds();
    let expected = "\
imports:
  aio:host/timers@0.1.0  provided
  wasi:io/error@0.2.0    provided
  wasi:io/streams@0.2.0  provided
  wasi:cli/stdout@0.2.0  provided
exports:
  aio:host/run@0.1.0     called by `aio-host run`
flags it could need: none
";
    assert_eq!(ran.stdout, expected);
}

#[test]
fn check_names_the_flags_that_the_network_and_variables_need() {
    let folder = Folder::new();
    let ran = aio_host(&["check", &net_guest(&folder, "", 0)]);
    ran.succeeds();
    let flags = "flags it could need:\n  --allow-listen\n  --allow-net\n";
    assert!(ran.stdout.ends_with(flags), "{ran:?}");
    let ran = aio_host(&["check", &guest("echo_args.wat")]);
    ran.succeeds();
    assert!(
        ran.stdout
            .contains("refused unless granted by --allow-env, --env\n"),
        "{ran:?}"
    );
    assert!(ran.stdout.contains("  --allow-env\n"), "{ran:?}");
}

#[test]
fn check_tells_what_is_missing_and_exits_with_126() {
    let ran = aio_host(&["check", &guest("stranger.wat")]);
    ran.is_refused(126, &["cannot be linked", "example:unknown/oracle@1.0.0"]);
    assert!(
        ran.stdout
            .contains("  example:unknown/oracle@1.0.0  MISSING\n"),
        "{ran:?}"
    );
    let ran = aio_host(&["check", &guest("no_main.wat")]);
    ran.is_refused(126, &["no main call", "aio:host/run"]);
    assert!(ran.stdout.contains("exports:\n  answer\n"), "{ran:?}");
}

#[test]
fn check_tells_it_as_json() {
    let ran = aio_host(&["check", "--json", &hello()]);
    ran.succeeds();
    let expected = r#"{"imports":[{"name":"wasi:io/error@0.2.0","support":"provided"},{"name":"wasi:io/streams@0.2.0","support":"provided"},{"name":"wasi:cli/stdout@0.2.0","support":"provided"}],"exports":[{"name":"aio:host/run@0.1.0","main":true}],"flags":[],"problem":null}"#;
    assert_eq!(ran.stdout.trim_end(), expected);
    let ran = aio_host(&["check", "--json", &guest("stranger.wat")]);
    assert_eq!(ran.code, Some(126));
    assert!(
        ran.stdout
            .contains(r#""name":"example:unknown/oracle@1.0.0","support":"missing""#)
    );
    assert!(ran.stdout.contains(r#""problem":"cannot be linked: "#));
}
