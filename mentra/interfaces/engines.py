"""Engines that the whole process shares.  Adapt the services to them."""

from typing import Any

from zope.interface import Attribute, Interface


class ILc3(Interface):
    """The LC3 codec."""

    def decoder(frame_bytes: int) -> Any:
        """A new stream's decoder: a function from a packet (frames of *frame_bytes*, 10 ms each,
        back to back) to PCM, 320 bytes a frame.  What is left over of a packet is dropped.  None if
        the codec is not installed here."""


class ISynthesiser(Interface):
    """Speaks."""

    def speak(text: str, voice: str | None, model: str | None, settings: Any) -> Any:
        """Say *text*; an awaitable of an :class:`ISpeech`.

        :param voice: as the engine calls it; None is the engine's own choice, as with *model*.
        :param settings: what else the engine may be told, a dict; what it does not know it ignores.
        :raises mentra.errors.Refused: it cannot; with ``where="app"`` what was asked is to blame.
        """


class IUtterances(Interface):
    """What the synthesiser is busy with.  Adapt the services to it."""

    def say(text: str, voice: str | None, model: str | None, settings: Any) -> Any:
        """As :meth:`ISynthesiser.speak`, if it is not too busy.

        :raises mentra.errors.NotThere: no engine is installed.
        :raises mentra.errors.Refused: code ``TOO_MANY_SPEECHES``, or what the engine says.
        """


class ISpeech(Interface):
    """Something said."""

    content_type: str = Attribute("E.g. ``audio/mpeg``.")
    body: Any = Attribute("Bytes, or an ``IBodyProducer`` of ``twisted.web.iweb``.")
