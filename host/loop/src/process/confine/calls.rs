//! Which system calls a confined child is refused: those that lead around the rules about files,
//! and those that reach other processes, the network or the machine itself.

use std::collections::BTreeMap;
use std::io;
use std::sync::OnceLock;

use libc::c_long;
use seccompiler::{
    BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter,
    SeccompRule, TargetArch,
};

/// What looks into other processes, or lets programs run in the kernel.
const PROCESSES: [c_long; 9] = [
    libc::SYS_ptrace,
    libc::SYS_process_vm_readv,
    libc::SYS_process_vm_writev,
    libc::SYS_process_madvise,
    libc::SYS_pidfd_getfd,
    libc::SYS_kcmp,
    libc::SYS_perf_event_open,
    libc::SYS_bpf,
    libc::SYS_userfaultfd,
];

/// What is shared with other processes of the user, and is no file.
const SHARED: [c_long; 16] = [
    libc::SYS_add_key,
    libc::SYS_request_key,
    libc::SYS_keyctl,
    libc::SYS_shmget,
    libc::SYS_shmat,
    libc::SYS_shmctl,
    libc::SYS_semget,
    libc::SYS_semop,
    libc::SYS_semtimedop,
    libc::SYS_semctl,
    libc::SYS_msgget,
    libc::SYS_msgsnd,
    libc::SYS_msgrcv,
    libc::SYS_msgctl,
    libc::SYS_mq_open,
    libc::SYS_mq_unlink,
];

/// What arranges the file system anew, or opens files in other ways than by path.
const PLACES: [c_long; 15] = [
    libc::SYS_mount,
    libc::SYS_umount2,
    libc::SYS_pivot_root,
    libc::SYS_chroot,
    libc::SYS_unshare,
    libc::SYS_setns,
    libc::SYS_move_mount,
    libc::SYS_open_tree,
    libc::SYS_fsopen,
    libc::SYS_fsconfig,
    libc::SYS_fsmount,
    libc::SYS_fspick,
    libc::SYS_mount_setattr,
    libc::SYS_open_by_handle_at,
    OPEN_TREE_ATTR,
];

/// What root may do to the machine.
const MACHINE: [c_long; 21] = [
    libc::SYS_kexec_load,
    libc::SYS_kexec_file_load,
    libc::SYS_init_module,
    libc::SYS_finit_module,
    libc::SYS_delete_module,
    libc::SYS_reboot,
    libc::SYS_swapon,
    libc::SYS_swapoff,
    libc::SYS_acct,
    libc::SYS_settimeofday,
    libc::SYS_clock_settime,
    libc::SYS_clock_adjtime,
    libc::SYS_adjtimex,
    libc::SYS_sethostname,
    libc::SYS_setdomainname,
    libc::SYS_quotactl,
    libc::SYS_quotactl_fd,
    libc::SYS_syslog,
    libc::SYS_vhangup,
    libc::SYS_fanotify_init,
    libc::SYS_nfsservctl,
];

/// What changes the mode, the owner or the attributes of a file by its path, of which Landlock
/// keeps nobody. Those that take an open file stay.
const ATTRIBUTES: [c_long; 10] = [
    libc::SYS_fchmodat,
    libc::SYS_fchmodat2,
    libc::SYS_fchownat,
    libc::SYS_setxattr,
    libc::SYS_lsetxattr,
    libc::SYS_removexattr,
    libc::SYS_lremovexattr,
    SETXATTRAT,
    REMOVEXATTRAT,
    FILE_SETATTR,
];

/// Older forms of the same, and ports of the machine.
#[cfg(target_arch = "x86_64")]
const OLD: [c_long; 8] = [
    libc::SYS_chmod,
    libc::SYS_chown,
    libc::SYS_lchown,
    libc::SYS_utime,
    libc::SYS_utimes,
    libc::SYS_futimesat,
    libc::SYS_iopl,
    libc::SYS_ioperm,
];
#[cfg(not(target_arch = "x86_64"))]
const OLD: [c_long; 0] = [];

