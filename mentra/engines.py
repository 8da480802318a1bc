"""The engines of a process, by interface and name, and the services they get.

What an engine is built with leads to the network by one way only, :class:`IDial`, where
``[privacy] air_gap`` is kept: an engine cannot forget it.
"""

from collections.abc import Mapping
from typing import Any

from twisted.application.service import IService, MultiService
from zope.interface import implementer
from zope.interface.interface import InterfaceClass
from zope.interface.verify import verifyObject

from mentra.errors import ConfigError, NotThere
from mentra.extension import ComponentFactory
from mentra.interfaces.engines import IEngineFactory, IEngines
from mentra.interfaces.network import IGuardedHttpClient
from mentra.interfaces.services import ICatalogue, IHttpClient, IServices


@implementer(IEngines)
class Engines(MultiService):
    """Builds an engine the first time somebody asks; services among them are its children.

    :raises ConfigError: the configuration names an engine as another one is called.
    """

    def __init__(self, services: IServices) -> None:
        super().__init__()
        self._services = EngineServices(services)
        self._catalogue = ICatalogue(services)
        self._built: dict[tuple[InterfaceClass, str], object] = {}
        # those of the configuration included, so that it is told of a name that is taken
        self._known = {kind: self._found(kind) for kind in self._catalogue.engine_kinds}

    def names(self, interface: InterfaceClass) -> tuple[str, ...]:
        """Names of the engines that provide *interface*, sorted."""
        return tuple(sorted(self._factories(interface)))

    def get(self, interface: InterfaceClass, name: str) -> object:
        """The engine called *name*.

        :raises NotThere: no plugin makes one of that name.
        :raises zope.interface.Invalid: what the factory built breaks the interface's promise.
        """
        built = self._built.get((interface, name))
        return self._build(interface, name) if built is None else built

    def _build(self, interface: InterfaceClass, name: str) -> object:
        factory = self._factories(interface).get(name)
        if factory is None:
            known = ", ".join(self.names(interface)) or "none"
            raise NotThere(f"there is no engine {name!r}; those installed are: {known}")
        engine: object = factory.build(self._services)
        verifyObject(interface, engine)
        self._built[interface, name] = engine
        if IService.providedBy(engine):
            # of two interfaces there may be engines of one name, of one parent no two services
            shelf = MultiService()
            shelf.setServiceParent(self)
            IService(engine).setServiceParent(shelf)
        return engine

    def _factories(self, interface: InterfaceClass) -> Mapping[str, IEngineFactory]:
        return self._known.get(interface, {})

    def _found(self, interface: InterfaceClass) -> Mapping[str, IEngineFactory]:
        """Those of plugins, and those that the configuration names."""
        found = dict(self._catalogue.engines(interface))
        for source in self._catalogue.engine_sources(interface):
            for factory in source.factories(self._services):
                if found.setdefault(factory.name, factory) is not factory:
                    raise ConfigError(
                        f"there are two engines called {factory.name!r}; give the one that the "
                        "configuration names another name"
                    )
        return found


@implementer(IServices)
class EngineServices:
    """The services as engines see them: their HTTP goes the engines' way."""

    def __init__(self, services: IServices) -> None:
        self._services = services
        self.clock = services.clock
        self.metrics = services.metrics
        self.now = services.now
        self.settings = services.settings

    @property
    def http(self) -> Any:
        """The client of engines."""
        return IGuardedHttpClient(self._services)

    def __conform__(self, interface: InterfaceClass) -> object | None:
        if interface is IHttpClient:
            return IGuardedHttpClient(self._services)
        adapted: object | None = interface(self._services, None)
        return adapted


engines = ComponentFactory(IEngines, Engines)
