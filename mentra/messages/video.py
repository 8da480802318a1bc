"""Live video of the glasses: unmanaged and managed streams.  Source: docs/protocol/video.rst."""

from typing import Annotated, Any, ClassVar

import msgspec

from mentra.messages import Message, Relayed

Options = dict[str, Any]
"""What an app asks of a camera, passed on as it is."""

# -- what apps ask for


class RtmpStreamRequest(Message, frozen=True, kw_only=True, tag="rtmp_stream_request"):
    """Have the glasses send live video to an address of the app's choice.

    :ivar rtmp_url: where to; newer SDKs spell it *stream_url*.
    :ivar sound: whether the glasses make a sound when they start; None is their own choice.
    """

    aliases: ClassVar[tuple[str, ...]] = ("stream_request",)
    rtmp_url: str = ""
    stream_url: str = ""
    video: Options | None = None
    audio: Options | None = None
    stream: Options | None = None
    sound: bool | None = None

    @property
    def url(self) -> str:
        """Where to, whatever it was called."""
        return self.rtmp_url or self.stream_url


class RtmpStreamStop(Message, frozen=True, kw_only=True, tag="rtmp_stream_stop"):
    """End the app's stream.

    :ivar stream_id: which; None is the current one.
    """

    aliases: ClassVar[tuple[str, ...]] = ("stream_stop",)
    stream_id: str | None = None


class RestreamDestination(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Where a managed stream goes as well.

    :ivar url: of an RTMP server, with its key.
    """

    url: str
    name: str | None = None


class ManagedStreamRequest(Message, frozen=True, kw_only=True, tag="managed_stream_request"):
    """Have the glasses send live video that anybody can watch by a URL.

    :ivar quality: ``720p`` or ``1080p``; others are ignored.
    :ivar enable_webrtc: whether the app wants to know a WebRTC URL too.
    :ivar sound: whether the glasses make a sound when they start; None is their own choice.
    """

    quality: str | None = None
    enable_webrtc: bool | None = msgspec.field(default=None, name="enableWebRTC")
    video: Options | None = None
    audio: Options | None = None
    stream: Options | None = None
    sound: bool | None = None
    restream_destinations: tuple[RestreamDestination, ...] | None = None


class ManagedStreamStop(Message, frozen=True, kw_only=True, tag="managed_stream_stop"):
    """The app does not want to watch any more."""


class StreamStatusCheck(Message, frozen=True, kw_only=True, tag="stream_status_check"):
    """Ask whether the user has a stream."""


# -- what apps are told


class RtmpStreamStatus(Relayed, frozen=True, kw_only=True, tag="rtmp_stream_status"):
    """How a stream is doing: from glasses, and to apps.

    :ivar session_id: the app session id; None from glasses.
    :ivar stream_id: None from older glasses, which know one stream only.
    :ivar error_details: a sentence, mostly.
    :ivar stats: ``bitrate``, ``fps``, ``droppedFrames``, ``duration``.
    """

    sent_to: ClassVar[tuple[str, ...]] = ("app",)
    aliases: ClassVar[tuple[str, ...]] = ("stream_status",)
    session_id: str | None = None
    stream_id: str | None = None
    status: Annotated[str, msgspec.Meta(max_length=100)]
    error_details: Any = None
    app_id: str | None = None
    stats: Any = None


class StreamOutput(msgspec.Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """One restream, as apps see it.

    :ivar status: ``active``, ``error`` or ``stopped`` (the stream is not live).
    :ivar error: why, with ``error``.
    """

    url: str
    status: str
    name: str | None = None
    error: str | None = None
    output_id: str | None = None


class ManagedStreamStatus(Message, frozen=True, kw_only=True, tag="managed_stream_status"):
    """How a managed stream is doing, with every URL known so far.

    :ivar status: ``initializing``, ``active``, ``stopping``, ``stopped`` or ``error``.
    """

    sent_to: ClassVar[tuple[str, ...]] = ("app",)
    status: str
    stream_id: str | None = None
    hls_url: str | None = None
    dash_url: str | None = None
    webrtc_url: str | None = None
    preview_url: str | None = None
    thumbnail_url: str | None = None
    message: str | None = None
    outputs: tuple[StreamOutput, ...] | None = None


class StreamInfo(msgspec.Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """The stream a user has.

    :ivar type: ``managed`` or ``unmanaged``.
    :ivar created_at: ISO 8601.
    :ivar active_viewers: how many apps watch a managed one.
    """

    type: str
    stream_id: str
    status: str
    created_at: str
    hls_url: str | None = None
    dash_url: str | None = None
    webrtc_url: str | None = None
    preview_url: str | None = None
    thumbnail_url: str | None = None
    active_viewers: int | None = None
    rtmp_url: str | None = None
    requesting_app_id: str | None = None


class StreamStatusCheckResponse(
    Message, frozen=True, kw_only=True, tag="stream_status_check_response"
):
    """Answer to ``stream_status_check``."""

    sent_to: ClassVar[tuple[str, ...]] = ("app",)
    has_active_stream: bool
    stream_info: StreamInfo | None = None


# -- what glasses say and are told


class StreamKeepAliveAck(Message, frozen=True, kw_only=True, tag="keep_alive_ack"):
    """Glasses answer the keep-alive of a stream."""

    stream_id: str
    ack_id: str


class StartRtmpStream(Message, frozen=True, kw_only=True, tag="start_rtmp_stream"):
    """Tell the glasses to send live video.

    :ivar app_id: the app's package, or ``MANAGED_STREAM``.
    """

    sent_to: ClassVar[tuple[str, ...]] = ("glasses",)
    session_id: str
    rtmp_url: str
    app_id: str
    stream_id: str
    video: Options
    audio: Options
    stream: Options
    sound: bool | None = None


class StopRtmpStream(Message, frozen=True, kw_only=True, tag="stop_rtmp_stream"):
    """Tell the glasses to end it."""

    sent_to: ClassVar[tuple[str, ...]] = ("glasses",)
    session_id: str
    app_id: str
    stream_id: str


class KeepRtmpStreamAlive(Message, frozen=True, kw_only=True, tag="keep_rtmp_stream_alive"):
    """Ask the glasses whether they are still at it."""

    sent_to: ClassVar[tuple[str, ...]] = ("glasses",)
    stream_id: str
    ack_id: str
