"""Undoes the masking of received frames, by the quickest means at hand.

Reaches into Autobahn's compiled helper (``_nvx_xormasker``): one masker object and one buffer are
kept for good, where Autobahn makes both anew for every frame.  Without that helper, or if it has
changed, Python's own big integers do the work.
"""

from collections.abc import Callable
from typing import Any

Unmask = Callable[[bytes, bytes], bytes]

LONGEST = 65_535
"""Bytes of the longest payload that the buffer takes."""

BUFFER_SIZE = LONGEST + 1


def unmask_with_integers(mask: bytes, payload: bytes) -> bytes:
    """XOR *payload* with the four bytes of *mask*, repeated."""
    size = len(payload)
    repeated = mask * (size // 4 + 1)
    return (int.from_bytes(payload, "little") ^ int.from_bytes(repeated[:size], "little")).to_bytes(
        size, "little"
    )


def compiled_unmask() -> Unmask | None:
    """The same by Autobahn's compiled helper; None if it is not there or not as expected."""
    try:
        from _nvx_xormasker import ffi, lib  # type: ignore[import-not-found] # compiled, no stubs
    except ImportError:
        return None
    try:
        unmask = _with_standing_buffer(ffi, lib)
        probe = bytes(range(256)) * 5
        agrees = all(
            unmask(mask, probe[:size]) == unmask_with_integers(mask, probe[:size])
            for mask in (b"\x01\x02\x03\x04", b"\xff\x00\xaa\x55")
            for size in (0, 1, 3, 15, 16, 17, 200, 1280)
        )
    except (AttributeError, TypeError, ValueError):
        return None
    return unmask if agrees else None


def _with_standing_buffer(ffi: Any, lib: Any) -> Unmask:
    masker = lib.nvx_xormask_new(
        ffi.new("uint8_t[4]", b"\0\0\0\0")
    )  # never freed: it is kept for good
    current = ffi.buffer(masker, 4)
    memory = ffi.new("uint8_t[]", BUFFER_SIZE)
    buffer = ffi.buffer(memory)
    process = lib.nvx_xormask_process

    def unmask(mask: bytes, payload: bytes) -> bytes:
        size = len(payload)
        if size > LONGEST:
            return unmask_with_integers(mask, payload)
        current[:] = mask
        buffer[:size] = payload
        # whole masks alone, so that the next frame finds the masker at the mask's beginning
        process(masker, memory, size + 3 & -4)
        return buffer[:size]  # type: ignore[no-any-return] # bytes

    return unmask


unmask: Unmask = compiled_unmask() or unmask_with_integers
