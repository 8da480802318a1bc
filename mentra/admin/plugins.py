"""``mentra plugins`` and ``mentra handlers``: what is plugged in, and where it comes from."""

from collections import Counter
from collections.abc import Container, Iterable, Mapping
from typing import Any

import click

from mentra.admin import configured
from mentra.admin.listing import show_json, show_table
from mentra.config import Config
from mentra.config.sections import PluginsSettings
from mentra.errors import MentraError
from mentra.extension import provider_of
from mentra.interfaces.messaging import IMessageHandler
from mentra.interfaces.services import IConfigSection
from mentra.messages.streams import STREAM_ALIASES, STREAM_TYPES
from mentra.messages.subscriptions import StreamEvent
from mentra.routing.catalogue import KINDS
from mentra.routing.discovery import Discovery, discover, refresh
from mentra.routing.origins import origin_of

json_option = click.option("--json", "as_json", is_flag=True, help="Answer in JSON.")


@click.command()
@click.option("--refresh", "renew", is_flag=True, help="Have every plugin module looked at again.")
@json_option
@configured
def plugins(config: Config, renew: bool, as_json: bool) -> None:
    """List the plugins by the module they were written in."""
    found = _found(config)
    if renew:
        _renew()
    modules = _modules(found)
    if as_json:
        show_json({"plugins": modules, "failed": _failures(found)})
        return
    show_table(
        ("MODULE", "DISTRIBUTION", "PLUGINS"),
        (
            (one["module"], one["distribution"],
             ", ".join(f"{count} {kind}" for kind, count in one["kinds"].items()))
            for one in modules
        ),
    )  # fmt: skip
    _show_failures(found)


@click.command()
@json_option
@configured
def handlers(config: Config, as_json: bool) -> None:
    """List who handles which message on which path."""
    found = _found(config)
    prefer = config.section(PluginsSettings).prefer
    rows = sorted(_handlers(found.plugins, prefer), key=lambda one: (one["path"], one["message"]))
    if as_json:
        show_json({"handlers": rows, "failed": _failures(found)})
        return
    headings = ("path", "message", "handler", "module", "distribution")
    show_table(
        [heading.upper() for heading in headings],
        ([row[heading] for heading in headings] for row in rows),
    )
    _show_failures(found)


def _found(config: Config) -> Discovery:
    folders = config.section(PluginsSettings).path
    return discover(config.folder / folder for folder in folders)


def _renew() -> None:
    refused = [str(cache) for cache, written in refresh() if not written]
    if refused:
        raise MentraError(
            f"{', '.join(refused)} cannot be written; run this as the owner of the folder"
        )


def _modules(found: Discovery) -> list[dict[str, Any]]:
    kinds: dict[str, Counter[str]] = {}
    for plugin in found.plugins:
        kinds.setdefault(provider_of(plugin), Counter()).update(_kinds(plugin))
    return [
        {"module": module, "distribution": origin_of(module), "kinds": dict(kinds[module])}
        for module in sorted(kinds)
    ]


def _kinds(plugin: object) -> list[str]:
    return [
        kind.__name__.removeprefix("I")
        for kind in (*KINDS, IConfigSection)
        if kind.providedBy(plugin)
    ]


def _handlers(plugins: Iterable[object], prefer: Mapping[str, str]) -> list[dict[str, str]]:
    owned: dict[str, list[Any]] = {}
    for plugin in plugins:
        if IMessageHandler.providedBy(plugin):
            one: Any = plugin
            owned.setdefault(f"{one.path} {one.message_type.tag()}", []).append(one)
    return [
        _row(one, name, _standing(one.name, len(owners), prefer.get(key)))
        for key, owners in owned.items()
        for one in owners
        for name in _names(one, owned)
    ]


def _names(handler: Any, owned: Container[str]) -> list[str]:
    """Every name on the wire that the handler sees messages of."""
    kind = handler.message_type
    if kind is not StreamEvent:
        return [kind.tag(), *kind.aliases]
    # events that nobody else handles, and their older names
    relayed = [name for name in STREAM_TYPES if f"{handler.path} {name}" not in owned]
    older = [name for name, today in STREAM_ALIASES.items() if today in relayed]
    return [*relayed, *(name for name in older if f"{handler.path} {name}" not in owned)]


def _standing(name: str, owners: int, preferred: str | None) -> str:
    """What becomes of a handler that is not the only owner of its message."""
    if owners == 1 or name == preferred:
        return ""
    return " (two owners: the server will not start)" if preferred is None else " (not used)"


def _row(handler: Any, name: str, standing: str) -> dict[str, str]:
    module = provider_of(handler)
    return {
        "path": handler.path,
        "message": name,
        "handler": handler.name.rpartition(":")[2] + standing,
        "module": module,
        "distribution": origin_of(module),
    }


def _failures(found: Discovery) -> list[dict[str, str]]:
    return [{"module": one.module, "error": one.error} for one in found.failed]


def _show_failures(found: Discovery) -> None:
    for one in found.failed:
        click.echo(f"left out: {one.module}: {one.error}", err=True)
