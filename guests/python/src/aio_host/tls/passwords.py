"""Private keys with a password: PKCS #8 with PBES2 and AES, and what OpenSSL wrote before that."""

import hashlib
import hmac

from . import aes, der

_PBES2, _PBKDF2 = "1.2.840.113549.1.5.13", "1.2.840.113549.1.5.12"
_HASHES = {
    "1.2.840.113549.2.7": "sha1",
    "1.2.840.113549.2.9": "sha256",
    "1.2.840.113549.2.10": "sha384",
    "1.2.840.113549.2.11": "sha512",
}
_CIPHERS = {
    "2.16.840.1.101.3.4.1.2": 16,
    "2.16.840.1.101.3.4.1.22": 24,
    "2.16.840.1.101.3.4.1.42": 32,
}
_OLD_CIPHERS = {"AES-128-CBC": 16, "AES-192-CBC": 24, "AES-256-CBC": 32}
_LENGTH_MAX, _ROUNDS_MAX = 1024, 10_000_000


def asked(password) -> bytes:
    """The password itself, out of what `load_cert_chain` was given."""
    is_called = callable(password)
    password = password() if is_called else password
    if isinstance(password, str):
        password = password.encode()
    if not isinstance(password, (bytes, bytearray)):
        complaint = "password callback must return a string"
        raise TypeError(complaint if is_called else "password should be a string or callable")
    if len(password) > _LENGTH_MAX:
        raise ValueError(f"password cannot be longer than {_LENGTH_MAX} bytes")
    return bytes(password)


def decrypt(data: bytes, password: bytes) -> bytes:
    """Decrypts a key in PKCS #8. A ValueError if it makes no sense, or the password is wrong."""
    (_, algorithm), (_, encrypted) = der.inside(data)
    (_, kind), (_, parameters) = der.parts(algorithm)
    if der.identifier(kind) != _PBES2:
        raise ValueError("unknown encryption")
    (_, derivation), (_, cipher) = der.parts(parameters)
    (_, name), (_, start) = der.parts(cipher)
    key = _derived(derivation, password, _CIPHERS[der.identifier(name)])
    plain = aes.decrypt(key, start, encrypted)
    # A wrong password may pass for a right one until here.
    der.inside(plain)
    return plain


def decrypt_old(data: bytes, head: str, password: bytes) -> bytes:
    """Decrypts a key whose head names a cipher and its start: `AES-256-CBC,00112233...`."""
    name, _, numbers = head.partition(",")
    start = bytes.fromhex(numbers)
    key = part = b""
    while len(key) < _OLD_CIPHERS[name]:
        part = hashlib.md5(part + password + start[:8], usedforsecurity=False).digest()
        key += part
    plain = aes.decrypt(key[: _OLD_CIPHERS[name]], start, data)
    der.inside(plain)
    return plain


def _derived(derivation: bytes, password: bytes, length: int) -> bytes:
    (_, kind), (_, parameters) = der.parts(derivation)
    if der.identifier(kind) != _PBKDF2:
        raise ValueError("unknown derivation")
    (_, salt), (_, rounds), *rest = der.parts(parameters)
    named = [der.parts(content)[0][1] for tag, content in rest if tag == der.SEQUENCE]
    digest = _HASHES[der.identifier(named[0])] if named else "sha1"
    count = int.from_bytes(rounds)
    if count > _ROUNDS_MAX:
        raise ValueError("too many rounds")
    return _pbkdf2(digest, password, salt, count, length)


def _pbkdf2(digest: str, password: bytes, salt: bytes, rounds: int, length: int) -> bytes:
    # `hashlib` has it by OpenSSL only.
    keyed, key = hmac.new(password, digestmod=digest), b""
    while len(key) < length:
        number = len(key) // keyed.digest_size + 1
        part = _digest(keyed, salt + number.to_bytes(4))
        total = int.from_bytes(part)
        for _ in range(rounds - 1):
            part = _digest(keyed, part)
            total ^= int.from_bytes(part)
        key += total.to_bytes(keyed.digest_size)
    return key[:length]


def _digest(keyed, data: bytes) -> bytes:
    fresh = keyed.copy()
    fresh.update(data)
    return fresh.digest()
