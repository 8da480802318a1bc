"""How an app's web page learns who its user is.  Source: docs/protocol/webviews.rst."""

import hashlib
from typing import Annotated, Any, TypedDict

import msgspec
from msgspec import Meta

from mentra.accounts.settings import AccountsSettings, WebviewSettings
from mentra.errors import Denied, Refused
from mentra.extension import Access, route
from mentra.identity import canonical_user_id
from mentra.interfaces.accounts import ITemporaryTokens, IWebviewSigner
from mentra.interfaces.services import IPublicAddress, ITokens
from mentra.interfaces.stores import IAppStore, IUserStore
from mentra.interfaces.web import ICall

Text = Annotated[str, Meta(max_length=2048)]

_APP = {400: "packageName is missing.", 404: "There is no such app."}


class Page(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Which app's page is opened."""

    package_name: Text = ""


class Hashed(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What to hash for which app."""

    string_to_hash: Text = ""
    package_name: Text = ""


class Redeemed(msgspec.Struct, frozen=True, kw_only=True):
    """A token that a page was opened with."""

    token: Text = msgspec.field(name="aos_temp_token", default="")
    package_name: Text = msgspec.field(name="packageName", default="")


class PageToken(TypedDict):
    """What a page is opened with."""

    success: bool
    token: str


class SignedToken(PageToken):
    """The same, with how long it is good: ``10m``."""

    expiresIn: str


class HashMade(TypedDict):
    """The hash, in hex."""

    success: bool
    hash: str


class WhoOpened(TypedDict):
    """Whose page it is."""

    success: bool
    userId: str


class StoreTokens(TypedDict):
    """What the page of the app store works with."""

    supabaseToken: None
    coreToken: str


class WhoOpenedStore(WhoOpened):
    """The same for the page of the app store."""

    tokens: StoreTokens


# -- for the phone


@route("POST", "/auth/generate-webview-token", "/api/auth/generate-webview-token",
       access=Access.USER, body=Page, answer=PageToken, errors=_APP)  # fmt: skip
def generate_webview_token(call: ICall) -> Any:
    """A token that tells an app's page the caller, once and within a minute."""
    wanted: Page = call.body
    package_name = _known(call, wanted.package_name)
    token = ITemporaryTokens(call.services).issue(_caller(call), package_name)
    return {"success": True, "token": token}


@route("POST", "/auth/generate-webview-signed-user-token",
       "/api/auth/generate-webview-signed-user-token", access=Access.USER, body=Page,
       answer=SignedToken, errors={**_APP, 501: "The server has no usable key."})  # fmt: skip
async def generate_signed_user_token(call: ICall) -> Any:
    """A token that an app's page can check by itself, with this server's public key."""
    wanted: Page = call.body
    package_name = _known(call, wanted.package_name)
    settings: WebviewSettings = call.services.settings(WebviewSettings)
    user_id = _caller(call)
    claims = {
        "sub": user_id,
        "iss": settings.issuer,
        "frontendToken": f"{user_id}:{_hash(call, user_id, package_name)}",
    }
    try:
        token = await IWebviewSigner(call.services).sign(claims, settings.signed_seconds)
    except Refused as refusal:
        raise _no(501, refusal.message) from refusal
    return {"success": True, "token": token, "expiresIn": f"{settings.signed_seconds / 60:g}m"}


@route("POST", "/auth/hash-with-api-key", "/api/auth/hash-with-api-key", access=Access.USER,
       body=Hashed, answer=HashMade,
       errors={**_APP, 403: "Another user's id, or another server's URL."})  # fmt: skip
async def hash_with_api_key(call: ICall) -> Any:
    """A hash that only this server and the app can make: a page trusts what it stands beside."""
    wanted: Hashed = call.body
    if not wanted.string_to_hash:
        raise _no(400, "stringToHash is required")
    package_name = _known(call, wanted.package_name)
    await _refuse_what_lies(call, wanted.string_to_hash)
    hashed = _hash(call, wanted.string_to_hash, package_name)
    return {"success": True, "hash": hashed}


async def _refuse_what_lies(call: ICall, text: str) -> None:
    """With the hash of a user's id one is that user to the app's page, and with the hash of a URL
    the page asks there who its user is."""
    meant = canonical_user_id(text)
    if meant == _caller(call) or text.rstrip("/") in _own_urls(call):
        return
    if "@" in meant or await IUserStore(call.services).load(meant) is not None:
        raise _no(403, "That is another user's id")
    # what URL parsers take for a URL is a long story; without these it is none
    if any(sign in text for sign in ":/\\"):
        raise _no(403, "That is no URL of this server: name it in webviews.urls")


def _own_urls(call: ICall) -> set[str]:
    settings: WebviewSettings = call.services.settings(WebviewSettings)
    named = (IPublicAddress(call.services).base_url(), *settings.urls)
    return {url.rstrip("/") for url in named}


# -- for the app's page, and for the store


@route("POST", "/auth/exchange-user-token", "/api/auth/exchange-user-token", access=Access.KEY,
       body=Redeemed, answer=WhoOpened, errors={401: "Key or token is no good."})  # fmt: skip
def exchange_user_token(call: ICall) -> Any:
    """Who opened the page; the token is used up."""
    said: Redeemed = call.body
    if not said.token or not said.package_name:
        raise _no(400, "Missing aos_temp_token or packageName")
    _prove(call, said.package_name)
    return {"success": True, "userId": _redeemed(call, said)}


@route("POST", "/auth/exchange-store-token", "/api/auth/exchange-store-token",
       access=Access.PUBLIC, body=Redeemed, answer=WhoOpenedStore,
       errors={401: "The token is no good.", 403: "Another package than the store."})  # fmt: skip
def exchange_store_token(call: ICall) -> Any:
    """The same for the page of the app store, which gets a user's token; it has no key to show."""
    said: Redeemed = call.body
    if not said.token or not said.package_name:
        raise _no(400, "Missing aos_temp_token or packageName")
    settings: WebviewSettings = call.services.settings(WebviewSettings)
    if not settings.store_package or said.package_name != settings.store_package:
        raise _no(403, "Only the app store may do that")
    user_id = _redeemed(call, said)
    seconds = call.services.settings(AccountsSettings).token_seconds
    tokens = {
        "supabaseToken": None, "coreToken": ITokens(call.services).issue_user(user_id, seconds)
    }  # fmt: skip
    return {"success": True, "userId": user_id, "tokens": tokens}


def _redeemed(call: ICall, said: Redeemed) -> str:
    user_id = ITemporaryTokens(call.services).redeem(said.token, said.package_name)
    if user_id is None:
        raise _no(401, "Invalid or expired token")
    return str(user_id)


def _prove(call: ICall, package_name: str) -> None:
    """SDKs send the bare key; with its package name before it, it must be this one."""
    scheme, _, written = (call.header("authorization") or "").partition(" ")
    named, colon, key = written.strip().rpartition(":")
    fits = scheme.lower() == "bearer" and (not colon or named == package_name)
    if not fits or not IAppStore(call.services).key_is_valid(package_name, key):
        raise _no(401, "Invalid API key")


def _hash(call: ICall, text: str, package_name: str) -> str:
    key_hash = IAppStore(call.services).newest_key_hash(package_name)
    if key_hash is None:
        raise _no(404, "The app has no API key")
    return hashlib.sha256((text + key_hash).encode("utf-8", "surrogatepass")).hexdigest()


def _known(call: ICall, package_name: str) -> str:
    if not package_name:
        raise _no(400, "packageName is required")
    settings: WebviewSettings = call.services.settings(WebviewSettings)
    is_store = package_name == settings.store_package
    if not is_store and IAppStore(call.services).get(package_name) is None:
        raise _no(404, "App not found")
    return package_name


def _caller(call: ICall) -> str:
    if call.user_id is None:
        raise Denied(401, {"error": "Authorization header missing or invalid"})
    return call.user_id


def _no(status: int, message: str) -> Denied:
    return Denied(status, {"success": False, "error": message, "message": message})
