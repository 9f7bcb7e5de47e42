"""Names to addresses and back, by the host's resolver."""

import _socket as _native

from . import addresses, errors, host, ring
from . import constants as c

_PROTOCOLS = {c.SOCK_STREAM: c.IPPROTO_TCP, c.SOCK_DGRAM: c.IPPROTO_UDP, c.SOCK_RAW: 0}
_PROTOCOL_NAMES = {"ip": c.IPPROTO_IP, "tcp": c.IPPROTO_TCP, "udp": c.IPPROTO_UDP}
_FAILURES = {
    "NAME_UNRESOLVABLE": (c.EAI_NONAME, "Name or service not known"),
    "SERVICE_UNKNOWN": (c.EAI_SERVICE, "Servname not supported for ai_socktype"),
    "RESOLVER_AGAIN": (c.EAI_AGAIN, "Temporary failure in name resolution"),
    "RESOLVER_FAILURE": (c.EAI_FAIL, "Non-recoverable failure in name resolution"),
}


def getaddrinfo(host, port, family=0, type=0, proto=0, flags=0):
    """Is `socket.getaddrinfo`, and waits on the ring."""
    lookup = Lookup(host, port, family, type, proto, flags)
    operation = lookup.operation()
    return lookup.results(ring.run(operation) if operation is not None else None)


class Lookup:
    """One call of `getaddrinfo`: what to ask the host for, and what to make of the answer."""

    def __init__(self, host, port, family=0, type=0, proto=0, flags=0):
        self._name = _text(host)
        self._service = str(port) if isinstance(port, int) else _text(port)
        if self._name is None and self._service is None:
            raise _error(c.EAI_NONAME, "Name or service not known")
        self._family = int(family)
        if self._family not in (c.AF_UNSPEC, c.AF_INET, c.AF_INET6):
            raise _error(c.EAI_FAMILY, "ai_family not supported")
        self._kinds = _kinds(int(type), int(proto))
        self._flags = int(flags)

    def operation(self):
        """The operation of the ring that answers; none if nobody has to be asked."""
        if self._numbers() is not None:
            return None
        if self._flags & c.AI_NUMERICHOST:
            raise _error(c.EAI_NONAME, "Name or service not known")
        family = addresses.family_of(self._family) if self._family else None
        name = self._name or "localhost"
        arguments = host.ring.LookupArguments(name, self._service or "", family)
        return host.ring.Operation_Lookup(arguments)

    def results(self, outcome):
        """What `getaddrinfo` returns."""
        if outcome is None:
            found = self._numbers()
        elif type(outcome) is host.ring.Outcome_Failed:
            raise _failure(outcome.value)
        else:
            found = [addresses.from_host(address) for address in outcome.value]
        results = [
            (family, kind, protocol, "", address)
            for family, address in found
            for kind, protocol in self._kinds
        ]
        if self._flags & c.AI_CANONNAME and self._name:
            family, kind, protocol, _, address = results[0]
            results[0] = family, kind, protocol, self._name, address
        return results

    def _numbers(self):
        """The addresses, if name and service are numbers."""
        port = self._service or "0"
        if not port.isdecimal() or int(port) > 0xFFFF:
            return None
        if self._name is None:
            texts = ["0.0.0.0", "::"] if self._flags & c.AI_PASSIVE else ["127.0.0.1", "::1"]
        else:
            texts = [self._name]
        found = [(addresses.family_of_text(text), text) for text in texts]
        if any(family == c.AF_UNSPEC for family, _ in found):
            return None
        return [_tuple(family, text, int(port)) for family, text in self._of_family(found)]

    def _of_family(self, found):
        wanted = [one for one in found if self._family in (c.AF_UNSPEC, one[0])]
        if not wanted:
            raise _error(-9, "Address family for hostname not supported")
        return wanted


