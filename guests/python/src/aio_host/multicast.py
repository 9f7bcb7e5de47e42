"""Options of multicast: groups that a UDP socket belongs to, and how datagrams to them leave."""

import _socket as _native
import errno
import struct

from . import addresses, errors, host
from . import constants as c

_IPV4 = {
    c.IP_MULTICAST_IF: "interface",
    c.IP_MULTICAST_TTL: "hop_limit",
    c.IP_MULTICAST_LOOP: "loop",
    c.IP_ADD_MEMBERSHIP: "join",
    c.IP_DROP_MEMBERSHIP: "leave",
}
_IPV6 = {
    c.IPV6_MULTICAST_IF: "interface",
    c.IPV6_MULTICAST_HOPS: "hop_limit",
    c.IPV6_MULTICAST_LOOP: "loop",
    c.IPV6_JOIN_GROUP: "join",
    c.IPV6_LEAVE_GROUP: "leave",
}
_NAMES = {c.IPPROTO_IP: _IPV4, c.IPPROTO_IPV6: _IPV6}


def name_of(level: int, name: int) -> str | None:
    """What the option is about; none if it is not one of these."""
    return _NAMES.get(level, {}).get(name)


def set(descriptor, level: int, option: str, value):
    """Sets one."""
    udp = _udp(descriptor)
    if option in ("join", "leave"):
        group = _group_of_ipv4(value) if level == c.IPPROTO_IP else _group_of_ipv6(value)
        errors.call(getattr(udp, option), *group)
    elif option == "interface":
        own = _own_ipv4(value) if level == c.IPPROTO_IP else _own_ipv6(value)
        errors.call(udp.set_multicast_interface, own)
    elif option == "loop":
        errors.call(udp.set_multicast_loop, bool(_number(value)))
    else:
        hops = _number(value)
        # As Linux has it: the default.
        errors.call(udp.set_multicast_hop_limit, 1 if hops == -1 else hops & 0xFF)


def get(descriptor, option: str) -> int:
    """Tells one."""
    udp = _udp(descriptor)
    function = {"loop": "multicast_loop", "hop_limit": "multicast_hop_limit"}.get(option)
    if function is None:
        raise errors.system(errno.ENOPROTOOPT)
    return int(errors.call(getattr(udp, function)))


def _udp(descriptor):
    if descriptor.owner is None:
        descriptor.owner = errors.call(host.udp.UdpSocket.by_handle, descriptor.handle)
    return descriptor.owner


def _group_of_ipv4(value):
    group, own = struct.unpack("=4s4s", bytes(value)[:8])
    return _ipv4(group), _ipv4(own) if any(own) else None


def _group_of_ipv6(value):
    group, index = struct.unpack("=16sI", bytes(value))
    text = addresses.unpack(c.AF_INET6, group)
    return addresses.to_host(c.AF_INET6, text, 0, 0, index), None


def _own_ipv4(value):
    value = bytes(value)
    return _ipv4(value[4:8] if len(value) >= 8 else value)


def _own_ipv6(value):
    return addresses.to_host(c.AF_INET6, "::", 0, 0, _number(value))


def _ipv4(packed: bytes):
    return addresses.to_host(c.AF_INET, _native.inet_ntoa(packed), 0)


def _number(value) -> int:
    return value if isinstance(value, int) else int.from_bytes(value, "little", signed=len(value) > 1)
