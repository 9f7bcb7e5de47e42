"""Puts the package's modules in place of what WASI has not, or has only for files."""

import sys
import time


def before_socket():
    """First of all: stands in for `_socket` and `_ssl` before anybody imports `socket` or `ssl`,
    and so asyncio."""
    from . import sockets, tls

    sys.modules["_socket"] = sockets
    sys.modules["_ssl"] = tls


def install():
    """All the rest. It calls nothing of the host, so that a build may do it."""
    from asyncio import unix_events

    from . import alarms, children, errors, executor, files, folders, loop, opened, polling, pool
    from . import ring, selector, signals, spawning, waiting

    for module in errors, opened, files, folders, selector, polling, signals, alarms:
        module.install()
    for module in children, spawning, executor, pool, waiting, loop:
        module.install()
    time.sleep = ring.sleep
    # The other one starts a thread for each child.
    unix_events._ThreadedChildWatcher = unix_events._PidfdChildWatcher
