"""Waiting for another thread, of which there is none: what `Event`, `Queue` and futures wait by.

The interpreter would end in a trap. Work of executors is done meanwhile; what nothing can end is a
RuntimeError.
"""

import threading

from . import executor, ring


def wait(condition, timeout=None):
    """Is `threading.Condition.wait`."""
    if not condition._is_owned():
        raise RuntimeError("cannot wait on un-acquired lock")
    waiter = threading.Lock()
    waiter.acquire()
    condition._waiters.append(waiter)
    saved = condition._release_save()
    try:
        return _wait_for(waiter, timeout)
    finally:
        condition._acquire_restore(saved)
        if waiter in condition._waiters:
            condition._waiters.remove(waiter)


def install():
    """Puts it in place."""
    threading.Condition.wait = wait


def _wait_for(waiter, timeout) -> bool:
    while waiter.locked() and executor.perform_one():
        pass
    if waiter.locked() and timeout is None:
        raise RuntimeError("nothing can end this wait: a guest has one thread only")
    if waiter.locked() and timeout > 0:
        # A signal's handler may end it.
        ring.wait_until(lambda: not waiter.locked(), timeout)
    return not waiter.locked()
