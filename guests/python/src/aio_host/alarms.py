"""`signal.alarm` and `setitimer` by the host's timers. An alarm rings where the guest waits."""

import math
import signal
import time

from . import host, ring, signals

ITIMER_REAL, ITIMER_VIRTUAL, ITIMER_PROF = range(3)

# The token of the timer's operation, when it is due, and after how long it is due again.
_token = 0
_due = 0.0
_interval = 0.0


def setitimer(which, seconds, interval=0.0):
    """Is `signal.setitimer`, for the clock on the wall."""
    global _token, _interval
    previous = getitimer(which)
    if seconds < 0 or interval < 0:
        raise signal.ItimerError(22, "Invalid argument")
    if _token:
        ring.start(host.ring.Operation_Cancel(_token), lambda outcome: None)
    _token, _interval = 0, interval
    if seconds:
        _begin(seconds)
    return previous


def getitimer(which):
    """Is `signal.getitimer`."""
    if which != ITIMER_REAL:
        raise signal.ItimerError(22, "a guest has ITIMER_REAL only")
    return (max(_due - time.monotonic(), 1e-6), _interval) if _token else (0.0, 0.0)


def alarm(seconds):
    """Is `signal.alarm`."""
    left, _ = setitimer(ITIMER_REAL, seconds)
    return math.ceil(left)


def install():
    """Puts them in place."""
    signal.ItimerError = OSError
    signal.ITIMER_REAL, signal.ITIMER_VIRTUAL, signal.ITIMER_PROF = range(3)
    signal.setitimer, signal.getitimer, signal.alarm = setitimer, getitimer, alarm


def _begin(seconds: float):
    global _token, _due
    _due = time.monotonic() + seconds
    operation = host.ring.Operation_Sleep(ring.nanoseconds(seconds))
    token = ring.start(operation, lambda outcome: _ring(token))
    _token = token


def _ring(token: int):
    global _token
    # One that was replaced rings no more.
    if token == _token:
        _token = 0
        if _interval:
            _begin(_interval)
        if signal.getsignal(signal.SIGALRM) == signal.SIG_DFL:
            signal.raise_signal(signal.SIGALRM)
        signals.arrive(signal.SIGALRM)
