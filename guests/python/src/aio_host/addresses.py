"""Addresses: Python's tuples, and the host's records."""

import os

import _socket as _native

from . import constants as c
from . import host

# Of a path, as Linux has it.
_LONGEST_PATH = 107


def family_of(number: int):
    """The host's name of an address family."""
    return host.types.IpFamily.IPV6 if number == c.AF_INET6 else host.types.IpFamily.IPV4


def to_host(family: int, ip: str, port: int, flow: int = 0, scope: int = 0):
    """The host's record of an address in numbers. A ValueError if it is none."""
    types = host.types
    if family == c.AF_INET6:
        words = _pack(_native.AF_INET6, ip)
        groups = tuple(int.from_bytes(words[at : at + 2]) for at in range(0, 16, 2))
        address = types.Ipv6SocketAddress(port, flow, groups, scope)
        return types.IpSocketAddress_Ipv6(address)
    address = types.Ipv4SocketAddress(port, tuple(_pack(_native.AF_INET, ip)))
    return types.IpSocketAddress_Ipv4(address)


def from_host(address) -> tuple[int, tuple]:
    """The family of an address of the host, and its tuple."""
    value = address.value
    if type(address) is host.types.IpSocketAddress_Ipv4:
        return c.AF_INET, (".".join(map(str, value.address)), value.port)
    packed = b"".join(group.to_bytes(2) for group in value.address)
    text = _native.inet_ntop(_native.AF_INET6, packed)
    return c.AF_INET6, (text, value.port, value.flow_info, value.scope_id)


def unix_to_host(address):
    """The host's name of a Unix socket: of a path, or of bytes that begin with a NUL."""
    if isinstance(address, str):
        address = os.fsencode(address)
    try:
        name = bytes(memoryview(address))
    except TypeError:
        kind = type(address).__name__
        raise TypeError(f"a bytes-like object is required, not '{kind}'") from None
    if name.startswith(b"\0"):
        return host.unix.UnixAddress_Abstract(name[1:])
    if len(name) > _LONGEST_PATH:
        raise OSError("AF_UNIX path too long")
    return host.unix.UnixAddress_Path(os.path.join(os.getcwd(), os.fsdecode(name)) if name else "")


def unix_from_host(address, unnamed=""):
    """A name of the host as Python has it; `unnamed` stands for none."""
    if type(address) is host.unix.UnixAddress_Unnamed:
        return unnamed
    name = address.value
    return name if type(address) is host.unix.UnixAddress_Path else b"\0" + bytes(name)


def family_of_text(ip: str) -> int:
    """The family of an address in numbers; 0 if it is a name."""
    for family in c.AF_INET, c.AF_INET6:
        try:
            to_host(family, ip, 0)
        except ValueError:
            continue
        return family
    return c.AF_UNSPEC


def pack(family: int, ip: str) -> bytes:
    """Is `inet_pton`."""
    return _native.inet_pton(_families().get(family, family), ip)


def unpack(family: int, packed: bytes) -> str:
    """Is `inet_ntop`."""
    return _native.inet_ntop(_families().get(family, family), packed)


def _families() -> dict[int, int]:
    return {c.AF_INET: _native.AF_INET, c.AF_INET6: _native.AF_INET6}


def _pack(family: int, ip: str) -> bytes:
    try:
        return _native.inet_pton(family, ip)
    except OSError:
        raise ValueError(f"no address in numbers: {ip!r}") from None
