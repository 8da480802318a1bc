"""What an app's subscription strings mean: reading them, and which events they want."""

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl

import attrs

from mentra.messages.streams import (
    GESTURES,
    LOCATION_RATES,
    LOCATION_STREAMS,
    SETTINGS_PREFIX,
    STREAM_ALIASES,
    STREAM_TYPES,
    WILDCARDS,
)

MAX_LENGTH = 200
"""Longest subscription string, characters."""

MAX_SUBSCRIPTIONS = 200
"""Entries of a list that are looked at; an SDK app has a few dozen at most."""

ANY_LANGUAGE = "auto"
"""``transcription:auto``: whatever is spoken."""

PLAIN_LANGUAGE = "en-US"
"""What a plain ``transcription`` means, as in the SDK; a plain ``translation`` is any."""

ANY_SOURCE = "all"
"""``translation:all-to-en-US``: from whatever is spoken."""

_LANGUAGE = re.compile(r"[a-z]{2,3}-[A-Z]{2}")
_PAIR = re.compile(rf"({_LANGUAGE.pattern}|{ANY_SOURCE})-to-({_LANGUAGE.pattern})")


@attrs.frozen
class StreamName:
    """A subscription string, read.

    :ivar own: the string as the app wrote it; what it is echoed under.
    :ivar kind: the stream type under today's name, a wildcard, or ``augmentos``.
    :ivar detail: language code or ``auto`` of a transcription (``en-US`` if the string names none),
        source language or ``all`` of a translation, gesture of a touch, key of a setting; None if
        the string names none.
    :ivar target: language a translation is wanted in; None if the string names none.
    :ivar hints: languages that may be spoken besides.
    :ivar no_language_identification: whether the named language is to be taken for granted.
    """

    own: str
    kind: str
    detail: str | None = None
    target: str | None = None
    hints: tuple[str, ...] = ()
    no_language_identification: bool = False


@attrs.frozen
class StreamList:
    """An app's list of subscriptions, read.

    :ivar names: the valid ones by their own strings, in order.
    :ivar rate: the location rate asked for last, None if none was.
    :ivar invalid: how many entries were dropped.
    :ivar example: the first of them for a log line: shortened, in ASCII; not a string: its type.
    """

    names: Mapping[str, StreamName]
    rate: str | None = None
    invalid: int = 0
    example: str = ""


def read_list(requested: list[Any]) -> StreamList:
    """What a list asks for: strings, or objects ``{"stream": "location_stream", "rate": ...}``."""
    names: dict[str, StreamName] = {}
    rate = None
    invalid = requested[MAX_SUBSCRIPTIONS:]
    for entry in requested[:MAX_SUBSCRIPTIONS]:
        own = _string_of(entry)
        name = None if own is None else parse(own)
        if name is None:
            invalid.append(entry)
            continue
        names[name.own] = name
        if isinstance(entry, dict) and entry.get("rate") in LOCATION_RATES:
            rate = entry["rate"]
    return StreamList(names, rate, len(invalid), _example(invalid[0]) if invalid else "")


def is_language(code: str) -> bool:
    """Whether *code* is a language code such as ``en-US``."""
    return _LANGUAGE.fullmatch(code) is not None


def parse(own: str) -> StreamName | None:
    """What *own* asks for; None if it is no subscription."""
    if not 0 < len(own) <= MAX_LENGTH or not _can_be_sent(own):
        return None
    kind, colon, rest = own.partition(":")
    kind = STREAM_ALIASES.get(kind, kind)
    if not colon:
        known = kind in STREAM_TYPES or kind in WILDCARDS
        plain = PLAIN_LANGUAGE if kind == "transcription" else None
        return StreamName(own, kind, plain) if known else None
    read = _PARAMETERS.get(kind)
    return None if read is None else read(own, rest)


def wants(name: StreamName, kind: str, detail: str | None, target: str | None) -> bool:
    """Whether a subscriber of *name* gets an event of type *kind*.

    :param detail: language of a transcription, source language of a translation, gesture of a
        touch, key of a setting; None if it is unknown.
    :param target: language of a translation's result.
    """
    if name.kind in WILDCARDS:
        # audio comes as bare frames: only for those who named it
        return kind != "audio_chunk"
    if name.kind != kind:
        return name.kind in LOCATION_STREAMS and kind == "location_update"
    if name.detail is None or (detail is None and name.own == kind):
        # whoever named no language is told what was said in one that nobody knows
        return True
    if kind == "translation":
        return name.target == target and name.detail in (ANY_SOURCE, detail)
    return name.detail == detail or (kind, name.detail) in _ANY_DETAIL


def echo(name: StreamName, kind: str) -> str:
    """The stream type that a subscriber of *name* is told for an event of type *kind*: its own
    string, for the SDK compares character by character; a wildcard's is the event's type."""
    return kind if name.kind in WILDCARDS else name.own


_ANY_DETAIL = {
    ("transcription", ANY_LANGUAGE),
    (SETTINGS_PREFIX, "*"),
    (SETTINGS_PREFIX, "all"),
}
"""Details that stand for every one of their kind."""


def _string_of(entry: object) -> str | None:
    if isinstance(entry, str):
        return entry
    if isinstance(entry, dict) and entry.get("stream") == "location_stream":
        return "location_stream"
    return None


def _example(entry: object) -> str:
    return ascii(entry[:60])[:80] if isinstance(entry, str) else type(entry).__name__


def _can_be_sent(own: str) -> bool:
    try:
        own.encode()
    except UnicodeEncodeError:  # half a surrogate pair
        return False
    return True


def _transcription(own: str, rest: str) -> StreamName | None:
    language, _, query = rest.partition("?")
    if language != ANY_LANGUAGE and not is_language(language):
        return None
    hints, sure = _options(query)
    return StreamName(own, "transcription", language, None, hints, sure)


def _translation(own: str, rest: str) -> StreamName | None:
    languages, _, query = rest.partition("?")
    pair = _PAIR.fullmatch(languages)
    if pair is None:
        return None
    hints, sure = _options(query)
    return StreamName(own, "translation", pair[1], pair[2], hints, sure)


def _touch(own: str, rest: str) -> StreamName | None:
    return StreamName(own, "touch_event", rest) if rest in GESTURES else None


def _setting(own: str, rest: str) -> StreamName | None:
    return StreamName(own, SETTINGS_PREFIX, rest) if rest else None


_PARAMETERS = {
    "transcription": _transcription,
    "translation": _translation,
    "touch_event": _touch,
    SETTINGS_PREFIX: _setting,
}
"""Kind to the reader of what follows its colon."""


def _options(query: str) -> tuple[tuple[str, ...], bool]:
    """Hints, and whether the language is sure; what is not known is passed over."""
    # SDKs send the commas between hints percent-encoded
    given = dict(parse_qsl(query, keep_blank_values=True))
    hints = tuple(hint for part in given.get("hints", "").split(",") if (hint := part.strip()))
    return hints, given.get("no-language-identification") == "true"
