"""Sound on its way from the glasses, and what was said: the parts that meet over it."""

from typing import Any

from zope.interface import Attribute, Interface


class IAudio(Interface):
    """What the wearer's microphone hears, for those inside the server.  Source: docs/protocol.

    Sound is mono PCM, int16 little endian, 16 kHz everywhere behind it, in whole samples.
    """

    came: float = Attribute(
        "Clock seconds at which the sound that listeners are told now reached this machine."
    )
    speaking: bool | None = Attribute("What the phone's voice detection said last; None: nothing.")

    def heard(chunk: Any) -> int:
        """An :class:`mentra.messages.audio.AudioChunk` came through the glasses' socket: decode it
        if it is LC3, keep it for a while, pass it on; how many apps it was sent to."""

    def heard_apart(data: bytes, came: float) -> int:
        """The same for a piece of sound that took another way; half a sample at its end is dropped.

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


class ITranscripts(Interface):
    """What was said lately, as far as it was recognised.  Source: docs/protocol, "Transcripts"."""

    def add(
        language: str, text: str, *, speaker_id: str | None = None, result_id: str | None = None
    ) -> None:
        """Keep a final transcription for a while.

        :param language: e.g. ``en-US``; what is no language is not kept.
        :param result_id: the utterance's id; None: one is made.
        """

    def segments(language: str, since: float = 0.0, until: float | None = None) -> Any:
        """What was said in *language*, oldest first: a list of
        :class:`mentra.glasses.transcripts.Segment`.

        :param since: POSIX seconds, the first that count.
        :param until: POSIX seconds, the last; None: now.
        """


class ICaptionFigures(Interface):
    """What captions had to do without, for ``/metrics``.  Adapt the services to it."""

    def dropped(why: str) -> Any:
        """A function to be called with seconds of sound that were kept for a recogniser and had to
        give way to newer ones.

        :param why: ``silence``: nobody was known to speak; ``failed``: every recogniser had failed.
        """


class IUdp(Interface):
    """A session's way for sound in datagrams.  Source: docs/protocol, "Sound over UDP"."""

    def secrecy(wanted: bool) -> Any:
        """Whether datagrams are encrypted from now on, as far as that is possible here; what the
        acknowledgement tells the phone of it, a dict, or None: they are not."""

    def register(user_hash: int) -> bool:
        """The phone will send datagrams from now on; False where that is not possible.

        :param user_hash: what it takes for the hash of its user.
        """

    def unregister() -> None:
        """It will not any more."""

    def received(sequence: int, payload: bytes, host: str) -> None:
        """A datagram for this session came.

        :param sequence: 0 to 65535.
        :param payload: what follows the header.
        :param host: IP address of whoever sent it.
        """


class ICaptions(Interface):
    """Speech of the wearer as text for the apps.  Source: docs/captions."""

    languages: tuple[str, ...] = Attribute(
        "Base languages that a recogniser hears now, in order of their names."
    )

    def evaluate() -> None:
        """Subscriptions changed: look at them in a moment."""

    def phone_says(speaking: bool) -> None:
        """The phone's voice detection says that somebody speaks, or no longer."""

    def phone_recognised(language: str) -> None:
        """The phone told what was said in *language*, e.g. ``en-US``: for a while nobody here
        recognises it."""

    def glasses_left() -> None:
        """The phone is away; what was said will end in a while."""

    def glasses_came() -> None:
        """It is there again."""
