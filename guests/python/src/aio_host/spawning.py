"""`subprocess` over the host's processes: what is to be run, and how."""

import errno
import os
import subprocess
import sys
from multiprocessing import process

from . import children, descriptors, errors, host, redirects
from .selector import RingSelector


def execute(popen, args, executable, preexec_fn, close_fds, pass_fds, cwd, env, startupinfo,
            creationflags, shell, p2cread, p2cwrite, c2pread, c2pwrite, errread, errwrite,
            restore_signals, gid, gids, uid, umask, start_new_session, process_group):
    """Is `Popen._execute_child`."""
    _refuse(preexec_fn=preexec_fn, pass_fds=pass_fds or None, group=gid, extra_groups=gids,
            user=uid, umask=None if umask < 0 else umask)
    words = _words(args, shell)
    program = words[0] if executable is None else os.fsdecode(executable)
    sys.audit("subprocess.Popen", program, args, cwd, env)
    with redirects.Redirects() as streams:
        options = host.process.CommandOptions(
            _environment(env),
            _directory(cwd),
            streams.input(p2cread),
            streams.output(c2pwrite, 1),
            streams.errors(errwrite, c2pwrite),
            [],
            _group(start_new_session, process_group),
        )
        resource = _spawn(program, words[1:], options, cwd)
        leads = start_new_session or process_group == 0
        popen.pid = children.add(children.Child(resource, leads, streams.at_end()))
    popen._child_created = True
    popen._close_pipe_fds(p2cread, p2cwrite, c2pread, c2pwrite, errread, errwrite)


def system(command):
    """Is `os.system`."""
    child = subprocess.Popen(os.fsdecode(command), shell=True)
    _, status = os.waitpid(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    return status


def refuse_fork(*arguments):
    """Is what would make a copy of this process, or another program of it."""
    raise OSError(
        errno.ENOSYS,
        "a guest cannot fork or exec: asyncio.create_subprocess_exec starts a program, and"
        " concurrent.futures.ProcessPoolExecutor calls functions on other cores",
    )


def install():
    """Puts them in place."""
    os.system = system
    for name in ("fork", "forkpty", "execv", "execve"):
        setattr(os, name, refuse_fork)
    # Who asks for a fork's hooks finds some.
    os.register_at_fork = lambda **hooks: None
    process.BaseProcess.start = refuse_fork
    subprocess._can_fork_exec = True
    subprocess.Popen._execute_child = execute
    subprocess.Popen._get_devnull = _get_devnull
    subprocess._PopenSelector = RingSelector


def _get_devnull(popen) -> int:
    if not hasattr(popen, "_devnull"):
        popen._devnull = descriptors.add_nothing()
    return popen._devnull


def _refuse(**wanted):
    for name, value in wanted.items():
        if value is not None:
            raise impossible(name)


def impossible(what: str) -> OSError:
    """The error for what a child of a guest cannot have."""
    return OSError(errno.EOPNOTSUPP, f"a guest's children cannot have this: {what}")


def _spawn(program: str, arguments: list[str], options, cwd):
    try:
        command = errors.call(host.process.Command.create, program, arguments, options)
        with command:
            return errors.call(command.spawn)
    except OSError as error:
        nowhere = cwd is not None and not os.path.isdir(cwd)
        raise OSError(error.errno, error.strerror, cwd if nowhere else program) from None


def _words(args, shell: bool) -> list[str]:
    if isinstance(args, os.PathLike) and shell:
        raise TypeError("path-like args is not allowed when shell is true")
    if isinstance(args, (str, bytes, os.PathLike)):
        args = [args]
    words = [_text(word) for word in args]
    return ["/bin/sh", "-c", *words] if shell else words


def _environment(env):
    if env is None:
        return None
    if any("=" in os.fsdecode(name) for name in env):
        raise ValueError("illegal environment variable name")
    return [(_text(name), _text(value)) for name, value in env.items()]


def _text(word) -> str:
    text = os.fsdecode(word)
    if "\0" in text:
        raise ValueError("embedded null byte")
    return text


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
        raise impossible("another process_group than 0")
    return groups.INHERIT
