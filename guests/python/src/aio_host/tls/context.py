"""`_SSLContext`: what TLS is to be like, and the host's configurations made of it."""

import operator
import os
import re
import warnings

from componentize_py_types import Err

from .. import host
from ..errors import taken as _taken
from . import certificates, channels, ciphers, errors, keys, session, x509
from . import constants as c

_DEFAULT_OPTIONS = (
    c.OP_ALL
    | c.OP_NO_SSLv3
    | c.OP_CIPHER_SERVER_PREFERENCE
    | c.OP_ENABLE_MIDDLEBOX_COMPAT
    | c.OP_NO_COMPRESSION
)
_NO_VERSION = (
    c.OP_NO_SSLv3 | c.OP_NO_TLSv1 | c.OP_NO_TLSv1_1 | c.OP_NO_TLSv1_2 | c.OP_NO_TLSv1_3
)
_PROTOCOLS = {
    c.PROTOCOL_TLS: "PROTOCOL_TLS",
    c.PROTOCOL_TLSv1_2: "PROTOCOL_TLSv1_2",
    c.PROTOCOL_TLS_CLIENT: None,
    c.PROTOCOL_TLS_SERVER: None,
}
_OLD_VERSIONS = {
    c.PROTO_SSLv3: "SSLv3",
    c.PROTO_TLSv1: "TLSv1",
    c.PROTO_TLSv1_1: "TLSv1_1",
}
_VERSIONS = {*_OLD_VERSIONS, c.PROTO_TLSv1_2, c.PROTO_TLSv1_3, -1, -2}
_CURVES = {"prime256v1", "secp256r1", "secp384r1", "X25519", "x25519"}
_COUNTS = (
    "number connect connect_good connect_renegotiate accept accept_good accept_renegotiate"
    " hits misses timeouts cache_full"
)
# How OpenSSL names the files of a folder of authorities.
_HASHED = re.compile(r"[0-9a-f]{8}\.r?[0-9]+")


def _setting(name: str, doc: str):
    """A property that is part of the host's configurations."""

    def change(self, value):
        setattr(self, name, operator.index(value))
        self._configs.clear()

    return property(operator.attrgetter(name), change, doc=doc)


