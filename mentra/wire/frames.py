"""Frames that a server sends: final, unfragmented, unmasked.  RFC 6455, section 5.2."""

from struct import Struct

TEXT = 0x81
BINARY = 0x82
PING = 0x89


_header_of_16_bits = Struct("!BBH").pack


def header(first_byte: int, size: int) -> bytes:
    """The header of a frame with *size* bytes of payload."""
    if size < 126:
        return bytes((first_byte, size))
    if size < 65_536:
        return _header_of_16_bits(first_byte, 126, size)
    return bytes((first_byte, 127)) + size.to_bytes(8, "big")


TEXT_HEADERS, BINARY_HEADERS = (
    tuple(header(first_byte, size) for size in range(4096)) for first_byte in (TEXT, BINARY)
)
"""Headers by size, of those frames that are sent most."""


def frame(first_byte: int, payload: bytes) -> bytes:
    """Header and payload."""
    return header(first_byte, len(payload)) + payload
