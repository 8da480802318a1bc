"""Engines that the whole process shares.  Adapt the services to them."""

from typing import Any

from zope.interface import Interface


class ILc3(Interface):
    """The LC3 codec."""

    def decoder(frame_bytes: int) -> Any:
        """A new stream's decoder: a function from a packet (frames of *frame_bytes*, 10 ms each,
        back to back) to PCM, 320 bytes a frame.  What is left over of a packet is dropped.  None if
        the codec is not installed here."""
