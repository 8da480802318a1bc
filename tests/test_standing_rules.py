"""Rules that every file of the house keeps."""

import ast
import io
import re
import subprocess
import sys
import tokenize
from collections.abc import Iterator
from pathlib import Path

import pytest
from twisted.plugin import IPlugin
from zope.interface.verify import verifyObject

from mentra.interfaces.services import IConfigSection
from mentra.routing.catalogue import KINDS
from mentra.routing.discovery import discover
from tests.source_files import MODULES, ROOT, facts_of

PROGRAMS = [
    file
    for folder in ("mentra", "twisted", "tests", "bench", "examples", "docs")
    for file in sorted((ROOT / folder).rglob("*.py"))
    if "node_modules" not in file.parts and "_build" not in file.parts
]
MOST_LINES = 350
MOST_LINES_OF_A_FUNCTION = 45


def place(file: Path) -> str:
    return str(file.relative_to(ROOT))


# -- plugins -----------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", [*KINDS, IConfigSection], ids=lambda kind: kind.__name__)
def test_every_plugin_keeps_the_promise_of_its_kind(kind):
    for plugin in discover().plugins:
        if kind.providedBy(plugin):
            assert verifyObject(kind, plugin)


def test_every_plugin_is_of_a_kind_that_somebody_looks_for():
    found = discover()

    assert found.plugins
    assert found.failed == ()
    for plugin in found.plugins:
        assert verifyObject(IPlugin, plugin)
        assert any(kind.providedBy(plugin) for kind in (*KINDS, IConfigSection)), plugin


# -- words ---------------------------------------------------------------------------------------


def test_modules_and_all_that_is_public_in_them_say_what_they_are_for():
    assert [
        f"{place(file)}:{line} {name}" for file in MODULES for line, name in facts_of(file).silent
    ] == []


def test_no_module_has_grown_too_long():
    lengths = {place(file): len(file.read_text("utf-8").splitlines()) for file in MODULES}

    assert {name: n for name, n in lengths.items() if n > MOST_LINES} == {}


def test_no_function_has_grown_too_long():
    assert [
        f"{place(file)}:{line} {name}: {lines}"
        for file in MODULES
        for (line, name), lines in facts_of(file).lengths.items()
        if lines > MOST_LINES_OF_A_FUNCTION
    ] == []


def test_no_module_is_a_place_for_what_has_no_place():
    homeless = {"utils", "helpers", "common", "base", "misc"}

    assert [place(file) for file in MODULES if file.stem in homeless] == []


EXCUSE = re.compile(r"#\s*(?:noqa\b|type:\s*ignore\b)")
GOOD_EXCUSE = re.compile(
    r"# noqa: [A-Z]+\d+(?:, [A-Z]+\d+)* - \w.*|# type: ignore\[[a-z-]+(?:, ?[a-z-]+)*\] +# \w.*"
)


def excuses(file: Path) -> Iterator[tuple[int, str]]:
    """Comments that silence a tool, each with its line."""
    text = file.read_text("utf-8")
    if not EXCUSE.search(text):
        return
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type == tokenize.COMMENT and EXCUSE.search(token.string):
            yield token.start[0], token.string


def test_whoever_silences_a_tool_says_which_rule_and_why():
    assert [
        f"{place(file)}:{line} {text}"
        for file in PROGRAMS
        for line, text in excuses(file)
        if not GOOD_EXCUSE.search(text)
    ] == []


@pytest.mark.parametrize(
    ("comment", "is_good"),
    [
        ("# noqa: BLE001 - a plugin's bug", True),
        ("# noqa: E402, N802 - both", True),
        ("# noqa: BLE001", False),
        ("# noqa", False),
        ("# type: ignore[arg-type] # None is meant", True),
        ("# type: ignore[arg-type]", False),
        ("# type: ignore # why not", False),
    ],
)
def test_an_excuse_without_rule_or_reason_is_none(comment, is_good):
    assert EXCUSE.search(comment)
    assert bool(GOOD_EXCUSE.search(comment)) is is_good


# -- layers --------------------------------------------------------------------------------------


@pytest.mark.slow
def test_imports_point_down():
    done = subprocess.run(
        [str(Path(sys.executable).with_name("lint-imports"))],
        cwd=ROOT, capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip

    assert done.returncode == 0, done.stdout + done.stderr


WAYS_AROUND = {
    "asyncio", "http", "httpx", "requests", "socket", "ssl", "treq", "twisted.internet.endpoints",
    "twisted.internet.reactor", "twisted.web.client", "urllib.request",
}  # fmt: skip
"""What leads to the network without passing the place where an air gap is kept."""


def imported(file: Path) -> Iterator[str]:
    for one in facts_of(file).imports:
        yield one.module
        yield from (f"{one.module}.{name}" for name in one.names or ())


def test_engines_reach_the_network_through_their_services_alone():
    folders = ("speech", "llm", "drawing")
    engines = [one for one in MODULES if one.parts[len(ROOT.parts) + 1] in folders]

    assert engines
    assert [
        (place(file), name) for file in engines for name in imported(file) if name in WAYS_AROUND
    ] == []


FOR_APPS = {
    "mentra/glasses/apps/health.py", "mentra/glasses/apps/tools.py",
    "mentra/glasses/apps/webhooks.py", "mentra/glasses/settings/courier.py",
}  # fmt: skip
"""Who asks the servers of apps, which no air gap holds back."""

FOR_ENGINES = {"mentra/llm/remote.py", "mentra/providers.py"}
"""Who has the services of engines, whose HTTP is the guarded one."""


def test_what_the_configuration_names_is_reached_through_the_guarded_client_alone():
    users = {
        place(file)
        for file in MODULES
        # most files need not be parsed to know
        if "services.http" in (text := file.read_text("utf-8"))
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.Attribute) and node.attr == "http"
        and ast.unparse(node.value).endswith("services")
    }  # fmt: skip

    assert users == FOR_APPS | FOR_ENGINES


# -- promises ------------------------------------------------------------------------------------

PROMISES = (ROOT / "docs" / "invariants.rst").read_text("utf-8")


def promises() -> dict[int, str]:
    """Number to text."""
    parts = re.split(r"^(\d+)\. .*\n-+\n", PROMISES, flags=re.MULTILINE)
    return {int(number): text for number, text in zip(parts[1::2], parts[2::2], strict=True)}


def guards(text: str) -> list[str]:
    return re.findall(r"^- ``(tests/[\w/]+\.py::\w+)``$", text, re.MULTILINE)


def test_all_promises_are_there_each_with_a_test_or_a_reason():
    found = promises()

    assert list(found) == list(range(1, 23))
    for number, text in found.items():
        assert guards(text), number
        assert text.count("``tests/") == len(guards(text)), number
        assert "*Otherwise:* " in text, number
        assert text.count("*Not yet:*") == len(re.findall(r"\*Not yet:\* \w", text)), number


A_TEST = re.compile(r"^(?:async )?def (test_\w+)\(", re.MULTILINE)


def test_the_tests_that_guard_promises_exist():
    named = set(guards(PROMISES))
    files = {ROOT / name.partition("::")[0] for name in named}
    tests = {
        f"{place(file)}::{name}"
        for file in files
        if file.exists()
        for name in A_TEST.findall(file.read_text("utf-8"))
    }

    assert named - tests == set()
