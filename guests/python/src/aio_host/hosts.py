"""The older calls of names, and those of the machine's interfaces, which a guest is not told."""

import _socket as _native
import errno

from . import addresses, errors, host, resolver, ring
from . import constants as c


def gethostbyname_ex(name):
    """Is `socket.gethostbyname_ex`."""
    found = resolver.getaddrinfo(name, 0, c.AF_INET, c.SOCK_STREAM)
    return name, [], [address[0] for *_, address in found]


def gethostbyaddr(name):
    """Is `socket.gethostbyaddr`."""
    family, *_, address = resolver.getaddrinfo(name, 0, 0, c.SOCK_STREAM)[0]
    record = addresses.to_host(family, *address)
    flags = host.dns.ReverseFlags.NAME_REQUIRED | host.dns.ReverseFlags.NUMERIC_SERVICE
    arguments = host.ring.ReverseArguments(record, flags)
    outcome = ring.run(host.ring.Operation_Reverse(arguments))
    if type(outcome) is not host.ring.Outcome_Failed:
        return outcome.value[0], [], [address[0]]
    if outcome.value.name == "ACCESS_DENIED":
        raise errors.of(outcome.value)
    raise _native.herror(1, "Unknown host")


def getservbyport(port, protocol="tcp"):
    """Is `socket.getservbyport`."""
    flags = c.NI_NUMERICHOST | (c.NI_DGRAM if protocol == "udp" else 0)
    name = resolver.getnameinfo(("127.0.0.1", port), flags)[1]
    if name == str(port):
        raise OSError("port/proto not found")
    return name


def if_nameindex():
    """Is `socket.if_nameindex`."""
    raise OSError(errno.EOPNOTSUPP, "a guest is not told the machine's interfaces")


def if_nametoindex(name):
    """Is `socket.if_nametoindex`."""
    if_nameindex()


def if_indextoname(index):
    """Is `socket.if_indextoname`."""
    if_nameindex()


def sethostname(name):
    """Is `socket.sethostname`."""
    raise OSError(errno.EPERM, "a guest does not name the machine")
