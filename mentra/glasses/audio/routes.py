"""Sound over HTTP: what it comes as, and the last seconds of it.  Source: docs/protocol/http,
"Sound"."""

from typing import Annotated, Any, Literal

import msgspec

from mentra.errors import Denied
from mentra.extension import Access, HttpAnswer, route
from mentra.glasses.audio import hearers
from mentra.glasses.audio.recent import SECOND
from mentra.identity import canonical_user_id
from mentra.interfaces.audio import IAudio
from mentra.interfaces.session import ISessions, IUserSession
from mentra.interfaces.web import ICall
from mentra.messages.stamps import iso

SILENCE = "No audio available"
FORMATS = ("pcm", "lc3")
RATE = SECOND // 2
FRAME_MS = 10
FRAME_BYTES = (20, 40, 60)
"""Of LC3: 16, 32 and 48 kbit/s."""


class Lc3Config(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """How LC3 is cut.

    :ivar sample_rate: samples a second.
    :ivar frame_size_bytes: 20, 40 or 60.
    """

    sample_rate: int = RATE
    frame_duration_ms: int = FRAME_MS
    frame_size_bytes: int = FRAME_BYTES[0]


class WantedFormat(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What a phone wants to send; what does not fit is corrected, as phones expect."""

    format: Annotated[Any, msgspec.Meta(description="``pcm`` or ``lc3``.")] = None
    lc3_config: Annotated[
        Any,
        msgspec.Meta(
            description="``sampleRate`` (16000), ``frameDurationMs`` (10) and ``frameSizeBytes`` "
            "(20, 40 or 60); anything else is corrected."
        ),
    ] = None


class FormatConfigured(
    msgspec.Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True
):
    """What it is to send."""

    success: bool
    format: Literal["pcm", "lc3"]
    lc3_config: Lc3Config | None = None
    message: str
    timestamp: str


class FormatUnchanged(msgspec.Struct, frozen=True, kw_only=True):
    """Why not."""

    success: bool
    message: str
    timestamp: str


@route(
    "POST",
    "/api/client/audio/configure",
    access=Access.USER,
    body=WantedFormat,
    answer=FormatConfigured,
    errors={400: FormatUnchanged, 501: FormatUnchanged},
)
def configure_audio(call: ICall) -> Any:
    """What the caller's glasses send from now on: PCM or LC3.

    Without a session 401; 501 if LC3 cannot be decoded here, and nothing has changed then.
    """
    session = _session_of(call)
    wish: WantedFormat = call.body
    if wish.format not in FORMATS:
        return _unchanged(call, 400, "format must be 'pcm' or 'lc3'")
    config = None if wish.format == "pcm" else _corrected(wish.lc3_config)
    if not IAudio(session).configure(None if config is None else config.frame_size_bytes):
        return _unchanged(call, 501, "LC3 cannot be decoded on this server; send PCM")
    return FormatConfigured(
        success=True,
        format=wish.format,
        lc3_config=config,
        message=f"Audio format configured: {wish.format}",
        timestamp=iso(call.services.now()),
    )


@route(
    "GET",
    "/api/audio/{user_id}",
    access=Access.KEY,
    query=hearers.KeyInQuery,
    answer_type="application/octet-stream",
    errors={**hearers.DENIALS, 404: "Nothing was heard lately."},
)
def recent_audio(call: ICall) -> HttpAnswer:
    """The last seconds of a user's sound: mono PCM, int16 little endian, 16 kHz.

    For an app that runs in the user's session and may use the microphone.
    """
    package_name = hearers.proved(call)
    user_id = canonical_user_id(call.values["user_id"])
    sound = IAudio(hearers.session_for(call, user_id, package_name, SILENCE)).recent()
    if not sound:
        raise Denied(404, {"error": SILENCE})
    return HttpAnswer(body=sound, content_type="application/octet-stream")


def _session_of(call: ICall) -> IUserSession:
    session: IUserSession | None = ISessions(call.services).get(call.user_id or "")
    if session is None:
        raise Denied(401, {"error": "No active session found"})
    return session


def _corrected(config: Any) -> Lc3Config:
    size = config.get("frameSizeBytes") if isinstance(config, dict) else None
    # JSON's 20.0 is a 20
    return Lc3Config(frame_size_bytes=int(size) if size in FRAME_BYTES else FRAME_BYTES[0])


def _unchanged(call: ICall, status: int, message: str) -> HttpAnswer:
    timestamp = iso(call.services.now())
    return HttpAnswer(status, FormatUnchanged(success=False, message=message, timestamp=timestamp))
