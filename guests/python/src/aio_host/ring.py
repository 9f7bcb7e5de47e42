"""The one place where the guest waits: `aio:host/ring`.

A waiter (a selector, a blocking call) has a set of watches. The host knows those of the waiter that
waits; they are level-triggered, so what is not looked at is told again.
"""

import time
from itertools import count

from . import host

READ, WRITE = 1, 2

# The longest timeout of the host, in nanoseconds, and the most operations in one turn.
_LONGEST = 1 << 62
_MOST = 16_384

_tokens = count(1)
_queue: list = []
# The bytes of operations in the queue that have some, by token.
_payloads: dict[int, bytes] = {}
# Operations that are to be told of once, and watches of signals, by token.
_callbacks: dict = {}
_standing: dict = {}
# Batches that came while nobody took a turn.
_early: list = []
# The waiter whose watches the host has.
_waiter = None
# Handles of which something is there already that was looked at.
ahead: set[int] = set()
# Called after each turn; may raise what a signal's handler raises.
_after_turn = None
_on_stop = None


class Watches:
    """What one waiter wants to be told of: the events of each handle."""

    def __init__(self):
        self._wanted: dict[int, int] = {}
        self._tokens: dict[int, int] = {}
        self._handles: dict[int, int] = {}

    def set(self, handle: int, events: int):
        """Changes the events of a handle; 0 is none."""
        if events:
            self._wanted[handle] = events
        else:
            self._wanted.pop(handle, None)
        if _waiter is self:
            self._end(handle)
            self._begin(handle)

    def enter(self):
        """Tells the host all of them."""
        for handle in self._wanted:
            self._begin(handle)

    def leave(self):
        """Has the host forget all of them."""
        for handle in list(self._tokens):
            self._end(handle)

    def early(self) -> list[tuple[int, int]]:
        """Those that can be read whatever the host says."""
        wanted = self._wanted
        return [(handle, READ) for handle in ahead if wanted.get(handle, 0) & READ]

    def ready(self, token: int, outcome) -> tuple[int, int] | None:
        """Which handle is ready, and for what. One that cannot be watched is ready for all."""
        handle = self._handles.get(token)
        if handle is None:
            return None
        if type(outcome) is host.ring.Outcome_Ready:
            return handle, outcome.value.value
        del self._handles[token], self._tokens[handle]
        return handle, READ | WRITE

    def _begin(self, handle: int):
        events = self._wanted.get(handle, 0)
        if events:
            token = next(_tokens)
            self._tokens[handle] = token
            self._handles[token] = handle
            _submit(token, _watch(handle, events))

    def _end(self, handle: int):
        token = self._tokens.pop(handle, None)
        if token is not None:
            del self._handles[token]
            # As a change to nothing: unlike a cancel it does no harm to a closed handle.
            _submit(0, _watch(handle, 0))


def wait(watches: Watches, timeout: float | None) -> list[tuple[int, int]]:
    """Waits until a watch is ready, an operation is done, a signal came or `timeout` seconds have
    passed (none: for ever). Returns the handles that are ready, and for what."""
    global _waiter
    if _waiter is not watches:
        if _waiter is not None:
            _waiter.leave()
        _waiter = watches
        watches.enter()
    early = watches.early() if ahead else []
    ready = _turn(watches, 0 if early else nanoseconds(timeout))
    told = dict(ready) if early else {}
    ready.extend(one for one in early if one[0] not in told)
    return ready


def wait_for(handle: int, events: int, timeout: float | None) -> bool:
    """Waits until a handle is ready, and tells whether it is: false after `timeout` seconds."""
    return bool(wait_for_any({handle: events}, timeout))


def wait_for_any(wanted: dict[int, int], timeout: float | None) -> list[tuple[int, int]]:
    """Waits until one of the handles is ready for its events, and tells which are, and for what."""
    watches = Watches()
    for handle, events in wanted.items():
        watches.set(handle, events)
    found: list[tuple[int, int]] = []

    def add(ready):
        found.extend(ready)
        return bool(found)

    _wait_until(add, watches, timeout)
    return found


def wait_until(condition, timeout: float | None) -> bool:
    """Waits until `condition()` is true, which the end of an operation may bring about."""
    return condition() or _wait_until(lambda ready: condition(), Watches(), timeout)


