"""Stands for threads in tests, of which a guest has none. A thread runs on the stack of whoever
waits; while it waits itself, the loops that wait below it are turned. It is not for programs: who
waits below a thread goes on only when that has ended.
"""

import _thread
import socket
import sys
import threading
import time
from asyncio import base_events, events, tasks
from collections import deque
from concurrent import futures
from itertools import count

from aio_host import executor, ring, waiting
from aio_host.selector import RingSelector

# How long a turn of a loop below may take, and how long a thread may hold up others that could go
# on, both in seconds.
SLICE = 0.002
PATIENCE = 1.0

# Threads that were started and have not begun, and who waits below the one that runs.
_pending: deque = deque()
_waiters: list = []
_idents = count(1 << 20)
_ident = _thread.get_ident
_current = None

_native_wait = ring.wait
_native_wait_until = ring.wait_until
_native_run_once = base_events.BaseEventLoop._run_once


class Again(BaseException):
    """Unwinds a server that waits for clients; it is started again when there is time for it."""


class Abandoned(BaseException):
    """Unwinds a thread that cannot go on before others do."""


class Handle:
    """Is `_thread._ThreadHandle`."""

    def __init__(self):
        self.ident = None
        self.done = False

    def is_done(self):
        return self.done

    def _set_done(self):
        self.done = True

    def join(self, timeout=None):
        if timeout is not None and timeout < 0:
            timeout = None
        ring.wait_until(self.is_done, timeout)


class Waiter:
    """Who waits below a thread: in the selector of a loop, for handles, or for a condition."""

    def __init__(self, loop, watches, condition):
        self.loop = loop
        self.watches = watches
        self.condition = condition
        self.turning = False

    def could_go_on(self):
        if self.loop is not None:
            return self.loop._stopping
        if self.watches._wanted:
            return bool(_native_wait(self.watches, 0))
        return self.condition()

    def turn(self):
        """Turns its loop once, as if there were nothing above."""
        self.turning = True
        with Identity(None, self.loop):
            try:
                self.loop._run_once()
            finally:
                self.turning = False


class Identity:
    """For as long as another thread seems to run."""

    def __init__(self, thread_ident, loop=None):
        self.next = thread_ident, loop

    def __enter__(self):
        global _current
        ident, loop = self.next
        below = events._get_running_loop()
        task = None if below is None else tasks._swap_current_task(below, None)
        self.previous = _current, below, task
        _current = ident
        events._set_running_loop(loop)

    def __exit__(self, *error):
        global _current
        _current, below, task = self.previous
        events._set_running_loop(below)
        if below is not None:
            tasks._swap_current_task(below, task)


class Started:
    """One thread: its function, until that has returned."""

    def __init__(self, function, handle):
        self.function = function
        self.handle = handle
        handle.ident = next(_idents)

    def run(self):
        try:
            with Identity(self.handle.ident):
                self.function()
        except Again:
            _pending.append(self)
            return
        except Abandoned:
            print("a thread was abandoned", file=sys.stderr)
        self.handle._set_done()


def get_ident():
    return _current or _ident()


def start_joinable(function, handle=None, daemon=True):
    handle = handle or Handle()
    _pending.append(Started(function, handle))
    return handle


def start_new(function, args, kwargs={}):
    return start_joinable(lambda: function(*args, **kwargs)).ident


def wait_until(condition, timeout):
    """Is `ring.wait_until`, whose condition others may bring about."""
    global _condition
    previous, _condition = _condition, condition
    try:
        return _native_wait_until(condition, timeout)
    finally:
        _condition = previous


_condition = bool


def wait(watches, timeout):
    """Is `ring.wait`, and lets others run meanwhile."""
    if not _pending and not _waiters:
        if timeout is None and is_hopeless(watches):
            raise RuntimeError("nothing can end this wait")
        return _native_wait(watches, timeout)
    return _wait_with_others(watches, timeout)


def is_hopeless(watches):
    """Whether it waits for others only, of which there are none, and for nothing of the host."""
    return not watches._wanted and not ring._callbacks and loop_of(watches) is None


def loop_of(watches):
    """The loop that waits in its selector."""
    loop = events._get_running_loop()
    selector = getattr(loop, "_selector", None)
    return loop if getattr(selector, "_watches", None) is watches else None


