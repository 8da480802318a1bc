"""[media]: the server that managed streams go to."""

from typing import Annotated, Literal

from msgspec import Meta

from mentra.extension import ConfigSection, Outgoing, Section


def _template(value: str) -> None:
    """The value is a URL with a place for the stream's name.

    :raises ValueError: it has none, or places for other things.
    """
    if "{stream}" not in value:
        raise ValueError(f"{value!r} has no {{stream}} in it, so all streams would share one URL")
    _optional_template(value)


def _optional_template(value: str) -> None:
    """The value has places for the host and the stream's name, and no others.

    :raises ValueError: it has others.
    """
    rest = value.replace("{host}", "").replace("{stream}", "")
    if "{" in rest or "}" in rest:
        raise ValueError(f"{value!r} has other places than {{host}} and {{stream}}")


_URL = {"check": _template}
_MAYBE_URL = {"check": _optional_template}


class CloudflareSettings(Section, frozen=True, kw_only=True):
    """[media.cloudflare]: an account at Cloudflare Stream.

    :ivar api_token: the token itself, where the environment has it.
    """

    account_id: str = ""
    api_token_file: str = ""
    api_token: str = ""
    api: Annotated[str, Meta(pattern="^https?://")] = "https://api.cloudflare.com/client/v4"


class MediaSettings(Section, frozen=True, kw_only=True):
    """[media]: the server that managed streams go to, and from which they are watched.

    In URLs ``{host}`` is this server's public host and ``{stream}`` a name made for each stream.
    """

    backend: Annotated[
        str,
        Meta(
            description="What kind of server it is: templates is any that is known by its URLs, "
            "cloudflare is Cloudflare Stream; plugins may bring others."
        ),
    ] = "templates"
    live: Annotated[
        Literal["glasses", "playlist"],
        Meta(
            description="When a stream counts as live: when the glasses say so, or while new "
            "segments appear in its HLS playlist."
        ),
    ] = "glasses"
    ingest: Annotated[str, Meta(description="RTMP URL that glasses send to.", extra=_URL)] = (
        "rtmp://{host}:1935/live/{stream}"
    )
    hls: Annotated[str, Meta(description="URL of the HLS playlist.", extra=_URL)] = (
        "http://{host}:8080/hls/{stream}.m3u8"
    )
    dash: Annotated[str, Meta(description="URL of the DASH manifest.", extra=_URL)] = (
        "http://{host}:8080/dash/{stream}.mpd"
    )
    webrtc: Annotated[
        str, Meta(description="URL for WebRTC players; empty: none.", extra=_MAYBE_URL)
    ] = ""
    preview: Annotated[
        str, Meta(description="URL of a page that plays the stream; empty: none.", extra=_MAYBE_URL)
    ] = ""
    thumbnail: Annotated[
        str, Meta(description="URL of a picture of the stream; empty: none.", extra=_MAYBE_URL)
    ] = ""
    playlist: Annotated[
        str,
        Meta(
            description="URL under which this server itself finds the HLS playlist; empty: as hls.",
            extra=_MAYBE_URL,
        ),
    ] = ""
    playlist_patience: Annotated[
        float,
        Meta(
            gt=0,
            le=600,
            description="Seconds without a new segment after which a stream is not live any more.",
        ),
    ] = 10.0
    source: Annotated[
        str,
        Meta(
            description="RTMP URL under which this server itself finds a stream, for restreams; "
            "empty: as ingest.",
            extra=_MAYBE_URL,
        ),
    ] = ""
    ffmpeg: Annotated[
        str, Meta(description="The program that makes restreams; empty: there are none.")
    ] = "ffmpeg"
    max_restreams: Annotated[
        int, Meta(ge=0, description="Restreams, and so ffmpeg processes, in all.")
    ] = 50
    cloudflare: Annotated[
        CloudflareSettings,
        Meta(
            description="An account at Cloudflare Stream: account_id, and api_token_file, a file "
            "readable by its owner alone with a token that may edit Stream (or api_token, the "
            "token itself).",
            extra={"secret": True},
        ),
    ] = CloudflareSettings()


media_section = ConfigSection("media", MediaSettings)


def _server(settings: MediaSettings) -> dict[str, str]:
    """What this server itself connects to; what phones and players do is not its business."""
    if settings.backend == "cloudflare":
        return {"media.cloudflare": settings.cloudflare.api}
    if settings.backend != "templates" or settings.live != "playlist":
        return {}
    key = "playlist" if settings.playlist else "hls"
    template: str = getattr(settings, key)
    # what our own host is called is looked at when it is connected to
    return {} if "{host}" in template else {f"media.{key}": template}


media_server = Outgoing("the media server", MediaSettings, _server)
