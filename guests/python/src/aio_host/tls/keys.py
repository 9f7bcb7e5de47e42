"""Private keys, and the certificates they belong to, as the host takes them."""

import re

from componentize_py_types import Err

from .. import host
from ..errors import taken as _taken
from . import certificates, errors, passwords

_KEYS = (b"PRIVATE KEY", b"RSA PRIVATE KEY", b"EC PRIVATE KEY")
_ENCRYPTED = b"ENCRYPTED PRIVATE KEY"
_OLD_HEAD = re.compile(
    rb"-----BEGIN ([A-Z ]*PRIVATE KEY)-----\s+Proc-Type: 4,ENCRYPTED\s+DEK-Info: (\S+)"
)


def identity(chain: bytes, key: bytes, password):
    """Reads a chain and a key. Returns the certificates, and both as the host's record."""
    if b"ENCRYPTED" in key or not callable(password):
        password = _asked(password)
    try:
        found = certificates.certificates(chain)
        own = _key(key, password)
    except (ValueError, KeyError):
        raise errors.pem("SSL") from None
    if not found or own is None:
        raise errors.pem("SSL")
    tls = host.tls
    pem = tls.PemIdentity(b"".join(map(certificates.to_pem, found)), own)
    made = tls.Identity_Pem(pem)
    _check(made)
    return found, made


def _key(text: bytes, password) -> bytes | None:
    """The first key of a text, without its password."""
    for label, data in certificates.sections(text):
        old = _OLD_HEAD.search(text)
        if label == _ENCRYPTED:
            plain = passwords.decrypt(data, password)
            return certificates.to_pem(plain, "PRIVATE KEY")
        if label in _KEYS and old is not None and old[1] == label:
            data = passwords.decrypt_old(data, old[2].decode(), password)
        if label in _KEYS:
            return certificates.to_pem(data, label.decode())
    return None


def _asked(password) -> bytes:
    # Nobody is asked at a terminal: without a password it is a wrong one.
    return b"" if password is None else passwords.asked(password)


def _check(made):
    tls = host.tls
    clients = tls.ClientAuthentication_None_()
    versions = tls.Version.TLS12, tls.Version.TLS13
    try:
        tls.ServerConfig.create(tls.ServerOptions([made], clients, [], *versions))
    except Err as failure:
        code = _taken(failure)
        if code.name != "TLS_BAD_IDENTITY":
            raise errors.of_code(code.name, None) from None
        raise errors.failure("KEY_VALUES_MISMATCH", number=116, library="X509") from None
