"""What can go wrong on purpose."""

from typing import Literal

Where = Literal["phone", "cloud", "app", "provider"]


class MentraError(Exception):
    """Base of everything this project raises on purpose; its text is fit for people."""


class ConfigError(MentraError):
    """The configuration is wrong; the text names file, key and remedy in one sentence."""


class StoreError(MentraError):
    """A store cannot do what was asked; the text says what and what to do about it."""


class NotThere(MentraError):
    """What was asked for (a user, an app, a setting) does not exist."""


class Malformed(MentraError):
    """A frame is not a message of its path; the sender is told, the connection stays.

    :ivar answer: the message that tells it, where the dialect knows better than a ``Fault``.
    """

    def __init__(self, message: str, *, answer: object = None) -> None:
        super().__init__(message)
        self.answer = answer


class Refused(MentraError):
    """A request is refused; its sender is told why and keeps its connection.

    :ivar code: upper-case word a program can act on, e.g. ``PERMISSION_DENIED``.
    :ivar message: one sentence for people.
    :ivar where: which part of the chain said no.
    :ivar retryable: whether the same request may succeed later.
    """

    def __init__(
        self, code: str, message: str, *, where: Where = "cloud", retryable: bool = False
    ) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.where: Where = where
        self.retryable = retryable


class UpgradeRefused(Refused):
    """A server does not let us open a WebSocket.

    :ivar status: the HTTP status it answered; 0 if it was no HTTP.
    :ivar retry_after: its header of that name, None without.
    """

    def __init__(self, status: int, retry_after: str | None = None) -> None:
        super().__init__(
            "UPGRADE_REFUSED",
            f"the server answered {status or 'nonsense'} to the upgrade",
            where="provider",
            retryable=status in (0, 408, 429) or status >= 500,
        )
        self.status = status
        self.retry_after = retry_after


class Denied(MentraError):
    """An upgrade is refused before the 101.

    :ivar status: HTTP status, e.g. 401.
    :ivar body: JSON object the refused client is sent.
    """

    def __init__(self, status: int, body: dict[str, object]) -> None:
        super().__init__(f"{status}: {body.get('message', '')}")
        self.status = status
        self.body = body


class Dismissed(MentraError):
    """A peer must go: what a handshake handler raises to have it told and closed.

    :ivar close_code: WebSocket close code, e.g. 1008.
    :ivar reason: close reason, at most 123 bytes of UTF-8.
    :ivar code: code of the error frame sent first; None sends no frame.
    :ivar message: text of that frame.
    """

    def __init__(
        self, close_code: int, reason: str, *, code: str | None = None, message: str | None = None
    ) -> None:
        super().__init__(reason)
        self.close_code = close_code
        self.reason = reason
        self.code = code
        self.message = message or reason
