"""Which language was spoken, where whoever subscribed wants any and the engine finds out."""

import re

import attrs

from mentra.glasses.captions.wishes import Wish, base_of
from mentra.hearing import Heard
from mentra.speech.tags import AUTO

_TAG = re.compile(r"([a-z]{2,3})(?:[-_]([a-z]{2}))?", re.IGNORECASE | re.ASCII)

_REGIONS = {
    "ar": "SA", "cs": "CZ", "da": "DK", "el": "GR", "en": "US", "et": "EE", "fa": "IR", "he": "IL",
    "hi": "IN", "ja": "JP", "ko": "KR", "ms": "MY", "nb": "NO", "sl": "SI", "sq": "AL", "sr": "RS",
    "sv": "SE", "uk": "UA", "ur": "PK", "vi": "VN", "zh": "CN",
}  # fmt: skip
"""Where a language is spoken by most, if that is not the country of the same letters."""


def tag_of(language: str | None) -> str | None:
    """*language* as subscribers write it, e.g. ``de-DE`` of ``de``; None if it is no language."""
    found = _TAG.fullmatch(language or "")
    if found is None:
        return None
    base = found[1].lower()
    region = (found[2] or _REGIONS.get(base) or base[:2]).upper()
    return f"{base}-{region}"


def as_spoken(wish: Wish, heard: Heard, plain: str) -> Wish:
    """*wish*, of the language that *heard* is in.

    :param plain: what it is taken for where the engine does not tell.
    """
    if wish.base != AUTO:
        return wish
    tag = tag_of(heard.language) or plain
    return attrs.evolve(wish, base=base_of(tag), tags=(tag,))
