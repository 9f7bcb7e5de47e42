"""AES as far as a private key with a password needs it: to decrypt, block after block (CBC). It is
slow, and its time tells of the key: nothing else may use it."""


def _multiplied(a: int, b: int) -> int:
    """The product in the field of 256 elements."""
    product = 0
    while b:
        if b & 1:
            product ^= a
        a = a << 1 ^ (0x11B if a & 0x80 else 0)
        b >>= 1
    return product


def _boxes() -> tuple[list[int], list[int]]:
    """The substitution and its inverse."""
    inverses = [0] + [next(b for b in range(256) if _multiplied(a, b) == 1) for a in range(1, 256)]
    box, inverse = [], [0] * 256
    for number, value in enumerate(inverses):
        turned = value
        for shift in range(1, 5):
            turned ^= (value << shift | value >> (8 - shift)) & 0xFF
        box.append(turned ^ 0x63)
        inverse[turned ^ 0x63] = number
    return box, inverse


def decrypt(key: bytes, start: bytes, data: bytes) -> bytes:
    """Decrypts whole blocks, and takes the padding off. A ValueError if that makes no sense."""
    if not data or len(data) % 16:
        raise ValueError("not whole blocks")
    box, inverse = _boxes()
    tables = {factor: [_multiplied(value, factor) for value in range(256)] for factor in _FACTORS}
    rounds = _round_keys(key, box)
    plain, before = bytearray(), start
    for at in range(0, len(data), 16):
        block = data[at : at + 16]
        plain += _xor(_decrypt_block(block, rounds, inverse, tables), before)
        before = block
    count = plain[-1]
    if not 1 <= count <= 16 or plain[-count:] != bytes([count]) * count:
        raise ValueError("wrong padding")
    return bytes(plain[:-count])


# Of the matrix that mixes a column back.
_FACTORS = (14, 11, 13, 9)


def _round_keys(key: bytes, box: list[int]) -> list[bytes]:
    words = [key[at : at + 4] for at in range(0, len(key), 4)]
    size, constant = len(words), 1
    while len(words) < 4 * (size + 7):
        word = words[-1]
        if len(words) % size == 0:
            word = bytes(box[value] for value in word[1:] + word[:1])
            word = bytes([word[0] ^ constant]) + word[1:]
            constant = _multiplied(constant, 2)
        elif size == 8 and len(words) % size == 4:
            word = bytes(box[value] for value in word)
        words.append(_xor(word, words[-size]))
    return [b"".join(words[at : at + 4]) for at in range(0, len(words), 4)]


def _decrypt_block(block: bytes, rounds: list[bytes], inverse, tables) -> bytes:
    state = _xor(block, rounds[-1])
    for key in rounds[-2::-1]:
        # Rows are moved back, each by its number.
        state = bytes(inverse[state[(at - 4 * (at % 4)) % 16]] for at in range(16))
        state = _xor(state, key)
        if key is not rounds[0]:
            state = b"".join(_unmixed(state[at : at + 4], tables) for at in range(0, 16, 4))
    return state


def _unmixed(column: bytes, tables) -> bytes:
    mixed = []
    for at in range(4):
        parts = (tables[factor][column[(at + row) % 4]] for row, factor in enumerate(_FACTORS))
        first, second, third, fourth = parts
        mixed.append(first ^ second ^ third ^ fourth)
    return bytes(mixed)


def _xor(one: bytes, other: bytes) -> bytes:
    return bytes(a ^ b for a, b in zip(one, other))
