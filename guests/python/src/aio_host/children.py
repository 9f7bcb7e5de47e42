"""Children: the host's processes as `os` knows them, by the numbers of their processes and groups.
"""

import errno
import os
import signal
import stat
import subprocess
from collections import namedtuple

from . import descriptors, errors, host, ring

# The guest's own number, which no child ever has, and that of its group.
OWN_ID = 1

_children: dict = {}


class Child:
    """A child that was not waited for yet, or of which there are descriptors."""

    def __init__(self, resource, leads: bool = False, at_end=()):
        self.resource = resource
        self.handle = resource.as_handle()
        self.id = resource.id()
        # The number of its group.
        self.group = self.id if leads else OWN_ID
        # What is to be called when it was waited for.
        self.at_end = at_end
        self.uses = 1

    def __exit__(self, *error):
        """Gives up one use; the last one ends the child, should it still run."""
        self.uses -= 1
        if self.uses == 0:
            self.resource.__exit__(None, None, None)

    def signal(self, number: int):
        """Sends it a signal; to one that has ended, and was not waited for, that is nothing."""
        if self.resource.try_wait() is None and number:
            errors.call(self.resource.signal, number)


def add(child: Child) -> int:
    """Makes a child one to be waited for, and tells its number."""
    _children[child.id] = child
    return child.id


def waitpid(pid, options):
    """Is `os.waitpid`: for one child, for any, or for those of a group."""
    child = _wait(pid, options)
    return (0, 0) if child is None else (child.id, _take(child))


def waitid(idtype, id, options):
    """Is `os.waitid`, of ends only: nothing tells that a child stops or goes on."""
    if not options & WEXITED:
        raise errors.system(errno.EINVAL)
    child = _wait(_number(idtype, id), options)
    if child is None:
        return None
    status = _status(child.resource.try_wait().status) if options & WNOWAIT else _take(child)
    if wifsignaled(status):
        return WaitidResult(child.id, 0, signal.SIGCHLD, wtermsig(status), CLD_KILLED)
    return WaitidResult(child.id, 0, signal.SIGCHLD, wexitstatus(status), CLD_EXITED)


def wait():
    """Is `os.wait`."""
    return waitpid(-1, 0)


def pidfd_open(pid, flags=0):
    """Is `os.pidfd_open`: the descriptor can be read when the child has ended."""
    if pid == OWN_ID:
        return descriptors.add_nothing()
    child = _get(pid)
    child.uses += 1
    return descriptors.add(descriptors.Descriptor(child.handle, stat.S_IFREG, child))


def kill(pid, number):
    """Is `os.kill`, for the guest itself and its children."""
    number = int(number)
    if not 0 <= number <= 64:
        raise errors.system(errno.EINVAL)
    if pid == OWN_ID:
        _raise(number)
    elif pid > 0:
        _get(pid).signal(number)
    elif pid == -1:
        _signal_all(list(_children.values()), number)
    else:
        killpg(-pid, number)


def killpg(group, number):
    """Is `os.killpg`; in the group of the guest are the children that lead none of their own."""
    members = [child for child in _children.values() if child.group == (group or OWN_ID)]
    if not members and group > OWN_ID:
        raise errors.system(errno.ESRCH)
    _signal_all(members, int(number))
    if group <= OWN_ID:
        _raise(int(number))


def getpid():
    """Is `os.getpid`."""
    return OWN_ID


def getppid():
    """Is `os.getppid`: a guest knows none."""
    return 0


def getpgid(pid):
    """Is `os.getpgid`, and `os.getsid`."""
    return OWN_ID if pid in (0, OWN_ID) else _get(pid).group


def getpgrp():
    """Is `os.getpgrp`."""
    return OWN_ID


# As Linux numbers them.
WNOHANG, WEXITED, WNOWAIT = 1, 4, 0x1000000
P_ALL, P_PID, P_PGID, P_PIDFD = range(4)
CLD_EXITED, CLD_KILLED = 1, 2

WaitidResult = namedtuple("waitid_result", "si_pid si_uid si_signo si_status si_code")


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


def install():
    """Puts them in place."""
    for function in waitpid, waitid, wait, pidfd_open, kill, killpg, getpid, getppid, getpgid, getpgrp:
        setattr(os, function.__name__, function)
    os.getsid, os.waitstatus_to_exitcode = getpgid, waitstatus_to_exitcode
    for name in ("WNOHANG", "WEXITED", "WNOWAIT", "P_ALL", "P_PID", "P_PGID", "P_PIDFD",
                 "CLD_EXITED", "CLD_KILLED"):
        setattr(os, name, globals()[name])
    os.waitid_result = WaitidResult
    os.WIFSIGNALED, os.WTERMSIG = wifsignaled, wtermsig
    os.WIFEXITED, os.WEXITSTATUS = wifexited, wexitstatus
    os.WIFSTOPPED, os.WSTOPSIG = (lambda status: False), (lambda status: 0)
    late = subprocess._del_safe
    for name in ("waitpid", "waitstatus_to_exitcode", "WIFSTOPPED", "WSTOPSIG"):
        setattr(late, name, staticmethod(getattr(os, name)))
    late.WNOHANG, late.ECHILD = WNOHANG, errno.ECHILD


def _get(pid: int) -> Child:
    child = _children.get(pid)
    if child is None:
        raise errors.system(errno.ESRCH)
    return child


def _number(idtype: int, id: int) -> int:
    """What `waitpid` would be told."""
    if idtype == P_PIDFD:
        owner = descriptors.get(id).owner
        if not isinstance(owner, Child):
            raise errors.system(errno.EINVAL)
        return owner.id
    if idtype not in (P_ALL, P_PID, P_PGID) or (idtype != P_ALL and id <= 0):
        raise errors.system(errno.EINVAL)
    return {P_ALL: -1, P_PID: id, P_PGID: -id}[idtype]


def _wait(pid: int, options: int) -> Child | None:
    """One that has ended; none if there is none yet, and `options` say not to wait."""
    while (child := _ended(chosen := _chosen(pid))) is None:
        if options & WNOHANG:
            return None
        ring.wait_for_any({one.handle: ring.READ for one in chosen}, None)
    return child


def _take(child: Child) -> int:
    """Has it waited for, and tells its status."""
    del _children[child.id]
    status = _status(child.resource.try_wait().status)
    child.__exit__()
    for work in child.at_end:
        work()
    return status


def _chosen(pid: int) -> list[Child]:
    """Those that may be waited for by this number."""
    if pid > 0:
        chosen = [_children[pid]] if pid in _children else []
    elif pid == -1:
        chosen = list(_children.values())
    else:
        chosen = [child for child in _children.values() if child.group == (-pid or OWN_ID)]
    if not chosen:
        raise errors.system(errno.ECHILD)
    return chosen


def _ended(chosen: list[Child]) -> Child | None:
    return next((one for one in chosen if one.resource.try_wait() is not None), None)


def _signal_all(members: list[Child], number: int):
    for child in members:
        child.signal(number)


def _raise(number: int):
    if number:
        signal.raise_signal(number)


def _status(status) -> int:
    if type(status) is host.process.ExitStatus_Signal:
        return status.value
    return status.value << 8
