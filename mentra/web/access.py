"""Who may call what: the one place that decides, and it decides no unless told otherwise."""

from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import attrs
from twisted.web.server import Request

from mentra.addresses import LOOPBACK, Client, Networks, Proxies, address_of, client_of
from mentra.errors import Denied, Refused
from mentra.extension import Access
from mentra.interfaces.services import IAuthRules, IServices, ITokens
from mentra.interfaces.stores import IAppStore

_FORWARDING = ("x-forwarded-for", "x-real-ip", "forwarded", "via")
_IN_QUERY = (b"packageName", b"apiKey")
_NO_KEY = "Missing or invalid Authorization header"


@attrs.frozen
class Caller:
    """Somebody who was let in.

    :ivar user_id: of whom a token was shown.
    :ivar package_name: of which name and key were shown.
    """

    address: str
    user_id: str | None = None
    package_name: str | None = None


class Gate:
    """Lets requests in.

    :param served: the kinds of access that exist here at all; a route of another kind is refused.
    """

    def __init__(
        self,
        services: IServices,
        *,
        served: frozenset[Access],
        trusted_proxies: Proxies,
        operator_networks: Networks,
    ) -> None:
        self._services = services
        self._trusted = trusted_proxies
        self._operators = (Networks.of(LOOPBACK), operator_networks)
        checks: dict[Access, Callable[[Request, Client], Caller]] = {
            Access.PUBLIC: self._anyone,
            Access.USER: self._user,
            Access.APP: self._app,
            Access.ASSISTANT: self._assistant,
            Access.KEY: self._anyone,  # the key is in the body, so only the route can look at it
            Access.OPERATOR: self._operator,
            Access.CONTROL: self._owner,
        }
        self._checks = {access: checks[access] for access in served}

    def admit(self, access: Any, request: Request) -> Caller:
        """Who calls.

        :raises Denied: they may not.
        """
        check = self._checks.get(access)
        if check is None:
            raise Denied(403, {"error": "Forbidden", "message": "nobody may call this here"})
        return check(request, self.client(request))

    def client(self, request: Request) -> Client:
        """Where *request* comes from."""
        host = getattr(request.client, "host", None) or ""
        forwarded = request.requestHeaders.getRawHeaders("x-forwarded-for")
        if forwarded is None and any(request.requestHeaders.hasHeader(one) for one in _FORWARDING):
            # a proxy stands between, and does not say for whom in the way we understand
            forwarded = ["unknown"]
        return client_of(host, None if forwarded is None else ",".join(forwarded), self._trusted)

    def _anyone(self, request: Request, client: Client) -> Caller:
        return Caller(client.address)

    def _owner(self, request: Request, client: Client) -> Caller:
        # the socket's file mode has decided already
        return Caller(client.address)

    def _operator(self, request: Request, client: Client) -> Caller:
        inside = any(_parsed(client) in networks for networks in self._operators)
        if client.certain and inside and not _is_foreign_page(request):
            return Caller(client.address)
        raise Denied(403, {"error": "Forbidden", "message": "only from the operators' networks"})

    def _user(self, request: Request, client: Client) -> Caller:
        token = bearer_of(request)
        if token is None:
            raise Denied(401, {"error": "Authorization header missing or invalid"})
        try:
            return Caller(client.address, user_id=ITokens(self._services).verify_user(token))
        except Refused as refusal:
            bad_data = refusal.code == "NO_USER_ID"
            error = "Invalid token data" if bad_data else "Invalid or expired token"
            raise Denied(401, {"error": error}) from refusal

    def _app(self, request: Request, client: Client) -> Caller:
        package_name, colon, api_key = (bearer_of(request) or "").partition(":")
        if not (package_name and colon and api_key):
            form = "Authorization header must be: Bearer <packageName>:<apiKey>"
            raise Denied(401, {"error": _NO_KEY, "message": form})
        if not IAppStore(self._services).key_is_valid(package_name, api_key):
            message = "The API key does not belong to this package"
            raise Denied(401, {"error": "Invalid API key", "message": message})
        return Caller(client.address, package_name=package_name)

    def _assistant(self, request: Request, client: Client) -> Caller:
        package_name, api_key = _claimed(request)
        if package_name in IAuthRules(self._services).assistants and IAppStore(
            self._services
        ).key_is_valid(package_name, api_key):
            return Caller(client.address, package_name=package_name)
        try:
            return self._user(request, client)
        except Denied as denied:
            told = {"success": False, "message": denied.body["error"], **denied.body}
            raise Denied(401, told) from denied


def _claimed(request: Request) -> tuple[str, str]:
    """Package name and key, in the header or the query."""
    package_name, colon, api_key = (bearer_of(request) or "").partition(":")
    if colon:
        return package_name, api_key
    given = request.args or {}
    first = [given.get(name, [b""])[0].decode("utf-8", "replace") for name in _IN_QUERY]
    return first[0], first[1]


def bearer_of(request: Request) -> str | None:
    """The token of the ``Authorization`` header; None without one."""
    scheme, _, token = (request.getHeader("authorization") or "").partition(" ")
    return token.strip() or None if scheme.lower() == "bearer" else None


def _parsed(client: Client) -> object:
    return address_of(client.address)


def _is_foreign_page(request: Request) -> bool:
    # a browser on the operator's machine reaches loopback for whatever page it shows
    origin = request.getHeader("origin")
    return origin is not None and urlsplit(origin).netloc != request.getHeader("host")