/// Numbers that are the same on every machine and that the crate does not know yet.
const SETXATTRAT: c_long = 463;
const REMOVEXATTRAT: c_long = 466;
const OPEN_TREE_ATTR: c_long = 467;
const FILE_SETATTR: c_long = 469;

/// What a socket that was handed over could be used for, beyond what it was handed over for. A
/// message may name any address, and none of these can be told by its arguments.
const SOCKETS: [c_long; 6] = [
    libc::SYS_socket,
    libc::SYS_connect,
    libc::SYS_bind,
    libc::SYS_listen,
    libc::SYS_sendmsg,
    libc::SYS_sendmmsg,
];

/// What is told to be missing, as on older systems: libraries then go another way. `clone3` says
/// what it makes where no filter can look, and the rings are a second way to most calls.
const MISSING: [c_long; 4] = [
    libc::SYS_clone3,
    libc::SYS_io_uring_setup,
    libc::SYS_io_uring_enter,
    libc::SYS_io_uring_register,
];

/// Namespaces in which a child could be root, and children that would be ours instead of its own.
const CLONES: [libc::c_int; 8] = [
    libc::CLONE_PARENT,
    libc::CLONE_NEWNS,
    libc::CLONE_NEWCGROUP,
    libc::CLONE_NEWUTS,
    libc::CLONE_NEWIPC,
    libc::CLONE_NEWUSER,
    libc::CLONE_NEWPID,
    libc::CLONE_NEWNET,
];

/// What puts words into the mouth of who sits at the terminal.
const TERMINAL: [u64; 2] = [0x5412, 0x541c];

/// Obsolete, and still there.
const SOCK_PACKET: libc::c_int = 10;

/// The bits of a socket's type without its flags, and the types that are neither a stream nor
/// datagrams.
const TYPE: u64 = 0xf;
const OTHER_TYPES: [libc::c_int; 4] = [
    libc::SOCK_RAW,
    libc::SOCK_RDM,
    libc::SOCK_SEQPACKET,
    SOCK_PACKET,
];

type Rules = BTreeMap<i64, Vec<SeccompRule>>;

/// The filters, made once: the system asks all of them, and the strictest answer counts.
pub(super) fn filters(network: bool) -> io::Result<&'static [BpfProgram]> {
    static NO_NETWORK: OnceLock<[BpfProgram; 2]> = OnceLock::new();
    static NETWORK: OnceLock<[BpfProgram; 2]> = OnceLock::new();
    let made = if network { &NETWORK } else { &NO_NETWORK };
    if let Some(filters) = made.get() {
        return Ok(filters);
    }
    let filters = make(network)?;
    Ok(made.get_or_init(|| filters))
}

fn make(network: bool) -> io::Result<[BpfProgram; 2]> {
    let mut refused = refused().map_err(io::Error::other)?;
    let sockets = if network { some_sockets } else { no_sockets };
    sockets(&mut refused).map_err(io::Error::other)?;
    let missing = MISSING.map(|call| (call, Vec::new())).into();
    Ok([
        filter(refused, libc::EPERM)?,
        without_x32(filter(missing, libc::ENOSYS)?),
    ])
}

fn filter(rules: Rules, error: libc::c_int) -> io::Result<BpfProgram> {
    let machine = TargetArch::try_from(std::env::consts::ARCH).map_err(super::unsupported)?;
    let error = SeccompAction::Errno(error.unsigned_abs());
    let filter = SeccompFilter::new(rules, SeccompAction::Allow, error, machine);
    filter
        .and_then(BpfProgram::try_from)
        .map_err(io::Error::other)
}

fn refused() -> Result<Rules, seccompiler::BackendError> {
    let always = PROCESSES.iter().chain(&SHARED).chain(&PLACES);
    let always = always.chain(&MACHINE).chain(&ATTRIBUTES).chain(&OLD);
    let mut rules: Rules = always.map(|call| (*call, Vec::new())).collect();
    // A path of none is the open file itself.
    rules.insert(libc::SYS_utimensat, vec![rule([is_set(1)?])?]);
    // Of itself only.
    rules.insert(libc::SYS_prlimit64, vec![rule([is_set(0)?])?]);
    let clone = |flag| rule([masked(0, number(flag), number(flag))?]);
    let clones = CLONES.into_iter().map(clone).collect::<Result<_, _>>()?;
    rules.insert(libc::SYS_clone, clones);
    let terminal = TERMINAL.map(|request| rule([equal(1, request)?]));
    let terminal = terminal.into_iter().collect::<Result<_, _>>()?;
    rules.insert(libc::SYS_ioctl, terminal);
    Ok(rules)
}

