"""The cipher suites that the host has, by the names that OpenSSL has for them."""

from dataclasses import dataclass

from .errors import SSLError

_DEFAULTS = {"ALL", "DEFAULT", "COMPLEMENTOFDEFAULT"}
# Groups of OpenSSL's that all of TLS 1.2's suites here belong to.
_GROUPS = {"HIGH", "AEAD", "ECDHE", "EECDH", "ECDH", "KECDHE", "KEECDH", "TLSV1.2", "FIPS"}
_TAIL = 0x03000000


@dataclass(frozen=True)
class Suite:
    """A cipher suite."""

    number: int
    # As it is registered, and as OpenSSL calls it.
    registered: str
    name: str
    bits: int
    auth: str

    @property
    def version(self) -> str:
        return "TLSv1.3" if self.auth == "any" else "TLSv1.2"

    def short(self) -> tuple[str, str, int]:
        """As `SSLSocket.cipher` tells of it."""
        return self.name, self.version, self.bits

    def told(self) -> dict:
        """As `SSLContext.get_ciphers` tells of it."""
        is_chacha = "CHACHA20" in self.name
        exchange = "any" if self.auth == "any" else "ECDH"
        encryption = ("CHACHA20/POLY1305" if is_chacha else "AESGCM") + f"({self.bits})"
        return {
            "id": _TAIL | self.number,
            "name": self.name,
            "protocol": self.version,
            "description": f"{self.name:<30} {self.version} Kx={exchange:<8} Au={self.auth:<5}"
            f" Enc={encryption:<22} Mac=AEAD",
            "strength_bits": self.bits,
            "alg_bits": self.bits,
            "aead": True,
            "symmetric": "chacha20-poly1305" if is_chacha else f"aes-{self.bits}-gcm",
            "digest": None,
            "kea": "kx-any" if self.auth == "any" else "kx-ecdhe",
            "auth": f"auth-{self.auth.lower()}",
        }


def _modern(number, name, bits):
    return Suite(number, name, name, bits, "any")


def _older(number, cipher, bits, auth, registered):
    name = f"TLS_ECDHE_{auth}_WITH_{registered}"
    return Suite(number, name, f"ECDHE-{auth}-{cipher}", bits, auth)


_CHACHA = ("CHACHA20-POLY1305", 256)
SUITES = [
    _modern(0x1302, "TLS_AES_256_GCM_SHA384", 256),
    _modern(0x1303, "TLS_CHACHA20_POLY1305_SHA256", 256),
    _modern(0x1301, "TLS_AES_128_GCM_SHA256", 128),
    _older(0xC02C, "AES256-GCM-SHA384", 256, "ECDSA", "AES_256_GCM_SHA384"),
    _older(0xC030, "AES256-GCM-SHA384", 256, "RSA", "AES_256_GCM_SHA384"),
    _older(0xCCA9, *_CHACHA, "ECDSA", "CHACHA20_POLY1305_SHA256"),
    _older(0xCCA8, *_CHACHA, "RSA", "CHACHA20_POLY1305_SHA256"),
    _older(0xC02B, "AES128-GCM-SHA256", 128, "ECDSA", "AES_128_GCM_SHA256"),
    _older(0xC02F, "AES128-GCM-SHA256", 128, "RSA", "AES_128_GCM_SHA256"),
]
_BY_REGISTERED = {suite.registered: suite for suite in SUITES}
_BY_NUMBER = {suite.number: suite for suite in SUITES}


def of(registered: str) -> Suite:
    """The suite of this registered name."""
    return _BY_REGISTERED[registered]


def shared(numbers: list[int]) -> list[tuple[str, str, int]]:
    """Those of a client's that the host has too."""
    return [_BY_NUMBER[number].short() for number in numbers if number in _BY_NUMBER]


def chosen(text: str) -> list[Suite]:
    """Those that OpenSSL's list in words names; TLS 1.3's are not for it to choose."""
    found: list[Suite] = []
    for word in text.replace(",", ":").replace(" ", ":").split(":"):
        matching = [suite for suite in SUITES if _matches(suite, word.lstrip("+-!"))]
        if word[:1] in ("-", "!"):
            found = [suite for suite in found if suite not in matching]
        else:
            found += [suite for suite in matching if suite not in found]
    if not found:
        raise SSLError("No cipher can be selected.")
    return [suite for suite in SUITES if suite.auth == "any"] + found


def _matches(suite: Suite, word: str) -> bool:
    if suite.auth == "any" or not word:
        return False
    return all(_has(suite, part) for part in word.upper().split("+"))


def _has(suite: Suite, part: str) -> bool:
    if part in _DEFAULTS or part in _GROUPS or part == suite.name:
        return part != "COMPLEMENTOFDEFAULT"
    own = {f"AES{suite.bits}", "AES", "AESGCM"} if "AES" in suite.name else {"CHACHA20"}
    own |= {suite.auth, f"A{suite.auth}", suite.name.rpartition("-")[2]}
    return part in own
