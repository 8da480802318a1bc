"""What a WebSocket server must get right, as bytes: frames good and bad, and cases made of them."""

import random
import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

TEXT, BINARY, CLOSE, PING, PONG = 1, 2, 8, 9, 10


def frame(
    opcode: int,
    payload: bytes = b"",
    *,
    fin: bool = True,
    rsv: int = 0,
    mask: bytes | None = b"\x37\xfa\x21\x3d",
    length_bytes: int | None = None,
    announced: int | None = None,
) -> bytes:
    """A frame, right or wrong.

    :param mask: None leaves it unmasked.
    :param length_bytes: 0, 2 or 8 bytes of extended length; None is the shortest that fits.
    :param announced: the length the header tells, when it is not the payload's.
    """
    size = len(payload) if announced is None else announced
    if length_bytes is None:
        length_bytes = 0 if size < 126 else 2 if size < 65_536 else 8
    short = {0: size, 2: 126, 8: 127}[length_bytes]
    head = bytes([fin << 7 | rsv << 4 | opcode, (mask is not None) << 7 | short])
    head += {0: b"", 2: struct.pack(">H", size & 0xFFFF), 8: struct.pack(">Q", size)}[length_bytes]
    if mask is None:
        return head + payload
    return head + mask + masked(payload, mask)


