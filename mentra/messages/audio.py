"""Microphone audio and what the phone is told about it.  Source: docs/protocol."""

from typing import ClassVar

from mentra.messages import GivesWay, Message, Relayed


class AudioChunk(Message, frozen=True, kw_only=True):
    """A binary frame: mono PCM, int16 little endian, 16 kHz, any length (LC3 where configured).

    :ivar data: the payload, untouched.
    """

    sent_to: ClassVar[tuple[str, ...]] = ("app",)
    gives_way: ClassVar[GivesWay] = GivesWay.DROP_OLDEST
    spoken: ClassVar[bool] = False
    data: bytes


class MicrophoneStateChange(Message, frozen=True, kw_only=True, tag="microphone_state_change"):
    """Tell the phone whether its microphone is wanted.

    :ivar required_data: ``["pcm"]`` while on, ``[]`` while off; the field current phones look at.
    :ivar bypass_vad: send silence too.
    """

    sent_to: ClassVar[tuple[str, ...]] = ("glasses",)
    gives_way: ClassVar[GivesWay] = GivesWay.KEEP_NEWEST
    session_id: str
    is_microphone_enabled: bool
    required_data: list[str]
    bypass_vad: bool


class LocalTranscription(Relayed, frozen=True, kw_only=True, tag="local_transcription"):
    """Speech that the phone recognised itself.

    :ivar transcribe_language: e.g. ``en-US``; decides who gets it.
    :ivar speaker_id: a number or a text.
    """

    transcribe_language: str = "en-US"
    text: str = ""
    is_final: bool = False
    speaker_id: int | float | str | None = None


class Vad(Relayed, frozen=True, kw_only=True, tag="VAD"):
    """The phone's voice detection.

    :ivar status: whether somebody speaks: true or false, or one of these words as text.
    """

    status: bool | str | None = None
