"""What the voice assistant says.  Source: docs/protocol/voice."""

from typing import ClassVar

from mentra.messages import Enveloped, GivesWay
from mentra.messages.voice import Data

VOICE = ("voice",)


class TimeData(Data, frozen=True, kw_only=True):
    """A moment.

    :ivar timestamp: milliseconds since 1970.
    """

    timestamp: int


class AskForLife(Enveloped, frozen=True, kw_only=True, tag="ping"):
    """Asks for a sign of life."""

    sent_to: ClassVar[tuple[str, ...]] = VOICE
    gives_way: ClassVar[GivesWay] = GivesWay.KEEP_NEWEST
    data: TimeData


class AnswerPing(Enveloped, frozen=True, kw_only=True, tag="pong"):
    """Answer to ``ping``."""

    sent_to: ClassVar[tuple[str, ...]] = VOICE
    gives_way: ClassVar[GivesWay] = GivesWay.KEEP_NEWEST
    data: TimeData


class CreatedData(Data, frozen=True, kw_only=True):
    """A session and what it can do.

    :ivar session_id: also in the envelope of everything that follows.
    :ivar user_id: the person; ``guest-`` and a UUID for a guest.
    :ivar timestamp: milliseconds since 1970.
    :ivar hears: whether speech is understood here; else text is.
    :ivar speaks: whether answers are spoken, too.
    :ivar notice: why it does not hear or speak, for people.
    """

    session_id: str
    user_id: str
    is_guest: bool
    timestamp: int
    hears: bool
    speaks: bool
    notice: str | None = None


class SessionCreated(Enveloped, frozen=True, kw_only=True, tag="session_created"):
    """The client is let in: the first frame it hears."""

    sent_to: ClassVar[tuple[str, ...]] = VOICE
    data: CreatedData


class AuthErrorData(Data, frozen=True, kw_only=True):
    """Why somebody is not let in.

    :ivar code: ``AUTH_REQUIRED``, ``AUTH_INVALID``, ``AUTH_EXPIRED`` or ``SESSION_CREATE_FAILED``.
    :ivar timestamp: milliseconds since 1970.
    """

    code: str
    message: str
    timestamp: int


class AuthError(Enveloped, frozen=True, kw_only=True, tag="auth_error"):
    """The client is not let in; close 4001 follows."""

    sent_to: ClassVar[tuple[str, ...]] = VOICE
    data: AuthErrorData


class ErrorData(Data, frozen=True, kw_only=True):
    """What failed.

    :ivar code: ``INVALID_MESSAGE``, ``ASR_ERROR``, ``PROCESSING_ERROR`` or ``RATE_LIMITED``;
        extensions may have codes of their own.
    :ivar message: one sentence for people.
    :ivar recoverable: whether it makes sense to go on, or to try again.
    """

    code: str
    message: str
    recoverable: bool


class VoiceError(Enveloped, frozen=True, kw_only=True, tag="error"):
    """Something failed; the connection stays."""

    sent_to: ClassVar[tuple[str, ...]] = VOICE
    data: ErrorData


class ExpiredData(Data, frozen=True, kw_only=True):
    """Why a session is over."""

    reason: str


class SessionExpired(Enveloped, frozen=True, kw_only=True, tag="session:expired"):
    """The session is over; close 1000 follows."""

    sent_to: ClassVar[tuple[str, ...]] = VOICE
    data: ExpiredData
