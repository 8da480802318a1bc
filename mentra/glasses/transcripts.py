"""What was said lately: kept for a while, and fetched by apps.  Source: docs/protocol/http,
"Transcripts"."""

from collections import deque
from datetime import UTC, datetime
from functools import lru_cache
from typing import Annotated, Any

import attrs
import msgspec
from msgspec import Meta
from twisted.application.service import Service
from twisted.internet.interfaces import IDelayedCall
from zope.interface import implementer

from mentra.errors import Denied
from mentra.extension import Access, ConfigSection, ManagerFactory, Section, handler, route
from mentra.glasses.audio import hearers
from mentra.glasses.stream_names import PLAIN_LANGUAGE, is_language
from mentra.identity import user_of_app_session
from mentra.interfaces.audio import ICaptions, ITranscripts
from mentra.interfaces.glasses import IRelay
from mentra.interfaces.messaging import IContext
from mentra.interfaces.services import IServices
from mentra.interfaces.session import IUserSession
from mentra.interfaces.web import ICall
from mentra.messages.audio import LocalTranscription
from mentra.messages.stamps import iso

OVERHEAD = 200
"""What a segment costs besides its text, in characters."""

LONGEST_NAME = 100
"""Characters that are kept of an id."""


class TranscriptsSettings(Section, frozen=True, kw_only=True):
    """[transcripts]: what was said lately, kept in memory for the user's apps."""

    keep: Annotated[
        float,
        Meta(ge=0, le=86_400, description="Seconds that what was said is kept; 0: not at all."),
    ] = 1800.0
    sweep: Annotated[
        float, Meta(gt=0, le=3600, description="Seconds between two looks for what is too old.")
    ] = 300.0
    max_characters: Annotated[
        int, Meta(ge=1000, description="Characters kept of one session; the oldest give way.")
    ] = 500_000


transcripts_section = ConfigSection("transcripts", TranscriptsSettings)


class Segment(msgspec.Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """An utterance.

    :ivar timestamp: when it was recognised, ISO 8601.
    """

    result_id: str
    speaker_id: str | None = None
    text: str
    timestamp: str
    is_final: bool


@attrs.frozen
class _Kept:
    language: str
    at: float
    segment: Segment

    @property
    def cost(self) -> int:
        return OVERHEAD + len(self.segment.text)


@implementer(ITranscripts)
class Transcripts(Service):
    """One list for all languages, oldest first; it is looked through now and then while there is
    anything in it."""

    def __init__(self, session: IUserSession, services: IServices) -> None:
        self._settings: TranscriptsSettings = services.settings(TranscriptsSettings)
        self._clock = services.clock
        self._now = services.now
        self._kept: deque[_Kept] = deque()
        self._characters = 0
        self._number = 0
        self._sweeping: IDelayedCall | None = None

    def stopService(self) -> None:
        """Nothing is remembered of an ended session."""
        if self._sweeping is not None:
            self._sweeping.cancel()
            self._sweeping = None
        self._kept.clear()
        super().stopService()

    def add(
        self, language: str, text: str, *, speaker_id: str | None = None,
        result_id: str | None = None,
    ) -> None:  # fmt: skip
        """Keep a final transcription for a while."""
        settings = self._settings
        if not (settings.keep and text and self.running and is_language(language)):
            return
        self._number += 1
        at = self._now()
        segment = Segment(
            result_id=(result_id or f"seg_{int(at * 1000)}_{self._number}")[:LONGEST_NAME],
            speaker_id=None if speaker_id is None else speaker_id[:LONGEST_NAME],
            text=text[: settings.max_characters],
            timestamp=iso(at),
            is_final=True,
        )
        self._kept.append(_Kept(language, at, segment))
        self._characters += self._kept[-1].cost
        self._forget_old(at)
        if self._sweeping is None:
            self._sweeping = self._clock.callLater(settings.sweep, self._sweep)

    def segments(
        self, language: str, since: float = 0.0, until: float | None = None
    ) -> list[Segment]:
        """What was said in *language*, oldest first."""
        self._forget_old(self._now())
        return [
            one.segment
            for one in self._kept
            if one.language == language and one.at >= since and (until is None or one.at <= until)
        ]

    def _forget_old(self, now: float) -> None:
        kept, settings = self._kept, self._settings
        while kept and (
            now - kept[0].at > settings.keep
            or (self._characters > settings.max_characters and len(kept) > 1)
        ):
            self._characters -= kept.popleft().cost

    def _sweep(self) -> None:
        self._sweeping = None
        self._forget_old(self._now())
        if self._kept:
            self._sweeping = self._clock.callLater(self._settings.sweep, self._sweep)


transcripts_manager = ManagerFactory(ITranscripts, Transcripts)

_is_language = lru_cache(maxsize=256)(is_language)


@handler("glasses", LocalTranscription)
def local_transcription(message: LocalTranscription, context: IContext) -> None:
    """Pass on what the phone recognised to the subscribers of its language, and keep it once it is
    final."""
    session: Any = context.session
    language = message.transcribe_language
    # what is no language is not remembered as one
    known = language if len(language) < 10 and _is_language(language) else None
    captions = session.built(ICaptions)
    if captions is not None and known is not None:
        captions.phone_recognised(known)
    IRelay(session).relay("transcription", message.raw, known)
    if known is not None and message.is_final:
        speaker = None if message.speaker_id is None else str(message.speaker_id)
        ITranscripts(session).add(known, message.text, speaker_id=speaker)


# -- over HTTP


class Period(hearers.KeyInQuery, frozen=True, kw_only=True, rename="camel"):
    """Which part of it; one of duration, startTime and endTime must be there."""

    duration: Annotated[float | None, Meta(description="The last so many seconds.")] = None
    start_time: Annotated[
        str | None, Meta(description="From then on: ISO 8601, or POSIX milliseconds.")
    ] = None
    end_time: Annotated[str | None, Meta(description="Until then, in the same forms.")] = None
    language: Annotated[str, Meta(description="As subscribed to, e.g. en-US.")] = PLAIN_LANGUAGE


class Transcript(msgspec.Struct, frozen=True, kw_only=True):
    """What was said, oldest first."""

    language: str
    segments: list[Segment]


@route(
    "GET",
    "/api/transcripts/{app_session_id}",
    access=Access.KEY,
    query=Period,
    answer=Transcript,
    errors={
        400: "No period, or none that can be read.",
        **hearers.DENIALS,
        404: "The app runs in no such session.",
    },
)
def transcript(call: ICall) -> Transcript:
    """What was said lately in an app's session, as far as it was recognised."""
    package_name = hearers.proved(call)
    period: Period = call.asked
    now = call.services.now()
    since, until = _moment(period.start_time), _moment(period.end_time)
    if period.duration is not None:
        since = max(since or 0.0, now - period.duration)
    if since is None and until is None:
        raise Denied(400, {"error": "One of duration, startTime and endTime is required"})
    user_id = user_of_app_session(call.values["app_session_id"], package_name) or ""
    session = hearers.session_for(call, user_id, package_name, "Session not found")
    said = ITranscripts(session).segments(period.language, since or 0.0, until)
    return Transcript(language=period.language, segments=said)


def _moment(text: str | None) -> float | None:
    """POSIX seconds.

    :raises Denied: 400: it is none.
    """
    if not text:
        return None
    try:
        return float(text) / 1000
    except ValueError:
        pass
    try:
        moment = datetime.fromisoformat(text)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError):
        raise Denied(400, {"error": f"not a time: {text[:40]}"}) from None
