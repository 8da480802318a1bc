"""Tokens of those who talk to the voice assistant.  Source: docs/protocol/voice, "tokens"."""

from typing import Any

import jwt
import msgspec
from zope.interface import implementer

from mentra.errors import Refused
from mentra.identity import Speaker, canonical_user_id
from mentra.interfaces.services import IAssistantTokens
from mentra.tokens import ALGORITHM, MAX_TOKEN, MAX_USER_ID, Tokens

_OPTIONS: Any = {
    "verify_exp": False, "verify_nbf": False, "verify_iat": False, "verify_aud": False,
    "verify_sub": False, "require": ["exp"],
}  # fmt: skip


class _Claims(msgspec.Struct, frozen=True, rename="camel"):
    """What we look at; other claims are ignored."""

    exp: int | float
    user_id: str | None = None
    sub: str | None = None
    email: str | None = None
    iat: int | float | None = None
    nbf: int | float | None = None


@implementer(IAssistantTokens)
class AssistantTokens(Tokens):
    """Knows the glasses' tokens by their secret, or those of an issuer by that one's.

    Other than for the glasses a token has to expire, and the person need not be an address.
    """

    def verify(self, token: str) -> Speaker:
        """Who it is.

        :raises Refused: ``AUTH_EXPIRED`` or ``AUTH_INVALID``.
        """
        claims = self._claims_of(token)
        now = self._now()
        user_id = _user_id(claims.user_id or claims.sub or "")
        if not user_id or not _is_time(claims.nbf, now):
            raise _invalid()
        if _is_time(claims.exp, now):
            raise Refused("AUTH_EXPIRED", "Authentication token expired")
        person = canonical_user_id(claims.email or "") or user_id
        speaker = Speaker(user_id, person if _is_address(person) else None)
        for name in {user_id, person}:
            before = self._revoked_before(name)
            # not "<=", for a NaN is not later than anything either
            if before is not None and (claims.iat is None or not claims.iat > before):
                raise _invalid()
        return speaker

    def _claims_of(self, token: str) -> _Claims:
        if len(token) > MAX_TOKEN or not token.isascii():
            raise _invalid()
        try:
            found = jwt.decode(token, self._key, algorithms=[ALGORITHM], options=_OPTIONS)
            return msgspec.convert(found, _Claims)
        except Exception:  # noqa: BLE001 - whatever a stranger's token does to the parser: refused
            raise _invalid() from None


def _invalid() -> Refused:
    return Refused("AUTH_INVALID", "Invalid authentication token")


def _is_address(name: str) -> bool:
    return "@" in name and len(name) <= MAX_USER_ID and name.isprintable()


def _user_id(claim: str) -> str:
    """The claim as it is used here; empty if it can be nobody's."""
    name = canonical_user_id(claim) if "@" in claim else claim.strip()
    # what guests call themselves is theirs
    usable = len(name) <= MAX_USER_ID and name.isprintable() and not name.startswith("guest-")
    return name if usable else ""


def _is_time(moment: float | None, now: float) -> bool:
    """Whether *moment* has come; what is none has.  Whole seconds, as PyJWT has it."""
    try:
        return moment is None or int(moment) <= now
    except (ValueError, OverflowError):
        # JSON as Python reads it can spell Infinity and NaN
        return True
