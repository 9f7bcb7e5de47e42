"""asyncio's own event loop with the ways that are taken most made short: calls that are scheduled,
a turn, and the bytes of connections. All else, and all of debug mode, is as it was.
"""

import asyncio
import contextvars
import heapq
from asyncio import base_events, events, unix_events
from time import monotonic

from . import connections, ring, selector

_Handle, _TimerHandle = events.Handle, events.TimerHandle
# After so many turns in a row in which there was something to call, only one in a few looks for
# events: that is the most of what a turn costs.
_BUSY, _SHARE = 8, 4

_new, _copy_context = object.__new__, contextvars.copy_context


def _scheduled_by_caller(handle):
    """Debug mode tells where a call was scheduled, which is not in this file."""
    if handle._source_traceback:
        del handle._source_traceback[-1]
    return handle


class RingEventLoop(unix_events._UnixSelectorEventLoop):
    """The default loop."""

    _busy_turns = 0

    def call_soon(self, callback, *args, context=None):
        if self._debug or self._closed:
            return _scheduled_by_caller(super().call_soon(callback, *args, context=context))
        handle = _new(_Handle)
        # What its own `__init__` does, without the frames of that.
        handle._callback = callback
        handle._args = args
        handle._loop = self
        handle._context = _copy_context() if context is None else context
        handle._cancelled = False
        handle._repr = handle._source_traceback = None
        self._ready.append(handle)
        return handle

    def call_later(self, delay, callback, *args, context=None):
        if self._debug or self._closed or delay is None:
            return _scheduled_by_caller(super().call_later(delay, callback, *args, context=context))
        return self.call_at(monotonic() + delay, callback, *args, context=context)

    def call_at(self, when, callback, *args, context=None):
        if self._debug or self._closed or when is None:
            return _scheduled_by_caller(super().call_at(when, callback, *args, context=context))
        timer = _new(_TimerHandle)
        timer._callback = callback
        timer._args = args
        timer._loop = self
        timer._context = _copy_context() if context is None else context
        timer._cancelled = False
        timer._repr = timer._source_traceback = None
        timer._when = when
        heapq.heappush(self._scheduled, timer)
        timer._scheduled = True
        return timer

    def _run_once(self):
        if self._debug or type(self._selector) is not selector.RingSelector:
            super()._run_once()
            return
        ready = self._ready
        if self._scheduled:
            self._drop_cancelled()
        self._busy_turns = turns = self._busy_turns + 1 if ready else 0
        if turns <= _BUSY or turns % _SHARE == 0 or self._stopping or not ring.is_idle():
            self._add_events()
        if self._scheduled:
            self._add_timers()
        take = ready.popleft
        # What is called may add more, which is for the next turn.
        for _ in range(len(ready)):
            handle = take()
            if handle._cancelled:
                continue
            try:
                handle._context.run(handle._callback, *handle._args)
            except (SystemExit, KeyboardInterrupt):
                raise
            except BaseException as error:
                _tell(handle, error)

    def _drop_cancelled(self):
        scheduled = self._scheduled
        most = base_events._MIN_SCHEDULED_TIMER_HANDLES
        share = base_events._MIN_CANCELLED_TIMER_HANDLES_FRACTION
        if len(scheduled) > most and self._timer_cancelled_count > share * len(scheduled):
            for timer in scheduled:
                timer._scheduled = not timer._cancelled
            scheduled[:] = [timer for timer in scheduled if timer._scheduled]
            heapq.heapify(scheduled)
            self._timer_cancelled_count = 0
        while scheduled and scheduled[0]._cancelled:
            self._timer_cancelled_count -= 1
            heapq.heappop(scheduled)._scheduled = False

    def run_forever(self):
        self._busy_turns = 0
        super().run_forever()

    def _add_events(self):
        """Waits, unless there is something to call, and adds who is to be called for events."""
        timeout = None
        if self._ready or self._stopping:
            timeout = 0
        elif self._scheduled:
            left = self._scheduled[0]._when - self.time()
            timeout = min(max(left, 0), base_events.MAXIMUM_SELECT_TIMEOUT)
        add = self._ready.append
        for key, events_of in self._selector.select(timeout):
            reader, writer = key.data
            if events_of & ring.READ and reader is not None:
                if reader._cancelled:
                    self._remove_reader(key.fileobj)
                else:
                    add(reader)
            if events_of & ring.WRITE and writer is not None:
                if writer._cancelled:
                    self._remove_writer(key.fileobj)
                else:
                    add(writer)

    def _add_timers(self):
        scheduled, add = self._scheduled, self._ready.append
        end = self.time() + self._clock_resolution
        while scheduled and scheduled[0]._when < end:
            timer = heapq.heappop(scheduled)
            timer._scheduled = False
            add(timer)

    def _make_socket_transport(self, sock, protocol, waiter=None, *, extra=None, server=None):
        self._ensure_fd_no_transport(sock)
        return connections.Connection(self, sock, protocol, waiter, extra, server)


class _Failing:
    """The context of a call that has failed; the handler of its error runs in it too."""

    def __init__(self, context, error: BaseException):
        self._context = context
        self._error: BaseException | None = error

    def run(self, callback, *args):
        error, self._error = self._error, None
        if error is None:
            return self._context.run(callback, *args)
        raise error


def _tell(handle, error: BaseException):
    """Has the handle say what it says when its call fails."""
    saved = handle._context, handle._args
    # A call that cancelled itself has no arguments any more.
    handle._context, handle._args = _Failing(handle._context, error), handle._args or ()
    try:
        handle._run()
    finally:
        handle._context, handle._args = saved


def install():
    """Makes it the default."""
    # What is printed of it, and of its connections, is as it is elsewhere.
    RingEventLoop.__name__ = RingEventLoop.__qualname__ = "_UnixSelectorEventLoop"
    unix_events._UnixDefaultEventLoopPolicy._loop_factory = RingEventLoop
    asyncio.EventLoop = unix_events.EventLoop = RingEventLoop