def sleep(seconds: float):
    """Is `time.sleep`, interrupted by what a signal's handler raises."""
    if seconds < 0:
        raise ValueError("sleep length must be non-negative")
    wait_until(lambda: False, seconds)


def start(operation, done, payload: bytes = b"") -> int:
    """Submits an operation, and its bytes, with the next turn. `done(outcome)` is called once; an
    outcome that is data is the bytes."""
    token = next(_tokens)
    _callbacks[token] = done
    if payload:
        _payloads[token] = payload
    _submit(token, operation)
    return token


def flush():
    """Submits what there is now, without waiting, and sees to what is done."""
    _turn(_waiter, 0)


def look():
    """Hears of signals without a turn. What else has happened is seen to by the next one."""
    batch = host.ring.enter([], b"", 0)
    for completion in batch.completions:
        if completion.token in _standing:
            _standing[completion.token]()
    # A handle that is ready is told of again.
    told = host.ring.Outcome_Ready
    batch.completions = [one for one in batch.completions if type(one.outcome) is not told]
    if batch.completions:
        _early.append(batch)
    if batch.stop and _on_stop is not None:
        _on_stop()


def run(operation):
    """Submits an operation, waits for its end and returns its outcome."""
    outcomes: list = []
    start(operation, outcomes.append)
    wait_until(lambda: outcomes, None)
    return outcomes[0]


def stand(handle: int, ready) -> int:
    """Watches a handle whoever waits; `ready()` is called in each turn in which it is readable."""
    token = next(_tokens)
    _standing[token] = ready
    _submit(token, _watch(handle, READ))
    return token


def withdraw(token: int):
    """Ends such a watch, whose handle is about to be closed."""
    _standing.pop(token, None)


def is_waiting() -> bool:
    """Whether there is something in flight, which a turn may bring to its end."""
    return bool(_standing or _callbacks)


def set_hooks(after_turn, on_stop):
    """Has `after_turn()` called after each turn, and `on_stop()` when the host asks for an end."""
    global _after_turn, _on_stop
    _after_turn, _on_stop = after_turn, on_stop


def _wait_until(condition, watches: Watches, timeout: float | None) -> bool:
    global _waiter
    previous = _waiter
    end = None if timeout is None else time.monotonic() + timeout
    left = timeout
    try:
        while True:
            if condition(wait(watches, left)):
                return True
            if end is not None:
                left = end - time.monotonic()
                if left <= 0:
                    return False
    finally:
        watches.leave()
        _waiter = previous
        if previous is not None:
            previous.enter()


def _turn(watches: Watches | None, timeout: int | None) -> list[tuple[int, int]]:
    submissions = _queue[:_MOST]
    del _queue[:_MOST]
    early, _early[:] = _early[:], []
    batch = host.ring.enter(submissions, _taken(submissions), 0 if _queue or early else timeout)
    ready = [event for kept in early for event in _see_to(kept.completions, kept.data, watches)]
    ready += _see_to(batch.completions, batch.data, watches)
    if batch.stop and _on_stop is not None:
        _on_stop()
    if _after_turn is not None:
        _after_turn()
    return ready


def _see_to(completions, data: bytes, watches: Watches | None) -> list[tuple[int, int]]:
    data = memoryview(data)
    ready = []
    for completion in completions:
        token = completion.token
        event = watches.ready(token, completion.outcome) if watches is not None else None
        if event is not None:
            ready.append(event)
        elif token in _callbacks:
            outcome = completion.outcome
            if type(outcome) is host.ring.Outcome_Data:
                outcome, data = bytes(data[: outcome.value]), data[outcome.value :]
            _callbacks.pop(token)(outcome)
        elif token in _standing:
            _standing[token]()
    return ready


def _taken(submissions: list) -> bytes:
    if not _payloads:
        return b""
    return b"".join(_payloads.pop(submission.token, b"") for submission in submissions)


def _submit(token: int, operation):
    # Without a token only a failure would be reported, which is of no interest.
    _queue.append(host.ring.Submission(token, token == 0, operation))


def _watch(handle: int, events: int):
    interest = host.ring.Interest(events)
    return host.ring.Operation_Watch(host.ring.WatchArguments(handle, interest))


def nanoseconds(timeout: float | None) -> int | None:
    """A span in the host's unit; none is for ever."""
    if timeout is None:
        return None
    if timeout <= 0:
        return 0
    return min(int(timeout * 1e9) + 1, _LONGEST)
