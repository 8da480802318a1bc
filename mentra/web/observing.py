"""The server seen from outside: health, liveness, readiness and metrics."""

from datetime import UTC, datetime
from typing import Any, NotRequired, TypedDict

from prometheus_client.exposition import choose_encoder

import mentra
from mentra.extension import Access, HttpAnswer, route
from mentra.interfaces.services import IObserved, IReadiness
from mentra.interfaces.session import ISessions
from mentra.interfaces.web import ICall, IRoute


@route("GET", "/livez", access=Access.PUBLIC, answer_type="text/plain")
def livez(call: ICall) -> HttpAnswer:
    """The event loop turns; nothing else is looked at."""
    return HttpAnswer(body=b"ok", content_type="text/plain; charset=utf-8")


class Ready(TypedDict):
    """What is missing, name to reason; nothing once it is ready."""

    status: str
    missing: dict[str, str]


class Health(TypedDict):
    """What goes on here, in figures; ``loopLag`` in seconds, ``latency`` too: stage to ``p50`` and
    ``p95`` of the newest; ``parts`` as each tells."""

    status: str
    timestamp: str
    version: str
    connections: dict[str, int]
    messages: dict[str, Any]
    loopLag: float
    latency: dict[str, dict[str, float]]
    parts: NotRequired[dict[str, Any]]


@route("GET", "/readyz", access=Access.PUBLIC, answer=Ready, errors={503: Ready})
def readyz(call: ICall) -> HttpAnswer:
    """200, or 503 with what is missing."""
    missing = IReadiness(call.services).missing()
    status = "missing" if missing else "ready"
    return HttpAnswer(503 if missing else 200, {"status": status, "missing": missing})


@route("GET", "/health", access=Access.PUBLIC, answer=Health)
def health(call: ICall) -> dict[str, Any]:
    """Connections and messages in figures.  Source: docs/protocol."""
    figures: dict[str, Any] = IObserved(call.services.metrics).health()
    sessions = len(ISessions(call.services).all())
    at = datetime.fromtimestamp(call.services.now(), UTC).isoformat(timespec="milliseconds")
    return {
        "status": "ok",
        "timestamp": at.replace("+00:00", "Z"),
        "version": mentra.__version__,
        **figures,
        "connections": {**figures["connections"], "totalSessions": sessions},
    }


@route("GET", "/metrics", access=Access.OPERATOR, answer_type="text/plain")
def metrics(call: ICall) -> HttpAnswer:
    """Everything that is counted, for Prometheus."""
    encode, content_type = choose_encoder(call.header("accept") or "")
    body = encode(call.services.metrics.registry)
    return HttpAnswer(body=body, content_type=content_type)


BUILT_IN_ROUTES: tuple[IRoute, ...] = (livez, readyz, health, metrics)
"""Routes that every server has, besides those of plugins."""
