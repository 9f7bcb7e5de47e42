"""Socket options: the numbers of C, and the host's names."""

import errno
import struct

from . import constants as c
from . import errors, host, multicast

_NAMES = {
    (c.SOL_SOCKET, c.SO_REUSEADDR): "REUSE_ADDRESS",
    (c.SOL_SOCKET, c.SO_REUSEPORT): "REUSE_PORT",
    (c.SOL_SOCKET, c.SO_KEEPALIVE): "KEEP_ALIVE",
    (c.SOL_SOCKET, c.SO_BROADCAST): "BROADCAST",
    (c.SOL_SOCKET, c.SO_RCVBUF): "RECEIVE_BUFFER",
    (c.SOL_SOCKET, c.SO_SNDBUF): "SEND_BUFFER",
    (c.SOL_SOCKET, c.SO_LINGER): "RESET_ON_CLOSE",
    (c.IPPROTO_TCP, c.TCP_NODELAY): "NO_DELAY",
    (c.IPPROTO_TCP, c.TCP_KEEPIDLE): "KEEP_ALIVE_IDLE",
    (c.IPPROTO_TCP, c.TCP_KEEPINTVL): "KEEP_ALIVE_INTERVAL",
    (c.IPPROTO_TCP, c.TCP_KEEPCNT): "KEEP_ALIVE_COUNT",
    (c.IPPROTO_IP, c.IP_TTL): "HOP_LIMIT",
    (c.IPPROTO_IPV6, c.IPV6_UNICAST_HOPS): "HOP_LIMIT",
    (c.IPPROTO_IPV6, c.IPV6_V6ONLY): "IPV6_ONLY",
}
# Those that are numbers; the others are on or off.
_NUMBERS = {"RECEIVE_BUFFER", "SEND_BUFFER", "HOP_LIMIT", "KEEP_ALIVE_IDLE",
            "KEEP_ALIVE_INTERVAL", "KEEP_ALIVE_COUNT"}
_MOST_BUFFER = 16_777_216


def set(descriptor, level: int, name: int, value):
    """Sets an option to a number, or to the bytes of one."""
    group = multicast.name_of(level, name)
    if group is not None:
        return multicast.set(descriptor, level, group, value)
    handle, option = descriptor.handle, _name(level, name)
    number = _number(option, value)
    errors.call(host.sockets.set_option, handle, host.sockets.SocketOption[option], number)


def get(descriptor, level: int, name: int) -> int:
    """Tells an option."""
    group = multicast.name_of(level, name)
    if group is not None:
        return multicast.get(descriptor, group)
    option = host.sockets.SocketOption[_name(level, name)]
    return errors.call(host.sockets.option, descriptor.handle, option)


def _name(level: int, name: int) -> str:
    try:
        return _NAMES[level, name]
    except KeyError:
        raise errors.system(errno.ENOPROTOOPT) from None


def _number(option: str, value) -> int:
    if option == "RESET_ON_CLOSE":
        on, seconds = struct.unpack("ii", value)
        return int(bool(on) and seconds == 0)
    if not isinstance(value, int):
        value = int.from_bytes(value, "little", signed=True)
    if option not in _NUMBERS:
        return int(value != 0)
    if value < 0:
        raise errors.system(errno.EINVAL)
    # As Linux does with buffers that are too large.
    return min(value, _MOST_BUFFER)
