"""Stands for `_socket`, the module below `socket`, over the host's handles.

What begins with an underscore is this module's own; all else is part of `_socket`.
"""

import _socket as _native
import errno as _errno
import stat as _stat
import struct as _struct
import warnings as _warnings

from . import addresses as _addresses
from . import constants as _c
from . import descriptors as _descriptors
from . import errors as _errors
from . import host as _host
from . import options as _options
from . import ring as _ring
from . import transfer as _transfer
from .constants import *  # noqa: F403
from .hosts import (  # noqa: F401
    gethostbyaddr,
    gethostbyname_ex,
    getservbyport,
    if_indextoname,
    if_nameindex,
    if_nametoindex,
    sethostname,
)
from .messages import Messages as _Messages
from .messages import check_send as _check_send
from .resolver import (  # noqa: F401
    getaddrinfo,
    gethostbyaddr,
    gethostbyname,
    gethostbyname_ex,
    gethostname,
    getnameinfo,
    getprotobyname,
    getservbyname,
    getservbyport,
)
from .resolver import address_of as _address_of

has_ipv6 = True
error = OSError
timeout = TimeoutError
gaierror = _native.gaierror
herror = _native.herror
htonl, htons, ntohl, ntohs = _native.htonl, _native.htons, _native.ntohl, _native.ntohs
inet_aton, inet_ntoa = _native.inet_aton, _native.inet_ntoa
inet_pton, inet_ntop = _addresses.pack, _addresses.unpack
close = _descriptors.close
dup = _descriptors.duplicate
CAPI = None

_FLAGS = _c.SOCK_NONBLOCK | _c.SOCK_CLOEXEC
_default_timeout = None


def getdefaulttimeout():
    """How many seconds a new socket waits; none is for ever."""
    return _default_timeout


def setdefaulttimeout(seconds):
    """Changes it."""
    global _default_timeout
    _default_timeout = _checked_timeout(seconds)


def socketpair(family=_c.AF_UNIX, type=_c.SOCK_STREAM, proto=0):
    """Makes two sockets that are each other's ends."""
    pairs = {_c.SOCK_STREAM: "pair", _c.SOCK_DGRAM: "datagram_pair"}
    kind = type & ~_FLAGS
    if family != _c.AF_UNIX or kind not in pairs:
        raise _errors.system(_errno.EOPNOTSUPP)
    handles = _errors.call(getattr(_host.sockets, pairs[kind]))
    numbers = [_descriptors.add(_socket_of(handle, family, kind)) for handle in handles]
    return tuple(socket(family, type, proto, number) for number in numbers)


def CMSG_LEN(length):
    """The size of one piece of ancillary data."""
    return 16 + length


def CMSG_SPACE(length):
    """The same with what fills it up."""
    return 16 + (length + 7 & ~7)


