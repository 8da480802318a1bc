"""What README.rst and docs/ tell people to type works, in the order in which they tell it."""

import json
from pathlib import Path

import pytest

from mentra.config import load
from tests.docs.manual import ROOT, Block, Page, pages
from tests.docs.shell import Shell, first_missing, is_here, programs_of

LANGUAGES = {"console", "python", "toml", "json", "ini", "text", "html", "jsonc"}

PAGES = pages()


def named(chosen: list[Page]) -> list[object]:
    return [pytest.param(page, id=page.name) for page in chosen]


@pytest.mark.slow
@pytest.mark.parametrize(
    "page", named([page for page in PAGES if any(block.is_run for block in page.blocks)])
)
def test_commands_of_a_page_do_what_it_says(page: Page, tmp_path: Path):
    for program in programs_of(page):
        if not is_here(program):
            pytest.skip(f"there is no {program} here")
    shell = Shell(page, tmp_path)

    try:
        shell.follow()
    finally:
        shell.end()
    assert shell.complaints() == []


@pytest.mark.parametrize(
    "page",
    named([page for page in PAGES if any(one.language == "python" for one in page.blocks)]),
)
def test_python_examples_of_a_page_run(page: Page, tmp_path: Path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    names: dict[str, object] = {"__name__": "example"}
    for block in page.blocks:
        if block.language != "python":
            continue
        place = f"{page.name}:{block.line}"
        code = compile("\n" * block.line + block.text, place, "exec")
        if not block.notes:
            exec(code, names)


@pytest.mark.parametrize("page", named(PAGES))
def test_settings_and_json_of_a_page_can_be_read(page: Page, tmp_path: Path):
    for number, block in enumerate(page.blocks):
        if block.language == "json":
            json.loads(block.text)
        if block.language == "toml" and not block.notes:
            file = tmp_path / f"{number}.toml"
            file.write_text(block.text, "utf-8")

            assert load(file, environ={}, cwd=tmp_path).path == file


@pytest.mark.parametrize("page", named(PAGES))
def test_every_example_of_a_page_says_what_it_is(page: Page):
    for block in page.blocks:
        place = f"{page.name}:{block.line}"
        assert block.language in LANGUAGES, place
        assert block.text.strip(), place
        # commands hidden where nobody runs them
        assert block.language == "console" or "$ " not in block.text, place


def test_a_line_that_is_not_printed_is_noticed():
    output = "one\ntwo words\nthree\n"

    assert first_missing(["one", "...", "three"], output) is None
    assert first_missing(["two ..."], output) is None
    assert first_missing(["three", "one"], output) == "one"
    assert first_missing(["two"], output) == "two"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("block", "complaint"),
    [
        (Block("console", "$ true\n$ false\n$ echo on", {}, 7), "README.rst:7 ended with 1"),
        (Block("console", "$ echo one\ntwo", {}, 7), "README.rst:7 does not print 'two'"),
        (Block("console", "$ true", {"restart": "twistd"}, 7), "'twistd' does not run"),
        (
            Block("console", "$ echo gone", {"in the background until": "http://127.0.0.1:1"}, 7),
            "ended: gone",
        ),
    ],
)
def test_what_does_not_work_is_noticed(block: Block, complaint: str, tmp_path: Path):
    shell = Shell(Page(ROOT / "README.rst", (block,)), tmp_path)

    try:
        with pytest.raises(AssertionError, match=complaint):
            shell.follow()
    finally:
        shell.end()
