"""Blanks what must never be written: the last line of defence, not the first."""

import re

BLANK = "[redacted]"

# each pattern starts at the start of a word only, so that no text makes one take quadratic time
_SECRET_NAME = (
    r"(?<![\w-])[\w-]*(?:token|api_?-?key|private_?-?key|secret|passw(?:or)?d|authorization|jwt"
    r"|credentials?|cookie)"
)
_SECRET_FIELD = re.compile(_SECRET_NAME, re.IGNORECASE)
_REDACTIONS = (
    # JSON web tokens, wherever they stand
    (re.compile(r"(?<![\w-])eyJ[\w-]+\.[\w-]*(?:\.[\w-]*)?"), BLANK),
    (re.compile(r"\b(bearer|basic)(\s+|%20)[^\s\"',;&]+", re.IGNORECASE), rf"\1\2{BLANK}"),
    (re.compile(r"\b((?:set-)?cookie:\s*)[^\r\n]+", re.IGNORECASE), rf"\1{BLANK}"),
    # token=x, "apiKey": "x", api_key='x', X-Api-Key: x, (b"x-api-key", b"x"), {"token": ["x"]}
    (
        re.compile(
            rf"({_SECRET_NAME}\\?[\"']?\s*(?:=|:|%3D|(?<=[\"']),))(?!\s*\[redacted\])"
            r"(\s*[\[(]*(?:b(?=[\"']))?)(?:(\\?[\"']).*?\3|(?!bearer\b|basic\b)[^\s&\"',;}\])]+)",
            re.IGNORECASE,
        ),
        rf"\1\2{BLANK}",
    ),
)
_PASSWORD = re.compile(r"(://[^\s/:@]*:)[^\s/@]+@")
_ADDRESS = re.compile(r"(?<![\w.+-])[\w.+-]+(?:@|%40)[\w-]+(?:\.[\w-]+)+")


def redact(text: str, *, addresses: bool = True) -> str:
    """*text* without tokens, keys and passwords: the last line of defence, not the first.

    :param addresses: whether e-mail addresses go too.
    """
    for pattern, blank in _REDACTIONS:
        text = pattern.sub(blank, text)
    text = without_password(text)
    return _ADDRESS.sub("[address]", text) if addresses else text


def without_password(text: str) -> str:
    """*text* without the passwords in its URLs."""
    return _PASSWORD.sub(rf"\1{BLANK}@", text)


def is_secret(name: str) -> bool:
    """Whether a field called *name* holds something secret."""
    return _SECRET_FIELD.fullmatch(name) is not None