class socket(_Messages):
    """One socket, of TCP, UDP or Unix."""

    __slots__ = ("_number", "_family", "_type", "_protocol", "_timeout")

    def __init__(self, family=-1, type=-1, proto=-1, fileno=None):
        self._number = -1
        self._timeout = _default_timeout
        if fileno is None:
            self._family = _c.AF_INET if family == -1 else int(family)
            kind = _c.SOCK_STREAM if type == -1 else int(type)
            self._type = kind & ~_FLAGS
            self._number = _descriptors.add(_open(self._family, self._type))
            if kind & _c.SOCK_NONBLOCK or self._timeout is not None:
                self.settimeout(0.0 if kind & _c.SOCK_NONBLOCK else self._timeout)
        else:
            descriptor = _of_number(fileno)
            self._family, self._type = descriptor.family, descriptor.type
            self._number = fileno
        self._protocol = max(int(proto), 0)

    family = property(lambda self: self._family)
    type = property(lambda self: self._type)
    proto = property(lambda self: self._protocol)
    timeout = property(lambda self: self._timeout)

    def __del__(self):
        if getattr(self, "_number", -1) >= 0:
            _warnings.warn(f"unclosed {self!r}", ResourceWarning, source=self)
            try:
                self.close()
            except OSError:
                pass

    def fileno(self):
        """Its descriptor, -1 when it is closed."""
        return self._number

    def detach(self):
        """Gives the descriptor away."""
        number, self._number = self._number, -1
        return number

    def close(self):
        """Closes it; a second time does nothing."""
        number = self.detach()
        if number >= 0:
            _descriptors.close(number)

    def settimeout(self, seconds):
        """How long it waits: none for ever, 0 not at all."""
        self._timeout = _checked_timeout(seconds)
        self._descriptor().blocking = self._timeout is None

    def gettimeout(self):
        """How long it waits."""
        return self._timeout

    def setblocking(self, flag):
        """Whether it waits."""
        self.settimeout(None if flag else 0.0)

    def getblocking(self):
        """Whether it waits."""
        return self._timeout != 0.0

    def bind(self, address):
        """Binds it to an address."""
        descriptor, own = self._descriptor(), self._to_host(address)
        if self._family == _c.AF_UNIX:
            _errors.call(_host.sockets.bind_unix, descriptor.handle, own)
            descriptor.name = address
        else:
            _errors.call(_host.sockets.bind, descriptor.handle, own)

    def listen(self, backlog=128):
        """Has it accept connections."""
        descriptor = self._descriptor()
        _errors.call(_host.sockets.listen, descriptor.handle, min(max(backlog, 1), 65_535))
        descriptor.listening = True

    def _accept(self):
        descriptor = self._descriptor()
        interface = _host.ring
        while True:
            result = interface.try_accept(descriptor.handle)
            if type(result) is interface.AcceptResult_Accepted:
                handle, address = result.value
                accepted = _socket_of(handle, descriptor.family)
                return _descriptors.add(accepted), _addresses.from_host(address)[1]
            if type(result) is interface.AcceptResult_AcceptedUnix:
                accepted = _socket_of(result.value, descriptor.family)
                accepted.name = descriptor.name
                return _descriptors.add(accepted), _unix_name(accepted, "peer")
            if type(result) is interface.AcceptResult_Failed:
                raise _errors.of(result.value)
            _transfer.wait(descriptor, _ring.READ, self._timeout)

    def connect(self, address):
        """Connects it."""
        error = self._connect(address)
        try:
            if error is not None:
                raise error
        finally:
            # Else it and its traceback would have each other.
            del error

    def connect_ex(self, address):
        """Connects it, and returns an errno."""
        error = self._connect(address)
        return 0 if error is None else error.errno

    def _connect(self, address):
        descriptor = self._descriptor()
        if descriptor.connecting:
            return _errors.system(_errno.EALREADY)
        if descriptor.spent:
            _renew(descriptor)
        operation = self._connect_operation(descriptor.handle, self._to_host(address))
        descriptor.connecting = True
        if self._family == _c.AF_UNIX:
            descriptor.peer = address
        _ring.start(operation, lambda outcome: _end_connecting(descriptor, outcome))
        _ring.flush()
        if descriptor.connecting and self._timeout == 0:
            return _errors.system(_errno.EINPROGRESS)
        if not _ring.wait_until(lambda: not descriptor.connecting, self._timeout):
            return TimeoutError("timed out")
        return _taken_failure(descriptor)

    def _connect_operation(self, handle, address):
        interface = _host.ring
        if self._family == _c.AF_UNIX:
            arguments = interface.ConnectSocketUnixArguments(handle, address)
            return interface.Operation_ConnectSocketUnix(arguments)
        arguments = interface.ConnectSocketArguments(handle, address)
        return interface.Operation_ConnectSocket(arguments)

    def recv(self, bufsize, flags=0):
        """Reads up to `bufsize` bytes; none is the end."""
        if bufsize < 0:
            raise ValueError("negative buffersize in recv")
        if flags or self._type == _c.SOCK_DGRAM:
            return self._receive(bufsize, flags)[0]
        return _transfer.read(self._descriptor(), bufsize, self._timeout)

    def recv_into(self, buffer, nbytes=0, flags=0):
        """Reads into a buffer, and returns how many bytes."""
        with memoryview(buffer) as view, view.cast("B") as bytes_of:
            text = "buffer too small for requested bytes"
            data = self.recv(_room(bytes_of, nbytes, "recv_into", text), flags)
            bytes_of[: len(data)] = data
        return len(data)

    def recvfrom(self, bufsize, flags=0):
        """Receives a datagram, and tells from whom."""
        return self._receive(bufsize, flags)[:2]

    def recvfrom_into(self, buffer, nbytes=0, flags=0):
        """Receives a datagram into a buffer."""
        with memoryview(buffer) as view, view.cast("B") as bytes_of:
            text = "nbytes is greater than the length of the buffer"
            size = _room(bytes_of, nbytes, "recvfrom_into", text)
            data, address = self.recvfrom(size, flags)
            bytes_of[: len(data)] = data
        return len(data), address

    def send(self, data, flags=0):
        """Writes what is taken, and returns how many bytes that was."""
        if self._type == _c.SOCK_DGRAM:
            return self._send_datagram(data, None, flags)
        return _transfer.write(self._descriptor(), data, self._waits(flags))

    def sendall(self, data, flags=0):
        """Writes all."""
        with memoryview(data) as view, view.cast("B") as rest:
            at = 0
            while at < len(rest):
                at += self.send(rest[at:], flags)

    def sendto(self, data, *flags_and_address):
        """Sends a datagram to an address."""
        *flags, address = flags_and_address
        return self._send_datagram(data, self._to_host(address), *flags)

    def _send_datagram(self, data, peer, flags=0):
        descriptor, interface = self._descriptor(), _host.ring
        to_name = peer is not None and self._family == _c.AF_UNIX
        try_send = interface.try_send_unix if to_name else interface.try_send
        pause = 0.001
        while True:
            result = try_send(descriptor.handle, bytes(data), peer)
            if type(result) is interface.WriteResult_Written:
                return result.value
            if type(result) is interface.WriteResult_Failed:
                raise _errors.of(result.value)
            if to_name and self._waits(flags) != 0:
                # The peer's queue is full, of which nobody tells.
                _ring.sleep(pause)
                pause = min(pause * 2, 0.064)
            else:
                _transfer.wait(descriptor, _ring.WRITE, self._waits(flags))

    def shutdown(self, how):
        """Shuts down one direction or both."""
        directions = _host.streams.ShutdownHow
        handle, direction = self._handle(), directions(how)
        _ring.settle(handle, lambda: _errors.call(_host.sockets.shutdown, handle, direction))

    def getsockname(self):
        """Its own address."""
        return self._address("local")

    def getpeername(self):
        """The other end's address."""
        return self._address("peer")

    def _address(self, end):
        descriptor = self._descriptor()
        if self._family == _c.AF_UNIX:
            return _unix_name(descriptor, end)
        function = getattr(_host.sockets, f"{end}_address")
        return _addresses.from_host(_errors.call(function, descriptor.handle))[1]

    def setsockopt(self, level, name, value, optlen=None):
        """Sets an option."""
        _options.set(self._descriptor(), level, name, value)

    def getsockopt(self, level, name, buflen=0):
        """Tells an option, as a number, or as `buflen` bytes."""
        descriptor = self._descriptor()
        value = self._own_option(descriptor, level, name)
        if value is None:
            value = _options.get(descriptor, level, name)
        if isinstance(value, bytes):
            return value[:buflen]
        return value.to_bytes(buflen, "little") if buflen else value

    def _own_option(self, descriptor, level, name):
        if level != _c.SOL_SOCKET:
            return None
        if name == _c.SO_ERROR:
            return self._pending_error(descriptor)
        if name == _c.SO_PEERCRED:
            return _credentials(descriptor)
        own = {
            _c.SO_TYPE: self._type,
            _c.SO_DOMAIN: self._family,
            _c.SO_PROTOCOL: self._protocol,
            _c.SO_ACCEPTCONN: int(descriptor.listening),
        }
        return own.get(name)

    def _pending_error(self, descriptor):
        if descriptor.connecting:
            # What the host knows of it may come after the watch's word.
            _ring.flush()
        error = _taken_failure(descriptor)
        return 0 if error is None else error.errno

    def _to_host(self, address):
        if self._family == _c.AF_UNIX:
            return _addresses.unix_to_host(address)
        name, port, *more = _checked_address(self._family, address)
        numbers = _address_of(self._family, name, port)
        return _addresses.to_host(self._family, numbers[0], port, *more)

    def _descriptor(self):
        if self._number < 0:
            raise _errors.system(_errno.EBADF)
        return _descriptors.get(self._number)

    def _handle(self):
        return self._descriptor().handle

    def _waits(self, flags):
        _check_send(flags)
        return 0.0 if flags & _c.MSG_DONTWAIT else self._timeout


