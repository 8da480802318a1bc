"""Keeps keys and tokens out of the sentences that clients are told."""

import re
from collections import OrderedDict

REMEMBERED = 256
"""Secrets; the oldest is forgotten for a new one."""

SHORTEST = 4
"""Characters; what is shorter would take words out of sentences."""

BLANK = "[secret]"

# what providers' keys begin with, and what stands behind a word that announces one
_KEYS = re.compile(
    r"\b(?:sk|pk|rk|xai|gsk|ghp|gho|ghs|glpat|hf|r8|AIza|eyJ)[-_A-Za-z0-9]{12,}[.\w-]*"
    r"|(?i:\b(?:bearer|basic)\s+)[^\s\"',;]{8,}"
)


class Confidential:
    """Remembers secrets, to find them in what servers say."""

    def __init__(self) -> None:
        self._secrets: OrderedDict[str, None] = OrderedDict()

    def __repr__(self) -> str:
        return f"<{len(self._secrets)} secrets>"

    def remember(self, *secrets: str | None) -> None:
        """These must not be told."""
        for secret in secrets:
            if secret is not None and len(secret) >= SHORTEST:
                self._secrets[secret] = None
                self._secrets.move_to_end(secret)
        while len(self._secrets) > REMEMBERED:
            self._secrets.popitem(last=False)

    def without(self, text: str) -> str:
        """*text* with blanks for what is secret in it."""
        # the longest first: one may be part of another
        for secret in sorted(self._secrets, key=len, reverse=True):
            text = text.replace(secret, BLANK)
        return _KEYS.sub(BLANK, text)
