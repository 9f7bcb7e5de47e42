"""`MemoryBIO`: bytes on their way, between a program and TLS."""

import operator

from .errors import SSLError


class MemoryBIO:
    """A buffer without bounds, whose writer can say that nothing more comes."""

    __module__ = "_ssl"
    __slots__ = ("_bytes", "_ended", "__weakref__")

    def __init__(self):
        self._bytes = bytearray()
        self._ended = False

    pending = property(lambda self: len(self._bytes))
    eof = property(lambda self: self._ended and not self._bytes)

    def read(self, size=-1, /):
        """Takes up to `size` bytes out; a negative number is for all."""
        size = operator.index(size)
        if size < 0 or size >= len(self._bytes):
            data = bytes(self._bytes)
            self._bytes.clear()
        else:
            data = bytes(self._bytes[:size])
            del self._bytes[:size]
        return data

    def write(self, b, /):
        """Puts bytes in, and returns how many."""
        if isinstance(b, str):
            raise TypeError("a bytes-like object is required, not 'str'")
        with memoryview(b) as view:
            if not view.c_contiguous:
                raise BufferError("memoryview: underlying buffer is not C-contiguous")
            if self._ended:
                raise SSLError("cannot write() after write_eof()")
            self._bytes += view
            return view.nbytes

    def write_eof(self):
        """Says that nothing more comes."""
        self._ended = True