class _SSLContext:
    """The base of `ssl.SSLContext`."""

    __module__ = "_ssl"

    def __new__(cls, protocol, /):
        if protocol not in _PROTOCOLS:
            raise ValueError(f"invalid or unsupported protocol version {protocol}")
        if _PROTOCOLS[protocol]:
            _warn(f"ssl.{_PROTOCOLS[protocol]} is deprecated")
        self = super().__new__(cls)
        is_client = protocol == c.PROTOCOL_TLS_CLIENT
        self._protocol = protocol
        self._verify_mode = c.CERT_REQUIRED if is_client else c.CERT_NONE
        self._check_hostname = is_client
        self._options = _DEFAULT_OPTIONS
        self._verify_flags = c.VERIFY_X509_TRUSTED_FIRST
        self._minimum, self._maximum = c.PROTO_TLSv1_2, c.PROTO_MAXIMUM_SUPPORTED
        if protocol == c.PROTOCOL_TLSv1_2:
            self._maximum = c.PROTO_TLSv1_2
        self._flags = c.HOSTFLAG_NO_PARTIAL_WILDCARDS
        self._tickets = 2
        self._sni_callback = None
        self._suites = list(ciphers.SUITES)
        self._protocols: list[bytes] = []
        # By the kind of the key: the last of each.
        self._identities: dict = {}
        self._store = certificates.Store()
        self._configs: dict = {}
        self._counts = dict.fromkeys(_COUNTS.split(), 0)
        self._post_handshake_auth = False
        return self

    protocol = property(lambda self: self._protocol)
    security_level = property(lambda self: 2)
    verify_flags = _setting("_verify_flags", "How certificates are checked.")
    _host_flags = _setting("_flags", "How names are compared.")
    post_handshake_auth = _setting("_post_handshake_auth", "Of no effect: servers do not ask then.")

    @property
    def verify_mode(self):
        """Whether the peer's certificate is checked."""
        return self._verify_mode

    @verify_mode.setter
    def verify_mode(self, value):
        value = operator.index(value)
        if value not in (c.CERT_NONE, c.CERT_OPTIONAL, c.CERT_REQUIRED):
            raise ValueError("invalid value for verify_mode")
        if value == c.CERT_NONE and self._check_hostname:
            raise ValueError(
                "Cannot set verify_mode to CERT_NONE when check_hostname is enabled."
            )
        self._verify_mode = value
        self._configs.clear()

    @property
    def check_hostname(self):
        """Whether the peer's certificate must be for the name that is wanted."""
        return self._check_hostname

    @check_hostname.setter
    def check_hostname(self, value):
        if value and self._verify_mode == c.CERT_NONE:
            self._verify_mode = c.CERT_REQUIRED
        self._check_hostname = bool(value)
        self._configs.clear()

    @property
    def options(self):
        """OpenSSL's options; those about versions are heeded."""
        return self._options

    @options.setter
    def options(self, value):
        value = operator.index(value)
        if value < 0:
            raise ValueError("Cannot convert negative int")
        if value >> 64:
            raise OverflowError("Python int too large to convert to C unsigned long")
        if value & ~self._options & _NO_VERSION:
            _warn("ssl.OP_NO_SSL*/ssl.OP_NO_TLS* options are deprecated")
        self._options = value
        self._configs.clear()

    @property
    def minimum_version(self):
        """The oldest version to speak."""
        return self._minimum

    @minimum_version.setter
    def minimum_version(self, value):
        value = self._checked_version(value)
        self._minimum = c.PROTO_TLSv1_3 if value == c.PROTO_MAXIMUM_SUPPORTED else value

    @property
    def maximum_version(self):
        """The newest version to speak."""
        return self._maximum

    @maximum_version.setter
    def maximum_version(self, value):
        value = self._checked_version(value)
        self._maximum = c.PROTO_TLSv1 if value == c.PROTO_MINIMUM_SUPPORTED else value

    def _checked_version(self, value) -> int:
        value = operator.index(value)
        if self._protocol == c.PROTOCOL_TLSv1_2:
            raise ValueError(
                "The context's protocol doesn't support modification of"
                " highest and lowest version."
            )
        if value not in _VERSIONS:
            raise ValueError(f"Unsupported TLS/SSL version {value:#x}")
        if value in _OLD_VERSIONS:
            _warn(f"ssl.TLSVersion.{_OLD_VERSIONS[value]} is deprecated")
        self._configs.clear()
        return value

    @property
    def num_tickets(self):
        """How many tickets a server hands out."""
        return self._tickets

    @num_tickets.setter
    def num_tickets(self, value):
        value = operator.index(value)
        if value < 0:
            raise ValueError("value must be non-negative")
        if self._protocol != c.PROTOCOL_TLS_SERVER:
            raise ValueError("SSLContext is not a server context.")
        self._tickets = value

    @property
    def sni_callback(self):
        """Called with the name that a client wants."""
        return self._sni_callback

    @sni_callback.setter
    def sni_callback(self, value):
        if self._protocol == c.PROTOCOL_TLS_CLIENT:
            raise ValueError("sni_callback cannot be set on TLS_CLIENT context")
        if value is not None and not callable(value):
            raise TypeError("not a callable object")
        self._sni_callback = value

    @property
    def keylog_filename(self):
        """None: keys stay in the host."""
        return None

    @keylog_filename.setter
    def keylog_filename(self, value):
        if value is not None:
            raise NotImplementedError("the keys of TLS stay in the host: none can be logged")

    @property
    def _msg_callback(self):
        return None

    @_msg_callback.setter
    def _msg_callback(self, value):
        if value is not None:
            raise NotImplementedError("the messages of TLS stay in the host: none can be shown")

    def set_psk_client_callback(self, callback):
        """Refuses keys that are shared beforehand."""
        raise NotImplementedError("the host's TLS has certificates only, no shared keys")

    set_psk_server_callback = lambda self, callback, identity_hint=None: (  # noqa: E731
        self.set_psk_client_callback(callback)
    )

    def set_ciphers(self, cipherlist, /):
        """Looks which of the host's suites are meant. The host chooses among all it has."""
        self._suites = ciphers.chosen(cipherlist)

    def get_ciphers(self):
        """The suites, described."""
        return [suite.told() for suite in self._suites]

    def set_ecdh_curve(self, name, /):
        """Checks the name; the host chooses among all it has."""
        name = os.fsdecode(name)
        if name not in _CURVES:
            raise ValueError(f"unknown elliptic curve name {name!r}")

    def load_dh_params(self, path, /):
        """Reads the file only: the host has elliptic curves instead."""
        try:
            found = certificates.sections(_read(path))
        except ValueError:
            found = []
        if not any(label == b"DH PARAMETERS" for label, _ in found):
            raise errors.failure("NO_START_LINE", library="PEM")

    def _set_alpn_protocols(self, packed, /):
        rest, protocols = bytes(packed), []
        while rest:
            end = 1 + rest[0]
            protocols.append(rest[1:end])
            rest = rest[end:]
        self._protocols = protocols
        self._configs.clear()

    def load_cert_chain(self, certfile, keyfile=None, password=None):
        """Reads a certificate, those of its issuers, and its key."""
        if certfile is None:
            raise TypeError("certfile should be a valid filesystem path")
        chain = _read(certfile)
        key = chain if keyfile is None else _read(keyfile)
        found, identity = keys.identity(chain, key, password)
        self._identities[x509.Parsed(found[0]).key_kind] = identity
        self._configs.clear()

    def load_verify_locations(self, cafile=None, capath=None, cadata=None):
        """Reads certificates to trust."""
        if cafile is None and capath is None and cadata is None:
            raise TypeError("cafile, capath and cadata cannot be all omitted")
        self._configs.clear()
        if cadata is not None:
            self._add_data(cadata)
        if cafile is not None:
            self._store.add_file(_read(cafile))
        if capath is not None:
            self._add_folder(os.fsdecode(capath))

    def _add_data(self, data):
        if isinstance(data, str) and data.isascii():
            add = self._store.add_text
        elif isinstance(data, str) or not hasattr(data, "__buffer__"):
            raise TypeError("cadata should be an ASCII string or a bytes-like object")
        else:
            data, add = bytes(data), self._store.add_bytes
        if not data:
            raise ValueError("Empty certificate data")
        add(data)

    def _add_folder(self, folder: str):
        store = certificates.Store()
        for name in os.listdir(folder) if os.path.isdir(folder) else []:
            if _HASHED.fullmatch(name):
                store.add_file(_read(os.path.join(folder, name)))
        self._store.unlisted |= store.listed
        self._store.revocations |= store.revocations

    def set_default_verify_paths(self):
        """Trusts whom `SSL_CERT_FILE` and `SSL_CERT_DIR` name, else whom the host's system does."""
        file, folder = os.environ.get("SSL_CERT_FILE"), os.environ.get("SSL_CERT_DIR")
        if file is not None and os.path.isfile(file):
            self._store.add_file(_read(file))
        if folder is not None:
            self._add_folder(folder)
        self._store.has_system |= file is None and folder is None
        self._configs.clear()

    def cert_store_stats(self):
        """How many certificates were loaded."""
        return self._store.statistics()

    def get_ca_certs(self, binary_form=False):
        """The authorities among them."""
        found = self._store.authorities()
        return found if binary_form else [x509.decode(data) for data in found]

    def session_stats(self):
        """How many handshakes there were."""
        return dict(self._counts)

    def _wrap_bio(self, incoming, outgoing, server_side, server_hostname=None, *, owner=None,
                  session=None):
        channel = channels.Buffers(incoming, outgoing)
        return self._wrap(channel, server_side, server_hostname, owner, session)

    def _wrap_socket(self, sock, server_side, server_hostname=None, *, owner=None, session=None):
        return self._wrap(channels.Socket(sock), server_side, server_hostname, owner, session)

    def _wrap(self, channel, server_side, server_hostname, owner, resumed):
        if server_side and (server_hostname or resumed):
            given = "server_hostname" if server_hostname else "session"
            raise ValueError(f"{given} can only be specified in client mode")
        if self._check_hostname and not server_side and not server_hostname:
            raise ValueError("check_hostname requires server_hostname")
        if server_side and self._protocol == c.PROTOCOL_TLS_CLIENT:
            raise errors.SSLError("Cannot create a server socket with a PROTOCOL_TLS_CLIENT context")
        if not server_side and self._protocol == c.PROTOCOL_TLS_SERVER:
            raise errors.SSLError("Cannot create a client socket with a PROTOCOL_TLS_SERVER context")
        if server_hostname is not None and "\0" in server_hostname:
            raise TypeError("embedded null character")
        if server_hostname is not None and (not server_hostname or server_hostname[0] == "."):
            raise ValueError("server_hostname cannot be an empty string or start with a leading dot.")
        wrapped = session._SSLSocket._of(self, channel, server_side, server_hostname, owner)
        if resumed is not None:
            wrapped.session = resumed
        return wrapped

    def _client_config(self):
        return self._config("client", self._make_client)

    def _server_config(self, offered: list[bytes]):
        # Like OpenSSL, and unlike the host, a server without a protocol in common goes on.
        common = [name for name in self._protocols if name in offered]
        return self._config(("server", *common), lambda: self._make_server(common))

    def _config(self, key, make):
        config = self._configs.get(key)
        if config is None:
            try:
                config = self._configs[key] = make()
            except Err as failure:
                raise errors.of_code(_taken(failure).name, None) from None
        return config

    def _make_client(self):
        tls = host.tls
        kind = "NONE" if self._verify_mode == c.CERT_NONE else "CHAIN"
        kind = "FULL" if self._check_hostname else kind
        identity = next(reversed(self._identities.values()), None)
        options = tls.ClientOptions(
            [] if kind == "NONE" else self._roots(),
            tls.Verification[kind],
            identity,
            self._protocols,
            *self._versions(),
            True,
        )
        return tls.ClientConfig.create(options)

    def _make_server(self, protocols: list[bytes]):
        tls = host.tls
        clients = {
            c.CERT_NONE: lambda: tls.ClientAuthentication_None_(),
            c.CERT_OPTIONAL: lambda: tls.ClientAuthentication_Optional(self._roots()),
            c.CERT_REQUIRED: lambda: tls.ClientAuthentication_Required(self._roots()),
        }
        identities = list(self._identities.values())
        options = tls.ServerOptions(
            identities, clients[self._verify_mode](), protocols, *self._versions()
        )
        return tls.ServerConfig.create(options)

    def _roots(self) -> list:
        tls = host.tls
        checks_lists = bool(self._verify_flags & c.VERIFY_CRL_CHECK_LEAF)
        if checks_lists and not self._store.revocations:
            # Nobody can be known not to be revoked.
            return [tls.Roots_Nobody()]
        roots = [tls.Roots_Pem(text) for text in self._store.texts(checks_lists)]
        if self._store.has_system:
            roots.append(tls.Roots_System())
        return roots or [tls.Roots_Nobody()]

    def _versions(self) -> tuple:
        spoken = [
            version
            for version, refused in (
                (c.PROTO_TLSv1_2, c.OP_NO_TLSv1_2),
                (c.PROTO_TLSv1_3, c.OP_NO_TLSv1_3),
            )
            if version >= self._minimum
            and (self._maximum == c.PROTO_MAXIMUM_SUPPORTED or version <= self._maximum)
            and not self._options & refused
        ]
        if not spoken:
            raise errors.failure("NO_PROTOCOLS_AVAILABLE")
        names = {c.PROTO_TLSv1_2: "TLS12", c.PROTO_TLSv1_3: "TLS13"}
        versions = host.tls.Version
        return versions[names[spoken[0]]], versions[names[spoken[-1]]]


def _read(path) -> bytes:
    with open(os.fspath(path), "rb") as file:
        return file.read()


def _warn(text: str):
    warnings.warn(text, DeprecationWarning, stacklevel=4)
