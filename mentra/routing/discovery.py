"""Finds the plugins: dropin modules of ``mentra.plugins``, installed or in configured folders."""

import importlib
import os
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

import attrs
from twisted.logger import Logger
from twisted.plugin import IPlugin, getPlugins
from twisted.python.modules import getModule

import mentra.plugins
from mentra.plugin_folders import CACHE, adopt

_log = Logger()


@attrs.frozen
class FailedDropin:
    """A dropin that could not be imported.

    :ivar module: dotted name.
    :ivar error: the exception's class and text.
    """

    module: str
    error: str


@attrs.frozen
class Discovery:
    """What was found.

    :ivar plugins: the instances, of every kind.
    :ivar failed: dropins left out.
    """

    plugins: tuple[object, ...]
    failed: tuple[FailedDropin, ...]


def discover(folders: Iterable[str | Path] = ()) -> Discovery:
    """Every plugin of this process; a warning in the log names each dropin that failed.

    :param folders: the configured ones, of which every module is a dropin too.
    :raises ConfigError: a folder is not there, or somebody else may write into it.
    """
    adopt(Path(folder) for folder in folders)
    failed = tuple(_failures())
    for one in failed:
        _log.warn("the plugin module {module} is left out: {error}",
                  module=one.module, error=one.error)  # fmt: skip
    return Discovery(tuple(getPlugins(IPlugin, mentra.plugins)), failed)


def refresh() -> tuple[tuple[Path, bool], ...]:
    """Have Twisted look at every dropin again; each cache's path and whether it was written."""
    caches = [Path(folder) / CACHE for folder in mentra.plugins.__path__ if Path(folder).is_dir()]
    for cache in caches:
        try:
            cache.unlink(missing_ok=True)
        except OSError:
            # what was there stays, and the answer says so
            continue
    tuple(getPlugins(IPlugin, mentra.plugins))
    return tuple((cache, os.access(cache.parent, os.W_OK)) for cache in caches)


def _failures() -> Iterator[FailedDropin]:
    for dropin in sorted(one.name for one in getModule(mentra.plugins.__name__).iterModules()):
        if dropin in sys.modules:
            continue
        try:
            importlib.import_module(dropin)
        except (Exception, SystemExit) as problem:  # noqa: BLE001 - one dropin's bug is its own
            yield FailedDropin(dropin, f"{type(problem).__name__}: {problem}")
