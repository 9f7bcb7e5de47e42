"""The transport of asyncio's connections with short ways to read and write: to and from what
crosses with the next turn. All else is as it was.
"""

import weakref
from asyncio import protocols, selector_events

from . import descriptors, flows, ring


class Connection(selector_events._SelectorSocketTransport):
    """A connection of an event loop."""

    _flow = None
    _is_plain = False

    def set_protocol(self, protocol):
        super().set_protocol(protocol)
        self._is_plain = not isinstance(protocol, protocols.BufferedProtocol)

    def _add_reader(self, fd, callback, *args):
        super()._add_reader(fd, callback, *args)
        if self._flow is None and descriptors.is_ours(fd):
            self._flow = flows.by_handle.get(descriptors.get(fd).handle)
            if self._flow is not None:
                self._flow.on_failure = weakref.WeakMethod(self._fail_later)

    def _read_ready(self):
        flow = self._flow
        if flow is None or not flow.chunks or ring.ahead or not self._is_plain or self._conn_lost:
            super()._read_ready()
            return
        data = flow.chunks.popleft()
        if not flow.chunks and flow.ended is None:
            del flows.unread[flow]
        try:
            self._protocol.data_received(data)
        except (SystemExit, KeyboardInterrupt):
            raise
        except BaseException as error:
            self._fatal_error(error, "Fatal error: protocol.data_received() call failed.")

    def write(self, data):
        flow = self._flow
        if (
            type(data) is not bytes
            or flow is None
            or self._buffer
            or self._conn_lost
            or self._eof
            or self._empty_waiter is not None
            or not flow.has_room_for(len(data))
        ):
            super().write(data)
        elif data:
            flow.add(data)

    def writelines(self, list_of_data):
        self.write(b"".join(list_of_data))

    def _fail_later(self, error):
        if self._loop is not None:
            self._loop.call_soon(self._fail, error)

    def _fail(self, error):
        if self._conn_lost:
            return
        try:
            raise error
        except OSError as failure:
            self._fatal_error(failure, "Fatal write error on socket transport")


# What is printed of it is as it is elsewhere.
Connection.__name__ = Connection.__qualname__ = "_SelectorSocketTransport"
