"""Bytes in and out of a descriptor, waiting as long as its user allows."""

import errno

from . import errors, flows, host, ring
from .descriptors import Descriptor

# The most bytes that the host moves at once.
MOST = 65_536


def read(descriptor: Descriptor, size: int, timeout: float | None) -> bytes:
    """Reads up to `size` bytes; none is the end. `timeout` is in seconds: none waits for ever, and
    0 does not wait."""
    if descriptor.ahead:
        return _take(descriptor, size)
    interface = host.ring
    flow = flows.by_handle.get(descriptor.handle)
    while True:
        if flow is not None:
            data = flow.read(size)
            if data is not None:
                return data
        result = interface.try_read(descriptor.handle, min(size, MOST))
        if type(result) is interface.ReadResult_Data:
            return result.value
        if type(result) is interface.ReadResult_Failed:
            raise errors.of(result.value)
        wait(descriptor, ring.READ, timeout)


def write(descriptor: Descriptor, data, timeout: float | None) -> int:
    """Writes what is taken of `data`, and returns how many bytes that was."""
    interface = host.ring
    piece = data if type(data) is bytes and len(data) <= MOST else _piece(data)
    flow = flows.by_handle.get(descriptor.handle)
    while piece and flow is not None:
        if taken := flow.write(piece):
            return taken
        wait(descriptor, ring.WRITE, timeout)
    while piece:
        result = interface.try_write(descriptor.handle, piece)
        if type(result) is interface.WriteResult_Written:
            return result.value
        if type(result) is interface.WriteResult_Failed:
            raise errors.of(result.value)
        wait(descriptor, ring.WRITE, timeout)
    return 0


def keep(descriptor: Descriptor, ahead):
    """Has the next read begin with what was looked at."""
    if ahead:
        descriptor.ahead = ahead
        ring.ahead.add(descriptor.handle)


def _take(descriptor: Descriptor, size: int) -> bytes:
    ahead, descriptor.ahead = descriptor.ahead, None
    ring.ahead.discard(descriptor.handle)
    keep(descriptor, ahead[size:])
    try:
        return ahead + read(descriptor, size - len(ahead), 0) if len(ahead) < size else ahead[:size]
    except BlockingIOError:
        return ahead


def _piece(data) -> bytes:
    with memoryview(data) as view:
        return bytes(view.cast("B")[:MOST])


def wait(descriptor: Descriptor, events: int, timeout: float | None):
    """Waits until it is ready, or fails as a system call does that may not wait longer."""
    if timeout == 0:
        raise errors.system(errno.EAGAIN)
    if not ring.wait_for(descriptor.handle, events, timeout):
        raise TimeoutError("timed out")
