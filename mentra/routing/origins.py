"""Which distribution a plugin came with: for listings, and for errors about two owners."""

import sys
from collections.abc import Iterator
from functools import cache
from importlib.metadata import Distribution, packages_distributions
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from urllib.request import url2pathname

import msgspec

from mentra.extension import provider_of


def describe(plugin: object) -> str:
    """The plugin's module, and its distribution with version: for sentences."""
    module = provider_of(plugin)
    return f"{module}, {origin_of(module)}"


@cache
def origin_of(module: str) -> str:
    """``distribution version`` of a dotted module; its file if nobody installed it."""
    file = _file_of(module)
    if file is None:
        return "unknown"
    for found in _candidates(module.partition(".")[0]):
        if _owns(found, file):
            return f"{found.name} {found.version}"
    return str(file)


def _file_of(module: str) -> Path | None:
    loaded: Any = sys.modules.get(module)
    origin = getattr(loaded, "__file__", None)
    if origin is None:
        try:
            spec = find_spec(module)
        except (ImportError, ValueError):
            return None
        origin = None if spec is None else spec.origin
    return None if origin is None else Path(origin).resolve()


# reads the lists of all files that were ever installed, and they stay while we run
_owners_of_packages = cache(packages_distributions)


def _candidates(package: str) -> Iterator[Distribution]:
    # more than one: extensions put modules into our mentra.plugins
    for name in dict.fromkeys(_owners_of_packages().get(package, ())):
        # a checkout has an egg-info of the same name beside what was installed from it
        yield from Distribution.discover(name=name)


def _owns(found: Distribution, file: Path) -> bool:
    if any(file == Path(str(one.locate())).resolve() for one in found.files or ()):
        return True
    root = _editable_root(found)
    return root is not None and file.is_relative_to(root)


def _editable_root(found: Distribution) -> Path | None:
    """Where an editable install's sources are; it records none of its files."""
    written = found.read_text("direct_url.json")
    told: Any = {} if written is None else msgspec.json.decode(written)
    if not told.get("dir_info", {}).get("editable"):
        return None
    return Path(url2pathname(urlsplit(told["url"]).path)).resolve()
