//! Every denial beside its permission, and the limits at their edges.

use std::net::TcpListener;

use super::{Folder, Ran, aio_host, command, guest};

/// Writes `net.wat` with these actions on 127.0.0.1 at `port`.
pub(super) fn net_guest(folder: &Folder, actions: &str, port: u16) -> String {
    let text = std::fs::read_to_string(guest("net.wat")).unwrap();
    // The header speaks of both, too.
    let (header, body) = text.split_once("(component").unwrap();
    let body = body.replace("ACTION", actions);
    let body = body.replace("PORT", &port.to_string());
    folder.write("net.wat", format!("{header}(component{body}"))
}

fn net(actions: &str, port: u16, flags: &[&str]) -> Ran {
    let folder = Folder::new();
    let guest = net_guest(&folder, actions, port);
    aio_host(&[&["run"], flags, &[&guest]].concat())
}

const CONNECT: &str = "(call $connect)";
const LISTEN: &str = "(call $listen)";
const LOOKUP: &str = "(call $lookup)";

/// Checks that the guest got the code for it, and that the host said what would grant it.
#[track_caller]
fn is_denied(ran: &Ran, words: &[&str]) {
    assert_eq!(ran.code, Some(1), "{ran:?}");
    ran.says(&["aio-host: refused: ", "net.wat: access-denied"]);
    ran.says(words);
    assert_eq!(ran.stderr.lines().count(), 2, "{ran:?}");
}

fn server() -> (TcpListener, u16) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    (listener, port)
}

#[test]
fn connecting_needs_its_flag() {
    let (_server, port) = server();
    let flag = format!("--allow-net=127.0.0.1:{port}");
    is_denied(
        &net(CONNECT, port, &[]),
        &[&format!("{flag} would allow it")],
    );
    is_denied(&net(CONNECT, port, &["--allow-net=127.0.0.1:1"]), &[&flag]);
    is_denied(&net(CONNECT, port, &["--allow-listen=*:*"]), &[&flag]);
    for flag in [&flag, "--allow-net", "--allow-net=127.0.0.0/8", "-A"] {
        net(CONNECT, port, &[flag]).succeeds();
    }
}

#[test]
fn listening_needs_its_flag() {
    let flag = "--allow-listen=127.0.0.1:0";
    is_denied(&net(LISTEN, 0, &[]), &[&format!("{flag} would allow it")]);
    is_denied(&net(LISTEN, 0, &["--allow-listen=0.0.0.0:0"]), &[flag]);
    is_denied(&net(LISTEN, 0, &["--allow-net"]), &[flag]);
    for flag in [flag, "--allow-listen=127.0.0.1:*", "-A"] {
        net(LISTEN, 0, &[flag]).succeeds();
    }
}

#[test]
fn looking_up_needs_its_flag() {
    let flag = "--allow-net=localhost";
    is_denied(&net(LOOKUP, 0, &[]), &[&format!("{flag} would allow it")]);
    is_denied(&net(LOOKUP, 0, &["--allow-net=*.localhost"]), &[flag]);
    for flag in [flag, "--allow-net=LOCALHOST.:80", "--allow-net", "-A"] {
        net(LOOKUP, 0, &[flag]).succeeds();
    }
}

#[test]
fn what_was_looked_up_may_be_connected_to() {
    let (_server, port) = server();
    let both = "(call $lookup) (call $connect)";
    let flag = format!("--allow-net=localhost:{port}");
    net(both, port, &[&flag]).succeeds();
    is_denied(&net(CONNECT, port, &[&flag]), &["connect to 127.0.0.1"]);
    is_denied(
        &net(both, port, &["--allow-net=localhost:1"]),
        &["connect to 127.0.0.1"],
    );
}

#[test]
fn a_refusal_is_said_once() {
    is_denied(
        &net(&CONNECT.repeat(3), 1, &[]),
        &["connect to 127.0.0.1:1"],
    );
}

#[test]
fn a_policy_file_grants_and_its_denies_beat_every_flag() {
    let (_server, port) = server();
    let folder = Folder::new();
    let policy = |text: &str| format!("--policy={}", folder.write("p.toml", text));
    let allow = policy(&format!("[allow]\nnet = ['127.0.0.1:{port}']\n"));
    net(CONNECT, port, &[&allow]).succeeds();
    let deny = policy("[deny]\nnet = ['127.0.0.0/8']\nlisten = ['*:*']\n");
    is_denied(
        &net(CONNECT, port, &[&deny, "-A"]),
        &["deny net 127.0.0.0/8"],
    );
    is_denied(&net(LISTEN, 0, &[&deny, "-A"]), &["deny listen *:*"]);
    let flag = format!("--allow-net=127.0.0.1:{port}");
    is_denied(
        &net(CONNECT, port, &[&deny, &flag]),
        &["deny net 127.0.0.0/8"],
    );
}

