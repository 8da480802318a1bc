"""Ids as parts of paths: each becomes one segment, or is refused.

Servers fold dots even where they are encoded, so that what is no id could lead elsewhere.
"""

import re
from urllib.parse import quote

from mentra.errors import Refused

_SESSION = re.compile(r"ses[A-Za-z0-9_-]{0,200}", re.ASCII)
_PERMISSION = re.compile(r"per[A-Za-z0-9_-]{0,200}", re.ASCII)
_QUESTION = re.compile(r"que[A-Za-z0-9_-]{0,200}", re.ASCII)
_PROVIDER = re.compile(r"(?!\.{1,2}\Z)[^\x00-\x1f\x7f]{1,200}")


def session(session_id: str) -> str:
    """A session's, as a segment.

    :raises Refused: ``INVALID_REQUEST``: it cannot be one; likewise below.
    """
    return _segment(session_id, _SESSION, "session_id")


def permission(permission_id: str) -> str:
    """That of a request for consent."""
    return _segment(permission_id, _PERMISSION, "permission_id")


def question(question_id: str) -> str:
    """That of a question, which clients know as a request for consent."""
    return _segment(question_id, _QUESTION, "permission_id")


def provider(provider_id: str) -> str:
    """A provider's, which may have slashes in it."""
    return _segment(provider_id, _PROVIDER, "provider_id")


def without(path: str) -> str:
    """A path without the ids in it."""
    return re.sub(r"/(ses|per|que)[^/]+|(?<=^/auth/)[^/]+", "/...", path)


def _segment(text: str, pattern: re.Pattern[str], field: str) -> str:
    if not text:
        raise Refused("INVALID_REQUEST", f"{field} is missing", where="app")
    if not pattern.fullmatch(text):
        raise Refused("INVALID_REQUEST", f"this {field} cannot be one", where="app")
    return quote(text, safe="")
