"""Descriptors: the small numbers under which Python knows the host's handles.

They begin where WASI's own, which are those of files, never come to; 0, 1 and 2 are both.
"""

import errno
import heapq
import stat
from itertools import count

from . import errors, flows, host, ring
from .constants import SOCK_STREAM

FIRST = 4096

_table: dict = {}
_free: list[int] = []
_fresh = count(FIRST)


class Nothing:
    """Owns no handle: that of `/dev/null`, and of the guest's own process."""

    def __exit__(self, *error):
        """Has nothing to close."""


class Descriptor:
    """One open handle. Duplicates share it."""

    __slots__ = ("handle", "mode", "owner", "family", "type", "uses", "blocking", "connecting",
                 "failure", "listening", "name", "peer", "ahead",
                 "spent")

    def __init__(self, handle: int, mode: int, owner=None, family: int = 0, type: int = 0):
        self.handle = handle
        # What kind it is, as in `os.stat`.
        self.mode = mode
        # A resource that has the handle; none if the handle is the guest's to close.
        self.owner = owner
        self.family = family
        self.type = type
        self.uses = 1
        self.blocking = True
        self.connecting = False
        # Whether that has failed and left nothing to connect.
        self.spent = False
        # The error code with which the connecting ended.
        self.failure = None
        self.listening = False
        # Of a Unix socket: what the program bound it to, and connected it to.
        self.name = self.peer = None
        # What was looked at and not read: bytes, or a datagram with its sender.
        self.ahead = None

    def is_null(self) -> bool:
        """Whether it leads nowhere."""
        return isinstance(self.owner, Nothing)

    def close(self):
        """Closes one of its duplicates, and with the last of them the handle."""
        self.uses -= 1
        if self.uses == 0:
            owner, self.owner = self.owner, None
            ring.ahead.discard(self.handle)
            if owner is None:
                ring.settle(self.handle, self._close_handle)
            else:
                owner.__exit__(None, None, None)

    def is_connection(self) -> bool:
        """Whether it may be one. A socket that is not connected yet is not told from one that is.
        """
        is_stream = stat.S_ISSOCK(self.mode) and self.type == SOCK_STREAM
        return is_stream and not self.listening and not self.connecting

    def _close_handle(self):
        flow = flows.by_handle.get(self.handle)
        if flow is not None:
            flow.forget()
        errors.call(host.sockets.close, self.handle)


def add(descriptor: Descriptor) -> int:
    """Gives it the lowest free number."""
    number = heapq.heappop(_free) if _free else next(_fresh)
    _table[number] = descriptor
    return number


def is_ours(number) -> bool:
    """Whether a descriptor is one of the host's handles, not one of WASI's files."""
    return number in _table or (isinstance(number, int) and number >= FIRST)


def get(number: int) -> Descriptor:
    """The descriptor of this number. Standard streams are opened when they are first wanted."""
    descriptor = _table.get(number)
    if descriptor is None:
        if number in (0, 1, 2):
            return _open_standard(number)
        raise errors.system(errno.EBADF)
    return descriptor


def duplicate(number: int) -> int:
    """Gives the same descriptor a second number."""
    descriptor = get(number)
    descriptor.uses += 1
    return add(descriptor)


def close(number: int):
    """Closes the descriptor of this number, which is free from now on."""
    descriptor = get(number)
    del _table[number]
    if number >= FIRST:
        heapq.heappush(_free, number)
    descriptor.close()


def add_nothing() -> int:
    """Opens what leads nowhere."""
    return add(Descriptor(0, stat.S_IFCHR, Nothing()))


def add_pipe() -> tuple[int, int]:
    """Makes a pipe: the end to read, and the end to write."""
    reader, writer = errors.call(host.sockets.pipe)
    return add(Descriptor(reader, stat.S_IFIFO)), add(Descriptor(writer, stat.S_IFIFO))


def _open_standard(number: int) -> Descriptor:
    owner = errors.call(host.stdio.open, host.stdio.StandardStream(number))
    descriptor = Descriptor(owner.as_handle(), standard_mode(number), owner)
    _table[number] = descriptor
    return descriptor


def standard_mode(number: int) -> int:
    """What kind a standard stream is. Of output it is not told when its reader is gone, as of a
    terminal: writing tells."""
    terminal = host.stdio.is_terminal(host.stdio.StandardStream(number))
    return stat.S_IFCHR if terminal or number > 0 else stat.S_IFIFO
