"""Frames that a server sends: final, unfragmented, unmasked.  RFC 6455, section 5.2."""

TEXT = 0x81
BINARY = 0x82
PING = 0x89


def header(first_byte: int, size: int) -> bytes:
    """The header of a frame with *size* bytes of payload."""
    if size < 126:
        return bytes((first_byte, size))
    if size < 65_536:
        return (first_byte << 24 | 126 << 16 | size).to_bytes(4, "big")
    return bytes((first_byte, 127)) + size.to_bytes(8, "big")


def frame(first_byte: int, payload: bytes) -> bytes:
    """Header and payload."""
    return header(first_byte, len(payload)) + payload


TEXT_HEADERS = tuple(header(TEXT, size) for size in range(4096))
"""Headers of text frames by size, for those that are sent most."""
