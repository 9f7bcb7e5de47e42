"""Certificates out of PEM and DER, and the ones that a context trusts."""

import base64
import binascii
import re

from . import constants as c
from . import der, errors, x509

_SECTION = re.compile(rb"-----BEGIN ([A-Z0-9 ]+)-----(.*?)-----END \1-----", re.DOTALL)
_CERTIFICATES = (b"CERTIFICATE", b"X509 CERTIFICATE", b"TRUSTED CERTIFICATE")
_REVOCATIONS = (b"X509 CRL",)
# The host takes no longer texts, and no more of them.
_TEXT_MAX, _TEXTS_MAX = 1 << 20, 32


class Certificate:
    """A certificate of a peer."""

    __module__ = "_ssl"

    def __init__(self, *args):
        raise TypeError("cannot create '_ssl.Certificate' instances")

    @classmethod
    def _of(cls, data: bytes):
        certificate = cls.__new__(cls)
        certificate._data = data
        return certificate

    def public_bytes(self, format=c.ENCODING_PEM):
        """The certificate itself, in PEM or DER."""
        if format == c.ENCODING_PEM:
            return to_pem(self._data).decode()
        if format == c.ENCODING_DER:
            return self._data
        raise ValueError("Unsupported format")

    def get_info(self):
        """What `getpeercert` tells of it."""
        return x509.decode(self._data)

    def __eq__(self, other):
        if not isinstance(other, Certificate):
            return NotImplemented
        return self._data == other._data

    def __hash__(self):
        return hash(self._data)

    def __repr__(self):
        parts = self.get_info()["subject"]
        names = ", ".join(f"{name}={value}" for part in parts for name, value in part)
        return f"<_ssl.Certificate '{names}'>"


def sections(text: bytes) -> list[tuple[bytes, bytes]]:
    """The sections of a text in PEM: the label of each, and its bytes. A ValueError if they make no
    sense."""
    found = []
    for label, body in _SECTION.findall(text):
        # What comes before an empty line is about the rest.
        packed = body.replace(b"\r", b"").rpartition(b"\n\n")[2] if b":" in body else body
        found.append((label, base64.b64decode(b"".join(packed.split()), validate=True)))
    return found


def certificates(text: bytes) -> list[bytes]:
    """The certificates in PEM."""
    return [data for label, data in sections(text) if label in _CERTIFICATES]


def to_pem(data: bytes, label: str = "CERTIFICATE") -> bytes:
    """One section of PEM."""
    packed = base64.b64encode(data)
    lines = b"".join(packed[at : at + 64] + b"\n" for at in range(0, len(packed), 64))
    return b"-----BEGIN %b-----\n%b-----END %b-----\n" % (label.encode(), lines, label.encode())


class Store:
    """Whom a context trusts, and whose certificates were revoked."""

    def __init__(self):
        # Those that are told of, and those of a folder, which are not. Each but once.
        self.listed: dict[bytes, None] = {}
        self.unlisted: dict[bytes, None] = {}
        self.revocations: dict[bytes, None] = {}
        self.has_system = False

    def add_file(self, text: bytes):
        """Adds those of a file. It must have some."""
        try:
            found = [part for part in sections(text) if part[0] in _CERTIFICATES + _REVOCATIONS]
            for _, data in found:
                # All of it is parsed when it is asked for.
                der.inside(data)
        except (ValueError, binascii.Error):
            raise errors.pem("X509") from None
        trusted = {data: None for label, data in found if label in _CERTIFICATES}
        revoked = {data: None for label, data in found if label in _REVOCATIONS}
        if not trusted and not revoked:
            raise _nothing_found()
        self.listed |= trusted
        self.revocations |= revoked

    def add_text(self, text: str):
        """Adds those of a text in PEM."""
        try:
            found = certificates(text.encode("ascii"))
        except (ValueError, binascii.Error):
            raise errors.pem("PEM") from None
        self._add_data(found, "no start line")

    def add_bytes(self, data: bytes):
        """Adds those that follow one another in DER."""
        found = []
        try:
            for part in der.whole(data):
                x509.Parsed(part)
                found.append(part)
        except (ValueError, IndexError):
            found = []
        self._add_data(found, "not enough data")

    def _add_data(self, found: list[bytes], complaint: str):
        if not found:
            raise errors.SSLError(0, f"{complaint}: cadata does not contain a certificate")
        self.listed |= dict.fromkeys(found)

    def statistics(self) -> dict[str, int]:
        """How many there are of each kind."""
        authorities = sum(x509.Parsed(data).is_authority() for data in self.listed)
        return {"x509": len(self.listed), "crl": len(self.revocations), "x509_ca": authorities}

    def authorities(self) -> list[bytes]:
        """Those that may vouch for others."""
        return [data for data in self.listed if x509.Parsed(data).is_authority()]

    def chain(self, sent: list[bytes]) -> list[bytes]:
        """A peer's certificates up to one that is trusted."""
        known = [*self.listed, *self.unlisted]
        chain = sent[:1]
        while chain and chain[-1] not in known:
            issuer = x509.Parsed(chain[-1]).issuer
            above = [data for data in [*known, *sent[1:]] if x509.Parsed(data).subject == issuer]
            above = [data for data in above if data not in chain]
            if not above:
                break
            chain.append(above[0])
        return chain

    def texts(self, with_revocations: bool) -> list[bytes]:
        """All of them in PEM, in pieces that the host takes."""
        parts = [to_pem(data) for data in [*self.listed, *self.unlisted]]
        if parts and with_revocations:
            parts += [to_pem(data, "X509 CRL") for data in self.revocations]
        pieces = [b""] if parts else []
        for part in parts:
            if len(pieces[-1]) + len(part) > _TEXT_MAX:
                pieces.append(b"")
            pieces[-1] += part
        return pieces[:_TEXTS_MAX]


def _nothing_found() -> errors.SSLError:
    reason = "NO_CERTIFICATE_OR_CRL_FOUND"
    return errors.failure(reason, number=136, library="X509")