def _wait_with_others(watches, timeout):
    end = None if timeout is None else time.monotonic() + timeout
    patience = None
    loop = loop_of(watches)
    waiter = Waiter(loop, watches, _condition)
    if _waiters and _waiters[-1].turning:
        # A loop that is turned from above: not for long.
        return _native_wait(watches, SLICE if timeout is None else min(timeout, SLICE))
    while True:
        ready = _native_wait(watches, 0)
        if ready or timeout == 0 or not watches._wanted and waiter.condition():
            return ready
        if end is not None and time.monotonic() >= end:
            return []
        if _pending:
            begin(waiter)
        elif not turn_others():
            if timeout is None and is_hopeless(watches):
                raise RuntimeError("nothing can end this wait")
            ready = _native_wait(watches, SLICE)
            if ready:
                return ready
        if loop is not None or not watches._wanted:
            # Whoever turned it may have given it something to do.
            return []
        if _waiters and _waiters[-1].could_go_on():
            patience = patience or time.monotonic() + PATIENCE
            give_way(patience)


def begin(waiter):
    """Runs a thread above who waits."""
    thread = _pending.popleft()
    _waiters.append(waiter)
    try:
        thread.run()
    finally:
        _waiters.pop()


def turn_others() -> bool:
    turned = False
    for waiter in reversed(_waiters):
        if waiter.loop is not None and not waiter.turning and not waiter.loop._stopping:
            waiter.turn()
            turned = True
    return turned


def give_way(patience):
    """Ends the thread that runs, for who waits below could go on."""
    names = set()
    frame = sys._getframe()
    while frame is not None and frame.f_code is not Started.run.__code__:
        names.add(frame.f_code.co_name)
        frame = frame.f_back
    if names & {"_handle_client", "process_request"}:
        serving = False
    else:
        serving = bool(names & {"serve_forever", "_run"})
    if serving:
        raise Again
    if time.monotonic() > patience:
        raise Abandoned


def wait_for_lock(lock, timeout):
    wait_until(lambda: not lock.locked(), timeout)


def run_once(loop):
    """Is `BaseEventLoop._run_once`, also of loops that seem to wait only."""
    if _pending and not isinstance(loop._selector, RingSelector):
        begin(Waiter(loop, None, None))
    _native_run_once(loop)


class Executor(executor.InlineExecutor):
    """Is `ThreadPoolExecutor`, with a thread for each piece of work."""

    def submit(self, function, /, *args, **kwargs):
        if self._shutdown or function is socket.getaddrinfo:
            return super().submit(function, *args, **kwargs)
        future = futures.Future()
        start_joinable(lambda: self.perform(future, function, args, kwargs))
        return future

    def perform(self, future, function, args, kwargs):
        if not future.set_running_or_notify_cancel():
            return
        try:
            result = self._do(function, args, kwargs)
        except BaseException as error:
            future.set_exception(error)
        else:
            future.set_result(result)


def install():
    """Puts it in place."""
    ring.wait = wait
    ring.wait_until = wait_until
    waiting.Lock._wait = wait_for_lock
    base_events.BaseEventLoop._run_once = run_once
    futures.ThreadPoolExecutor = futures.thread.ThreadPoolExecutor = Executor
    time.sleep = lambda seconds: ring.sleep(seconds)
    threading.get_ident = _thread.get_ident = get_ident
    threading._start_joinable_thread = _thread.start_joinable_thread = start_joinable
    threading._start_new_thread = _thread.start_new_thread = start_new
    threading._ThreadHandle = Handle
    threading.Thread.start = start


def start(thread):
    """Is `Thread.start`, which would wait for it to begin."""
    if not thread._initialized:
        raise RuntimeError("thread.__init__() not called")
    if thread._started.is_set():
        raise RuntimeError("threads can only be started once")
    thread._os_thread_handle = Handle()
    if thread._context is None:
        import contextvars

        thread._context = contextvars.Context()
    start_joinable(lambda: bootstrap(thread), thread._os_thread_handle)
    thread._ident = thread._os_thread_handle.ident
    thread._started.set()


def bootstrap(thread):
    # `run` forgets them.
    work = {name: thread.__dict__.get(name) for name in ("_target", "_args", "_kwargs")}
    with threading._active_limbo_lock:
        threading._active[thread._ident] = thread
    try:
        thread._context.copy().run(thread.run)
    except Exception:
        thread._invoke_excepthook(thread)
    except Again:
        thread.__dict__.update(work)
        raise
    finally:
        with threading._active_limbo_lock:
            threading._active.pop(thread._ident, None)
