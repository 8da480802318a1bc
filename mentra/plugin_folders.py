"""Configured folders become part of ``mentra.plugins``, if nobody else may write there.

Whoever imports dropins goes through :func:`adopt` first: a module there is run, and a cache
is unpickled, as soon as somebody looks for plugins.
"""

import importlib
import os
import stat
from collections.abc import Iterable, Iterator
from importlib.machinery import all_suffixes
from pathlib import Path

import mentra.plugins
from mentra.errors import ConfigError

CACHE = "dropin.cache"
"""Twisted's memory of what plugins a folder has: a pickle."""


def adopt(folders: Iterable[Path]) -> None:
    """Make *folders* part of ``mentra.plugins``, so that a file in one is a dropin like any other.

    All are looked at before any is taken; one that was taken before is looked at again.

    :raises ConfigError: a folder is not there, or others may write what would be run.
    """
    wanted = tuple(folders)
    for folder in wanted:
        _refuse_unusable(folder)
    for folder in wanted:
        if str(folder) not in mentra.plugins.__path__:
            mentra.plugins.__path__.append(str(folder))
            importlib.invalidate_caches()


def _refuse_unusable(folder: Path) -> None:
    try:
        if not stat.S_ISDIR(folder.stat().st_mode):
            raise ConfigError(f"$.plugins.path: {folder} is a file; name the folder it lies in")
        for place in _run_from(folder, set()):
            _refuse_open(folder, place)
    except OSError as problem:
        raise ConfigError(
            f"$.plugins.path: {problem.filename or folder} is no folder to run plugins from: "
            f"{problem.strerror}; make the folder or take it off the list"
        ) from problem


def _run_from(folder: Path, seen: set[Path]) -> Iterator[Path]:
    """What is run if plugins are looked for in *folder*: it, its modules, their compiled forms."""
    # links can lead in a circle
    if folder.resolve() in seen:
        return
    seen.add(folder.resolve())
    yield folder
    for place in folder.iterdir():
        if place.is_dir():
            if place.name == "__pycache__" or (place / "__init__.py").exists():
                yield from _run_from(place, seen)
        # an editor's lock is a link to nowhere with a module's suffix
        elif place.name.endswith((CACHE, *all_suffixes())) and place.exists():
            yield place


def _refuse_open(folder: Path, place: Path) -> None:
    remedies = list(_remedies(place.stat()))
    if remedies:
        raise ConfigError(
            f"$.plugins.path: {folder}: others may write {place}, and what is there is run; "
            + " and ".join(f"{remedy} {place}" for remedy in remedies)
        )


def _remedies(found: os.stat_result) -> Iterator[str]:
    if found.st_uid not in (0, os.geteuid()):
        yield f"chown {os.geteuid()}"
    # a person's own group is no company
    by_group = found.st_mode & stat.S_IWGRP and found.st_gid not in (0, os.getegid())
    by_all = found.st_mode & stat.S_IWOTH
    if by_group or by_all:
        yield f"chmod {'g' * bool(by_group)}{'o' * bool(by_all)}-w"
