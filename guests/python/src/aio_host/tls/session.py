"""`_SSLSocket`: one TLS session, by an engine of the host, over a channel."""

import os
import time
import weakref

from componentize_py_types import Err

from .. import host
from ..errors import taken as _taken
from . import certificates, ciphers, errors, hello, x509
from . import constants as c

_PIECE = 65_536
_LIFETIME = 7200
_INTERNAL_ERROR = 80
_HANDSHAKE_FAILURE = 40


class SSLSession:
    """What a client may go on with later. The host knows of it by itself, while its configuration
    is the same."""

    __module__ = "_ssl"

    def __init__(self, *args):
        raise TypeError("cannot create '_ssl.SSLSession' instances")

    @classmethod
    def _of(cls, context):
        session = cls.__new__(cls)
        session._context = context
        session.id = os.urandom(32)
        session.time = int(time.time())
        session.timeout = session.ticket_lifetime_hint = _LIFETIME
        session.has_ticket = True
        return session

    def __eq__(self, other):
        if not isinstance(other, SSLSession):
            return NotImplemented
        return self.id == other.id

    def __hash__(self):
        return hash(self.id)


class _SSLSocket:
    """One side of a session, below `ssl.SSLSocket` and `ssl.SSLObject`."""

    __module__ = "_ssl"

    def __init__(self, *args):
        raise TypeError("cannot create '_ssl._SSLSocket' instances")

    @classmethod
    def _of(cls, context, channel, server_side, server_hostname, owner):
        self = cls.__new__(cls)
        self._context = context
        self._channel = channel
        self._owner = None if owner is None else weakref.ref(owner)
        self._server_side = bool(server_side)
        self._hostname = server_hostname
        self._hello = None
        # What came before the host was asked.
        self._early = b""
        self._is_tls = False
        self._plain = b""
        # How much of what is being written the engine has already.
        self._written = 0
        # Whether the engine has nothing more to be read.
        self._is_drained = False
        self._is_done = self._has_failed = self._said_end = False
        self._agreed = self._session = None
        self._engine = None if server_side else self._client()
        self._count("accept" if server_side else "connect")
        return self

    server_side = property(lambda self: self._server_side)
    server_hostname = property(lambda self: self._hostname)

    @property
    def context(self):
        """The context, which a callback may still change."""
        return self._context

    @context.setter
    def context(self, value):
        # Not imported: it imports this.
        if not hasattr(value, "_server_config"):
            raise TypeError("The value must be a SSLContext")
        self._context = value

    @property
    def owner(self):
        """Whom callbacks are told of."""
        return None if self._owner is None else self._owner()

    @owner.setter
    def owner(self, value):
        self._owner = weakref.ref(value)

    @property
    def session(self):
        """What may go on later; none before the handshake."""
        if self._is_done and self._session is None:
            self._session = SSLSession._of(self._context)
        return self._session

    @session.setter
    def session(self, value):
        if not isinstance(value, SSLSession):
            raise TypeError("Value is not a SSLSession.")
        if value._context is not self._context:
            raise ValueError("Session refers to a different SSLContext.")
        if self._server_side:
            raise ValueError("Cannot set session for server-side SSLSocket.")
        if self._is_done:
            raise ValueError("Cannot set session after handshake.")

    @property
    def session_reused(self):
        """Whether an earlier session went on."""
        return self._is_done and self._agreed.resumed

    def do_handshake(self):
        """Agrees with the peer."""
        self._channel.begin()
        self._shake("handshake")

    def read(self, size, buffer=None, /):
        """Reads up to `size` bytes, into a buffer if there is one."""
        if buffer is None:
            if size < 0:
                raise ValueError("size should not be negative")
            return self._read(size)
        with memoryview(buffer) as view, view.cast("B") as target:
            size = size if 0 < size <= len(target) else len(target)
            data = self._read(size)
            target[: len(data)] = data
        return len(data)

    def write(self, data, /):
        """Writes all, and returns how many bytes."""
        self._channel.begin()
        self._shake("write")
        with memoryview(data) as view, view.cast("B") as rest:
            self._channel.flush("write")
            while self._written < len(rest):
                piece = bytes(rest[self._written : self._written + _PIECE])
                self._written += self._call(self._engine.write, piece)
                self._flush("write")
            self._written = 0
            return len(rest)

    def pending(self):
        """How many bytes are there to be read."""
        return len(self._plain)

    def shutdown(self):
        """Says that nothing more comes, and waits for the peer to say so."""
        if not self._is_done or self._has_failed:
            raise errors.failure("SHUTDOWN_WHILE_IN_INIT")
        self._channel.begin()
        if not self._said_end:
            self._said_end = True
            self._engine.close()
        self._flush("write")
        if self._plain or self._next_plain():
            raise errors.failure("APPLICATION_DATA_AFTER_CLOSE_NOTIFY")
        return self._channel.socket

    def getpeercert(self, binary_mode=False, /):
        """The peer's certificate: as a dict, or all of it."""
        if not self._is_done:
            raise ValueError("handshake not done yet")
        sent = self._sent_certificates()
        if not sent:
            return None
        if binary_mode:
            return sent[0]
        return {} if self._context.verify_mode == c.CERT_NONE else x509.decode(sent[0])

    def get_unverified_chain(self):
        """All certificates that the peer sent."""
        return _as_certificates(self._sent_certificates())

    def get_verified_chain(self):
        """The peer's certificates up to a trusted one."""
        return _as_certificates(self._context._store.chain(self._sent_certificates()))

    def cipher(self):
        """The cipher suite: its name, its version, its bits."""
        return ciphers.of(self._agreed.cipher_suite).short() if self._is_done else None

    def shared_ciphers(self):
        """Those of the client's that this server has too."""
        if self._hello is None or not self._is_done:
            return None
        return ciphers.shared(self._hello.suites)

    def version(self):
        """The version of TLS."""
        if not self._is_done:
            return None
        return "TLSv1.3" if self._agreed.version is host.tls.Version.TLS13 else "TLSv1.2"

    def selected_alpn_protocol(self):
        """The application's protocol."""
        found = self._agreed.protocol if self._is_done else None
        return None if found is None else found.decode()

    def compression(self):
        """None: there is none."""

    def get_channel_binding(self, cb_type="tls-unique"):
        """None: what it is made of stays in the host."""
        if cb_type != "tls-unique":
            raise ValueError(f"'{cb_type}' channel binding type not implemented")

    def verify_client_post_handshake(self):
        """Refuses: clients are asked in the handshake only."""
        raise NotImplementedError("Post-handshake auth is not supported by the host's TLS")

    def _client(self):
        context = self._context
        config = context._client_config().as_handle()
        try:
            return host.tls.Engine.client(config, self._hostname or "")
        except Err as failure:
            code = _taken(failure)
            if code.name != "INVALID_ARGUMENT":
                raise errors.of_code(code.name, None) from None
            if context.check_hostname:
                raise ValueError(f"not a name of a server: {self._hostname!r}") from None
        # A name that is none is not told to the server.
        return host.tls.Engine.client(config, "")

    def _server(self):
        config = self._context._server_config(self._hello.protocols).as_handle()
        try:
            return host.tls.Engine.server(config)
        except Err as failure:
            raise errors.of_code(_taken(failure).name, None) from None

    def _shake(self, doing: str):
        """Does what is left of the handshake."""
        if self._is_done and not self._has_failed:
            return
        if self._has_failed:
            raise errors.over()
        if self._engine is None:
            self._listen(doing)
        while True:
            self._flush(doing)
            if not self._engine.is_handshaking():
                break
            self._receive(doing)
        self._agreed = self._engine.session()
        self._is_done = True
        self._count("accept_good" if self._server_side else "connect_good")
        if self._agreed.resumed:
            self._count("hits")

    def _listen(self, doing: str):
        """Begins as a server, when it is known what the client wants."""
        while self._hello is None:
            data = self._channel.receive(doing)
            if not data:
                self._has_failed = True
                raise errors.cut_short()
            self._early += data
            self._check_early()
            self._hello = hello.read(self._early)
        self._ask_callback()
        if not self._context._identities:
            self._give_up(_HANDSHAKE_FAILURE, "NO_SHARED_CIPHER")
        self._engine = self._server()
        self._channel.give_back(self._early)
        self._early = b""

    def _check_early(self):
        if len(self._early) >= 5 and not self._is_tls:
            try:
                hello.check_record(self._early, self._server_side)
            except errors.SSLError:
                self._has_failed = True
                raise
            self._is_tls = True

    def _ask_callback(self):
        callback = self._context.sni_callback
        if callback is None:
            return
        owner = self.owner or self._channel.socket
        if owner is None:
            self._give_up(_INTERNAL_ERROR, "CALLBACK_FAILED")
        try:
            alert = callback(owner, self._hello.name, self._context)
        except BaseException as error:
            _Unraisable(error)
            alert = _HANDSHAKE_FAILURE
        if alert is not None:
            number = alert if isinstance(alert, int) else _INTERNAL_ERROR
            self._give_up(number, "CALLBACK_FAILED")

    def _give_up(self, alert: int, reason: str):
        """Ends before the host has begun."""
        self._has_failed = True
        self._channel.send(bytes([0x15, 3, 3, 0, 2, 2, alert]), "handshake")
        raise errors.failure(reason)

    def _read(self, size: int) -> bytes:
        self._channel.begin()
        self._shake("read")
        if size and not self._plain:
            self._plain = self._next_plain()
            if not self._plain and self._said_end:
                raise errors.zero_return()
        data, self._plain = self._plain[:size], self._plain[size:]
        return data

    def _next_plain(self) -> bytes:
        """What the peer said next; nothing is its end."""
        has_come = False
        while True:
            data = None if self._is_drained else self._take_plain()
            if data is not None:
                return data
            self._is_drained = True
            if has_come:
                # What was no text may want an answer.
                self._flush("read")
            self._receive("read")
            has_come = True

    def _take_plain(self) -> bytes | None:
        try:
            return self._engine.read(_PIECE)
        except Err as failure:
            code = _taken(failure)
            if code.name != "TLS_TRUNCATED":
                raise self._failure(code) from None
        if self._context.options & c.OP_IGNORE_UNEXPECTED_EOF:
            return b""
        self._has_failed = True
        raise errors.cut_short()

    def _receive(self, doing: str):
        """Hands the engine what came from the peer."""
        data = self._channel.receive(doing)
        if not self._is_tls and not self._server_side and data:
            self._early = data[:5]
            self._check_early()
        self._is_drained = False
        taken = self._call(self._engine.incoming, data)
        self._channel.give_back(data[taken:])
        if not data and self._engine.is_handshaking():
            self._has_failed = True
            raise errors.cut_short()

    def _flush(self, doing: str):
        """Sends what the engine has for the peer."""
        size = _PIECE
        while size == _PIECE:
            data = self._engine.outgoing(_PIECE)
            size = len(data)
            if data:
                self._channel.send(data, doing)
        self._channel.flush(doing)

    def _call(self, function, *arguments):
        try:
            return function(*arguments)
        except Err as failure:
            raise self._failure(_taken(failure)) from None

    def _failure(self, code) -> errors.SSLError:
        """Sends the peer the last word, and returns what went wrong."""
        if code.name == "BROKEN_PIPE":
            return errors.failure("PROTOCOL_IS_SHUTDOWN")
        if self._has_failed:
            return errors.over()
        self._has_failed = True
        try:
            self._flush("handshake")
        except OSError:
            # The peer is gone; it would not have listened.
            pass
        alert = self._engine.alert()
        if alert is not None:
            return errors.of_alert(alert)
        if code.name == "TLS_NO_AGREEMENT":
            shares = self._hello is None or ciphers.shared(self._hello.suites)
            return errors.failure("UNSUPPORTED_PROTOCOL" if shares else "NO_SHARED_CIPHER")
        return errors.of_code(code.name, self._hostname)

    def _sent_certificates(self) -> list[bytes]:
        if not self._is_done:
            return []
        return [certificate.der for certificate in self._agreed.peer_certificates]

    def _count(self, name: str):
        self._context._counts[name] += 1


def _as_certificates(found: list[bytes]):
    return [certificates.Certificate._of(data) for data in found] or None


class _Unraisable:
    """Has the interpreter tell of an error that nobody can be given."""

    def __init__(self, error: BaseException):
        self._error = error

    def __del__(self):
        raise self._error