#[test]
fn variables_pass_only_by_name() {
    let folder = Folder::new();
    let deny = format!(
        "--policy={}",
        folder.write("p.toml", "[deny]\nenv = ['B']\n[env]\nC = '3'\n")
    );
    let printed = |flags: &[&str]| {
        let guest = guest("echo_args.wat");
        let args = [&["run"], flags, &[&guest, "x", "--allow-env=A"]].concat();
        let ran = Ran::from(
            command(&args)
                .envs([("A", "1"), ("B", "2")])
                .output()
                .unwrap(),
        );
        ran.succeeds();
        let env = ran
            .stdout
            .strip_prefix("echo_args.wat\0x\0--allow-env=A\0")
            .unwrap();
        env.replace('\0', " ")
    };
    assert_eq!(printed(&[]), "");
    assert_eq!(printed(&["--allow-env=A"]), "A=1 ");
    assert_eq!(printed(&["--allow-env=A,B,UNSET"]), "A=1 B=2 ");
    assert_eq!(printed(&["--env", "A=x=y", "--env=D="]), "A=x=y D= ");
    assert_eq!(printed(&["--allow-env=A,B", &deny]), "A=1 C=3 ");
    assert_eq!(printed(&["-A", &deny, "--env=B=x"]), "A=1 C=3 ");
}

#[test]
fn a_directory_is_granted_to_read_or_to_write() {
    let folder = Folder::new();
    folder.write("file", "");
    let printed = |flags: &[&str]| {
        let ran = aio_host(&[&["run"], flags, &[&guest("files.wat")]].concat());
        ran.succeeds();
        ran.stdout
    };
    let dir = format!("--dir={}::/data", folder.arg(""));
    assert_eq!(printed(&[]), "");
    assert_eq!(printed(&["-A"]), "");
    assert_eq!(printed(&[&format!("{dir}:ro")]), "read\n");
    assert_eq!(folder.names(), ["file"]);
    assert_eq!(printed(&[&dir]), "read\ncreated\n");
    assert_eq!(folder.names(), ["file", "new"]);
}

#[test]
fn a_directory_of_a_policy_file_lies_beside_it() {
    let folder = Folder::new();
    folder.write("file", "");
    let policy = folder.write("p.toml", "[allow]\ndir = ['.::/data:ro']\n");
    let ran = aio_host(&["run", "--policy", &policy, &guest("files.wat")]);
    ran.succeeds();
    assert_eq!(ran.stdout, "read\n");
}

#[test]
fn memory_grows_to_its_limit_and_no_further() {
    let grow = |size: &str| aio_host(&["run", "--max-memory", size, &guest("grow.wat")]);
    grow("1MiB").succeeds();
    grow("1048576").succeeds();
    grow("1048575").is_refused(1, &["no room"]);
}

#[test]
fn a_stack_has_64_kibibytes_to_1_gibibyte() {
    let run = |size: &str| aio_host(&["run", "--max-stack", size, &guest("grow.wat")]);
    for size in ["64KiB", "1GiB"] {
        run(size).succeeds();
    }
    for size in ["65535", "1073741825"] {
        run(size).is_refused(2, &["--max-stack", "64KiB to 1GiB"]);
    }
}

#[test]
fn handles_are_limited() {
    let two = "(call $listen) (call $listen)";
    net(two, 0, &["-A", "--max-handles=2"]).succeeds();
    net(two, 0, &["-A", "--max-handles=1"]).is_refused(1, &["another error"]);
}

#[test]
fn a_guest_that_never_yields_ends_at_its_limits() {
    let spin = |flag: &str| aio_host(&["run", flag, &guest("spin.wat")]);
    for (flag, words) in [
        ("--timeout=300ms", ["timed out after 300ms", "--timeout"]),
        ("--fuel=100000", ["ran out of fuel", "--fuel"]),
    ] {
        let ran = spin(flag);
        ran.is_refused(134, &words);
        assert_eq!(ran.stdout, "ready\n");
    }
}

#[test]
fn a_limit_of_a_flag_beats_that_of_the_file() {
    let folder = Folder::new();
    let policy = format!(
        "--policy={}",
        folder.write("p.toml", "[limits]\nfuel = 1\n")
    );
    let echo = guest("echo_args.wat");
    aio_host(&["run", &policy, &echo]).is_refused(134, &["ran out of fuel after 1 "]);
    aio_host(&["run", &policy, "--fuel=10000000", &echo]).succeeds();
}