SocketType = socket


def _open(family, kind):
    if family not in (_c.AF_INET, _c.AF_INET6, _c.AF_UNIX):
        raise _errors.system(_errno.EAFNOSUPPORT)
    if kind not in (_c.SOCK_STREAM, _c.SOCK_DGRAM):
        raise _errors.system(_errno.EPROTONOSUPPORT)
    streams, interface = kind == _c.SOCK_STREAM, _host.sockets
    if family == _c.AF_UNIX:
        handle = _errors.call(interface.unix if streams else interface.unix_datagrams)
    else:
        opener = interface.tcp if streams else interface.udp
        handle = _errors.call(opener, _addresses.family_of(family))
    opened = _socket_of(handle, family, kind)
    if streams and family != _c.AF_UNIX:
        # Set by the host, but programs expect to do that themselves.
        _options.set(opened, _c.IPPROTO_TCP, _c.TCP_NODELAY, 0)
    return opened


def _socket_of(handle, family, kind=_c.SOCK_STREAM):
    return _descriptors.Descriptor(handle, _stat.S_IFSOCK, None, family, kind)


def _credentials(descriptor):
    peer = _errors.call(_host.unix.peer_credentials, descriptor.handle)
    return _struct.pack("3I", peer.process or 0, peer.user, peer.group)


