"""[privacy] air_gap, looked at before anything runs: which engines, and what else has its address
from the configuration, would talk to strangers.

What really keeps it is :mod:`mentra.dial`, at each connection.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain
from typing import Any

import attrs
import msgspec
from twisted.internet.interfaces import IReactorProcess
from zope.interface import implementer

from mentra.addresses import address_of, is_near
from mentra.config import Config
from mentra.config.loading import DEFAULT
from mentra.config.sections import PrivacySettings, StoreSettings
from mentra.dial import Dial, near_addresses_of
from mentra.errors import ConfigError
from mentra.house import House
from mentra.interfaces.engines import IEngines
from mentra.interfaces.network import IDial, IGuardedHttpClient, IWebSocketClient
from mentra.interfaces.services import ICatalogue, ISecretFiles
from mentra.routing.catalogue import Catalogue
from mentra.server_address import Place, place_of
from mentra.stores.engine import locate
from mentra.stores.whereabouts import Gate, places_of
from mentra.web.client import HttpClient
from mentra.web.metrics import Metrics
from mentra.web.sockets import WebSocketClient

LookUp = Callable[[str], Sequence[str]]


@attrs.frozen
class Contact:
    """An address that somebody talks to.

    :ivar who: for people.
    :ivar setting: ``section.key`` that holds the address; None: no setting does.
    """

    who: str
    address: str
    setting: str | None


def refuse_strangers(config: Config, house: House, look_up: LookUp | None = None) -> None:
    """See that every engine in use, the store and what else has its address from the configuration
    stay on this machine and in private networks.

    :param look_up: host to addresses; a name that has none is refused too, for nobody knows
        where it leads.  None: names are left to be judged when they are connected to.
    :raises ConfigError: one does not; the sentence names it, its setting and the address.
    """
    others = outgoing(house, ICatalogue(house).outgoing)
    contacts = chain(_engines_contacts(config, house), others, _store(config))
    refuse_strangers_among(config, contacts, look_up)


def refuse_strangers_among(
    config: Config, contacts: Iterable[Contact], look_up: LookUp | None = None
) -> None:
    """See that these stay there.

    :raises ConfigError: as :func:`refuse_strangers`.
    """
    for contact in contacts:
        problem = _problem(_place(config, contact), look_up)
        if problem is not None:
            raise ConfigError(
                f"{_where(config, contact)}: {contact.who} talks to {contact.address}, {problem}, "
                "and privacy.air_gap is set; name a server of your own, or do without"
            )


def outgoing(house: House, plugins: Iterable[Any]) -> Iterator[Contact]:
    """Where parts that are no engines connect to.

    :param plugins: some of :class:`IOutgoing`.
    """
    for one in plugins:
        for setting, address in one.leads(house.settings(one.struct)).items():
            yield Contact(one.name, address, setting)


def store_gate(config: Config) -> Gate | None:
    """What approves of where the store is; None without an air gap."""
    return near_addresses_of if config.section(PrivacySettings).air_gap else None


def house_to_look_at(
    config: Config, catalogue: Catalogue, reactor: Any, secrets: Any = None
) -> House:
    """A house whose engines can be asked what they are, and which is never opened.

    :param secrets: an :class:`ISecretFiles`; None: there is something in every file.
    """
    dial = Dial(reactor, air_gap=True)
    http = HttpClient.on(reactor, dial)
    return House(
        catalogue,
        clock=reactor,
        now=lambda: 0.0,
        http=http,
        metrics=Metrics(reactor),
        sections=config.sections,
        parts={
            IDial: dial,
            IGuardedHttpClient: http,
            IWebSocketClient: WebSocketClient(dial, reactor),
            ISecretFiles: secrets or _AnySecret(),
            IReactorProcess: reactor,
        },
    )


def _store(config: Config) -> Iterator[Contact]:
    place = locate(config.section(StoreSettings).url or None, config.state_dir)
    for address in places_of(place.url) if place.file is None else ():
        yield Contact("the store", address, "store.url")


def _engines_contacts(config: Config, house: House) -> Iterator[Contact]:
    for engine in _engines(house):
        if engine.unavailable() is not None:
            continue
        for address in engine.addresses():
            settings = _settings(config, address)
            # several engines may be at one address; mostly a section has its engine's name
            own = [key for key in settings if key.startswith(f"{engine.name}.")]
            settings = own or settings
            touched = [key for key in settings if _is_touched(config, key)]
            if touched or not settings or _is_named(config, engine.name):
                setting = next(iter((*touched, *settings)), None)
                yield Contact(f"the engine {engine.name!r}", address, setting)


def _engines(house: House) -> Iterator[Any]:
    engines = IEngines(house, None)
    if engines is None:
        return
    for kind in ICatalogue(house).engine_kinds:
        for name in engines.names(kind):
            try:
                yield engines.get(kind, name)
            except Exception as problem:
                # whose addresses nobody can tell is none to be trusted
                raise ConfigError(
                    f"the engine {name!r} cannot be made, so nobody knows whom it talks to "
                    f"({type(problem).__name__}), and privacy.air_gap is set"
                ) from problem


def _is_touched(config: Config, key: str) -> bool:
    """Whether somebody wrote anything of the section of *key*: an engine whose section nobody
    touched, and that no setting names, talks to nobody."""
    section = key.partition(".")[0]
    return any(config.origin(one) != DEFAULT for one in _keys(config, section))


def _is_named(config: Config, name: str) -> bool:
    """Whether some setting has the engine's *name* in it."""
    return any(
        name in _texts(config.value(key))
        for section in config.declared
        for key in _keys(config, section)
    )


def _settings(config: Config, address: str) -> list[str]:
    """The keys that hold *address*."""
    wanted = address.rstrip("/")
    return [
        key
        for section in config.declared
        for key in _keys(config, section)
        if any(text.rstrip("/") == wanted for text in _texts(config.value(key)))
    ]


def _keys(config: Config, section: str) -> list[str]:
    return [field.key for field in config.declared[section].fields.values()]


def _texts(value: Any) -> Iterable[str]:
    """Every text in *value*, however deep."""
    match value:
        case str():
            yield value
        case dict():
            for key, one in value.items():
                yield from _texts(key)
                yield from _texts(one)
        case list() | tuple() | frozenset():
            for one in value:
                yield from _texts(one)
        case msgspec.Struct():
            yield from _texts(msgspec.to_builtins(value))


def _place(config: Config, contact: Contact) -> Place:
    try:
        return place_of(contact.address)
    except ValueError as problem:
        raise ConfigError(
            f"{_where(config, contact)}: {contact.address!r}, where {contact.who} talks to, cannot "
            f"be used: {problem}"
        ) from problem


def _problem(place: Place, look_up: LookUp | None) -> str | None:
    """What speaks against it."""
    if place.path or place.host == "localhost" or place.host.endswith(".localhost"):
        return None
    if address_of(place.host) is not None:
        return None if is_near(place.host) else "which is neither local nor private"
    if look_up is None:
        return None
    addresses = look_up(place.host)
    if not addresses:
        return "a name that cannot be looked up here"
    far = [one for one in addresses if not is_near(one)]
    return f"which is {far[0]} and neither local nor private" if far else None


def _where(config: Config, contact: Contact) -> str:
    if contact.setting is None:
        return str(config.path or "the configuration")
    origin = config.origin(contact.setting)
    return f"{config.path or 'defaults' if origin == DEFAULT else origin}: $.{contact.setting}"


@implementer(ISecretFiles)
class _AnySecret:
    """Nothing is to be said with them here, and they may be for the server alone to read."""

    def read(self, path: str, what: str) -> str:
        """Something."""
        return "something"
