"""How one object adapts to many interfaces without knowing any of them."""

from collections.abc import Callable, Mapping
from typing import Any
from weakref import WeakKeyDictionary

from twisted.application.service import IService, MultiService
from zope.interface.interface import InterfaceClass
from zope.interface.verify import verifyObject


class _Facets(dict[InterfaceClass, object]):
    """The facets of one owner; one that is missing is built."""

    __slots__ = ("_build",)

    def __init__(self, build: Callable[[InterfaceClass], object | None]) -> None:
        self._build = build

    def __missing__(self, interface: InterfaceClass) -> object | None:
        return self._build(interface)


class Faceted(MultiService):
    """Builds a facet the first time somebody adapts this object to its interface.

    A facet that is a service is adopted as a child, so it starts and stops with its owner.
    """

    # messages pass here: what they need stands in the object itself
    __slots__ = ("__conform__", "_collaborators", "_facets", "_factories")

    def __init__(self, factories: Mapping[InterfaceClass, Any], *collaborators: object) -> None:
        """A factory's ``build`` is called with this object and *collaborators*."""
        super().__init__()
        self._factories = factories
        self._collaborators = collaborators
        self._facets = _Facets(self._build)
        # what zope calls to adapt, without a Python function between
        self.__conform__ = self._facets.__getitem__

    def _build(self, interface: InterfaceClass) -> object | None:
        """The facet providing *interface*; None without a factory: zope raises ``TypeError``.

        :raises zope.interface.Invalid: what the factory built breaks the interface's promise.
        """
        factory = self._factories.get(interface)
        if factory is None:
            return None
        facet: object = factory.build(self, *self._collaborators)
        _require_kept(interface, facet)
        self._facets[interface] = facet
        if IService.providedBy(facet):
            IService(facet).setServiceParent(self)
        return facet

    def built(self, interface: InterfaceClass) -> object | None:
        """The facet if it was built already; for those who would rather not wake it."""
        return self._facets.get(interface)

    def forget_facets(self) -> None:
        """Let go of every facet, once they have stopped: facets and owner refer to each other."""
        self._facets.clear()


_kept: WeakKeyDictionary[type, set[InterfaceClass]] = WeakKeyDictionary()


def _require_kept(interface: InterfaceClass, facet: object) -> None:
    """Verify *facet*: that it claims the interface each time, the rest once for its class.

    A session has a dozen facets, and to compare each with its interface was a tenth of a connect.
    """
    known = _kept.setdefault(type(facet), set())
    if interface not in known or not interface.providedBy(facet):
        verifyObject(interface, facet)
        known.add(interface)
