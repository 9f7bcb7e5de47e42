"""`select.select`, `poll` and `epoll`: descriptors are asked for what they are ready for."""

import errno
import math
import os
import select

from . import descriptors, errors, ring

# As on Linux.
_NUMBERS = {"POLLIN": 1, "POLLPRI": 2, "POLLOUT": 4, "POLLERR": 8, "POLLHUP": 16, "POLLNVAL": 32,
            "POLLRDNORM": 64, "POLLWRNORM": 256}
_EPOLL_NUMBERS = {"EPOLLONESHOT": 1 << 30, "EPOLLET": 1 << 31, "EPOLL_CLOEXEC": 0o2000000} | {
    f"E{name}": number for name, number in _NUMBERS.items() if name != "POLLNVAL"
}
_READ, _WRITE, _INVALID = 1 | 64, 4 | 256, 32
_ONCE, _EDGE = 1 << 30, 1 << 31


class Poll:
    """What `select.poll()` makes. Nothing is ever told of a connection but that it is ready."""

    def __init__(self):
        self._masks: dict[int, int] = {}

    def mask(self, number: int) -> int:
        """What is asked of a descriptor."""
        return self._masks.get(number, 0)

    def register(self, file, eventmask=1 | 2 | 4):
        """Adds a descriptor, or changes what is asked of it."""
        self._masks[_number(file)] = eventmask

    def modify(self, file, eventmask):
        """Changes what is asked of a descriptor."""
        number = _number(file)
        if number not in self._masks:
            raise errors.system(errno.ENOENT)
        self._masks[number] = eventmask

    def unregister(self, file):
        """Removes a descriptor."""
        del self._masks[_number(file)]

    def poll(self, timeout=None):
        """Waits for so many milliseconds until one of them is ready, and tells which are."""
        ready, wanted = {}, {}
        for number, mask in self._masks.items():
            _ask(number, mask, wanted, ready)
        seconds = None if timeout is None or timeout < 0 else math.ceil(timeout) / 1000
        for handle, events in ring.wait_for_any(wanted, 0 if ready else seconds):
            for number, mask in self._masks.items():
                if number not in ready and _handle(number) == handle:
                    ready[number] = mask & _mask(events)
        return [(number, mask) for number, mask in ready.items() if mask]


class Epoll(Poll):
    """What `select.epoll()` makes: level-triggered, and without a descriptor of its own."""

    closed = False

    def __init__(self, sizehint=-1, flags=0):
        super().__init__()

    def register(self, file, eventmask=1 | 2 | 4):
        """Adds a descriptor."""
        if _number(file) in self._masks:
            raise errors.system(errno.EEXIST)
        self._put(file, eventmask)

    def modify(self, file, eventmask):
        """Changes what is asked of a descriptor."""
        self._known(file)
        self._put(file, eventmask)

    def unregister(self, file):
        """Removes a descriptor."""
        self._known(file)
        super().unregister(file)

    def _known(self, file):
        if _number(file) not in self._masks:
            raise errors.system(errno.ENOENT)

    def _put(self, file, eventmask):
        if eventmask & _EDGE:
            raise OSError(errno.EINVAL, "EPOLLET: what a guest waits for is level-triggered")
        super().register(file, eventmask)

    def poll(self, timeout=None, maxevents=-1):
        """Waits for so many seconds, and tells of so many descriptors."""
        if self.closed:
            raise ValueError("I/O operation on closed epoll object")
        ready = super().poll(None if timeout is None else timeout * 1000)
        # What is closed is not registered any more.
        for number in [number for number, mask in ready if mask == _INVALID]:
            del self._masks[number]
        ready = [one for one in ready if one[1] != _INVALID]
        ready = ready[:maxevents] if maxevents > 0 else ready
        for number, _ in ready:
            if self._masks[number] & _ONCE:
                self._masks[number] = 0
        return ready

    def close(self):
        """Ends it."""
        self.closed = True

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.close()


def wait(rlist, wlist, xlist, timeout=None):
    """Is `select.select`; nothing is ever exceptional."""
    if timeout is not None and timeout < 0:
        raise ValueError("timeout must be non-negative")
    lists = (list(rlist), _READ), (list(wlist), _WRITE)
    poll = Poll()
    for files, mask in lists:
        for file in files:
            number = _number(file)
            poll.register(number, poll.mask(number) | mask)
    ready = dict(poll.poll(None if timeout is None else timeout * 1000))
    if _INVALID in ready.values():
        raise errors.system(errno.EBADF)
    return *(
        [file for file in files if ready.get(_number(file), 0) & mask] for files, mask in lists
    ), []


def install():
    """Puts them in place."""
    select.select, select.poll, select.epoll = wait, Poll, Epoll
    for name, number in (_NUMBERS | _EPOLL_NUMBERS).items():
        setattr(select, name, number)


def _ask(number: int, mask: int, wanted: dict, ready: dict):
    """Wants the events of a handle; a file is ready."""
    handle = _handle(number)
    if handle is None:
        ready[number] = mask & (_READ | _WRITE) if _is_file(number) else _INVALID
        return
    events = bool(mask & _READ) * ring.READ | bool(mask & _WRITE) * ring.WRITE
    if events:
        wanted[handle] = wanted.get(handle, 0) | events


def _handle(number: int) -> int | None:
    try:
        return descriptors.get(number).handle
    except OSError:
        return None


def _is_file(number: int) -> bool:
    try:
        os.fstat(number)
    except OSError:
        return False
    return True


def _mask(events: int) -> int:
    return bool(events & ring.READ) * _READ | bool(events & ring.WRITE) * _WRITE


def _number(file) -> int:
    number = file if isinstance(file, int) else file.fileno()
    if number < 0:
        raise ValueError(f"file descriptor cannot be a negative integer ({number})")
    return number
