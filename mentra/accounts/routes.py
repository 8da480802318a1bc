"""Logging in over HTTP.  Source: docs/protocol/http, "logging in"."""

from collections.abc import Awaitable
from typing import Annotated

import msgspec
from msgspec import UNSET, Meta, UnsetType

from mentra.accounts.manager import TooManyAttempts
from mentra.accounts.settings import AccountsSettings
from mentra.errors import Denied, Refused
from mentra.extension import Access, HttpAnswer, route
from mentra.interfaces.accounts import IAccounts, ILoginTokens
from mentra.interfaces.services import IAuthRules, ITokens
from mentra.interfaces.stores import IUserStore
from mentra.interfaces.web import ICall

Email = Annotated[str, Meta(min_length=3, max_length=320, description="The person's address.")]
Token = Annotated[str, Meta(max_length=8192)]

_FAILURES = {
    401: "It is wrong, or there is no such account.",
    429: "Too many wrong attempts of this account or from this address; Retry-After says when.",
    503: "Too many people log in just now.",
}


class Login(msgspec.Struct, frozen=True, kw_only=True):
    """An address and its password."""

    email: Email
    password: Annotated[str, Meta(min_length=1, max_length=1024)]


class Pairing(msgspec.Struct, frozen=True, kw_only=True):
    """An address and a code that was made for it.

    :ivar code: eight digits; a space or hyphen may stand between the halves.
    """

    email: Email
    code: Annotated[str, Meta(pattern=r"^[0-9]{4}[ -]?[0-9]{4}$")]


class LoggedIn(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A token for glasses and the API.

    :ivar core_token: the same, under the name that phones know.
    :ivar expires_in: seconds.
    """

    success: bool = True
    token: str
    core_token: str
    user_id: str
    expires_in: int


class Exchange(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A token of an identity provider, or one of ours."""

    supabase_token: Token | UnsetType | None = UNSET
    authing_token: Token | UnsetType | None = UNSET


class Exchanged(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A token for glasses and the API."""

    core_token: str


@route("POST", "/api/auth/login", "/auth/login", access=Access.PUBLIC, body=Login,
       answer=LoggedIn, errors=_FAILURES, max_body=8192)  # fmt: skip
async def login(call: ICall) -> LoggedIn | HttpAnswer:
    """Log in with a password."""
    said: Login = call.body
    return await _answer(call, IAccounts(call.services).log_in(
        said.email, said.password, call.address))  # fmt: skip


@route("POST", "/api/auth/pair", "/auth/pair", access=Access.PUBLIC, body=Pairing,
       answer=LoggedIn, errors=_FAILURES, max_body=8192)  # fmt: skip
async def pair(call: ICall) -> LoggedIn | HttpAnswer:
    """Log in with a code from ``mentra user pair``; it is used up."""
    said: Pairing = call.body
    code = said.code.replace(" ", "").replace("-", "")
    return await _answer(call, IAccounts(call.services).pair(said.email, code, call.address))


async def _answer(call: ICall, proved: Awaitable[str]) -> LoggedIn | HttpAnswer:
    try:
        user_id = await proved
    except TooManyAttempts as refusal:
        return _refused(429, refusal, call, {"Retry-After": str(refusal.seconds)})
    except Refused as refusal:
        return _refused(503, refusal, call, {"Retry-After": "1"})
    seconds = call.services.settings(AccountsSettings).token_seconds
    token = ITokens(call.services).issue_user(user_id, seconds)
    return LoggedIn(token=token, core_token=token, user_id=user_id, expires_in=seconds)


def _refused(status: int, refusal: Refused, call: ICall, headers: dict[str, str]) -> HttpAnswer:
    body = {"error": refusal.message, "code": refusal.code, "message": refusal.message,
            "correlationId": call.correlation_id}  # fmt: skip
    return HttpAnswer(status, body, headers=headers)


@route("POST", "/api/auth/exchange-token", "/auth/exchange-token", access=Access.PUBLIC,
       body=Exchange, answer=Exchanged, max_body=32_768,
       errors={401: "The token is no good, or its user is not known here."})  # fmt: skip
async def exchange_token(call: ICall) -> Exchanged:
    """A token of ours for one of Supabase or Authing, or for one of ours that is still good."""
    said: Exchange = call.body
    token = said.supabase_token or said.authing_token
    if not token:
        raise Denied(400, {"error": "No token provided"})
    try:
        user_id = ILoginTokens(call.services).verify_user(token)
    except Refused as refusal:
        raise Denied(401, {"error": "Invalid token"}) from refusal
    users = IUserStore(call.services)
    if IAuthRules(call.services).create_users:
        await users.create(user_id)
    elif await users.load(user_id) is None:
        raise Denied(401, {"error": "Invalid token"})
    seconds = call.services.settings(AccountsSettings).token_seconds
    return Exchanged(core_token=ITokens(call.services).issue_user(user_id, seconds))
