"""Certificates as `SSLSocket.getpeercert` tells of them."""

from . import der, objects

_MONTHS = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split()
_ALTERNATIVE_NAMES, _CONSTRAINTS, _KEY_USAGE = "2.5.29.17", "2.5.29.19", "2.5.29.15"
_CRL_POINTS, _ACCESS = "2.5.29.31", "1.3.6.1.5.5.7.1.1"
_OCSP, _ISSUERS = "1.3.6.1.5.5.7.48.1", "1.3.6.1.5.5.7.48.2"
_URI, _OTHER, _DIRECTORY, _ADDRESS, _REGISTERED = 0x86, 0xA0, 0xA4, 0x87, 0x88
_TEXTS = {0x81: "email", 0x82: "DNS", _URI: "URI"}
_SIGNS_CERTIFICATES = 0x04


class Parsed:
    """A certificate, taken apart."""

    def __init__(self, data: bytes):
        _, start, end = der.element(data)
        self.signed = der.inside(data)[0][1]
        fields = der.parts(self.signed)
        raw = der.whole(self.signed)
        at = 1 if fields[0][0] == 0xA0 else 0
        self.version = der.parts(fields[0][1])[0][1][-1] + 1 if at else 1
        self.serial = fields[at][1]
        self.issuer, self.subject = raw[at + 2], raw[at + 4]
        self.validity = der.parts(fields[at + 3][1])
        # The algorithm of its key.
        self.key_kind = der.parts(der.parts(fields[at + 5][1])[0][1])[0][1]
        self.extensions = _extensions(fields[at + 6 :])

    def is_authority(self) -> bool:
        """Whether it may vouch for others."""
        constraints = self.extensions.get(_CONSTRAINTS)
        if constraints is not None:
            return any(part == (der.BOOLEAN, b"\xff") for part in der.inside(constraints))
        usage = self.extensions.get(_KEY_USAGE)
        if usage is not None:
            return bool(der.parts(usage)[0][1][1:2].ljust(1, b"\0")[0] & _SIGNS_CERTIFICATES)
        return self.version == 1 and self.subject == self.issuer


def decode(data: bytes) -> dict:
    """The certificate as a dict."""
    parsed = Parsed(data)
    found = {
        "subject": _name(parsed.subject),
        "issuer": _name(parsed.issuer),
        "version": parsed.version,
        "serialNumber": parsed.serial.hex().upper().removeprefix("00") or "00",
        "notBefore": _time(*parsed.validity[0]),
        "notAfter": _time(*parsed.validity[1]),
        "subjectAltName": _alternative_names(parsed.extensions.get(_ALTERNATIVE_NAMES)),
        "OCSP": _access(parsed.extensions.get(_ACCESS), _OCSP),
        "caIssuers": _access(parsed.extensions.get(_ACCESS), _ISSUERS),
        "crlDistributionPoints": _points(parsed.extensions.get(_CRL_POINTS)),
    }
    return {key: value for key, value in found.items() if value is not None}


def _extensions(fields) -> dict[str, bytes]:
    found = {}
    for tag, content in fields:
        if tag == 0xA3:
            for _, extension in der.inside(content):
                items = der.parts(extension)
                found[der.identifier(items[0][1])] = items[-1][1]
    return found


def _name(data: bytes) -> tuple:
    return tuple(
        tuple(_attribute(*der.parts(attribute)) for _, attribute in der.parts(relative))
        for _, relative in der.inside(data)
    )


def _attribute(kind, value) -> tuple[str, str]:
    return objects.long_name(kind[1]), der.text(*value)


def _time(tag: int, content: bytes) -> str:
    digits = content.decode("ascii").rstrip("Z")
    if tag == der.UTC_TIME:
        digits = ("20" if digits < "50" else "19") + digits
    year, month, day = digits[:4], int(digits[4:6]), int(digits[6:8])
    clock = f"{digits[8:10]}:{digits[10:12]}:{digits[12:14]}"
    return f"{_MONTHS[month - 1]} {day:2} {clock} {year} GMT"


def _alternative_names(extension: bytes | None):
    if extension is None:
        return None
    return tuple(_alternative_name(*name) for name in der.inside(extension))


def _alternative_name(tag: int, content: bytes) -> tuple:
    if tag in _TEXTS:
        return _TEXTS[tag], content.decode("latin-1")
    if tag == _DIRECTORY:
        return "DirName", _name(content)
    if tag == _ADDRESS:
        return "IP Address", _address(content)
    if tag == _REGISTERED:
        return "Registered ID", objects.long_name(content)
    return ("othername" if tag == _OTHER else "X400Name"), "<unsupported>"


def _address(content: bytes) -> str:
    if len(content) == 4:
        return ".".join(map(str, content))
    if len(content) == 16:
        return ":".join(f"{int.from_bytes(content[at:at + 2]):X}" for at in range(0, 16, 2))
    return "<invalid>"


def _access(extension: bytes | None, method: str):
    if extension is None:
        return None
    descriptions = (der.parts(content) for _, content in der.inside(extension))
    found = tuple(
        location[1].decode("latin-1")
        for kind, location in descriptions
        if der.identifier(kind[1]) == method and location[0] == _URI
    )
    return found or None


def _points(extension: bytes | None):
    if extension is None:
        return None
    found = []
    for _, point in der.inside(extension):
        for tag, name in der.parts(point):
            if tag == 0xA0:
                names = (full for kind, full in der.parts(name) if kind == 0xA0)
                found += [uri for full in names for kind, uri in der.parts(full) if kind == _URI]
    return tuple(uri.decode("latin-1") for uri in found) or None
