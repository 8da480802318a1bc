"""Texts that were cut in the midst of a character, made into texts again.  No I/O."""

import re

MOST_MENDED = 65_536
"""Bytes of a text in which half characters are replaced; a longer one is malformed."""

# half a surrogate pair that is escaped: JavaScript makes one of a text cut in a character's midst
_HALF = re.compile(
    rb"(?<!\\)((?:\\\\)*)\\u"
    rb"(?:[dD][89abAB][0-9a-fA-F]{2}(?!\\u[dD][c-fC-F][0-9a-fA-F]{2})"
    rb"|(?<!\\u[dD][89abAB][0-9a-fA-F]{2}\\u)[dD][c-fC-F][0-9a-fA-F]{2})"
)


def mended(payload: bytes) -> bytes:
    """*payload* with what is no character marked as such, where no decoder would have it."""
    if len(payload) > MOST_MENDED or b"\\u" not in payload:
        return payload
    return _HALF.sub(rb"\1\\ufffd", payload)
