"""Which web pages may read our answers."""

from collections.abc import Iterable, Iterator

import attrs
from twisted.web.server import Request

from mentra.extension import Access

_SHARED = frozenset({Access.PUBLIC, Access.USER, Access.APP, Access.ASSISTANT, Access.KEY})
_PREFLIGHT_SECONDS = 600
_LONGEST_HEADER_LIST = 1000


@attrs.frozen
class Cors:
    """Cross-origin rules.

    :ivar origins: the origins that may; ``*`` means any.
    """

    origins: frozenset[str]

    def headers(self, request: Request, accesses: Iterable[object]) -> Iterator[tuple[str, str]]:
        """What to add to an answer of routes with these *accesses*: nothing for those that go by
        network address, for every page in an operator's browser has that address too."""
        origin = request.getHeader("origin")
        if origin is None or not _SHARED.issuperset(accesses):
            return
        yield "Vary", "Origin"
        if "*" in self.origins or origin in self.origins:
            # nothing here goes by cookie, so credentials give a page no more than it has
            yield "Access-Control-Allow-Origin", origin
            yield "Access-Control-Allow-Credentials", "true"
            yield "Access-Control-Expose-Headers", "Retry-After"

    def preflight(self, request: Request, methods: Iterable[str]) -> Iterator[tuple[str, str]]:
        """What to add to the answer of ``OPTIONS`` besides :meth:`headers`."""
        yield "Access-Control-Allow-Methods", ", ".join(methods)
        wanted = request.getHeader("access-control-request-headers")
        if wanted is not None and len(wanted) <= _LONGEST_HEADER_LIST:
            yield "Access-Control-Allow-Headers", wanted
        yield "Access-Control-Max-Age", str(_PREFLIGHT_SECONDS)
