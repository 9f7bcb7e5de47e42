//! Confined children beside others. Those that need more than a shell are scripts of Python.

use std::fs::{self, File};
use std::net::{TcpListener, UdpSocket};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::net::{UnixDatagram, UnixListener};
use std::path::PathBuf;

use aio_loop::process::{Confinement, Reach, ReachedDirectory};

use super::*;

/// `open/file`, `fixed/file` and `secret`, beside one another.
struct Tree(tempfile::TempDir);

impl Tree {
    fn new() -> Self {
        let tree = Self(tempfile::tempdir().unwrap());
        for folder in ["open", "fixed"] {
            fs::create_dir(tree.path(folder)).unwrap();
            fs::write(tree.path(folder).join("file"), folder).unwrap();
        }
        fs::write(tree.path("secret"), "secret").unwrap();
        tree
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }
}

/// What a test gives to its child.
#[derive(Clone, Copy, Default)]
struct Given {
    every_program: bool,
    network: bool,
}

fn confinement(tree: &Tree, programs: &[&str], given: Given) -> Confinement {
    let open = File::open(tree.path("open")).unwrap();
    let fixed = File::open(tree.path("fixed")).unwrap();
    let directory = |file, writable| ReachedDirectory {
        directory: file,
        writable,
    };
    let reach = Reach {
        directories: vec![
            directory(open.as_fd(), true),
            directory(fixed.as_fd(), false),
        ],
        programs: programs.iter().map(Path::new).collect(),
        every_program: given.every_program,
        network: given.network,
    };
    Confinement::new(&reach).unwrap()
}

/// Runs a program in the tree; tells what it says and whether all was well.
fn run(tree: &Tree, command: &Command, input: Option<BorrowedFd<'_>>) -> (String, bool) {
    let mut event_loop = virtual_loop().unwrap();
    let handle = event_loop.handle().clone();
    let directory = File::open(&tree.0).unwrap();
    event_loop.block_on(async {
        let (reader, writer) = pipe::from_child(&handle).unwrap();
        let mut descriptors = vec![(1, writer.as_fd()), (2, writer.as_fd())];
        descriptors.extend(input.map(|input| (0, input)));
        let run = Run {
            directory: Some(directory.as_fd()),
            descriptors: &descriptors,
        };
        let child = command.spawn(&handle, &run).unwrap();
        drop(writer);
        let said = read_all(&reader).await;
        let end = child.wait().await.unwrap();
        (
            said.trim_end().to_owned(),
            end.status == ExitStatus::Code(0),
        )
    })
}

fn confined(tree: &Tree, command: Command, programs: &[&str], given: Option<Given>) -> Command {
    match given {
        Some(given) => command.confine(Arc::new(confinement(tree, programs, given))),
        None => command,
    }
}

/// Tells whether a script of the shell, which may execute `cat` too, ends well.
fn ends_well(tree: &Tree, given: Option<Given>, script: &str) -> bool {
    let programs = ["/bin/sh", "/bin/cat"];
    let command = shell(script).environment([("PATH", "/bin")]).unwrap();
    run(tree, &confined(tree, command, &programs, given), None).1
}

const PYTHON: &str = "/usr/bin/python3";

fn python(
    tree: &Tree,
    given: Option<Given>,
    script: &str,
    input: Option<BorrowedFd<'_>>,
) -> String {
    let command = command(PYTHON, ["python3", "-I", "-S", "-c", script]);
    run(tree, &confined(tree, command, &[PYTHON], given), input).0
}

const NOTHING: Option<Given> = Some(Given {
    every_program: false,
    network: false,
});
const NETWORK: Option<Given> = Some(Given {
    every_program: false,
    network: true,
});
const EVERY_PROGRAM: Option<Given> = Some(Given {
    every_program: true,
    network: false,
});

/// Both what a confined child is refused and that it would not be otherwise.
fn is_refused(script: &str) {
    let tree = Tree::new();
    assert!(ends_well(&tree, None, script), "unconfined: {script}");
    let tree = Tree::new();
    assert!(!ends_well(&tree, NOTHING, script), "confined: {script}");
}

fn is_left(script: &str) {
    assert!(ends_well(&Tree::new(), NOTHING, script), "{script}");
}

#[test]
fn what_lies_beside_the_directories_is_not_read() {
    is_refused("cat /etc/passwd");
    is_refused("cat secret");
    is_refused("cat open/../secret");
    is_refused("cat /proc/$PPID/environ");
    is_refused("echo *e*/.. secret | cat - && exec < secret");
}

#[test]
fn the_directories_are_read() {
    is_left("cat open/file fixed/file");
    is_left("cd open && cat file ../fixed/file");
}

