"""What subscribers want recognised: one stream for each base language."""

from collections import defaultdict
from collections.abc import Iterable, Mapping

import attrs

from mentra.glasses.stream_names import (
    ANY_LANGUAGE,
    ANY_SOURCE,
    StreamName,
    parse,
)

Pair = tuple[str, str]
"""A source language (or ``all``) and a target language, as they stand in a subscription."""


@attrs.frozen
class Wish:
    """A language that is wanted.

    :ivar base: e.g. ``en``; ``auto``: whatever is spoken.
    :ivar tags: what subscribers call it, e.g. ``en-GB`` and ``en-US``, sorted.
    :ivar hints: languages that may be spoken besides, of all subscribers.
    :ivar pairs: what it is to be translated into, sorted.
    """

    base: str
    tags: tuple[str, ...]
    hints: tuple[str, ...] = ()
    pairs: tuple[Pair, ...] = ()

    @property
    def language(self) -> str:
        """The tag that a recogniser is asked for."""
        return self.tags[0]

    @property
    def targets(self) -> tuple[str, ...]:
        """The base languages it is to be translated into."""
        bases = dict.fromkeys(base_of(target) for _, target in self.pairs)
        return tuple(base for base in bases if base != self.base)

    def tag_of(self, target: str) -> str:
        """What subscribers call the target language *target*."""
        return next(tag for _, tag in self.pairs if base_of(tag) == target)


def base_of(language: str) -> str:
    """``en`` of ``en-US``."""
    return language.partition("-")[0]


def wishes_of(lists: Iterable[Iterable[str]], unnamed: str) -> Mapping[str, Wish]:
    """Base language to what is wanted of it, from the subscription strings of all apps.

    :param unnamed: what whoever wants any language gets if nobody names one; else they get those
        that others named.
    """
    names = [parse(own) for one in lists for own in one]
    wanted = [name for name in names if name is not None and name.kind in _KINDS]
    tags: dict[str, set[str]] = defaultdict(set)
    hints: dict[str, set[str]] = defaultdict(set)
    pairs: dict[str, set[Pair]] = defaultdict(set)
    for name in wanted:
        if is_opened(name) and name.detail is not None:
            base = base_of(name.detail)
            tags[base].add(name.detail)
            hints[base].update(name.hints)
            if name.target is not None:
                pairs[base].add((name.detail, name.target))
    hints_of_any = {hint for name in wanted if not is_opened(name) for hint in name.hints}
    from_all = {name.target for name in wanted if name.detail == ANY_SOURCE and name.target}
    if not tags and (from_all or any(name.detail == ANY_LANGUAGE for name in wanted)):
        tags[base_of(unnamed)].add(unnamed)
    for base in tags:
        pairs[base].update((ANY_SOURCE, target) for target in from_all)
    return {
        base: Wish(
            base,
            tuple(sorted(tags[base])),
            tuple(sorted(hints[base] | hints_of_any)),
            tuple(sorted(pairs[base])),
        )
        for base in sorted(tags)
    }


def is_opened(name: StreamName) -> bool:
    """Whether a stream is opened for this very subscription: it names a language, and is no
    translation into the same one."""
    if name.detail in (None, ANY_LANGUAGE, ANY_SOURCE):
        return False
    return name.target is None or base_of(name.target) != base_of(name.detail or "")


_KINDS = ("transcription", "translation")
