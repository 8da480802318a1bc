"""The way from engines to their servers, and where it must not lead."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any

import attrs
from twisted.internet.defer import Deferred
from twisted.internet.endpoints import HostnameEndpoint, UNIXClientEndpoint, wrapClientTLS
from twisted.internet.error import DNSLookupError
from twisted.internet.interfaces import (
    IAddress,
    IHostnameResolver,
    IHostResolution,
    IProtocol,
    IProtocolFactory,
    IReactorPluggableNameResolver,
    IResolutionReceiver,
    IStreamClientEndpoint,
)
from twisted.internet.ssl import optionsForClientTLS
from twisted.web.client import URI
from twisted.web.iweb import IAgentEndpointFactory
from zope.interface import implementer

from mentra.addresses import addresses_of, is_near
from mentra.errors import Refused
from mentra.interfaces.network import IDial
from mentra.server_address import Place, place_of

CONNECT_SECONDS = 5.0
"""For each address of a name."""

MOST_ADDRESSES = 20
"""Of one name; more are not looked at."""


def refuse_far(host: str, addresses: Sequence[str]) -> None:
    """Let no connection to *host* leave, if any of its *addresses* is a public one.

    :raises Refused: code ``AIR_GAP``.
    """
    for address in addresses:
        if not is_near(address):
            named = host if host == address else f"{host} ({address})"
            raise Refused(
                "AIR_GAP", f"{named} is neither local nor private, and privacy.air_gap is set"
            )


def near_addresses_of(host: str) -> tuple[str, ...]:
    """The addresses of *host*, looked up here and now; none if nobody knows it.

    :raises Refused: code ``AIR_GAP``.
    """
    addresses = addresses_of(host)
    refuse_far(host, addresses)
    return addresses


@implementer(IDial)
class Dial:
    """Endpoints that look where they go.

    :param air_gap: whether they go to local and private addresses only.
    :param trust: whose certificates are believed, as of ``optionsForClientTLS``; None: those that
        this machine believes.
    """

    def __init__(self, reactor: Any, *, air_gap: bool = False, trust: Any = None) -> None:
        self._reactor = reactor
        self._gate = refuse_far if air_gap else _let_pass
        self._trust = trust

    def endpoint(self, address: str) -> IStreamClientEndpoint:
        """One that leads to *address*.

        :raises Refused: ``BAD_ADDRESS``.
        """
        try:
            place = place_of(address)
        except ValueError as problem:
            raise Refused("BAD_ADDRESS", str(problem)) from problem
        return self.to(place)

    def to(self, place: Place) -> IStreamClientEndpoint:
        """One that leads to *place*."""
        if place.path:
            return UNIXClientEndpoint(self._reactor, place.path, CONNECT_SECONDS)
        plain = Checked(self._reactor, place.host, place.port, self._gate)
        if not place.tls:
            return plain
        trusted = {} if self._trust is None else {"trustRoot": self._trust}
        secured: IStreamClientEndpoint = wrapClientTLS(
            optionsForClientTLS(place.host, **trusted), plain
        )
        return secured


@implementer(IAgentEndpointFactory)
class DialledAgent:
    """How an ``Agent`` connects by way of a :class:`Dial`."""

    def __init__(self, dial: Dial) -> None:
        self._dial = dial

    def endpointForURI(self, uri: URI) -> IStreamClientEndpoint:  # noqa: N802 - twisted's own name
        """One that leads to the server of *uri*."""
        return self._dial.endpoint(uri.toBytes().decode("ascii"))


@implementer(IStreamClientEndpoint)
class Checked:
    """Looks a name up, has its addresses approved, and connects to one of those: what the name
    means to others, or a moment later, plays no part."""

    def __init__(
        self, reactor: Any, host: str, port: int, gate: Callable[[str, Sequence[str]], None]
    ) -> None:
        self._reactor = reactor
        self._host = host
        self._port = port
        self._gate = gate

    def connect(self, protocolFactory: IProtocolFactory) -> Deferred[IProtocol]:  # noqa: N803 - twisted's own name
        """Go there.

        :raises Refused: ``AIR_GAP``.
        """
        return Deferred.fromCoroutine(self._connect(protocolFactory))

    async def _connect(self, factory: IProtocolFactory) -> IProtocol:
        found = await look_up(self._reactor.nameResolver, self._host, self._port)
        self._gate(self._host, [str(getattr(one, "host", one)) for one in found])
        there: Any = Pinned(self._reactor, found)
        endpoint = HostnameEndpoint(there, self._host, self._port, CONNECT_SECONDS)
        protocol: IProtocol = await endpoint.connect(factory)
        return protocol


async def look_up(resolver: IHostnameResolver, host: str, port: int) -> list[IAddress]:
    """The addresses of *host*, one at least.

    :raises DNSLookupError: there is none.
    """
    answer = Answer()
    resolver.resolveHostName(answer, host, port)
    found = await answer.complete
    if not found:
        raise DNSLookupError(f"no address for {host}")
    return found


@implementer(IResolutionReceiver)
class Answer:
    """What a resolver finds.

    :ivar complete: fires with the addresses.
    """

    def __init__(self) -> None:
        self._found: list[IAddress] = []
        self._resolution: Any = None
        self.complete: Deferred[list[IAddress]] = Deferred(self._cancel)

    def resolutionBegan(self, resolution: IHostResolution) -> None:  # noqa: N802 - twisted's own name
        """It may take a moment."""
        self._resolution = resolution

    def addressResolved(self, address: IAddress) -> None:  # noqa: N802 - twisted's own name
        """One more."""
        if len(self._found) < MOST_ADDRESSES:
            self._found.append(address)

    def resolutionComplete(self) -> None:  # noqa: N802 - twisted's own name
        """That is all."""
        if not self.complete.called:
            self.complete.callback(self._found)

    def _cancel(self, complete: object) -> None:
        # a look-up in a thread cannot be stopped; nobody waits for it any more
        with suppress(NotImplementedError):
            self._resolution.cancel()


@implementer(IReactorPluggableNameResolver, IHostnameResolver)
class Pinned:
    """A reactor to which every name means the same addresses."""

    def __init__(self, reactor: Any, addresses: Sequence[IAddress]) -> None:
        self._reactor = reactor
        self._addresses = addresses

    @property
    def nameResolver(self) -> IHostnameResolver:  # noqa: N802 - twisted's own name
        """This one."""
        return self

    def installNameResolver(self, resolver: IHostnameResolver) -> IHostnameResolver:  # noqa: N802 - twisted's own name
        """It has all it needs."""
        raise NotImplementedError

    def resolveHostName(  # noqa: N802 - twisted's own name
        self,
        resolutionReceiver: IResolutionReceiver,  # noqa: N803 - twisted's own name
        hostName: str,  # noqa: N803 - twisted's own name
        portNumber: int = 0,  # noqa: N803 - twisted's own name
        addressTypes: Any = None,  # noqa: N803 - twisted's own name
        transportSemantics: str = "TCP",  # noqa: N803 - twisted's own name
    ) -> IHostResolution:
        """The addresses, at once."""
        resolution = _Known(hostName)
        resolutionReceiver.resolutionBegan(resolution)
        for address in self._addresses:
            resolutionReceiver.addressResolved(address)
        resolutionReceiver.resolutionComplete()
        return resolution

    def __getattr__(self, name: str) -> Any:
        return getattr(self._reactor, name)


@implementer(IHostResolution)
@attrs.frozen
class _Known:
    name: str

    def cancel(self) -> None:
        """It is done."""


def _let_pass(host: str, addresses: Sequence[str]) -> None:
    """Without an air gap everything may be reached."""