#[test]
fn a_link_leads_out_of_no_directory() {
    for confined in [None, NOTHING] {
        let tree = Tree::new();
        std::os::unix::fs::symlink("../secret", tree.path("open/link")).unwrap();
        assert_eq!(
            ends_well(&tree, confined, "cat open/link"),
            confined.is_none()
        );
    }
}

#[test]
fn a_writable_directory_is_written_to() {
    is_left("echo more >> open/file && echo new > open/new && : > open/file");
}

#[test]
fn a_directory_to_read_is_not_written_to() {
    for script in [
        "echo more >> fixed/file",
        ": > fixed/file",
        "echo new > fixed/new",
        "echo new > new",
    ] {
        is_refused(script);
    }
}

#[test]
fn only_programs_that_were_given_are_executed() {
    is_refused("/bin/ls /usr/share");
    is_left("cat open/file");
    let tree = Tree::new();
    assert!(ends_well(
        &tree,
        EVERY_PROGRAM,
        "/bin/ls /usr/share > /dev/null"
    ));
}

#[test]
fn a_script_is_executed_with_what_runs_it() {
    use std::os::unix::fs::PermissionsExt;
    let tree = Tree::new();
    let script = tree.path("script");
    fs::write(&script, "#!/bin/sh\n: < fixed/file\n").unwrap();
    fs::set_permissions(&script, fs::Permissions::from_mode(0o755)).unwrap();
    let path = script.to_str().unwrap();
    let own = confined(&tree, command(path, [path]), &[path], NOTHING);
    assert!(run(&tree, &own, None).1);
    let other = confined(&tree, command(path, [path]), &["/bin/sh"], NOTHING);
    let spawned = spawn_alone(&other);
    assert_eq!(
        spawned.unwrap_err().kind(),
        std::io::ErrorKind::PermissionDenied
    );
}

fn spawn_alone(command: &Command) -> std::io::Result<Child> {
    let event_loop = virtual_loop().unwrap();
    command.spawn(event_loop.handle(), &Run::default())
}

#[test]
fn a_program_that_is_not_there_is_an_error() {
    let reach = Reach {
        programs: vec![Path::new("/no/such/program")],
        ..Reach::default()
    };
    let error = Confinement::new(&reach).unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::NotFound);
}

#[test]
fn the_devices_that_hold_nothing_are_there() {
    is_left("echo x > /dev/null && read -r line < /dev/null || :");
    is_left(": < /dev/zero && : < /dev/urandom");
    is_refused("cat /proc/version");
}

#[test]
fn nobody_but_its_own_children_is_signalled() {
    if keeps_signals() {
        is_refused("kill -0 $PPID");
    }
    is_left("cat /dev/zero > /dev/null & kill $!; wait $!; kill -0 $$");
}

/// Whether the kernel is Linux 6.12 or newer: before that, signals are not kept back.
fn keeps_signals() -> bool {
    let release = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap();
    let mut numbers = release.split('.').map(|number| number.parse::<u32>());
    let mut next = || numbers.next().unwrap().unwrap();
    (next(), next()) >= (6, 12)
}

/// Says how each of the calls ends, by the name of its error. All of them do nothing when they are
/// not refused.
fn calls(confined: Option<Given>, lines: &str) -> String {
    python(&Tree::new(), confined, &saying(lines), None)
}

fn saying(lines: &str) -> String {
    format!(
        "
import ctypes, errno, os, socket
libc = ctypes.CDLL(None, use_errno=True)
def say(work):
    try:
        work()
        return 'ok'
    except OSError as error:
        return errno.errorcode[error.errno]
def call(*args):
    if libc.syscall(*args) < 0:
        raise OSError(ctypes.get_errno(), '')
{lines}
"
    )
}

#[test]
fn no_socket_is_made_and_pairs_are() {
    let lines = "
kinds = [(socket.AF_INET, socket.SOCK_STREAM), (socket.AF_INET6, socket.SOCK_DGRAM),
    (socket.AF_UNIX, socket.SOCK_STREAM), (socket.AF_NETLINK, socket.SOCK_RAW)]
print(*[say(lambda: socket.socket(*kind)) for kind in kinds], say(socket.socketpair))";
    assert_eq!(calls(None, lines), "ok ok ok ok ok");
    assert_eq!(calls(NOTHING, lines), "EPERM EPERM EPERM EPERM ok");
    assert_eq!(calls(NETWORK, lines), "ok ok EPERM EPERM ok");
}

#[test]
fn a_pair_is_no_way_to_other_sockets() {
    let tree = Tree::new();
    let path = tree.path("socket");
    let _socket = UnixDatagram::bind(&path).unwrap();
    let lines = format!(
        "
def send():
    one, two = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
    one.sendto(b'x', {path:?})
print(say(send))"
    );
    assert_eq!(calls(None, &lines), "ok");
    assert_eq!(calls(NOTHING, &lines), "EPERM");
    assert_eq!(calls(NETWORK, &lines), "EPERM");
}

