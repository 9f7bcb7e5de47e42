"""The one place where the guest waits: `aio:host/ring`.

A waiter (a selector, a blocking call) has a set of watches. The host knows those of the waiter that
waits; they are level-triggered, so what is not looked at is told again.
"""

import time
from itertools import count
from struct import Struct

from . import errors, flows, host

READ, WRITE = 1, 2

# The longest timeout of the host, in nanoseconds, and the most operations in one turn.
_LONGEST = 1 << 62
_MOST = 16_384
# How long the end of a program waits for a peer that takes nothing, in nanoseconds.
_PATIENCE = 1_000_000_000

# The forms of `enter-packed`: what comes first, a submission, and a completion.
_HEAD, _SUBMISSION, _COMPLETION = Struct("<II"), Struct("<QQII"), Struct("<QII")
_READ_MANY, _WRITE, _WATCH, _CANCEL = range(4)
_KINDS = "Data", "Written", "Ready", "Failed", "Done"
_DATA, _WRITTEN, _READY, _FAILED = range(4)
_STOP, _MORE = 1, 2

_tokens = count(1)
# Operations that have a packed form, and those that have none.
_records: list[bytes] = []
_queue: list = []
# The bytes of operations in the queue that have some, by token.
_payloads: dict[int, bytes] = {}
# Operations that are to be told of once, and watches of signals, by token.
_callbacks: dict = {}
_standing: dict = {}
# How many turns are being taken, one in a callback of another.
_turning = 0
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
        # Connections that are to be told of when they take something.
        self._writers: dict[int, flows.Flow] = {}

    def set(self, handle: int, events: int):
        """Changes the events of a handle; 0 is none."""
        if events:
            self._wanted[handle] = events
        else:
            self._wanted.pop(handle, None)
        flow = flows.by_handle.get(handle)
        if flow is not None:
            self._set_flow(flow, events)
        elif _waiter is self:
            self._end(handle)
            self._begin(handle)

    def enter(self):
        """Tells the host all of them."""
        for handle in self._wanted:
            self._begin(handle)

    def enter_one(self, handle: int):
        """Watches a handle that has turned out to be no connection."""
        self._writers.pop(handle, None)
        self._begin(handle)

    def leave(self):
        """Has the host forget all of them."""
        for handle in list(self._tokens):
            self._end(handle)
        for handle in self._wanted:
            flow = flows.by_handle.get(handle)
            if flow is not None:
                _read_for(flow, 0)

    def early(self) -> list[tuple[int, int]]:
        """Those that can be read whatever the host says."""
        wanted = self._wanted
        return [(handle, READ) for handle in ahead if wanted.get(handle, 0) & READ]

    def ready(self, token: int, kind: int, value: int) -> tuple[int, int] | None:
        """Which handle is ready, and for what. One that cannot be watched is ready for all."""
        handle = self._handles.get(token)
        if handle is None:
            return None
        if kind == _READY:
            return handle, value
        del self._handles[token], self._tokens[handle]
        return handle, READ | WRITE

    def ready_flows(self) -> list[tuple[int, int]]:
        """The connections that are ready, and for what."""
        if not flows.unread and not self._writers:
            return []
        wanted = self._wanted
        ready = {
            flow.handle: READ for flow in flows.unread if wanted.get(flow.handle, 0) & READ
        }
        for flow in self._writers.values():
            if flow.is_writable():
                ready[flow.handle] = ready.get(flow.handle, 0) | WRITE
        return list(ready.items())

    def is_sending(self) -> bool:
        """Whether room that is waited for comes with this turn."""
        return any(flow in flows.unsent for flow in self._writers.values())

    def _set_flow(self, flow, events: int):
        """Has the host read, or not; the rest is known here."""
        if events & WRITE:
            self._writers[flow.handle] = flow
        else:
            self._writers.pop(flow.handle, None)
        if _waiter is self:
            _read_for(flow, events)

    def _begin(self, handle: int):
        events = self._wanted.get(handle, 0)
        flow = flows.by_handle.get(handle)
        if flow is not None:
            _read_for(flow, events)
        elif events:
            token = next(_tokens)
            self._tokens[handle] = token
            self._handles[token] = handle
            _record(token, handle, _WATCH, events)

    def _end(self, handle: int):
        token = self._tokens.pop(handle, None)
        if token is not None:
            del self._handles[token]
            # As a change to nothing: unlike a cancel it does no harm to a closed handle.
            _record(0, handle, _WATCH, 0)


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
    """Hears of signals without a turn. What else has happened is seen to by the next one; one that
    is being taken would wait for it in vain, and hears of signals itself."""
    if _turning:
        return
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


def settle(handle: int, then):
    """Calls `then()` when all is sent that a connection has taken: at once, if that can be."""
    flow = flows.by_handle.get(handle)
    if flow is None:
        then()
        return
    if flow.size and not flow.blocked:
        flush()
    flow.when_sent(then)


def is_idle() -> bool:
    """Whether nothing is to be submitted, and all is read that was brought."""
    return not (_records or _queue or _early or ahead or flows.unsent or flows.unread)


def finish():
    """Sends what connections have taken, as long as somebody takes it."""
    left = flows.left()
    while left:
        for timeout in _PATIENCE, 0:
            _packed_turn(None, timeout, [])
        previous, left = left, flows.left()
        if left == previous:
            return


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
    _record(token, handle, _WATCH, READ)
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
    global _turning
    _turning += 1
    try:
        ready = _take_turn(watches, timeout)
    finally:
        _turning -= 1
    if _after_turn is not None:
        _after_turn()
    return ready


