"""Which hosts a PostgreSQL store is on, and whether it may be connected to."""

import os
from collections.abc import Callable, MutableMapping
from functools import partial
from typing import Any

from sqlalchemy import URL, Engine, event

from mentra.errors import Refused, StoreError

Gate = Callable[[str], tuple[str, ...]]
"""The addresses of a host, which may be connected to.

:raises Refused: it may not.
"""

PORT = 5432


def keep(engine: Engine, gate: Gate) -> None:
    """Have every connection of *engine* go where *gate* lets it, and nowhere else."""
    event.listen(engine, "do_connect", partial(_look, gate))


def places_of(url: URL) -> tuple[str, ...]:
    """``host:port`` of each server of the store at *url*; Unix sockets left out."""
    _, parameters = url.get_dialect()().create_connect_args(url)
    hosts = hosts_of(parameters)
    ports = str(parameters.get("port") or os.environ.get("PGPORT") or PORT).split(",")
    ports = ports if len(ports) == len(hosts) else ports[:1] * len(hosts)
    return tuple(
        f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
        for host, port in zip(hosts, ports, strict=True)
        if not _is_socket(host)
    )


def hosts_of(parameters: MutableMapping[str, Any]) -> list[str]:
    """Where libpq would connect to.  Source: PostgreSQL's manual, "Parameter Key Words" and
    "Environment Variables".

    :param parameters: its key words.
    """
    for name, variable in (("hostaddr", "PGHOSTADDR"), ("host", "PGHOST")):
        named = parameters.get(name) or os.environ.get(variable)
        if named:
            return str(named).split(",")
    return [""]


def _look(gate: Gate, dialect: Any, record: Any, arguments: Any, parameters: Any) -> None:
    if parameters.get("service") or os.environ.get("PGSERVICE"):
        raise StoreError("privacy.air_gap is set: write the store's host into its URL, no service")
    hosts = hosts_of(parameters)
    try:
        found = {host: gate(host) for host in hosts if not _is_socket(host)}
    except Refused as refusal:
        raise StoreError(f"the store may not be connected to: {refusal.message}") from refusal
    if len(hosts) == 1 and found.get(hosts[0]) and not parameters.get("hostaddr"):
        # what the name means a moment later plays no part
        addresses = found[hosts[0]]
        parameters["host"] = ",".join(hosts * len(addresses))
        parameters["hostaddr"] = ",".join(addresses)


def _is_socket(host: str) -> bool:
    return not host or host.startswith(("/", "@"))
