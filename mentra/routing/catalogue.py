"""Every plugin that takes part, sorted by what it is for."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType
from typing import Any

from zope.interface import implementer
from zope.interface.interface import InterfaceClass
from zope.interface.verify import verifyObject

from mentra.errors import ConfigError
from mentra.events import Event
from mentra.extension import provider_of
from mentra.interfaces.engines import IEngineFactory, IEngineSource
from mentra.interfaces.messaging import IInterceptor, IMessageHandler, IPath
from mentra.interfaces.network import IOutgoing
from mentra.interfaces.services import ICatalogue, IComponentFactory
from mentra.interfaces.session import IListener, IManagerFactory
from mentra.interfaces.tools import IAssistantTool
from mentra.interfaces.web import IRoute
from mentra.messages import Message

Handlers = Mapping[type[Message], IMessageHandler]

KINDS = (
    IMessageHandler, IInterceptor, IManagerFactory, IComponentFactory, IEngineFactory,
    IEngineSource, IListener, IOutgoing, IPath, IRoute, IAssistantTool,
)  # fmt: skip
"""What a plugin can be, configuration sections apart."""


@implementer(ICatalogue)
class Catalogue:
    """Sorts plugins; refuses two owners of one thing.

    :param plugins: instances providing any of ``KINDS``.
    :param prefer: who wins where two handlers own one message: ``"path type"`` (as in
        ``"app display_event"``) to the winner's ``module:function``.
    :param describe: a plugin's origin for error messages: module and distribution.
    :raises ConfigError: two owners of one message, facet or path and no preference.
    """

    def __init__(
        self,
        plugins: Iterable[object],
        prefer: Mapping[str, str] | None = None,
        describe: Callable[[object], str] = provider_of,
    ) -> None:
        self._prefer = dict(prefer or {})
        self._describe = describe
        kinds = _by_kind(plugins)
        self.managers: Mapping[InterfaceClass, Any] = self._owners(kinds[IManagerFactory])
        self.components: Mapping[InterfaceClass, Any] = self._owners(kinds[IComponentFactory])
        self._engines = self._engines_by_name(kinds[IEngineFactory])
        self._sources: tuple[Any, ...] = tuple(kinds[IEngineSource])
        self.paths: tuple[Any, ...] = tuple(kinds[IPath])
        self.routes: tuple[Any, ...] = tuple(kinds[IRoute])
        self.outgoing: tuple[Any, ...] = tuple(kinds[IOutgoing])
        self.tools = self._tools_by_name(kinds[IAssistantTool])
        self._handlers = self._handlers_by_path(kinds[IMessageHandler])
        self._interceptors = sorted(kinds[IInterceptor], key=lambda i: (i.order, i.name))
        self._listeners: dict[type[Event], list[Any]] = defaultdict(list)
        for listener in sorted(kinds[IListener], key=lambda one: (one.order, one.name)):
            self._listeners[listener.event_type].append(listener)

    def handlers(self, path: str) -> Handlers:
        """Message class to its handler on *path*."""
        return MappingProxyType(self._handlers.get(path, {}))

    @property
    def engine_kinds(self) -> tuple[InterfaceClass, ...]:
        """Interfaces that engines provide."""
        return tuple({**self._engines, **{one.provides: one for one in self._sources}})

    def engines(self, interface: InterfaceClass) -> Mapping[str, IEngineFactory]:
        """Name to the factory of the engine that provides exactly *interface*."""
        return MappingProxyType(self._engines.get(interface, {}))

    def engine_sources(self, interface: InterfaceClass) -> tuple[IEngineSource, ...]:
        """Those that make engines of exactly *interface*."""
        return tuple(one for one in self._sources if one.provides is interface)

    def interceptors(self, path: str) -> tuple[IInterceptor, ...]:
        """The interceptors of *path*, in their order."""
        return tuple(one for one in self._interceptors if one.path in (path, "*"))

    def listeners(self, event_type: type[Event]) -> tuple[IListener, ...]:
        """The listeners of exactly *event_type*, in their order."""
        return tuple(self._listeners.get(event_type, ()))

    def _engines_by_name(
        self, factories: list[Any]
    ) -> dict[InterfaceClass, dict[str, IEngineFactory]]:
        engines: dict[InterfaceClass, dict[str, IEngineFactory]] = defaultdict(dict)
        for factory in factories:
            rival = engines[factory.provides].setdefault(factory.name, factory)
            if rival is not factory:
                raise ConfigError(
                    f"two plugins make the engine {factory.name!r}: {self._describe(rival)} and "
                    f"{self._describe(factory)}; remove one of them"
                )
        return engines

    def _tools_by_name(self, tools: list[Any]) -> Mapping[str, Any]:
        owners: dict[str, Any] = {}
        for tool in tools:
            rival = owners.setdefault(tool.name, tool)
            if rival is not tool:
                raise ConfigError(
                    f"two plugins have a tool {tool.name!r}: {self._describe(rival)} and "
                    f"{self._describe(tool)}; remove one of them"
                )
        return MappingProxyType(owners)

    def _handlers_by_path(self, handlers: list[Any]) -> dict[str, dict[type[Message], Any]]:
        owners: dict[tuple[str, str], list[Any]] = defaultdict(list)
        for handler in handlers:
            owners[handler.path, handler.message_type.tag()].append(handler)
        by_path: dict[str, dict[type[Message], Any]] = defaultdict(dict)
        for (path, tag), rivals in owners.items():
            winner = self._winner(f"{path} {tag}", rivals)
            by_path[path][winner.message_type] = winner
        self._refuse_idle_preferences({f"{path} {tag}" for path, tag in owners})
        return by_path

    def _winner(self, key: str, rivals: list[Any]) -> Any:
        if len(rivals) == 1:
            return rivals[0]
        named = [rival for rival in rivals if rival.name == self._prefer.get(key)]
        if len(named) == 1:
            return named[0]
        raise ConfigError(
            f"two plugins own the message {key!r}: "
            + " and ".join(f"{rival.name} ({self._describe(rival)})" for rival in rivals)
            + f'; say which wins with [plugins.prefer] "{key}" = "{rivals[0].name}"'
        )

    def _refuse_idle_preferences(self, known: set[str]) -> None:
        for key in self._prefer:
            if key not in known:
                raise ConfigError(
                    f"[plugins.prefer] names {key!r}, which no handler owns; "
                    'the form is "path type", for example "app display_event"'
                )

    def _owners(self, factories: list[Any]) -> Mapping[InterfaceClass, Any]:
        owners: dict[InterfaceClass, Any] = {}
        for factory in factories:
            rival = owners.setdefault(factory.provides, factory)
            if rival is not factory:
                raise ConfigError(
                    f"two plugins provide {factory.provides.__name__}: {self._describe(rival)} "
                    f"and {self._describe(factory)}; remove one of them"
                )
        return MappingProxyType(owners)


def _by_kind(plugins: Iterable[object]) -> dict[InterfaceClass, list[Any]]:
    kinds: dict[InterfaceClass, list[Any]] = {kind: [] for kind in KINDS}
    seen: set[int] = set()
    for plugin in plugins:
        if id(plugin) in seen:
            continue
        seen.add(id(plugin))
        for kind in KINDS:
            if kind.providedBy(plugin):
                verifyObject(kind, plugin)
                kinds[kind].append(plugin)
    return kinds
