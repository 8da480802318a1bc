"""``mentra conformance``, on servers that keep the protocol and on one that was told not to."""

import json
import re
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from mentra.admin import main
from mentra.conformance.everything import RULES
from tests.docs.tables import first_words
from tests.server.conftest import Running, free_port, program, start

__all__ = ["start"]

LONGEST = 400


def tried(running: Running, *words: str) -> subprocess.CompletedProcess[str]:
    command = [program("mentra"), "conformance", f"http://127.0.0.1:{running.port}", *words]
    return subprocess.run(command, capture_output=True, text=True, timeout=LONGEST, check=False)


def verdicts(output: str) -> dict[int, set[str]]:
    found: dict[int, set[str]] = {}
    for verdict, number in re.findall(r"^(PASS|FAIL|SKIP) +(\d+)", output, re.MULTILINE):
        found.setdefault(int(number), set()).add(verdict)
    return found


def test_every_rule_is_on_its_page():
    assert first_words("conformance.rst", "rules") == list(
        dict.fromkeys(str(one.number) for one in RULES)
    )


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ([], "give --token twice, --package and --api-key; or --state-dir"),
        (["--webhook-listen", "here"], "write it as 127.0.0.1:7010"),
        (["--token", "x", "--token", "y", "--package", "p", "--api-key", "k"], "no JSON Web Token"),
    ],
    ids=["nothing given", "no address", "no token"],
)
def test_what_is_missing_is_said(words: list[str], sentence: str):
    result = CliRunner().invoke(main, ["conformance", "http://127.0.0.1:1", *words])

    assert result.exit_code == 2
    assert sentence in result.output


@pytest.mark.slow
def test_our_server_keeps_every_rule_and_is_left_as_it_was(start: Callable[..., Running]):
    running = start()

    done = tried(running, "--state-dir", str(running.state), "--config", str(running.config))

    assert done.returncode == 0, done.stdout + done.stderr
    assert verdicts(done.stdout) == {one.number: {"PASS"} for one in RULES}
    assert "conformance" not in running.command("app", "list").stdout
    assert "conformance" not in running.command("user", "list").stdout


@pytest.mark.slow
def test_a_server_that_breaks_rules_is_found_out(start: Callable[..., Running]):
    broken = start(
        "[display]\nthrottle = 0.0\n[microphone]\nsettle = 0.0\n[apps]\nsubscription_grace = 0.0\n"
    )
    chosen = [word for number in (4, 8, 9, 10) for word in ("--rule", str(number))]

    done = tried(broken, *chosen, "--state-dir", str(broken.state), "--config", str(broken.config))

    assert done.returncode == 1, done.stderr
    assert verdicts(done.stdout) == {4: {"FAIL"}, 8: {"FAIL"}, 9: {"FAIL"}, 10: {"PASS"}}


@pytest.mark.slow
def test_a_server_that_only_gives_tokens_and_a_key_is_tried_too(
    start: Callable[..., Running], tmp_path: Path
):
    running, hook = start(), free_port()
    key = running.command(
        "app", "add", "org.example.theirs", "--url", f"http://127.0.0.1:{hook}",
        "--permission", "ALL",
    ).stdout.strip()  # fmt: skip
    tokens = [running.command("user", "token", f"{name}@x.org").stdout.strip() for name in "ab"]
    words = ["--token", tokens[0], "--token", tokens[1], "--package", "org.example.theirs"]
    words += ["--api-key", key, "--webhook-listen", f"127.0.0.1:{hook}", "--json"]

    done = tried(running, *words, "--rule", "3", "--rule", "7", "--rule", "21")

    found: list[dict[str, Any]] = json.loads(done.stdout)
    assert {one["rule"]: one["verdict"] for one in found} == {3: "PASS", 7: "SKIP", 21: "PASS"}
    assert done.returncode == 0, done.stderr


@pytest.mark.slow
def test_a_server_that_is_not_there_fails_every_rule():
    words = ["--token", TOKEN, "--token", TOKEN, "--package", "p", "--api-key", "k", "--rule", "1"]

    result = CliRunner().invoke(main, ["conformance", f"http://127.0.0.1:{free_port()}", *words])

    assert result.exit_code == 1
    assert "cannot connect" in result.output


TOKEN = "eyJhbGciOiJIUzI1NiJ9.eyJlbWFpbCI6ImFAeC5vcmcifQ.c2lnbmF0dXJl"
