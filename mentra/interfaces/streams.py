"""Live video: what a session keeps of it, and the servers it goes to."""

from typing import Any

from zope.interface import Attribute, Interface, taggedValue


class IStreams(Interface):
    """The live video of a session's glasses: at most one stream.  Source: docs/protocol."""

    def start(package_name: str, request: Any) -> None:
        """Begin an unmanaged stream for a :class:`mentra.messages.video.RtmpStreamRequest`; any
        other stream of the user ends.

        :raises mentra.errors.Refused: ``PERMISSION_DENIED``, ``WIFI_NOT_CONNECTED`` or
            ``INTERNAL_ERROR``.
        """

    def stop(package_name: str, stream_id: str | None) -> None:
        """End the app's unmanaged stream, None being the current one; an unknown one is only
        named in the log.

        :raises mentra.errors.Refused: ``INTERNAL_ERROR``: it is another app's.
        """

    def start_managed(package_name: str, request: Any) -> None:
        """Begin a managed stream for a :class:`mentra.messages.video.ManagedStreamRequest`, or
        join the one that is there.

        :raises mentra.errors.Refused: as ``start``; ``INTERNAL_ERROR`` too where an unmanaged
            stream is there.
        """

    def stop_managed(package_name: str) -> None:
        """The app watches no more; without anybody who watches the managed stream ends."""

    def reported(message: Any) -> None:
        """The glasses said how a stream is doing: a
        :class:`mentra.messages.video.RtmpStreamStatus`."""

    def acknowledged(stream_id: str, ack_id: str) -> None:
        """The glasses answered a keep-alive."""

    def info() -> Any:
        """The stream the user has, a :class:`mentra.messages.video.StreamInfo`, or None."""

    def info_for(package_name: str) -> Any:
        """The same, without the addresses that are not for this app."""

    def app_running(package_name: str) -> None:
        """The app (re)connected: it remembers nothing of what it was told."""

    def app_stopped(package_name: str) -> None:
        """The app is gone: so is its stream, and it watches no more."""

    def end() -> None:
        """The session ends: so does its stream."""


class IManagedStreams(Interface):
    """All managed streams of this process.  Adapt the services to it."""

    def add(stream: Any) -> None:
        """*stream* began: an :class:`IManagedStream`."""

    def remove(stream: Any) -> None:
        """*stream* is over."""

    def find(stream_id: str) -> Any:
        """The :class:`IManagedStream` of that id, or None."""


class IManagedStream(Interface):
    """One managed stream, for those who do not know whose it is."""

    stream_id: str = Attribute("Unique, hard to guess.")
    heard_at: float = Attribute("Clock seconds of the glasses' last sign of life.")
    outputs: Any = Attribute("Its restreams: see ``mentra.glasses.streams.outputs``.")

    def is_viewer(package_name: str) -> bool:
        """Whether the app watches it."""

    def changed() -> None:
        """Something about its outputs changed: those who watch are told."""

    def fail(reason: str) -> None:
        """End it; those who watch are told ``error`` and *reason*."""


class IMediaBackend(Interface):
    """Gives managed streams a place to go to and to be watched at.

    Adapt the services to it for the one that ``[media] backend`` names.  Each is a component of an
    interface of its own, derived from this one, with its name as the tagged value ``name``.
    """

    def open(changed: Any) -> Any:
        """A new place, under a name never used before: an awaitable of an :class:`IMediaStream`
        that may be streamed to at once.  Cancelled, it leaves nothing behind.

        :param changed: a function without arguments, to be called when the state of an output
            changed by itself.
        :raises mentra.errors.Refused: there is none; a sentence why, ``where="provider"``.
        """

    def sweep() -> None:
        """Called once an hour while there are streams: begin to try again what could not be
        deleted."""


class ITemplatesBackend(IMediaBackend):
    """Any server that takes RTMP and publishes HLS and DASH, known by its URLs."""

    taggedValue("name", "templates")


class ICloudflareBackend(IMediaBackend):
    """Cloudflare Stream."""

    taggedValue("name", "cloudflare")


class IMediaStream(Interface):
    """A place for one stream."""

    ingest: str = Attribute("RTMP URL that the glasses send to.")
    hls: str = Attribute("URL of the HLS playlist.")
    dash: str = Attribute("URL of the DASH manifest.")
    webrtc: str | None = Attribute("URL for WebRTC players, if there is one.")
    preview: str | None = Attribute("URL of a page that plays it, if there is one.")
    thumbnail: str | None = Attribute("URL of a picture of it, if there is one.")
    asked: str = Attribute(
        "Who says that it is live: ``never`` asks the glasses alone, ``until_live`` asks "
        "``is_live`` until it is, ``always`` goes on asking."
    )

    def is_live() -> Any:
        """Whether it can be watched now; an awaitable.

        :raises mentra.errors.Refused: that cannot be told; it counts as no.
        """

    def went_live() -> None:
        """It is live: restreams may begin."""

    def add_output(url: str) -> Any:
        """Send it to the RTMP server at *url* as well; an awaitable of the output's id.

        :raises mentra.errors.Refused: that cannot be done; ``CLOUDFLARE_ERROR`` or
            ``RESTREAM_UNAVAILABLE``.
        """

    def output_state(output_id: str) -> Any:
        """``(status, error)``: ``active``, ``stopped`` or ``error``, and a sentence or None."""

    def remove_output(output_id: str) -> Any:
        """Send it there no more; an awaitable.

        :raises mentra.errors.Refused: that cannot be done now.
        """

    def close() -> None:
        """The stream is over: begin to let go of everything.  What takes time is the backend's,
        which ends it when it stops."""
