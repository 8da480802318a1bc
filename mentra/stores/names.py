"""What can be the name of a user or an app in every database."""

from mentra.errors import StoreError

MAX_NAME = 512
"""Longest name, bytes of UTF-8; PostgreSQL refuses to index anything over about 2,700."""


def is_name(text: str) -> bool:
    """Whether *text* can be stored as a name: not empty, not too long, no NUL, all encodable."""
    try:
        return 0 < len(text.encode()) <= MAX_NAME and "\0" not in text
    except UnicodeEncodeError:
        return False


def require_name(text: str) -> None:
    """Let a name by.

    :raises StoreError: it is none.
    """
    if not is_name(text):
        raise StoreError(
            f"{text[:40]!a} cannot be a name: use 1 to {MAX_NAME} bytes of text without NUL"
        )
