"""Locks without another thread that could release them: what `Event`, `Queue` and futures wait by.

The interpreter would end in a trap. Work of executors is done meanwhile; what nothing can end is a
RuntimeError.
"""

import _thread
import queue
import threading

from . import executor, ring


class Lock:
    """Is `threading.Lock`."""

    __slots__ = ("_held", "__weakref__")

    def __init__(self):
        self._held = False

    def acquire(self, blocking=True, timeout=-1):
        """Takes it, and tells whether it did: after `timeout` seconds, -1 for ever."""
        _check(blocking, timeout)
        if self._held and blocking:
            self._wait(None if timeout == -1 else timeout)
        taken = not self._held
        self._held = True
        return taken

    def release(self):
        """Gives it back."""
        if not self._held:
            raise RuntimeError("release unlocked lock")
        self._held = False

    def locked(self):
        """Whether somebody has it."""
        return self._held

    def __enter__(self):
        return self.acquire()

    def __exit__(self, *exception):
        self.release()

    def __repr__(self):
        state = "locked" if self._held else "unlocked"
        return f"<{state} _thread.lock object at {id(self):#x}>"

    def __reduce__(self):
        raise TypeError("cannot pickle '_thread.lock' object")

    def _at_fork_reinit(self):
        self._held = False

    def _wait(self, timeout):
        while self._held and executor.perform_one():
            pass
        if self._held and timeout is None and not ring.is_waiting():
            raise RuntimeError("nothing can end this wait: a guest has one thread only")
        # A signal's handler may end it.
        ring.wait_until(lambda: not self._held, timeout)


def install():
    """Puts it in place."""
    _thread.allocate_lock = _thread.allocate = _thread.lock = _thread.LockType = Lock
    threading._allocate_lock = threading.Lock = Lock
    # The native one waits by itself.
    queue.SimpleQueue = queue._PySimpleQueue


def _check(blocking, timeout):
    if not blocking and timeout != -1:
        raise ValueError("can't specify a timeout for a non-blocking call")
    if timeout < 0 and timeout != -1:
        raise ValueError("timeout value must be a non-negative number")
    if timeout > threading.TIMEOUT_MAX:
        raise OverflowError("timeout value is too large")
