"""Stands for `_ssl`, the module below `ssl`: OpenSSL's shape over the host's TLS.

What begins with an underscore and is not part of `_ssl` is this package's own.
"""

import os as _os

from .bio import MemoryBIO  # noqa: F401
from .certificates import Certificate  # noqa: F401
from .certificates import certificates as _certificates
from .constants import *  # noqa: F403
from .context import _SSLContext  # noqa: F401
from .errors import (  # noqa: F401
    SSLCertVerificationError,
    SSLEOFError,
    SSLError,
    SSLSyscallError,
    SSLWantReadError,
    SSLWantWriteError,
    SSLZeroReturnError,
)
from .objects import nid2obj, txt2obj  # noqa: F401
from .session import SSLSession, _SSLSocket  # noqa: F401
from .x509 import decode as _decode

# Programs ask for OpenSSL's version to know what it can.
OPENSSL_VERSION = "OpenSSL 3.0.0 (aio-host)"
OPENSSL_VERSION_NUMBER = 0x30000000
OPENSSL_VERSION_INFO = _OPENSSL_API_VERSION = (3, 0, 0, 0, 0)
_DEFAULT_CIPHERS = "DEFAULT"


def RAND_bytes(n, /):
    """Makes `n` random bytes."""
    if n < 0:
        raise ValueError("num must be positive")
    return _os.urandom(n)


def RAND_add(string, entropy, /):
    """Takes nothing: the host has enough."""


def RAND_status():
    """Tells that there is enough chance."""
    return True


def get_default_verify_paths():
    """Where OpenSSL's certificates would be: here by the variables only."""
    folder = "/etc/ssl"
    return "SSL_CERT_FILE", f"{folder}/cert.pem", "SSL_CERT_DIR", f"{folder}/certs"


def _test_decode_cert(path, /):
    try:
        with open(path, "rb") as file:
            text = file.read()
    except OSError:
        raise SSLError("Can't open file") from None
    try:
        return _decode(_certificates(text)[0])
    except (ValueError, IndexError):
        raise SSLError("Error decoding PEM-encoded file") from None
