"""Sound for the wearer.  Source: docs/protocol."""

from typing import Annotated, ClassVar

from msgspec import Meta

from mentra.messages import Message

RequestId = Annotated[str, Meta(min_length=1, max_length=256)]
"""What names a request, chosen by whoever asks."""

Track = Annotated[int, Meta(ge=0, le=255)]
"""What sound is played beside what: 0 the speaker, 1 an app's sound, 2 speech."""


class AudioPlayRequest(Message, frozen=True, kw_only=True, tag="audio_play_request"):
    """An app has a sound played.

    :ivar audio_url: where the phone fetches it.
    :ivar volume: 0 to 1.
    :ivar stop_other_audio: end what else is being played.
    """

    request_id: RequestId
    audio_url: Annotated[str, Meta(max_length=16_384)]
    volume: int | float | None = None
    stop_other_audio: bool | None = None
    track_id: Track | None = None


class PlayAudio(Message, frozen=True, kw_only=True, tag="audio_play_request"):
    """Tell the phone to play a sound."""

    sent_to: ClassVar[tuple[str, ...]] = ("glasses",)
    session_id: str
    request_id: str
    app_id: str
    package_name: str
    audio_url: str
    volume: int | float | None = None
    stop_other_audio: bool | None = None
    track_id: int | None = None


class AudioPlayResponse(Message, frozen=True, kw_only=True, tag="audio_play_response"):
    """The phone has played it, or why not; told to the app that asked.

    :ivar duration: seconds.
    """

    sent_to: ClassVar[tuple[str, ...]] = ("app",)
    request_id: RequestId
    success: bool
    error: str | None = None
    duration: int | float | None = None


class AudioStopRequest(Message, frozen=True, kw_only=True, tag="audio_stop_request"):
    """An app ends its sound; all of it without a track."""

    track_id: Track | None = None


class StopAudio(Message, frozen=True, kw_only=True, tag="audio_stop_request"):
    """Tell the phone to end an app's sound."""

    sent_to: ClassVar[tuple[str, ...]] = ("glasses",)
    session_id: str
    app_id: str
    track_id: int | None = None


StreamId = Annotated[str, Meta(min_length=36, max_length=36, pattern="^[!-~]{36}$")]
"""What names live speech: 36 characters, with which each of its binary frames begins."""


class AudioStreamStart(Message, frozen=True, kw_only=True, tag="audio_stream_start"):
    """An app begins to speak: binary frames follow.

    :ivar content_type: of the sound; what is no kind of sound is taken for ``audio/mpeg``.
    """

    stream_id: StreamId
    content_type: Annotated[str, Meta(max_length=100)] = "audio/mpeg"


class AudioStreamReady(Message, frozen=True, kw_only=True, tag="audio_stream_ready"):
    """Tell the app where the phone can fetch what it speaks."""

    sent_to: ClassVar[tuple[str, ...]] = ("app",)
    stream_id: str
    stream_url: str


class AudioStreamEnd(Message, frozen=True, kw_only=True, tag="audio_stream_end"):
    """It has said it all."""

    stream_id: StreamId
