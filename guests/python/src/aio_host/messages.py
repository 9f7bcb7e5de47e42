"""Messages: what `recv` and `send` are the short forms of, and looking ahead at what arrived.

What was looked at is kept with its descriptor, and the ring knows that there is something to read.
"""

import errno

from . import addresses, errors, host, ring, transfer
from . import constants as c

_RECEIVE_FLAGS = c.MSG_PEEK | c.MSG_WAITALL | c.MSG_DONTWAIT | c.MSG_NOSIGNAL | c.MSG_CMSG_CLOEXEC
_SEND_FLAGS = c.MSG_DONTWAIT | c.MSG_NOSIGNAL | c.MSG_MORE | c.MSG_EOR


class Messages:
    """The methods of a socket that take and give messages."""

    __slots__ = ()

    def recvmsg(self, bufsize, ancbufsize=0, flags=0):
        """Receives bytes or a datagram. Nothing ever comes beside it."""
        data, address, truncated = self._receive(bufsize, flags)
        return data, [], c.MSG_TRUNC if truncated else 0, address

    def recvmsg_into(self, buffers, ancbufsize=0, flags=0):
        """The same into several buffers."""
        views = [memoryview(buffer).cast("B") for buffer in buffers]
        data, address, truncated = self._receive(sum(map(len, views)), flags)
        at = 0
        for view in views:
            piece = data[at : at + len(view)]
            view[: len(piece)] = piece
            at += len(piece)
        return len(data), [], c.MSG_TRUNC if truncated else 0, address

    def sendmsg(self, buffers, ancdata=(), flags=0, address=None):
        """Sends bytes or a datagram that lies in several buffers."""
        if list(ancdata):
            text = "a guest's descriptors stay its own: nothing is sent beside the bytes"
            raise OSError(errno.EOPNOTSUPP, text)
        data = b"".join(_pieces(buffers, self.type))
        if address is None:
            return self.send(data, flags)
        return self.sendto(data, flags, address)

    def _receive(self, size, flags):
        if size < 0:
            raise ValueError("negative buffersize")
        if flags & ~_RECEIVE_FLAGS:
            raise errors.system(errno.EOPNOTSUPP)
        descriptor = self._descriptor()
        timeout = 0.0 if flags & c.MSG_DONTWAIT else self.timeout
        if self.type == c.SOCK_DGRAM:
            return _datagram(descriptor, size, flags, timeout)
        if flags & c.MSG_PEEK:
            return _look(descriptor, size, timeout), None, False
        data = transfer.read(descriptor, size, timeout)
        while flags & c.MSG_WAITALL and len(data) < size:
            more = transfer.read(descriptor, size - len(data), timeout)
            if not more:
                break
            data += more
        return data, None, False


def check_send(flags: int):
    """Refuses what is not done."""
    if flags & ~_SEND_FLAGS:
        raise errors.system(errno.EOPNOTSUPP)


def _pieces(buffers, kind):
    """The buffers; of a stream no more than is written at once."""
    size = 0
    for buffer in buffers:
        if kind != c.SOCK_DGRAM and size >= transfer.MOST:
            return
        with memoryview(buffer) as view:
            size += view.nbytes
            yield view.tobytes()


def _look(descriptor, size, timeout) -> bytes:
    """Bytes that stay to be read."""
    data = transfer.read(descriptor, size, timeout)
    transfer.keep(descriptor, data + (descriptor.ahead or b""))
    return data


def _datagram(descriptor, size, flags, timeout):
    kept, descriptor.ahead = descriptor.ahead, None
    ring.ahead.discard(descriptor.handle)
    peeks = flags & c.MSG_PEEK
    if kept is None:
        kept = _next(descriptor, transfer.MOST if peeks else size, timeout)
    if peeks:
        transfer.keep(descriptor, kept)
    data, address, truncated = kept
    return data[:size], address, truncated or len(data) > size


def _next(descriptor, size, timeout):
    interface = host.ring
    while True:
        result = interface.try_receive(descriptor.handle, min(size, transfer.MOST))
        datagram = result.value if hasattr(result, "value") else None
        if type(result) is interface.ReceiveResult_Datagram:
            return datagram.data, addresses.from_host(datagram.peer)[1], datagram.truncated
        if type(result) is interface.ReceiveResult_DatagramUnix:
            peer = addresses.unix_from_host(datagram.peer, None)
            return datagram.data, peer, datagram.truncated
        if type(result) is interface.ReceiveResult_Failed:
            raise errors.of(datagram)
        transfer.wait(descriptor, ring.READ, timeout)
