"""Children: `subprocess` over the host's processes, and the calls of `os` by which asyncio learns
of their ends."""

import errno
import os
import signal
import stat
import subprocess

from . import descriptors, errors, host, ring
from .selector import RingSelector

# The guest's own number, which no child ever has.
OWN_ID = 1

_children: dict = {}


class Child:
    """A child that was not waited for yet, or of which there are descriptors."""

    def __init__(self, resource):
        self.resource = resource
        self.handle = resource.as_handle()
        self.id = resource.id()
        self.uses = 1

    def __exit__(self, *error):
        """Gives up one use; the last one ends the child, should it still run."""
        self.uses -= 1
        if self.uses == 0:
            self.resource.__exit__(None, None, None)


class Nothing:
    """Owns no handle: that of `/dev/null`, and of the guest's own process."""

    def __exit__(self, *error):
        """Has nothing to close."""


def waitpid(pid, options):
    """Is `os.waitpid`, for one child."""
    child = _children.get(pid)
    if child is None:
        raise errors.system(errno.ECHILD)
    while (ended := child.resource.try_wait()) is None:
        if options & WNOHANG:
            return 0, 0
        ring.wait_for(child.handle, ring.READ, None)
    del _children[pid]
    child.__exit__()
    return pid, _status(ended.status)


def pidfd_open(pid, flags=0):
    """Is `os.pidfd_open`: the descriptor can be read when the child has ended."""
    if pid == OWN_ID:
        return _add_nothing()
    child = _children.get(pid)
    if child is None:
        raise errors.system(errno.ESRCH)
    child.uses += 1
    return descriptors.add(descriptors.Descriptor(child.handle, stat.S_IFREG, child))


def kill(pid, number):
    """Is `os.kill`, for the guest itself and its children."""
    if pid == OWN_ID:
        signal.raise_signal(number)
        return
    child = _children.get(pid)
    if child is None:
        raise errors.system(errno.ESRCH)
    errors.call(child.resource.signal, int(number))


def getpid():
    """Is `os.getpid`."""
    return OWN_ID


WNOHANG = 1


def wifsignaled(status):
    """Whether a signal ended it."""
    return bool(status & 0x7F)


def wtermsig(status):
    """Which one."""
    return status & 0x7F


def wifexited(status):
    """Whether it ended by itself."""
    return not status & 0x7F


def wexitstatus(status):
    """With which code."""
    return status >> 8 & 0xFF


def waitstatus_to_exitcode(status):
    """Is `os.waitstatus_to_exitcode`."""
    return -wtermsig(status) if wifsignaled(status) else wexitstatus(status)


def execute(popen, args, executable, preexec_fn, close_fds, pass_fds, cwd, env, startupinfo,
            creationflags, shell, p2cread, p2cwrite, c2pread, c2pwrite, errread, errwrite,
            restore_signals, gid, gids, uid, umask, start_new_session, process_group):
    """Is `Popen._execute_child`."""
    if preexec_fn is not None or pass_fds or gid is not None or gids is not None:
        raise _impossible("preexec_fn, pass_fds, group and extra_groups")
    if uid is not None or umask >= 0:
        raise _impossible("user and umask")
    words = _words(args, shell)
    program = words[0] if executable is None else os.fsdecode(executable)
    process = host.process
    options = process.CommandOptions(
        _environment(env),
        _directory(cwd),
        _redirect(p2cread, 0),
        _redirect(c2pwrite, 1),
        process.Redirect_Stdout() if errwrite in (c2pwrite, 1) and errwrite != -1
        else _redirect(errwrite, 2),
        [],
        _group(start_new_session, process_group),
    )
    child = _spawn(program, words[1:], options)
    _children[child.id] = child
    popen.pid = child.id
    popen._child_created = True
    popen._close_pipe_fds(p2cread, p2cwrite, c2pread, c2pwrite, errread, errwrite)


def install():
    """Puts them in place."""
    os.waitpid, os.pidfd_open, os.kill, os.getpid = waitpid, pidfd_open, kill, getpid
    os.waitstatus_to_exitcode = waitstatus_to_exitcode
    os.WNOHANG = WNOHANG
    os.WIFSIGNALED, os.WTERMSIG = wifsignaled, wtermsig
    os.WIFEXITED, os.WEXITSTATUS = wifexited, wexitstatus
    os.WIFSTOPPED, os.WSTOPSIG = (lambda status: False), (lambda status: 0)
    subprocess._can_fork_exec = True
    subprocess.Popen._execute_child = execute
    subprocess.Popen._get_devnull = _get_devnull
    subprocess._PopenSelector = RingSelector
    late = subprocess._del_safe
    for name in ("waitpid", "waitstatus_to_exitcode", "WIFSTOPPED", "WSTOPSIG"):
        setattr(late, name, staticmethod(getattr(os, name)))
    late.WNOHANG, late.ECHILD = WNOHANG, errno.ECHILD


def _spawn(program: str, arguments: list[str], options) -> Child:
    try:
        command = errors.call(host.process.Command.create, program, arguments, options)
        with command:
            return Child(errors.call(command.spawn))
    except OSError as error:
        raise OSError(error.errno, error.strerror, program) from None


def _words(args, shell: bool) -> list[str]:
    if isinstance(args, (str, bytes, os.PathLike)):
        args = [args]
    words = [os.fsdecode(word) for word in args]
    return ["/bin/sh", "-c", *words] if shell else words


def _environment(env):
    if env is None:
        return None
    return [(os.fsdecode(name), os.fsdecode(value)) for name, value in env.items()]


def _directory(cwd) -> str | None:
    if cwd is not None:
        return os.path.abspath(os.fsdecode(cwd))
    here = os.getcwd()
    return None if here == "/" else here


def _group(start_new_session: bool, process_group: int):
    groups = host.process.ProcessGroup
    if start_new_session:
        return groups.NEW_SESSION
    if process_group == 0:
        return groups.NEW_GROUP
    if process_group > 0:
        raise _impossible("another process_group than 0")
    return groups.INHERIT


def _redirect(number: int, own: int):
    process = host.process
    if number in (-1, own):
        return process.Redirect_Inherit()
    if not descriptors.is_ours(number) or number < descriptors.FIRST:
        raise _impossible("files and other standard streams as those of a child")
    descriptor = descriptors.get(number)
    if isinstance(descriptor.owner, Nothing):
        return process.Redirect_Null()
    return process.Redirect_Handle(descriptor.handle)


def _get_devnull(popen) -> int:
    if not hasattr(popen, "_devnull"):
        popen._devnull = _add_nothing()
    return popen._devnull


def _add_nothing() -> int:
    return descriptors.add(descriptors.Descriptor(0, stat.S_IFCHR, Nothing()))


def _status(status) -> int:
    if type(status) is host.process.ExitStatus_Signal:
        return status.value
    return status.value << 8


def _impossible(what: str) -> OSError:
    return OSError(errno.EOPNOTSUPP, f"a guest's children cannot have this: {what}")
