"""Sound on its way from the glasses, and what was said: the parts that meet over it."""

from typing import Any

from zope.interface import Attribute, Interface


class IAudio(Interface):
    """What the wearer's microphone hears, for those inside the server.  Source: docs/protocol.

    Sound is mono PCM, int16 little endian, 16 kHz everywhere behind it, in whole samples.
    """

    speaking: bool | None = Attribute("What the phone's voice detection said last; None: nothing.")

    def heard(chunk: Any) -> int:
        """An :class:`mentra.messages.audio.AudioChunk` came through the glasses' socket: decode it
        if it is LC3, keep it for a while, pass it on; how many apps it was sent to."""

    def heard_apart(data: bytes, came: float) -> int:
        """The same for sound that took another way.

        :param came: clock seconds when it reached this machine.
        """

    def configure(lc3_frame: int | None) -> bool:
        """What the glasses send from now on; False if that cannot be decoded here, and then nothing
        has changed.

        :param lc3_frame: bytes of an LC3 frame of 10 ms; None for PCM.
        """

    def recent() -> bytes:
        """The last seconds of sound (``[audio] keep``); empty after as long a silence."""

    def listen(listener: Any, milliseconds: int | None = None) -> Any:
        """Have *listener* called with all sound from now on, in order; what ends it, a function
        without arguments.  It ends with the session in any case.

        A listener must not wait.  What it raises is logged and costs itself that piece alone.

        :param listener: called with bytes.
        :param milliseconds: how long every piece is to be; None: as it comes.
        """

    def voice(speaking: bool) -> None:
        """The phone's voice detection says that somebody speaks, or no longer; a change is
        announced as ``VoiceActivity``."""
