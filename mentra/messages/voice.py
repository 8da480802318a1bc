"""What is said to the voice assistant.  Source: docs/protocol/voice."""

from typing import ClassVar

import msgspec

from mentra.messages import Enveloped, Message


class Data(msgspec.Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """Base of what stands in the ``data`` of an envelope."""


class NotAnEnvelope(Message, frozen=True, kw_only=True):
    """A frame that breaks the rules of the envelope, or of its type.

    :ivar reason: what is wrong with it, for the peer.
    """

    spoken: ClassVar[bool] = False
    reason: str


class VoicePing(Enveloped, frozen=True, kw_only=True, tag="ping"):
    """Asks for a ``pong``, and is a sign of life."""


class VoicePong(Enveloped, frozen=True, kw_only=True, tag="pong"):
    """A sign of life."""
