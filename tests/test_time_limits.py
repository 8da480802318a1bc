"""A test that hangs fails, and those after it run."""

import re
import subprocess
import sys
import textwrap

import pytest

from tests.source_files import ROOT
from tests.time_limits import FAST, SLOW

HANGING = """
    import itertools

    import pytest
    import pytest_twisted
    from twisted.internet.defer import Deferred

    pytestmark = pytest.mark.timeout(1, method="signal")


    def test_in_a_circle():
        for _ in itertools.count():
            pass


    def test_after_it():
        pass


    @pytest_twisted.ensureDeferred
    async def test_for_what_never_comes():
        await Deferred()


    @pytest_twisted.ensureDeferred
    async def test_after_that():
        from twisted.internet import reactor, task

        await task.deferLater(reactor, 0.01)


    @pytest_twisted.async_fixture
    async def never():
        await Deferred()


    def test_for_a_fixture(never):
        pass


    @pytest_twisted.ensureDeferred
    async def test_at_last():
        pass
"""


@pytest.mark.slow
def test_a_test_that_hangs_fails_and_those_after_it_run(tmp_path):
    file = tmp_path / "test_hanging.py"
    file.write_text(textwrap.dedent(HANGING), "utf-8")

    done = subprocess.run(
        [
            sys.executable, "-m", "pytest", "-v", "-c", "pyproject.toml", "-p", "tests.conftest",
            "-p", "no:cacheprovider", str(file),
        ],
        cwd=ROOT, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip

    outcomes = dict(re.findall(r"::(\w+) (\w+) +\[", done.stdout))
    assert outcomes == {
        "test_in_a_circle": "FAILED",
        "test_after_it": "PASSED",
        "test_for_what_never_comes": "FAILED",
        "test_after_that": "PASSED",
        "test_for_a_fixture": "ERROR",
        "test_at_last": "PASSED",
    }, done.stdout + done.stderr
    assert done.stdout.count("Timeout") >= 3


def test_a_test_has_a_limit(request):
    assert request.node.get_closest_marker("timeout").args == (FAST,)


@pytest.mark.slow
def test_a_slow_one_has_another(request):
    assert request.node.get_closest_marker("timeout").args == (SLOW,)
