"""What TLS is carried by: a pair of buffers, or a socket."""

import time
import weakref

from .. import descriptors, transfer
from . import errors

# The length of a record's head, in which its own length is.
HEAD = 5
# The most that the engine takes before what it decrypted is read.
_RECORD = HEAD + 16_640


class Buffers:
    """Two `MemoryBIO`s."""

    socket = None

    def __init__(self, incoming, outgoing):
        self._incoming = incoming
        self._outgoing = outgoing

    def begin(self):
        """Nothing here waits."""

    def receive(self, doing: str) -> bytes:
        """What came, none at the end."""
        if self._incoming.pending or self._incoming.eof:
            return self._incoming.read(_RECORD)
        raise errors.want_read()

    def give_back(self, data: bytes):
        """Has it received again."""
        self._incoming._bytes[:0] = data

    def send(self, data: bytes, doing: str):
        """Hands it over."""
        self._outgoing.write(data)

    def flush(self, doing: str):
        """Nothing is kept here."""


class Socket:
    """A socket, which waits as long as its timeout says. It is read record by record: what follows
    the last of them is left there."""

    def __init__(self, socket):
        self._socket = weakref.ref(socket)
        self._held = b""
        self._unsent = b""
        self._deadline = None

    @property
    def socket(self):
        """The socket, if it is still there."""
        found = self._socket()
        if found is None or found.fileno() < 0:
            raise errors.SSLError(0, "Underlying socket connection gone")
        return found

    def begin(self):
        """Starts the time that one operation may take."""
        timeout = self.socket.gettimeout()
        self._deadline = time.monotonic() + timeout if timeout else timeout

    def receive(self, doing: str) -> bytes:
        """One record or a part of it, none at the end."""
        if len(self._held) < HEAD:
            self._hold(HEAD, doing)
        if len(self._held) >= HEAD:
            self._hold(HEAD + int.from_bytes(self._held[3:HEAD]), doing)
        data, self._held = self._held, b""
        return data

    def give_back(self, data: bytes):
        """Has it received again."""
        self._held = data + self._held

    def send(self, data: bytes, doing: str):
        """Sends it; what cannot go now goes with the next flush."""
        self._unsent += data
        self.flush(doing)

    def flush(self, doing: str):
        """Sends what is left."""
        while self._unsent:
            try:
                sent = transfer.write(self._descriptor(), self._unsent, self._left(doing))
            except BlockingIOError:
                raise errors.want_write() from None
            except TimeoutError:
                raise _timed_out(doing) from None
            self._unsent = self._unsent[sent:]

    def _hold(self, size: int, doing: str):
        while len(self._held) < size:
            try:
                missing = size - len(self._held)
                data = transfer.read(self._descriptor(), missing, self._left(doing))
            except BlockingIOError:
                raise errors.want_read() from None
            except TimeoutError:
                raise _timed_out(doing) from None
            if not data:
                return
            self._held += data

    def _descriptor(self):
        return descriptors.get(self.socket.fileno())

    def _left(self, doing: str) -> float | None:
        if not self._deadline:
            return self._deadline
        left = self._deadline - time.monotonic()
        if left <= 0:
            raise _timed_out(doing)
        return left


def _timed_out(doing: str) -> TimeoutError:
    return TimeoutError(f"The {doing} operation timed out")
