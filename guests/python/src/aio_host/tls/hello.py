"""The first words of a client. A server looks at them before the host does: who is wanted, and by
what protocol, decides which configuration is used."""

from dataclasses import dataclass, field

from . import errors

_HANDSHAKE, _CLIENT_HELLO, _HEAD = 0x16, 1, 5
_SERVER_NAME, _PROTOCOLS = 0, 16
_LENGTH_MAX = 1 << 17


@dataclass
class Hello:
    """What a client asks for."""

    name: str | None = None
    protocols: list[bytes] = field(default_factory=list)
    suites: list[int] = field(default_factory=list)


def check_record(data: bytes, is_server: bool):
    """Complains of a peer whose first bytes are not TLS."""
    if data[0] in range(0x14, 0x18) and data[1] == 3:
        return
    if is_server and data[:4] in (b"GET ", b"POST", b"HEAD", b"PUT "):
        raise errors.failure("HTTP_REQUEST")
    if is_server and data[:5] == b"CONNE":
        raise errors.failure("HTTPS_PROXY_REQUEST")
    raise errors.failure("WRONG_VERSION_NUMBER")


def read(data: bytes) -> Hello | None:
    """Reads it, or none if there is not all of it yet. What makes no sense is an empty one: the
    host will say so."""
    message = _message(data)
    if message is None or len(message) < 4:
        return None if len(data) < _LENGTH_MAX else Hello()
    length = int.from_bytes(message[1:4])
    if message[0] != _CLIENT_HELLO or length > _LENGTH_MAX:
        return Hello()
    if len(message) < 4 + length:
        return None
    try:
        return _read_body(_Reader(message[4 : 4 + length]))
    except ValueError:
        return Hello()


def _message(data: bytes) -> bytes | None:
    """The handshake's bytes, out of their records. None if another kind comes first."""
    message, at = b"", 0
    while len(data) >= at + _HEAD and data[at] == _HANDSHAKE:
        end = at + _HEAD + int.from_bytes(data[at + 3 : at + _HEAD])
        message += data[at + _HEAD : end]
        at = end
    return message


def _read_body(body) -> Hello:
    # Version and random.
    body.take(34)
    body.vector(1)
    suites = body.vector(2)
    body.vector(1)
    hello = Hello(suites=[int.from_bytes(suites[at : at + 2]) for at in range(0, len(suites), 2)])
    extensions = _Reader(body.vector(2) if body.rest() else b"")
    while extensions.rest():
        kind = int.from_bytes(extensions.take(2))
        _read_extension(hello, kind, _Reader(extensions.vector(2)))
    return hello


def _read_extension(hello: Hello, kind: int, content):
    if kind == _SERVER_NAME:
        names = _Reader(content.vector(2))
        names.take(1)
        hello.name = names.vector(2).decode("ascii")
    elif kind == _PROTOCOLS:
        protocols = _Reader(content.vector(2))
        while protocols.rest():
            hello.protocols.append(protocols.vector(1))


class _Reader:
    """Takes a message apart."""

    def __init__(self, data: bytes):
        self._data = data
        self._at = 0

    def rest(self) -> int:
        return len(self._data) - self._at

    def take(self, size: int) -> bytes:
        if size > self.rest():
            raise ValueError("not enough data")
        self._at += size
        return self._data[self._at - size : self._at]

    def vector(self, length_size: int) -> bytes:
        return self.take(int.from_bytes(self.take(length_size)))