def masked(payload: bytes, mask: bytes) -> bytes:
    """The payload, every byte combined with its byte of the mask."""
    key = (mask * (len(payload) // 4 + 1))[: len(payload)]
    mixed = int.from_bytes(payload, "big") ^ int.from_bytes(key, "big")
    return mixed.to_bytes(len(payload), "big")


def closing(code: int, reason: bytes = b"") -> bytes:
    """A close frame."""
    return frame(CLOSE, struct.pack(">H", code) + reason)


def sample(length: int, seed: int = 0) -> bytes:
    """*length* bytes of anything, always the same."""
    return random.Random(seed + length).randbytes(length)


def letters(length: int) -> bytes:
    """*length* bytes of ASCII text."""
    return (b"the quick brown fox jumps over the lazy dog, " * (length // 45 + 1))[:length]


@dataclass(frozen=True)
class Case:
    """A name, and what is sent.

    :ivar apart: the server gets time to read each part alone.
    :ivar ends: the connection is expected to be closed; otherwise a last ping is expected to be
        answered.
    """

    name: str
    parts: Sequence[bytes]
    apart: bool = False
    ends: bool = False


def ending(name: str, *parts: bytes) -> Case:
    """A case after which the connection is closed."""
    return Case(name, [b"".join(parts)], ends=True)


def simple_cases(limit: int) -> Iterator[Case]:
    """What fits into one list of parts.

    :param limit: the server's largest message, bytes.
    """
    yield from _whole_frames()
    yield from _fragments()
    yield from _control_frames()
    yield from _bad_frames()
    yield from _bad_text()
    yield from _closes()
    yield from _too_big(limit)


def _whole_frames() -> Iterator[Case]:
    for length in (
        0,
        1,
        2,
        3,
        4,
        5,
        7,
        8,
        9,
        124,
        125,
        126,
        127,
        128,
        3200,
        65_535,
        65_536,
        70_000,
    ):
        yield Case(f"text of {length}", [frame(TEXT, letters(length))])
        yield Case(f"binary of {length}", [frame(BINARY, sample(length))])
    yield Case("binary of 1 MiB", [frame(BINARY, sample(1 << 20))])
    yield Case("mask of zeros", [frame(TEXT, b"plain", mask=bytes(4))])
    yield Case("mask of ones", [frame(BINARY, sample(333), mask=b"\xff" * 4)])
    yield Case("text in many scripts", [frame(TEXT, "é 漢字 Ωμέγα 🙂 \u0000 \uffff".encode())])
    many = [frame(TEXT, b"number %d" % number) for number in range(300)]
    yield Case("300 texts in one write", [b"".join(many)])
    mixed = [frame(BINARY, sample(n, seed=1)) + frame(TEXT, letters(n)) for n in range(0, 400, 7)]
    yield Case("text and binary by turns in one write", [b"".join(mixed)])
    yield ending("2-byte length for 5", frame(TEXT, b"hello", length_bytes=2))
    yield ending("2-byte length for 125", frame(BINARY, sample(125), length_bytes=2))
    yield ending("8-byte length for 5", frame(TEXT, b"hello", length_bytes=8))
    yield ending("8-byte length for 65535", frame(BINARY, sample(65_535), length_bytes=8))
    yield ending("8-byte length with its top bit", frame(BINARY, announced=1 << 63 | 5))


def _fragments() -> Iterator[Case]:
    ping = frame(PING, b"between")
    first, rest = frame(TEXT, b"one ", fin=False), frame(0, b"two")
    yield Case("text in 2 fragments", [first + rest])
    yield Case("text in 2 fragments, ping between", [first + ping + rest])
    yield Case("text in 2 fragments, each in its own write", [first, ping, rest], apart=True)
    yield Case("text in 50 fragments", [first + frame(0, b"more ", fin=False) * 48 + rest])
    yield Case(
        "binary in 2 fragments", [frame(BINARY, sample(700), fin=False) + frame(0, sample(70))]
    )
    yield Case("empty first fragment", [frame(TEXT, b"", fin=False) + rest])
    yield Case("empty last fragment", [first + frame(0)])
    yield Case("only empty fragments", [frame(TEXT, fin=False) + frame(0, fin=False) + frame(0)])
    yield Case("fragments cut inside a character", [_cut_character()])
    yield Case("fragments then a whole text", [first + rest + frame(TEXT, b"next")])
    yield Case("whole text before fragments in one write", [frame(TEXT, b"before") + first + rest])
    yield ending("continuation of nothing", rest)
    yield ending("unfinished continuation of nothing", frame(0, b"two", fin=False))
    yield ending("text inside a fragmented text", first + frame(TEXT, b"new"))
    yield ending("binary inside a fragmented text", first + frame(BINARY, b"new"))
    yield ending("close inside a fragmented text", first + closing(1000))


def _cut_character() -> bytes:
    whole = "漢字 🙂".encode()
    cuts = [whole[at : at + 1] for at in range(len(whole))]
    middle = b"".join(frame(0, cut, fin=False) for cut in cuts[1:-1])
    return frame(TEXT, cuts[0], fin=False) + middle + frame(0, cuts[-1])


def _control_frames() -> Iterator[Case]:
    yield Case("ping without payload", [frame(PING)])
    yield Case("ping of 125", [frame(PING, sample(125))])
    yield ending("ping of 126", frame(PING, sample(126)))
    yield Case("ten pings in one write", [b"".join(frame(PING, b"%d" % n) for n in range(10))])
    yield Case("pings and texts in one write", [(frame(PING, b"p") + frame(TEXT, b"t")) * 10])
    yield Case("pong nobody asked for", [frame(PONG, b"unasked") + frame(TEXT, b"still here")])
    yield ending("pong of 126", frame(PONG, sample(126)))
    yield ending("ping in fragments", frame(PING, b"half", fin=False))
    yield ending("pong in fragments", frame(PONG, b"half", fin=False))
    yield ending("close in fragments", frame(CLOSE, b"\x03\xe8", fin=False))
    yield ending("ping with a 2-byte length", frame(PING, b"ping", length_bytes=2))


def _bad_frames() -> Iterator[Case]:
    text = frame(TEXT, b"before")
    for opcode in (3, 4, 5, 6, 7, 11, 12, 13, 14, 15):
        yield ending(f"opcode {opcode}", frame(opcode, b"what"))
    for rsv in range(1, 8):
        yield ending(f"text with rsv {rsv}", frame(TEXT, b"hello", rsv=rsv))
    yield ending("binary with rsv 4", frame(BINARY, sample(300), rsv=4))
    yield ending("ping with rsv 2", frame(PING, b"ping", rsv=2))
    yield ending("close with rsv 1", frame(CLOSE, b"\x03\xe8", rsv=1))
    yield ending("text unmasked", frame(TEXT, b"hello", mask=None))
    yield ending("binary of 300 unmasked", frame(BINARY, sample(300), mask=None))
    yield ending("empty text unmasked", frame(TEXT, mask=None))
    yield ending("ping unmasked", frame(PING, b"ping", mask=None))
    yield ending("good text, then opcode 3, in one write", text + frame(3, b"what"))
    yield ending("good text, then rsv 2, in one write", text + frame(TEXT, b"hello", rsv=2))
    yield ending("good text, then unmasked, in one write", text + frame(TEXT, b"x", mask=None))
    yield ending("opcode 3, then good text, in one write", frame(3, b"what") + text)
    yield ending("HTTP after the upgrade", b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
    yield ending("64 bytes of noise", sample(64, seed=3))


def _bad_text() -> Iterator[Case]:
    bad = {
        "a lone continuation byte": b"ok \x80 ok",
        "a cut character": b"ok \xe6\xbc",
        "an overlong slash": b"ok \xc0\xaf",
        "a surrogate": b"ok \xed\xa0\x80",
        "a code point too high": b"ok \xf4\x90\x80\x80",
        "the byte FF": b"ok \xff",
    }
    for name, payload in bad.items():
        yield ending(f"text with {name}", frame(TEXT, payload))
        yield ending(f"good text, then {name}", frame(TEXT, b"good") + frame(TEXT, payload))
    yield ending("bad text of 3200", frame(TEXT, letters(3199) + b"\xff"))
    yield ending("bad text in fragments", frame(TEXT, b"ok \xff", fin=False))
    yield ending(
        "cut character in the last fragment", frame(TEXT, b"ok", fin=False) + frame(0, b"\xe6")
    )
    yield Case("bad bytes as binary", [frame(BINARY, b"\xff\xc0\x80")])


def _closes() -> Iterator[Case]:
    yield ending("close without code", frame(CLOSE))
    yield ending("close with half a code", frame(CLOSE, b"\x03"))
    for code in (
        1000,
        1001,
        1002,
        1003,
        1007,
        1008,
        1009,
        1010,
        1011,
        1012,
        3000,
        3999,
        4000,
        4999,
    ):
        yield ending(f"close {code}", closing(code))
    for code in (0, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65_535):
        yield ending(f"close {code}, which nobody may send", closing(code))
    yield ending("close with a reason", closing(1000, b"bye"))
    yield ending("close with a reason of 123", closing(1000, letters(123)))
    yield ending("close with a reason of 124", closing(1000, letters(124)))
    yield ending("close with a bad reason", closing(1000, b"\xff"))
    yield ending("close, then text, in one write", closing(1000) + frame(TEXT, b"too late"))
    yield ending("text, then close, in one write", frame(TEXT, b"in time") + closing(1000))
    yield ending("two closes in one write", closing(1000) + closing(1001))


def _too_big(limit: int) -> Iterator[Case]:
    yield Case("binary of just the limit", [frame(BINARY, bytes(limit))])
    yield ending("binary announced one too long", frame(BINARY, announced=limit + 1))
    yield ending("text announced as long as can be", frame(TEXT, announced=(1 << 63) - 1))
    half = frame(BINARY, bytes(limit // 2), fin=False)
    more = frame(0, bytes(limit // 2 + 1))
    yield ending("fragments one byte too long together", half + more)


def blob_with_everything() -> bytes:
    """A short stretch with every kind of frame a server may get in a good conversation."""
    return b"".join(
        (
            frame(TEXT, b"short"),
            frame(BINARY, sample(130)),
            frame(PING, b"ping"),
            frame(TEXT, b"in ", fin=False),
            frame(PONG, b"unasked"),
            frame(0, "two 漢字".encode()),
            frame(TEXT, b""),
            frame(TEXT, "é".encode() * 70),
        )
    )


def random_conversation(chance: random.Random) -> bytes:
    """200 good frames of random kinds, lengths and masks."""
    blob = bytearray()
    for _ in range(200):
        length = chance.choice((0, 1, 5, 125, 126, 200, 3200, 65_535, 65_536))
        kind = chance.choice((TEXT, TEXT, BINARY, PING))
        payload = letters(length) if kind == TEXT else sample(length)
        blob += frame(kind, payload[:125] if kind == PING else payload, mask=chance.randbytes(4))
    return bytes(blob)
