"""How one object adapts to many interfaces without knowing any of them."""

from collections.abc import Mapping
from typing import Any

from twisted.application.service import IService, MultiService
from zope.interface.interface import InterfaceClass
from zope.interface.verify import verifyObject


class Faceted(MultiService):
    """Builds a facet the first time somebody adapts this object to its interface.

    A facet that is a service is adopted as a child, so it starts and stops with its owner.
    """

    def __init__(self, factories: Mapping[InterfaceClass, Any], *collaborators: object) -> None:
        """A factory's ``build`` is called with this object and *collaborators*."""
        super().__init__()
        self._factories = factories
        self._collaborators = collaborators
        self._facets: dict[InterfaceClass, object] = {}

    def __conform__(self, interface: InterfaceClass) -> object | None:
        """The facet providing *interface*; None without a factory: zope raises ``TypeError``."""
        facet = self._facets.get(interface)
        if facet is None and (factory := self._factories.get(interface)) is not None:
            facet = factory.build(self, *self._collaborators)
            verifyObject(interface, facet)
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
