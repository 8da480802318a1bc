"""What the house offers to everything inside it, put together from its parts."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TypeVar

import attrs
import msgspec
from twisted.internet.interfaces import IReactorTime
from zope.interface import implementer
from zope.interface.interface import InterfaceClass

from mentra.facets import Faceted
from mentra.interfaces.services import (
    ICatalogue,
    IHttpClient,
    IMetrics,
    IServices,
    IStateFolder,
)

SectionT = TypeVar("SectionT", bound=msgspec.Struct)


@implementer(IStateFolder)
@attrs.frozen
class StateFolder:
    """The state directory, made already."""

    path: Path


@implementer(IServices)
class House(Faceted):
    """The collaborators of every manager; adapt it for the shared components.

    :param catalogue: the plugins that take part.
    :param clock: durations and timers.
    :param now: wall time, POSIX seconds.
    :param sections: each configured section by its struct class.
    :param parts: ready-made components by interface (stores, tokens, ...); services among them
        are started and stopped by whoever made them.
    """

    def __init__(
        self,
        catalogue: ICatalogue,
        *,
        clock: IReactorTime,
        now: Callable[[], float],
        http: IHttpClient,
        metrics: IMetrics,
        sections: Mapping[type[msgspec.Struct], msgspec.Struct],
        parts: Mapping[InterfaceClass, object],
    ) -> None:
        super().__init__(catalogue.components)
        self.clock = clock
        self.now = now
        self.http = http
        self.metrics = metrics
        self._sections = sections
        self._facets |= {ICatalogue: catalogue, IMetrics: metrics, IHttpClient: http, **parts}

    def settings(self, section: type[SectionT]) -> SectionT:
        """The configuration of a declared section.

        :raises LookupError: no such section was declared.
        """
        found = self._sections.get(section)
        if not isinstance(found, section):
            raise LookupError(f"no section declares {section.__name__}")
        return found
