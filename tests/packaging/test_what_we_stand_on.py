"""Other people's packages: all that is imported is declared, and their licenses suit ours."""

import re
import sys
from collections.abc import Iterable, Iterator
from configparser import ConfigParser
from functools import cache
from importlib.metadata import distribution, packages_distributions

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.source_files import MODULES, ROOT, facts_of

OPTIONAL = {
    "google": "opencode",
    "psycopg": "postgresql",
    "aiohttp": "sdk",
    "lc3": "lc3",
    "nacl": "udp",
    "webrtcvad": "speech",
    "pocketsphinx": "speech",
    "sherpa_onnx": "sherpa",
    "PIL": "images",
    "jsonschema": "channels",
    "referencing": "channels",
    "wasmtime": "channels",
}
"""What only an extra brings; all else that is imported must be there always."""

DISTRIBUTIONS = {
    "google": "protobuf",
    "lc3": "lc3py",
    "nacl": "pynacl",
    "webrtcvad": "webrtcvad-wheels",
    "sherpa_onnx": "sherpa-onnx",
    "PIL": "pillow",
}
"""Names of packages that differ from what is imported of them."""

COMPILED = {"_nvx_xormasker": "autobahn"}
"""Modules that packages compile for themselves: they are not found by their name."""

COPYLEFT = re.compile(r"\bA?GPL|(?<!Lesser )General Public License|\bAffero\b")
LESSER = re.compile(r"\bLGPL|Lesser General Public License")


@cache
def declared() -> dict[str, list[Requirement]]:
    """What setup.cfg wants, by extra; "" is always."""
    config = ConfigParser()
    config.read(ROOT / "setup.cfg", encoding="utf-8")
    tables = {"": config["options"]["install_requires"], **config["options.extras_require"]}
    return {
        extra: [Requirement(line) for line in lines.strip().splitlines()]
        for extra, lines in tables.items()
    }


def reached(requirements: Iterable[Requirement]) -> dict[str, str]:
    """Name to license of everything that *requirements* install."""
    found: dict[str, str] = {}
    waiting = [(canonicalize_name(one.name), frozenset(one.extras)) for one in requirements]
    seen = set()
    while waiting:
        one = waiting.pop()
        if one not in seen:
            seen.add(one)
            name, extras = one
            found[name] = license_of(name)
            waiting += (
                (canonicalize_name(needed.name), frozenset(needed.extras))
                for needed in map(Requirement, distribution(name).requires or ())
                if any(applies(needed, extra) for extra in ("", *extras))
            )
    return found


def applies(requirement: Requirement, extra: str) -> bool:
    return requirement.marker is None or requirement.marker.evaluate({"extra": extra})


def license_of(name: str) -> str:
    told = distribution(name).metadata
    fields = [told.get("License-Expression"), *told.get_all("Classifier", ())]
    named = [one for one in fields if one and ("License ::" in one or one is fields[0])]
    # older packages have the whole text there; the name is its beginning
    return " ".join(named) or (told.get("License") or "")[:200]


def runtime() -> dict[str, str]:
    return reached(declared()[""])


def test_nothing_that_the_server_needs_is_copyleft() -> None:
    found = runtime()

    assert {"twisted", "autobahn", "sqlalchemy", "cryptography"} <= set(found)
    assert {name: told for name, told in found.items() if not told} == {}
    strict = {
        name: told for name, told in found.items() if COPYLEFT.search(told) or LESSER.search(told)
    }
    assert strict == {}


def test_of_the_extras_none_is_more_than_lesser_copyleft() -> None:
    extras = reached(
        one
        for extra in ("postgresql", "sdk", "lc3", "udp", "speech", "sherpa", "channels")
        for one in declared()[extra]
    )

    assert {name: told for name, told in extras.items() if COPYLEFT.search(told)} == {}
    assert "psycopg" in {name for name, told in extras.items() if LESSER.search(told)}


@pytest.mark.parametrize(
    ("told", "is_copyleft", "is_lesser"),
    [
        ("GPL-3.0-or-later", True, False),
        ("License :: OSI Approved :: GNU General Public License v3 (GPLv3)", True, False),
        ("AGPL-3.0-only", True, False),
        ("LGPL-3.0-only", False, True),
        ("License :: OSI Approved :: GNU Lesser General Public License v3 (LGPLv3)", False, True),
        ("MIT", False, False),
    ],
)
def test_a_license_is_told_from_another(told: str, is_copyleft: bool, is_lesser: bool) -> None:
    assert bool(COPYLEFT.search(told)) is is_copyleft
    assert bool(LESSER.search(told)) is is_lesser


def imported() -> Iterator[tuple[str, str]]:
    """Each module of ours, and the name of a package it imports that is not Python's own."""
    for file in MODULES:
        for one in facts_of(file).imports:
            package = one.module.partition(".")[0]
            if not one.level and package not in sys.stdlib_module_names and package != "mentra":
                yield str(file.relative_to(ROOT)), package


def test_what_is_imported_is_declared() -> None:
    makers = packages_distributions()
    always = {canonicalize_name(one.name) for one in declared()[""]}
    undeclared = {
        (file, package)
        for file, package in imported()
        if package not in OPTIONAL
        and not always
        & {canonicalize_name(name) for name in makers.get(package, [COMPILED.get(package, "?")])}
    }

    assert undeclared == set()
    for package, extra in OPTIONAL.items():
        name = DISTRIBUTIONS.get(package, package)
        assert name in {one.name for one in declared()[extra]}
