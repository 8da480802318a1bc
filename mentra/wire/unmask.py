"""Undoes the masking of received frames, by the quickest means at hand.

The compiled function of the ``websockets`` distribution takes a tenth of a microsecond for a usual
frame, where Autobahn's own helper makes two objects and copies twice.  Where that distribution has
no compiled part, its plain one, on Python's big integers, does the same.
"""

from collections.abc import Callable

from websockets.utils import apply_mask as unmask_with_integers

Unmask = Callable[[bytes, bytes], bytes]
"""Takes a payload and the four bytes of its mask."""


def compiled_unmask() -> Unmask | None:
    """The compiled function, None where there is none."""
    try:
        from websockets.speedups import apply_mask
    except ImportError:
        return None
    return apply_mask


unmask: Unmask = compiled_unmask() or unmask_with_integers
