"""The family of `SSLError`, and the host's error codes as members of it, in OpenSSL's words."""

from . import constants as c


class SSLError(OSError):
    """An error of TLS."""

    __module__ = "ssl"
    library = reason = None

    def __str__(self):
        return self.strerror if isinstance(self.strerror, str) else str(self.args)


class SSLZeroReturnError(SSLError):
    """TLS was closed by both sides."""

    __module__ = "ssl"


class SSLWantReadError(SSLError):
    """More must come from the peer first."""

    __module__ = "ssl"


class SSLWantWriteError(SSLError):
    """What there is must go to the peer first."""

    __module__ = "ssl"


class SSLSyscallError(SSLError):
    """A system call failed."""

    __module__ = "ssl"


class SSLEOFError(SSLError):
    """The peer ended without saying so."""

    __module__ = "ssl"


class SSLCertVerificationError(SSLError, ValueError):
    """The peer's certificate is not one to trust."""

    __module__ = "ssl"


# By number: what the peer may say as its last word.
_ALERTS = {
    10: "SSLV3_ALERT_UNEXPECTED_MESSAGE",
    20: "SSLV3_ALERT_BAD_RECORD_MAC",
    22: "TLSV1_ALERT_RECORD_OVERFLOW",
    40: "SSLV3_ALERT_HANDSHAKE_FAILURE",
    42: "SSLV3_ALERT_BAD_CERTIFICATE",
    43: "SSLV3_ALERT_UNSUPPORTED_CERTIFICATE",
    44: "SSLV3_ALERT_CERTIFICATE_REVOKED",
    45: "SSLV3_ALERT_CERTIFICATE_EXPIRED",
    46: "SSLV3_ALERT_CERTIFICATE_UNKNOWN",
    47: "SSLV3_ALERT_ILLEGAL_PARAMETER",
    48: "TLSV1_ALERT_UNKNOWN_CA",
    49: "TLSV1_ALERT_ACCESS_DENIED",
    50: "TLSV1_ALERT_DECODE_ERROR",
    51: "TLSV1_ALERT_DECRYPT_ERROR",
    70: "TLSV1_ALERT_PROTOCOL_VERSION",
    71: "TLSV1_ALERT_INSUFFICIENT_SECURITY",
    80: "TLSV1_ALERT_INTERNAL_ERROR",
    86: "TLSV1_ALERT_INAPPROPRIATE_FALLBACK",
    90: "TLSV1_ALERT_USER_CANCELLED",
    109: "TLSV13_ALERT_MISSING_EXTENSION",
    110: "TLSV1_UNSUPPORTED_EXTENSION",
    112: "TLSV1_UNRECOGNIZED_NAME",
    113: "TLSV1_BAD_CERTIFICATE_STATUS_RESPONSE",
    115: "TLSV1_ALERT_UNKNOWN_PSK_IDENTITY",
    116: "TLSV13_ALERT_CERTIFICATE_REQUIRED",
    120: "TLSV1_ALERT_NO_APPLICATION_PROTOCOL",
}

# What this side found wrong, by the host's code.
_FAILURES = {
    "TLS_PROTOCOL": "UNEXPECTED_MESSAGE",
    "TLS_NO_PROTOCOL": "NO_APPLICATION_PROTOCOL",
    "CERTIFICATE_REQUIRED": "PEER_DID_NOT_RETURN_A_CERTIFICATE",
}

# By the host's code: OpenSSL's number, and its words.
_VERIFICATIONS = {
    "CERTIFICATE_NOT_YET_VALID": (9, "certificate is not yet valid"),
    "CERTIFICATE_EXPIRED": (10, "certificate has expired"),
    "CERTIFICATE_UNKNOWN_ISSUER": (20, "unable to get local issuer certificate"),
    "CERTIFICATE_REVOKED": (23, "certificate revoked"),
    "CERTIFICATE_INVALID": (1, "unspecified certificate verification error"),
}


def failure(reason: str, kind=SSLError, number: int = c.SSL_ERROR_SSL, words: str | None = None,
            library: str = "SSL") -> SSLError:
    """An error with OpenSSL's name for it, and perhaps words of its own."""
    words = reason.lower().replace("_", " ") if words is None else words
    error = kind(number, f"[{library}: {reason}] {words}")
    error.library, error.reason = library, reason
    return error


def pem(library: str) -> SSLError:
    """The error of a text that is not the PEM it should be."""
    error = SSLError(0x80009, f"[{library}] PEM lib")
    error.library = library
    return error


def want_read() -> SSLError:
    """The error that asks for more of the peer."""
    return SSLWantReadError(c.SSL_ERROR_WANT_READ, "The operation did not complete (read)")


def want_write() -> SSLError:
    """The error that asks for room to send."""
    return SSLWantWriteError(c.SSL_ERROR_WANT_WRITE, "The operation did not complete (write)")


def zero_return() -> SSLError:
    """The error of reading what both sides have closed."""
    words = "TLS/SSL connection has been closed (EOF)"
    return SSLZeroReturnError(c.SSL_ERROR_ZERO_RETURN, words)


def cut_short() -> SSLError:
    """The error of a peer that ends without saying so."""
    words = "EOF occurred in violation of protocol"
    return failure("UNEXPECTED_EOF_WHILE_READING", SSLEOFError, c.SSL_ERROR_EOF, words)


def over() -> SSLError:
    """The error of going on after an error."""
    return SSLEOFError(c.SSL_ERROR_EOF, "EOF occurred in violation of protocol")


def of_alert(number: int) -> SSLError:
    """The error of a peer that gave up for this reason."""
    reason = _ALERTS.get(number, f"TLSV1_ALERT_{number}")
    return failure(reason, words=reason.lower().replace("_", " ").replace("sslv3", "ssl/tls"))


def of_code(name: str, host: str | None) -> SSLError:
    """The error of a host's code, about the peer `host`."""
    if name == "CERTIFICATE_WRONG_NAME":
        return _of_verification(*_mismatch(host))
    if name in _VERIFICATIONS:
        return _of_verification(*_VERIFICATIONS[name])
    return failure(_FAILURES.get(name, name))


def _mismatch(host: str | None) -> tuple[int, str]:
    if host and (":" in host or host.replace(".", "").isdigit()):
        return 64, f"IP address mismatch, certificate is not valid for '{host}'."
    return 62, f"Hostname mismatch, certificate is not valid for '{host}'."


def _of_verification(number: int, words: str) -> SSLError:
    text = f"certificate verify failed: {words}"
    error = failure("CERTIFICATE_VERIFY_FAILED", SSLCertVerificationError, words=text)
    error.verify_code, error.verify_message = number, words
    return error
