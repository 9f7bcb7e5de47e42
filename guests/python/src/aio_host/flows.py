"""The guest's ends of connections: what a turn has read waits here, and what is written waits for
the next one, so that many reads and writes cross at once.

As with the buffers of a kernel, a failure to write is told by the next call, and what was written
is sent also if the socket is closed meanwhile.
"""

from collections import deque
from itertools import count

# What is written and not sent, in bytes, after which a socket takes no more.
ROOM = 65_536

# Those that have something to read, or to send with the next turn, in this order.
unread: dict = {}
unsent: dict = {}
# Those that are there, by handle, and by the tokens of their reads and writes.
by_handle: dict = {}
by_token: dict = {}

# Those that have something to do when all is sent.
ending: dict = {}

_tokens = count(1 << 32, 2)


class Flow:
    """The two directions of one connection."""

    __slots__ = ("handle", "token", "reading", "chunks", "ended", "waiting", "size", "sending",
                 "blocked", "failure", "on_failure", "at_end")

    def __init__(self, handle: int):
        self.handle = handle
        self.token = next(_tokens)
        # Whether the host reads for it.
        self.reading = False
        self.chunks: deque[bytes] = deque()
        # None, b"" after the end of the stream, or why nothing is read any more.
        self.ended = None
        self.waiting: list[bytes] = []
        self.size = 0
        # What this turn sends.
        self.sending = b""
        # Whether the socket took less than it was to send.
        self.blocked = False
        self.failure = None
        # A weak reference to who is told of that at once.
        self.on_failure = None
        # What is done when all is sent.
        self.at_end: list = []
        by_handle[handle] = by_token[self.token] = by_token[self.token + 1] = self

    def read(self, size: int):
        """Up to `size` bytes of what is here, none if nothing is."""
        if not self.chunks:
            if isinstance(self.ended, OSError):
                failure, self.ended = self.ended, b""
                raise failure
            return self.ended
        data = self.chunks.popleft()
        if len(data) > size:
            self.chunks.appendleft(data[size:])
            return data[:size]
        if not self.chunks and self.ended is None:
            del unread[self]
        return data

    def received(self, data: bytes):
        """Takes what the host has read."""
        if data:
            self.chunks.append(data)
        else:
            self.end(b"")
        unread[self] = None

    def end(self, why):
        """Nothing is read any more."""
        self.reading = False
        self.ended = why
        unread[self] = None

    def write(self, data: bytes) -> int:
        """Takes what there is room for, and returns how many bytes that is."""
        if self.failure is not None:
            failure, self.failure = self.failure, None
            raise failure
        piece = data[: max(ROOM - self.size, 0)]
        if piece:
            self.add(piece)
        return len(piece)

    def has_room_for(self, length: int) -> bool:
        """Whether so many bytes are taken as they are, and nothing is to be told."""
        return self.size + length <= ROOM and self.failure is None

    def add(self, data: bytes):
        """Takes bytes that there is room for."""
        self.waiting.append(data)
        self.size += len(data)
        if not self.blocked:
            unsent[self] = None

    def is_writable(self) -> bool:
        """Whether it takes something, or has a failure to tell."""
        return self.size < ROOM or self.failure is not None

    def to_send(self) -> bytes:
        """What is to be sent with this turn."""
        self.sending = self.waiting[0] if len(self.waiting) == 1 else b"".join(self.waiting)
        self.waiting.clear()
        self.size = 0
        return self.sending

    def sent_only(self, length: int):
        """The socket has not taken all."""
        rest = self.sending[length:]
        self.waiting.insert(0, rest)
        self.size += len(rest)
        self.blocked = True

    def fail(self, error: OSError):
        """Nothing is sent any more."""
        self.waiting.clear()
        self.size = 0
        self.failure = error
        tell = self.on_failure and self.on_failure()
        if tell is not None:
            tell(error)

    def when_sent(self, then):
        """Calls `then()` when all is sent."""
        if self.size:
            self.at_end.append(then)
            ending[self] = None
        else:
            then()

    def unblock(self):
        """The socket takes more."""
        self.blocked = False
        unsent[self] = None

    def forget(self):
        """The handle is closed, or is that of something else."""
        # Nobody that still has it is to add anything.
        self.size = ROOM + 1
        self.chunks.clear()
        unread.pop(self, None)
        unsent.pop(self, None)
        ending.pop(self, None)
        by_handle.pop(self.handle, None)
        for token in self.token, self.token + 1:
            by_token.pop(token, None)


def of(handle: int) -> Flow:
    """Those of a connection, made if there are none."""
    return by_handle.get(handle) or Flow(handle)


def left() -> int:
    """How many bytes are to be sent."""
    return sum(flow.size for flow in by_handle.values())


def end():
    """Does what was to be done when all is sent."""
    for flow in [flow for flow in ending if not flow.size]:
        del ending[flow]
        while flow.at_end:
            flow.at_end.pop(0)()
