"""Signals: those of the host come in with a turn of the ring, and are handled at its end.

The host's request to stop counts as SIGINT, which needs no grant.
"""

import _signal as _native
import _thread
import gc
import os
import signal as _signal
import sys
from collections import deque

from . import descriptors, errors, host, ring, transfer

# What only notes that a signal came.
_interrupt = _thread.interrupt_main

_LAST = 64
# Those that do nothing unless they are handled: CHLD, CONT, URG and WINCH.
_IGNORED = {17, 18, 23, 28}

_handlers: dict = {}
_pending: deque[int] = deque()
# What the host was asked for: the resource and the token of its watch, by number.
_subscriptions: dict = {}
_wakeup = -1
# How many were handled.
_handled = 0


def signal(number, handler):
    """Is `signal.signal`."""
    number = _checked(number)
    if not callable(handler) and handler not in (_signal.SIG_DFL, _signal.SIG_IGN):
        raise TypeError("signal handler must be signal.SIG_IGN, signal.SIG_DFL, or a callable")
    previous = getsignal(number)
    defaults = _signal.SIG_DFL, _signal.default_int_handler
    if handler in defaults or _is_runners(handler):
        _unsubscribe(number)
    else:
        _subscribe(number)
    _handlers[number] = handler
    return previous


def getsignal(number):
    """Is `signal.getsignal`."""
    number = _checked(number)
    default = _signal.SIG_DFL
    if number == _signal.SIGINT:
        default = _signal.default_int_handler
    return _handlers.get(number, default)


def set_wakeup_fd(fd, *, warn_on_full_buffer=True):
    """Is `signal.set_wakeup_fd`."""
    global _wakeup
    if not isinstance(fd, int) or isinstance(fd, bool):
        raise TypeError("an integer is required")
    if fd != -1:
        descriptors.get(fd)
    previous, _wakeup = _wakeup, fd
    return previous


def raise_signal(number):
    """Is `signal.raise_signal`."""
    number = _checked(number)
    if getsignal(number) == _signal.SIG_DFL and number not in _IGNORED:
        os._exit(128 + number)
    _handle(number)


def interrupt_main(number=_signal.SIGINT):
    """Is `_thread.interrupt_main`, of the only thread."""
    if getsignal(number) not in (_signal.SIG_DFL, _signal.SIG_IGN):
        _handle(_checked(number))


def valid_signals():
    """Is `signal.valid_signals`."""
    named = {int(one): one for one in _signal.Signals}
    return {named.get(number, number) for number in range(1, _LAST + 1)}


def pause():
    """Is `signal.pause`."""
    before = _handled
    ring.wait_until(lambda: _handled != before, None)


def arrive(number: int):
    """Notes that a signal came, which is handled at the end of the turn."""
    _pending.append(int(number))


def look():
    """Handles signals that came, as a wait does."""
    ring.look()
    _handle_pending()


def look_while_computing():
    """Looks after each collection of garbage from now on: a program that makes objects without
    ever waiting hears of signals too."""
    _native.signal(_signal.SIGINT, lambda number, frame: _handle_pending())
    gc.callbacks.append(_look_after_collection)


def siginterrupt(number, flag):
    """Is `signal.siginterrupt`: no call is ever interrupted, but by what a handler raises."""
    _checked(number)


def install():
    """Puts them in place."""
    replaced = signal, getsignal, set_wakeup_fd, raise_signal, valid_signals, siginterrupt, pause
    for function in replaced:
        setattr(_signal, function.__name__, function)
    _thread.interrupt_main = interrupt_main
    ring.set_hooks(_handle_pending, lambda: arrive(_signal.SIGINT))


def _checked(number) -> int:
    number = int(number)
    if not 1 <= number <= _LAST:
        raise ValueError("signal number out of range")
    return number


def _is_runners(handler) -> bool:
    """Whether it is that of `asyncio.Runner` for SIGINT, to which the request to stop is enough:
    programs that know nothing of signals need no grant."""
    function = getattr(getattr(handler, "func", None), "__func__", None)
    return getattr(function, "__qualname__", "") == "Runner._on_sigint"


def _subscribe(number: int):
    if number in _subscriptions:
        return
    resource = errors.call(host.signals.Subscription.subscribe, [number])
    token = ring.stand(resource.as_handle(), lambda: _collect(resource))
    _subscriptions[number] = resource, token


def _unsubscribe(number: int):
    resource, token = _subscriptions.pop(number, (None, 0))
    if resource is not None:
        ring.withdraw(token)
        resource.__exit__(None, None, None)


def _collect(resource):
    # At the program's end resources go before its last output.
    while resource.finalizer.alive and (event := resource.try_next()) is not None:
        _pending.append(event.signal)


def _look_after_collection(phase, info):
    if phase == "stop":
        ring.look()
        if _pending:
            # Not at once: nobody here could catch what a handler raises. A call that is spelled as
            # one would be followed by a look of the interpreter's own.
            for _ in iter(_interrupt, None):
                pass


def _handle_pending():
    global _handled
    while _pending:
        _handled += 1
        _handle(_pending.popleft())


def _handle(number: int):
    _wake(number)
    handler = getsignal(number)
    # It may have been taken back since the signal came.
    if callable(handler):
        handler(number, sys._getframe())


def _wake(number: int):
    if _wakeup >= 0:
        try:
            transfer.write(descriptors.get(_wakeup), bytes([number]), 0)
        except OSError:
            # Full: the loop has enough to wake it. Closed: nobody is there to be woken.
            pass