def _take_turn(watches: Watches | None, timeout: int | None) -> list[tuple[int, int]]:
    ready: list[tuple[int, int]] = []
    early, _early[:] = _early[:], []
    for batch in early:
        _see_to(watches, batch, ready)
    if _queue:
        if _records or flows.unsent:
            # What was submitted before is begun before.
            _packed_turn(watches, 0, ready)
        _plain_turn(watches, ready)
        early = True
    if early or timeout != 0 and watches is not None and (
        watches.is_sending() or watches.ready_flows()
    ):
        timeout = 0
    _packed_turn(watches, timeout, ready)
    if watches is not None:
        ready += watches.ready_flows()
    return ready


def _packed_turn(watches: Watches | None, timeout: int | None, ready: list):
    """A turn for all that has a packed form. Whatever has none comes with a plain one."""
    batch = host.ring.enter_packed(*_packed(timeout))
    number, flags = _HEAD.unpack_from(batch)
    at = _HEAD.size + number * _COMPLETION.size
    known = flows.by_token
    for token, kind, value in _COMPLETION.iter_unpack(batch[_HEAD.size : at]):
        if kind == _DATA:
            value, at = batch[at : at + value], at + value
            if token in known:
                known[token].received(value)
                continue
        _complete(watches, token, kind, value, ready)
    if flows.ending:
        flows.end()
    if flags & _STOP and _on_stop is not None:
        _on_stop()
    if flags & _MORE:
        _plain_turn(watches, ready)


def _packed(timeout: int | None) -> tuple[bytes, int | None]:
    """What is submitted with a turn, and how long that may take."""
    data = []
    if len(_records) + len(flows.unsent) <= _MOST:
        for flow in flows.unsent:
            data.append(flow.to_send())
            _record(flow.token + 1, flow.handle, _WRITE, len(data[-1]))
        flows.unsent.clear()
    records = _records[:_MOST]
    del _records[:_MOST]
    head = _HEAD.pack(len(records), 0)
    return b"".join((head, *records, *data)), 0 if _records else timeout


def _plain_turn(watches: Watches | None, ready: list):
    """A turn for what has no packed form, without waiting."""
    submissions = _queue[:_MOST]
    del _queue[:_MOST]
    batch = host.ring.enter(submissions, _taken(submissions), 0)
    _see_to(watches, batch, ready)
    if batch.stop and _on_stop is not None:
        _on_stop()


def _see_to(watches: Watches | None, batch, ready: list):
    at = 0
    for completion in batch.completions:
        token, outcome = completion.token, completion.outcome
        kind, value = _numbers(outcome)
        if kind == _DATA:
            value, at = batch.data[at : at + value], at + value
        _complete(watches, token, kind, value, ready, outcome)


def _complete(watches: Watches | None, token: int, kind: int, value, ready: list, outcome=None):
    """Sees to the end of one operation, or to what a watch has to tell."""
    flow = flows.by_token.get(token)
    if flow is not None:
        _go_on(watches, flow, token, kind, value)
        return
    event = watches.ready(token, kind, value) if watches is not None else None
    if event is not None:
        ready.append(event)
    elif token in _callbacks:
        is_data = kind == _DATA or outcome is None
        _callbacks.pop(token)(_outcome(kind, value) if is_data else outcome)
    elif token in _standing:
        _standing[token]()


def _go_on(watches: Watches | None, flow, token: int, kind: int, value):
    code = host.types.ErrorCode(value) if kind == _FAILED else None
    if kind == _DATA:
        flow.received(value)
    elif kind == _WRITTEN:
        flow.sent_only(value)
        _record(token, flow.handle, _WATCH, WRITE)
    elif kind == _READY:
        _record(0, flow.handle, _WATCH, 0)
        flow.unblock()
    elif token != flow.token:
        flow.fail(errors.of(code))
    elif code.name == "BAD_HANDLE":
        # It is no connection.
        flow.forget()
        if watches is not None:
            watches.enter_one(flow.handle)
    elif code.name != "CANCELLED":
        flow.end(errors.of(code))


def _read_for(flow, events: int):
    """Has the host read for a connection, or not."""
    reading = bool(events & READ) and flow.ended is None
    if reading != flow.reading:
        flow.reading = reading
        if reading:
            _record(flow.token, flow.handle, _READ_MANY, flows.ROOM)
        else:
            _record(0, flow.token, _CANCEL, 0)


def _numbers(outcome) -> tuple[int, int]:
    """The packed form of an outcome; of one that has none only that it is no other."""
    name = type(outcome).__name__.removeprefix("Outcome_")
    if name not in _KINDS:
        return len(_KINDS), 0
    value = getattr(outcome, "value", 0)
    return _KINDS.index(name), getattr(value, "value", value)


def _outcome(kind: int, value):
    """The outcome of a packed form; of data the bytes."""
    if kind == _DATA:
        return value
    values = {_READY: host.ring.Interest, _FAILED: host.types.ErrorCode}
    if kind in values:
        value = values[kind](value)
    made = getattr(host.ring, f"Outcome_{_KINDS[kind]}")
    return made() if _KINDS[kind] == "Done" else made(value)


def _taken(submissions: list) -> bytes:
    if not _payloads:
        return b""
    return b"".join(_payloads.pop(submission.token, b"") for submission in submissions)


def _submit(token: int, operation):
    # Without a token only a failure would be reported, which is of no interest.
    _queue.append(host.ring.Submission(token, token == 0, operation))


def _record(token: int, handle: int, kind: int, value: int):
    _records.append(_SUBMISSION.pack(token, handle, kind, value))


def nanoseconds(timeout: float | None) -> int | None:
    """A span in the host's unit; none is for ever."""
    if timeout is None:
        return None
    if timeout <= 0:
        return 0
    return min(int(timeout * 1e9) + 1, _LONGEST)
