"""What a line is made of, and how it is spelt: as text for people or as JSON for programs."""

import io
import math
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, TextIO

import attrs
import msgspec
from twisted.logger import ILogObserver, LogEvent, LogLevel, formatEvent
from zope.interface import implementer

from mentra.correlation import current
from mentra.logs.redaction import BLANK, is_secret, redact

MAX_TEXT = 16_384
"""Longest text or field of a line, characters; a longer one loses its middle."""

MAX_SEEN = 262_144
"""Longest text that is looked at at all, characters."""

_OWN_FIELDS = frozenset({"time", "level", "namespace", "text", "traceback"})
_LEGACY_FIELDS = frozenset(
    {"isError", "message", "system", "format", "why", "failure", "printed", "logLevel"}
)


def level_of(event: LogEvent) -> Any:
    """The event's level."""
    return event.get("log_level") or LogLevel.info


def failure_of(event: LogEvent) -> Any:
    """The event's failure, or None."""
    # events of the old API have another name for it
    return event.get("log_failure") or event.get("failure")


def _shortened(text: str) -> str:
    if len(text) <= MAX_TEXT:
        return text
    return f"{text[: MAX_TEXT // 2]} [...] {text[-MAX_TEXT // 2 :]}"


@attrs.frozen
class Line:
    """A log event, cleaned: nothing secret, nothing endless, nothing unprintable."""

    time: str
    level: str
    namespace: str
    text: str
    fields: dict[str, Any]
    traceback: str | None

    @classmethod
    def of(cls, event: LogEvent, now: Callable[[], float]) -> "Line":
        """What there is to write of *event*, cleaned.

        :param now: wall time, POSIX seconds, for an event that does not say when it was.
        """
        moment = datetime.fromtimestamp(event.get("log_time") or now(), UTC)
        level = level_of(event)
        clean = _Cleaner(addresses=level is not LogLevel.debug)
        failure = failure_of(event)
        cause = current.get()
        if cause is not None and "correlation_id" not in event:
            event = {**event, "correlation_id": cause.correlation_id}
        return cls(
            time=moment.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            level=level.name,
            namespace=str(event.get("log_namespace", "-")),
            text=clean.text(formatEvent(event)),
            fields={
                name: clean.field(name, value)
                for name, value in event.items()
                if not (name.startswith("log_") or name in _OWN_FIELDS | _LEGACY_FIELDS)
            },
            traceback=None if failure is None else clean.text(_traceback(failure)),
        )


def _traceback(failure: Any) -> str:
    buffer = io.StringIO()
    failure.printTraceback(file=buffer)
    return buffer.getvalue().rstrip()


@attrs.frozen
class _Cleaner:
    addresses: bool

    def text(self, text: str) -> str:
        # its end goes before the secrets do and its middle after: no half of one is left over
        printable = text[:MAX_SEEN].encode("utf-8", "backslashreplace").decode()
        return _shortened(redact(printable, addresses=self.addresses))

    def field(self, name: str, value: Any) -> Any:
        if is_secret(name):
            return BLANK
        if value is None or isinstance(value, bool | int):
            return value
        if isinstance(value, float):
            return value if math.isfinite(value) else str(value)
        return self.text(_shown(value))


def _shown(value: Any) -> str:
    try:
        return str(value)
    except Exception:  # noqa: BLE001 - a value that cannot be shown must not cost the line
        return f"<unprintable {type(value).__name__}>"


def as_json(line: Line) -> str:
    """A JSON object, without the line break."""
    record = {
        "time": line.time,
        "level": line.level,
        "namespace": line.namespace,
        "text": line.text,
        **line.fields,
    }
    if line.traceback is not None:
        record["traceback"] = line.traceback
    return msgspec.json.encode(record).decode()


def as_text(line: Line) -> str:
    """Time, namespace and level, then the sentence; a traceback is indented below it."""
    text = f"{line.time} [{line.namespace}#{line.level}] {line.text}"
    cause = line.fields.get("correlation_id")
    if cause is not None and str(cause) not in text:
        text = f"{text} ({cause})"
    if line.traceback is not None:
        text = f"{text}\n{line.traceback}"
    # nobody forges a line by sending a line break
    return text.replace("\r", "\\r").replace("\n", "\n\t")


@implementer(ILogObserver)
@attrs.frozen
class Writer:
    """Writes one line per event to a stream."""

    _stream: TextIO
    _spell: Callable[[Line], str]
    _now: Callable[[], float]

    def __call__(self, event: LogEvent) -> None:
        """Write *event*."""
        self._stream.write(self._spell(Line.of(event, self._now)) + "\n")
        self._stream.flush()
