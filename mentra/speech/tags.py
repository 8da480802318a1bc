"""Names of languages, and which of them an engine knows."""

from collections.abc import Iterable

from mentra.errors import Refused

AUTO = "auto"
"""A language that is for the engine to find out."""


def base_of(language: str) -> str:
    """The language of a tag without its region: ``en`` of ``en-US``."""
    return language.partition("-")[0].lower()


def is_same(source: str, target: str) -> bool:
    """Whether two tags are of one language."""
    return source != AUTO and base_of(source) == base_of(target)


def is_among(language: str, known: Iterable[str]) -> bool:
    """Whether *language* is among *known*; one without a region stands for all of its regions, and
    one that is asked for without a region is any of them."""
    wanted = language.lower()
    return any(
        wanted == one.lower() or base_of(wanted) == one.lower() or wanted == base_of(one)
        for one in known
    )


def spelt(language: str, codes: Iterable[str]) -> str | None:
    """How *language* is written among *codes*: the whole tag, or its language alone."""
    wanted, base = language.lower(), base_of(language)
    by_lower = {code.lower(): code for code in codes}
    return by_lower.get(wanted) or by_lower.get(base)


def unknown_language(engine: str, language: str, setting: str) -> Refused:
    """*engine* does not know *language*; *setting* has those that it does."""
    return Refused(
        "UNKNOWN_LANGUAGE",
        f"{engine} does not recognise {language[:40]}; {setting} lists what it does",
        where="provider",
    )
