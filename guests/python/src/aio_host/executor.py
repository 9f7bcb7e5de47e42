"""Executors without threads: work is done by the event loop's own thread, between its callbacks.

Name lookups are the exception: they are the host's, and others go on meanwhile.
"""

import contextvars
import socket
from asyncio import base_events, events
from collections import deque
from concurrent import futures
from concurrent.futures import thread

from . import resolver, ring

# What a test puts in its place is done as any other work.
_getaddrinfo = socket.getaddrinfo

# Work of all executors that waits for the loop, in the order in which it was given.
_waiting: deque = deque()


class InlineFuture(futures.Future):
    """Work that is done when somebody asks for its result, at the latest."""

    def __init__(self, executor, work):
        super().__init__()
        self.executor = executor
        self._work = work

    def perform(self):
        """Does the work, unless it is done or was cancelled."""
        work, self._work = self._work, None
        if work is None or not self.set_running_or_notify_cancel():
            return
        try:
            result = work()
        except BaseException as error:
            self.set_exception(error)
        else:
            self.set_result(result)

    def result(self, timeout=None):
        self.perform()
        return super().result(timeout)

    def exception(self, timeout=None):
        self.perform()
        return super().exception(timeout)


class InlineExecutor(thread.ThreadPoolExecutor):
    """Is `ThreadPoolExecutor`."""

    def __init__(self, max_workers=None, thread_name_prefix="", initializer=None, initargs=()):
        super().__init__(max_workers, thread_name_prefix)
        self._initialize = None if initializer is None else lambda: initializer(*initargs)

    def submit(self, fn, /, *args, **kwargs):
        if self._shutdown:
            raise RuntimeError("cannot schedule new futures after shutdown")
        if fn is _getaddrinfo:
            return _look_up(*args, **kwargs)
        future = InlineFuture(self, lambda: self._do(fn, args, kwargs))
        loop = events._get_running_loop()
        if loop is None:
            future.perform()
        else:
            _waiting.append(future)
            # Not in the context of the task that asks: it is none of its steps.
            loop.call_soon(perform_one, context=contextvars.Context())
        return future

    def shutdown(self, wait=True, *, cancel_futures=False):
        self._shutdown = True
        for future in [one for one in _waiting if one.executor is self]:
            if cancel_futures:
                future.cancel()
            else:
                future.perform()

    def _do(self, fn, args, kwargs):
        initialize, self._initialize = self._initialize, None
        if initialize is not None:
            initialize()
        return fn(*args, **kwargs)


async def shut_down_default(loop, timeout=None):
    """Is the loop's `shutdown_default_executor`, which would start a thread."""
    loop._executor_shutdown_called = True
    if loop._default_executor is not None:
        loop._default_executor.shutdown()


def perform_one() -> bool:
    """Does the work that has waited longest, and tells whether there was any."""
    if not _waiting:
        return False
    _waiting.popleft().perform()
    return True


def install():
    """Puts them in place."""
    thread.ThreadPoolExecutor = futures.ThreadPoolExecutor = InlineExecutor
    base_events.BaseEventLoop.shutdown_default_executor = shut_down_default


def _look_up(*args, **kwargs) -> futures.Future:
    future: futures.Future = futures.Future()
    future.set_running_or_notify_cancel()

    def finish(outcome):
        try:
            result = [_with_names(*found) for found in lookup.results(outcome)]
        except OSError as error:
            future.set_exception(error)
        else:
            future.set_result(result)

    try:
        lookup = resolver.Lookup(*args, **kwargs)
        operation = lookup.operation()
    except Exception as error:
        future.set_exception(error)
        return future
    if operation is None:
        finish(None)
    else:
        ring.start(operation, finish)
    return future


def _with_names(family, kind, *more):
    """As `socket.getaddrinfo` makes it of what `_socket` returns."""
    return socket.AddressFamily(family), socket.SocketKind(kind), *more