#[test]
fn with_the_network_tcp_and_udp_reach_every_address() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    let tree = Tree::new();
    let path = tree.path("socket");
    let _unix = UnixListener::bind(&path).unwrap();
    let (tcp, udp) = (listener.local_addr().unwrap(), socket.local_addr().unwrap());
    let lines = format!(
        "
def datagram():
    socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b'x', ('127.0.0.1', {}))
def local():
    socket.socket(socket.AF_UNIX).connect({path:?})
print(say(lambda: socket.create_connection(('127.0.0.1', {}))), say(datagram), say(local))",
        udp.port(),
        tcp.port()
    );
    assert_eq!(calls(None, &lines), "ok ok ok");
    assert_eq!(calls(NETWORK, &lines), "ok ok EPERM");
    assert_eq!(calls(NOTHING, &lines), "EPERM EPERM EPERM");
}

#[test]
fn a_socket_that_was_handed_over_serves_for_nothing_else() {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    let address = socket.local_addr().unwrap();
    let lines = format!(
        "
own = socket.socket(fileno=0)
to = ('127.0.0.1', {})
print(say(lambda: own.sendto(b'x', to)), say(lambda: own.sendmsg([b'x'], [], 0, to)),
    say(lambda: own.connect(to)))",
        address.port()
    );
    for (given, expected) in [(None, "ok ok ok"), (NOTHING, "EPERM EPERM EPERM")] {
        let own = UdpSocket::bind("127.0.0.1:0").unwrap();
        let script = saying(&lines);
        let said = python(&Tree::new(), given, &script, Some(own.as_fd()));
        assert_eq!(said, expected);
    }
}

#[test]
fn what_leads_around_the_filter_is_missing() {
    let lines = format!(
        "
numbers = [{}, {}, {}]
print(*[say(lambda: call(number, 0, 0, 0, 0, 0, 0)) for number in numbers])",
        libc::SYS_io_uring_setup,
        libc::SYS_clone3,
        libc::SYS_getppid | 0x4000_0000,
    );
    assert!(!calls(None, &lines).starts_with("ENOSYS ENOSYS"));
    assert_eq!(calls(NOTHING, &lines), "ENOSYS ENOSYS ENOSYS");
}

#[test]
fn other_processes_and_the_machine_are_not_reached() {
    let lines = format!(
        "
parent = os.getppid()
numbers = [({ptrace}, 3, parent), ({limits}, parent, 7), ({keys}, 0, -3, 1),
    ({shared}, 0, 4096, 0o1600), ({unshare}, 0), ({terminal}, 1, 0x5412),
    ({mount}, 0), ({chroot}, b'/')]
print(*[say(lambda: call(*number, 0, 0, 0)) for number in numbers])",
        ptrace = libc::SYS_ptrace,
        limits = libc::SYS_prlimit64,
        keys = libc::SYS_keyctl,
        shared = libc::SYS_shmget,
        unshare = libc::SYS_unshare,
        terminal = libc::SYS_ioctl,
        mount = libc::SYS_mount,
        chroot = libc::SYS_chroot,
    );
    let expected = ["EPERM"; 8].join(" ");
    assert_ne!(calls(None, &lines), expected);
    assert_eq!(calls(NOTHING, &lines), expected);
}

#[test]
fn attributes_are_changed_of_open_files_only() {
    let lines = "
file = open('open/file', 'r+')
by_path = [lambda: os.chmod('secret', 0o777), lambda: os.chown('secret', -1, -1),
    lambda: os.utime('secret'), lambda: os.setxattr('secret', 'user.x', b'x')]
print(*[say(work) for work in by_path], say(lambda: os.chmod(file.fileno(), 0o700)),
    say(lambda: os.utime(file.fileno())))";
    assert!(calls(None, lines).starts_with("ok ok ok "));
    assert_eq!(calls(NOTHING, lines), "EPERM EPERM EPERM EPERM ok ok");
}

#[test]
fn namespaces_and_siblings_are_refused_and_threads_are_not() {
    let lines = format!(
        "
import threading
thread = threading.Thread(target=lambda: print('ran', end=' '))
thread.start()
thread.join()
def fork():
    if os.fork() == 0:
        os._exit(0)
    os.wait()
user, parent = 0x10000000, 0x8000
print(say(fork), *[say(lambda: call({}, flag | 17, 0, 0, 0, 0)) for flag in (user, parent)])",
        libc::SYS_clone
    );
    assert_eq!(calls(NOTHING, &lines), "ran ok EPERM EPERM");
}
