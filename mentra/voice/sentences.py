"""Whole sentences out of a text that grows: the first is spoken while the rest is thought."""

import re

LONGEST = 300
"""Characters after which a sentence is cut where there is a comma, or else a space."""

SHORTEST = 2
"""Characters of something that can be said."""

# a full stop after a digit or one letter ends nothing: 3.5, e.g., J. Smith
_END = re.compile(
    r"(?:(?<![\s.(][A-Za-z])(?<!^[A-Za-z])[.]|[!?\u2026])[\"'\u201d\u2019)\]]*(?=\s)"
    r"|[\u3002\uff01\uff1f]|\n+"
)
_MARKUP = re.compile(r"[*_`#>|~]+|\[([^\]]*)\]\([^)]*\)")


class Sentences:
    """Takes pieces of text and gives sentences."""

    def __init__(self) -> None:
        self._rest = ""

    def add(self, piece: str) -> list[str]:
        """The sentences that *piece* completes."""
        self._rest += piece
        found = []
        while (end := self._end()) is not None:
            sentence, self._rest = self._rest[:end], self._rest[end:]
            found.append(sentence)
        return [one for one in map(speakable, found) if one]

    def rest(self) -> list[str]:
        """What was never completed: nothing follows it."""
        sentence, self._rest = speakable(self._rest), ""
        return [sentence] if sentence else []

    def _end(self) -> int | None:
        found = _END.search(self._rest)
        if found is not None:
            return found.end()
        if len(self._rest) <= LONGEST:
            return None
        head = self._rest[:LONGEST]
        at = max(head.rfind(", "), head.rfind("; "))
        return (at if at > 0 else head.rfind(" ")) + 1 or LONGEST


def speakable(text: str) -> str:
    """*text* without what is only for the eye; empty if nothing of it can be said."""
    plain = " ".join(_MARKUP.sub(lambda found: found[1] or "", text).split())
    return plain if len(plain) >= SHORTEST and any(map(str.isalnum, plain)) else ""
