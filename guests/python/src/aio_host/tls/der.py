"""DER, the encoding of certificates, as far as they need it. What makes no sense is a ValueError."""

INTEGER, BIT_STRING, OCTET_STRING, OBJECT, SEQUENCE, SET = 2, 3, 4, 6, 0x30, 0x31
BOOLEAN, UTC_TIME, BMP_STRING, UNIVERSAL_STRING = 1, 0x17, 0x1E, 0x1C

_LENGTHS_MAX = 4


def element(data: bytes, at: int = 0) -> tuple[int, int, int]:
    """The tag of the element that begins at `at`, and where its content begins and ends."""
    if len(data) < at + 2:
        raise ValueError("not enough data")
    tag, length, start = data[at], data[at + 1], at + 2
    if length & 0x80:
        count = length & 0x7F
        if not 0 < count <= _LENGTHS_MAX or len(data) < start + count:
            raise ValueError("not enough data")
        length = int.from_bytes(data[start : start + count])
        start += count
    if len(data) < start + length:
        raise ValueError("not enough data")
    return tag, start, start + length


def parts(data: bytes) -> list[tuple[int, bytes]]:
    """The elements that follow one another in `data`: tag and content of each."""
    found, at = [], 0
    while at < len(data):
        tag, start, at = element(data, at)
        found.append((tag, data[start:at]))
    return found


def whole(data: bytes) -> list[bytes]:
    """The elements that follow one another in `data`, each with its head."""
    found, at = [], 0
    while at < len(data):
        _, _, end = element(data, at)
        found.append(data[at:end])
        at = end
    return found


def inside(data: bytes, tag: int = SEQUENCE) -> list[tuple[int, bytes]]:
    """The elements in the one element that `data` is."""
    found, start, end = element(data)
    if found != tag:
        raise ValueError("wrong tag")
    return parts(data[start:end])


def encode(tag: int, *contents: bytes) -> bytes:
    """One element of these contents."""
    content = b"".join(contents)
    length = len(content)
    if length < 0x80:
        return bytes([tag, length]) + content
    size = (length.bit_length() + 7) // 8
    return bytes([tag, 0x80 | size]) + length.to_bytes(size) + content


def identifier(packed: bytes) -> str:
    """An object identifier in numbers."""
    numbers, value = [], 0
    for byte in packed:
        value = value << 7 | byte & 0x7F
        if not byte & 0x80:
            numbers.append(value)
            value = 0
    first = min(numbers[0] // 40, 2) if numbers else 0
    return ".".join(map(str, [first, *(numbers[:1] and [numbers[0] - 40 * first]), *numbers[1:]]))


def text(tag: int, content: bytes) -> str:
    """A string of any of ASN.1's kinds."""
    encodings = {BMP_STRING: "utf-16-be", UNIVERSAL_STRING: "utf-32-be", 0x0C: "utf-8"}
    return content.decode(encodings.get(tag, "latin-1"), "replace")