/// No socket but pairs, and those that were handed over, as they are.
fn no_sockets(rules: &mut Rules) -> Result<(), seccompiler::BackendError> {
    rules.extend(SOCKETS.map(|call| (call, Vec::new())));
    rules.insert(libc::SYS_sendto, vec![rule([is_set(4)?])?]);
    let not_unix = rule([other(0, libc::AF_UNIX)?])?;
    rules.insert(libc::SYS_socketpair, vec![not_unix]);
    Ok(())
}

/// TCP and UDP. Sockets of the other families lead to other programs of the machine; so do pairs
/// that send datagrams, since each of these may name another receiver.
fn some_sockets(rules: &mut Rules) -> Result<(), seccompiler::BackendError> {
    let family = rule([other(0, libc::AF_INET)?, other(0, libc::AF_INET6)?])?;
    let kind = |kind: libc::c_int| rule([masked(1, TYPE, number(kind))?]);
    let mut refused = vec![family];
    for other in OTHER_TYPES {
        refused.push(kind(other)?);
    }
    rules.insert(libc::SYS_socket, refused);
    let pairs = vec![rule([other(0, libc::AF_UNIX)?])?, kind(libc::SOCK_DGRAM)?];
    rules.insert(libc::SYS_socketpair, pairs);
    Ok(())
}

fn rule<const N: usize>(
    conditions: [SeccompCondition; N],
) -> Result<SeccompRule, seccompiler::BackendError> {
    SeccompRule::new(conditions.into())
}

/// Whether any bit of the argument is set.
fn is_set(index: u8) -> Result<SeccompCondition, seccompiler::BackendError> {
    SeccompCondition::new(index, SeccompCmpArgLen::Qword, SeccompCmpOp::Ne, 0)
}

/// The system looks at the lower half of what it takes for an `int`.
fn equal(index: u8, value: u64) -> Result<SeccompCondition, seccompiler::BackendError> {
    SeccompCondition::new(index, SeccompCmpArgLen::Dword, SeccompCmpOp::Eq, value)
}

fn other(index: u8, value: libc::c_int) -> Result<SeccompCondition, seccompiler::BackendError> {
    let value = number(value);
    SeccompCondition::new(index, SeccompCmpArgLen::Dword, SeccompCmpOp::Ne, value)
}

fn masked(index: u8, mask: u64, value: u64) -> Result<SeccompCondition, seccompiler::BackendError> {
    let operator = SeccompCmpOp::MaskedEq(mask);
    SeccompCondition::new(index, SeccompCmpArgLen::Dword, operator, value)
}

fn number(value: libc::c_int) -> u64 {
    u64::from(value.unsigned_abs())
}

/// On x86-64 most calls have a second number, with this bit, for programs with short pointers. The
/// filter compares numbers whole, so without this it would know none of them.
#[cfg(target_arch = "x86_64")]
fn without_x32(program: BpfProgram) -> BpfProgram {
    use seccompiler::sock_filter;
    const LOAD_WORD: u16 = 0x20;
    const JUMP_IF_GREATER_OR_EQUAL: u16 = 0x35;
    const RETURN: u16 = 0x06;
    const X32: u32 = 0x4000_0000;
    let instruction = |code, jf, k| sock_filter { code, jt: 0, jf, k };
    let missing = u32::from(SeccompAction::Errno(libc::ENOSYS.unsigned_abs()));
    let mut all = vec![
        instruction(LOAD_WORD, 0, 0),
        instruction(JUMP_IF_GREATER_OR_EQUAL, 1, X32),
        instruction(RETURN, 0, missing),
    ];
    all.extend(program);
    all
}

#[cfg(not(target_arch = "x86_64"))]
fn without_x32(program: BpfProgram) -> BpfProgram {
    program
}
