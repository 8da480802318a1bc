"""Finds what is served at a URL path: literal segments win over names."""

from collections.abc import Iterator, Sequence
from typing import Any

import attrs
from twisted.web.resource import IResource

from mentra.errors import ConfigError
from mentra.extension import provider_of
from mentra.interfaces.web import IRoute

METHODS = frozenset({"GET", "POST", "PUT", "PATCH", "DELETE"})


@attrs.frozen
class Placed:
    """A route at one template.

    :ivar names: of the template's segments in braces, in order.
    """

    route: Any
    template: str
    names: tuple[str, ...]


@attrs.define
class Spot:
    """One place in the tree of URL segments.

    :ivar named: where a segment leads that is none of *literals*.
    :ivar resource: served whole at this very path instead of routes (a WebSocket).
    """

    literals: dict[str, "Spot"] = attrs.field(factory=dict)
    named: "Spot | None" = None
    methods: dict[str, Placed] = attrs.field(factory=dict)
    resource: IResource | None = None

    def matches(
        self, segments: Sequence[str], values: tuple[str, ...] = ()
    ) -> Iterator[tuple["Spot", tuple[str, ...]]]:
        """Every place the path leads to and what its names stand for, the most literal first."""
        if not segments:
            if self.methods or self.resource is not None:
                yield self, values
            return
        head, rest = segments[0], segments[1:]
        if (literal := self.literals.get(head)) is not None:
            yield from literal.matches(rest, values)
        if self.named is not None and head:
            yield from self.named.matches(rest, (*values, head))

    def grow(self, template: str) -> tuple["Spot", tuple[str, ...]]:
        """The place of *template*, made if need be, and the names in it.

        :raises ConfigError: it is no template.
        """
        if not template.startswith("/"):
            raise ConfigError(f"the URL template {template!r} does not begin with a slash")
        spot, names = self, []
        for segment in segments_of(template):
            if segment.startswith("{") and segment.endswith("}"):
                names.append(segment[1:-1])
                spot.named = spot.named or Spot()
                spot = spot.named
            else:
                spot = spot.literals.setdefault(segment, Spot())
        if not all(name.isidentifier() for name in names) or len(set(names)) < len(names):
            raise ConfigError(f"the URL template {template!r} has unusable or repeated names")
        return spot, tuple(names)

    def place(self, route: IRoute) -> None:
        """Serve *route* at each of its templates.

        :raises ConfigError: another route is there, or the route is unusable.
        """
        if route.method not in METHODS:
            raise ConfigError(f"{route.name} has the method {route.method!r}, which is not served")
        for template in route.templates:
            spot, names = self.grow(template)
            rival = spot.methods.setdefault(route.method, Placed(route, template, names))
            if rival.route is not route:
                raise ConfigError(
                    f"two plugins own {route.method} {template}: {provider_of(rival.route)} "
                    f"and {provider_of(route)}; remove one of them"
                )

    def hang(self, path: str, resource: IResource) -> None:
        """Serve *resource* at exactly *path*.

        :raises ConfigError: something is there.
        """
        spot, _ = self.grow(path)
        if spot.resource is not None or spot.methods:
            raise ConfigError(f"two plugins own the path {path}; remove one of them")
        spot.resource = resource


def segments_of(path: str) -> list[str]:
    """The segments of a path that begins with a slash; a trailing slash adds none."""
    segments = path.split("/")[1:]
    if segments and not segments[-1]:
        segments.pop()
    return segments
