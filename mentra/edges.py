"""The WebSocket paths of a server, kept as the configuration says."""

from collections.abc import Callable
from typing import Any

from mentra.addresses import Proxies
from mentra.config import Config
from mentra.config.sections import ServerSettings, WireSettings
from mentra.interfaces.services import IServices
from mentra.wire.admission import Bounds
from mentra.wire.edge import Edge
from mentra.wire.factory import WireOptions

HANDLER_PATIENCE = 30.0
"""Seconds a handler may take before its sender is told that it will not answer."""


def edge_of(config: Config, services: IServices, reactor: Any, timer: Callable[[], float]) -> Edge:
    """The paths of *services*' catalogue.

    :param timer: measures latencies, seconds.
    :raises ConfigError: they cannot all be served.
    """
    wire = config.section(WireSettings)
    options = WireOptions(
        fast=wire.fast_path,
        compression=wire.compression,
        heartbeat=wire.heartbeat,
        pong_timeout=wire.pong_timeout if wire.pong_timeout_enabled else None,
        idle_timeout=wire.idle_timeout,
        handshake_timeout=wire.handshake_timeout,
        trusted=Proxies.of(config.section(ServerSettings).trusted_proxies),
    )
    bounds = Bounds(
        connections=wire.max_connections,
        per_user=wire.max_connections_per_user,
        per_address=wire.max_connections_per_address,
        per_second=wire.admissions_per_second,
    )
    return Edge(
        services,
        options=options,
        bounds=bounds,
        patience=HANDLER_PATIENCE,
        reactor=reactor,
        timer=timer,
    )