def _unix_name(descriptor, end):
    """What the program called it, else what the host does, which knows absolute paths only."""
    known = descriptor.name if end == "local" else descriptor.peer
    if known is not None:
        return known
    function = getattr(_host.unix, f"{end}_address")
    return _addresses.unix_from_host(_errors.call(function, descriptor.handle))


def _of_number(number):
    if isinstance(number, float):
        raise TypeError("integer argument expected, got float")
    if number < 0:
        raise ValueError("negative file descriptor")
    descriptor = _descriptors.get(number)
    if not _stat.S_ISSOCK(descriptor.mode):
        raise _errors.system(_errno.ENOTSOCK)
    return descriptor


def _end_connecting(descriptor, outcome):
    descriptor.connecting = False
    if type(outcome) is _host.ring.Outcome_Failed:
        descriptor.failure, descriptor.peer = outcome.value, None
        # What was refused at once is as it was.
        kept = outcome.value.name in ("ACCESS_DENIED", "INVALID_STATE")
        descriptor.spent = not kept and _is_tcp(descriptor)


def _is_tcp(descriptor):
    return descriptor.family != _c.AF_UNIX and descriptor.type == _c.SOCK_STREAM


def _renew(descriptor):
    """Has another handle stand for a socket of which the host can only close what is left."""
    spent, descriptor.handle = descriptor.handle, _open(descriptor.family, descriptor.type).handle
    descriptor.spent = False
    _errors.call(_host.sockets.close, spent)


def _taken_failure(descriptor):
    code, descriptor.failure = descriptor.failure, None
    if code is not None and code.name == "INVALID_STATE":
        return _errors.system(_errno.EISCONN)
    return None if code is None else _errors.of(code)


def _room(buffer, size, call, too_small):
    if size < 0:
        raise ValueError(f"negative buffersize in {call}")
    if size > len(buffer):
        raise ValueError(too_small)
    return size or len(buffer)


def _checked_address(family, address):
    if not isinstance(address, tuple):
        raise TypeError(f"an address must be a tuple, not {type(address).__name__}")
    most = 2 if family == _c.AF_INET else 4
    if not 2 <= len(address) <= most:
        raise TypeError(f"an address must have 2 to {most} parts")
    name, port, *more = address
    if isinstance(name, (bytes, bytearray)):
        name = bytes(name).decode()
    if not isinstance(port, int):
        raise TypeError("an integer is required")
    if not 0 <= port <= 65_535:
        raise OverflowError("port must be 0-65535.")
    return name, port, *more


def _checked_timeout(seconds):
    if seconds is None:
        return None
    seconds = float(seconds)
    if seconds < 0:
        raise ValueError("Timeout value out of range")
    return seconds
