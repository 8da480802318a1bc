"""Which distribution a plugin came with: for listings, and for errors about two owners."""

import sys
from functools import cache
from importlib.metadata import Distribution, packages_distributions
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from urllib.request import url2pathname

import attrs
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
    for owner in _owners(module.partition(".")[0]):
        if owner.owns(file):
            return owner.label
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


@attrs.frozen
class _Owner:
    """A distribution that has modules of a package.

    :ivar root: where an editable install's sources are; it records none of its files.
    """

    label: str
    files: frozenset[Path]
    root: Path | None

    def owns(self, file: Path) -> bool:
        return file in self.files or (self.root is not None and file.is_relative_to(self.root))


# what is installed stays while we run, and its lists of files are long
_owners_of_packages = cache(packages_distributions)


@cache
def _owners(package: str) -> tuple[_Owner, ...]:
    # more than one: extensions put modules into our mentra.plugins
    names = dict.fromkeys(_owners_of_packages().get(package, ()))
    # a checkout has an egg-info of the same name beside what was installed from it
    return tuple(_owner(found) for name in names for found in Distribution.discover(name=name))


def _owner(found: Distribution) -> _Owner:
    files = frozenset(Path(str(one.locate())).resolve() for one in found.files or ())
    return _Owner(f"{found.name} {found.version}", files, _editable_root(found))


def _editable_root(found: Distribution) -> Path | None:
    written = found.read_text("direct_url.json")
    told: Any = {} if written is None else msgspec.json.decode(written)
    if not told.get("dir_info", {}).get("editable"):
        return None
    return Path(url2pathname(urlsplit(told["url"]).path)).resolve()