def getnameinfo(address, flags):
    """Is `socket.getnameinfo`."""
    ip, port = address[:2]
    if flags & c.NI_NUMERICHOST and flags & c.NI_NUMERICSERV:
        return ip, str(port)
    family = addresses.family_of_text(ip)
    if family == c.AF_UNSPEC:
        raise _error(c.EAI_NONAME, "Name or service not known")
    asked = host.dns.ReverseFlags(0)
    for flag, name in _REVERSE.items():
        if flags & flag:
            asked |= host.dns.ReverseFlags[name]
    record = addresses.to_host(family, ip, port)
    arguments = host.ring.ReverseArguments(record, asked)
    outcome = ring.run(host.ring.Operation_Reverse(arguments))
    if type(outcome) is host.ring.Outcome_Failed:
        raise _failure(outcome.value)
    return outcome.value


def gethostbyname(name):
    """Is `socket.gethostbyname`."""
    return getaddrinfo(name, 0, c.AF_INET, c.SOCK_STREAM)[0][4][0]


def gethostbyname_ex(name):
    """Is `socket.gethostbyname_ex`."""
    found = getaddrinfo(name, 0, c.AF_INET, c.SOCK_STREAM)
    return name, [], [address[0] for *_, address in found]


def gethostbyaddr(name):
    """Is `socket.gethostbyaddr`."""
    if name == gethostname():
        return name, [], ["127.0.0.1"]
    address = getaddrinfo(name, 0, c.AF_UNSPEC, c.SOCK_STREAM)[0][4]
    try:
        found, _ = getnameinfo(address, c.NI_NAMEREQD | c.NI_NUMERICSERV)
    except _native.gaierror:
        raise _native.herror(1, "Unknown host") from None
    return found, [], [address[0]]


def gethostname():
    """Is `socket.gethostname`; a guest is not told the machine's."""
    return "localhost"


def getservbyname(name, protocol="tcp"):
    """Is `socket.getservbyname`."""
    return getaddrinfo("127.0.0.1", name, c.AF_INET, c.SOCK_STREAM)[0][4][1]


def getservbyport(port, protocol="tcp"):
    """Is `socket.getservbyport`."""
    flags = c.NI_NUMERICHOST | (c.NI_DGRAM if protocol == "udp" else 0)
    return getnameinfo(("127.0.0.1", port), flags)[1]


def getprotobyname(name):
    """Is `socket.getprotobyname`."""
    try:
        return _PROTOCOL_NAMES[name]
    except KeyError:
        raise OSError("protocol not found") from None


def address_of(family: int, name: str, port: int) -> tuple:
    """The address in numbers of what a socket is to be bound or connected to."""
    if name == "":
        name = "::" if family == c.AF_INET6 else "0.0.0.0"
    elif name == "<broadcast>":
        name = "255.255.255.255"
    return getaddrinfo(name, port, family, c.SOCK_STREAM)[0][4]


_REVERSE = {
    c.NI_NUMERICHOST: "NUMERIC_HOST",
    c.NI_NUMERICSERV: "NUMERIC_SERVICE",
    c.NI_NAMEREQD: "NAME_REQUIRED",
    c.NI_DGRAM: "DATAGRAM",
}


def _tuple(family: int, text: str, port: int):
    address = (text, port) if family == c.AF_INET else (text, port, 0, 0)
    return family, address


def _kinds(kind: int, protocol: int):
    kind &= ~(c.SOCK_NONBLOCK | c.SOCK_CLOEXEC)
    if kind and kind not in _PROTOCOLS:
        raise _error(c.EAI_SOCKTYPE, "ai_socktype not supported")
    pairs = [(kind, _PROTOCOLS[kind])] if kind else list(_PROTOCOLS.items())
    return [pair for pair in pairs if protocol in (0, pair[1])] or [(kind, protocol)]


def _text(value) -> str | None:
    if value is None or isinstance(value, str) and value.isascii():
        return value
    if isinstance(value, str):
        return value.encode("idna").decode()
    if isinstance(value, (bytes, bytearray)):
        return bytes(value).decode("ascii")
    raise TypeError("a name must be a string, bytes or None")


def _failure(code) -> OSError:
    known = _FAILURES.get(code.name)
    return _error(*known) if known is not None else errors.of(code)


def _error(number: int, text: str) -> OSError:
    return _native.gaierror(number, text)
