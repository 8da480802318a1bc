"""Finding plugins, and naming those that cannot be had."""

import os
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import pytest
from twisted.logger import globalLogPublisher

import mentra
import mentra.plugins
from mentra.errors import ConfigError
from mentra.routing.catalogue import Catalogue
from mentra.routing.discovery import CACHE, discover, refresh
from mentra.routing.origins import describe, origin_of

DROPIN = """
from mentra.extension import Access, route

@route("GET", "/{name}", access=Access.PUBLIC)
def {name}(call):
    return {{}}
"""


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A folder for dropins; what it added is forgotten afterwards."""
    monkeypatch.setattr(mentra.plugins, "__path__", [*mentra.plugins.__path__])
    known = set(sys.modules)
    made = tmp_path / "dropins"
    made.mkdir(mode=0o755)
    # modules of one name lie in another folder in every test
    origin_of.cache_clear()
    yield made
    for module in set(sys.modules) - known:
        if module.startswith("mentra.plugins."):
            del sys.modules[module]


@pytest.fixture
def warnings():
    """Warnings in the log, as sentences."""
    from twisted.logger import LogLevel, formatEvent

    told = []

    def observe(event):
        if event.get("log_level") is LogLevel.warn:
            told.append(formatEvent(event))

    globalLogPublisher.addObserver(observe)
    yield told
    globalLogPublisher.removeObserver(observe)


def write(folder: Path, name: str, text: str) -> None:
    """A dropin in *folder*."""
    (folder / f"{name}.py").write_text(text)


def test_the_houses_own_plugins_are_found_and_fit_together():
    found = discover()

    assert found.failed == ()
    assert Catalogue(found.plugins).handlers("glasses")


def test_a_file_in_a_configured_folder_is_a_dropin(folder):
    write(folder, "weather_dropin", DROPIN.format(name="weather"))

    found = discover([folder])

    (weather,) = [one for one in found.plugins if getattr(one, "templates", None) == ("/weather",)]
    assert describe(weather) == f"mentra.plugins.weather_dropin, {folder / 'weather_dropin.py'}"


def test_a_folder_counts_once(folder):
    discover([folder])
    discover([str(folder)])

    assert list(mentra.plugins.__path__).count(str(folder)) == 1


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("import no_such_thing", "ModuleNotFoundError: No module named 'no_such_thing'"),
        ("def (", "SyntaxError"),
        ("raise SystemExit(3)", "SystemExit: 3"),
    ],
)
def test_a_dropin_that_fails_is_named_and_the_rest_runs(
    folder, warnings, logged_failures, text, error
):
    write(folder, "broken_dropin", text)
    write(folder, "sound_dropin", DROPIN.format(name="sound"))

    found = discover([folder])

    (failed,) = found.failed
    assert failed.module == "mentra.plugins.broken_dropin"
    assert failed.error.startswith(error)
    assert any(getattr(one, "templates", None) == ("/sound",) for one in found.plugins)
    assert [one for one in warnings if "mentra.plugins.broken_dropin" in one and error in one]
    # twisted.plugin tells of it in its own way too
    logged_failures.clear()


def test_a_dropin_whose_code_broke_after_it_was_cached_is_named(folder, logged_failures):
    write(folder, "cached_dropin", DROPIN.format(name="cached"))
    discover([folder])
    del sys.modules["mentra.plugins.cached_dropin"]
    write(folder, "cached_dropin", "import no_such_thing")
    os.utime(folder / "cached_dropin.py", (1, 1))

    found = discover([folder])

    assert [one.module for one in found.failed] == ["mentra.plugins.cached_dropin"]
    logged_failures.clear()


def test_a_folder_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(ConfigError, match="no folder"):
        discover([tmp_path / "nowhere"])


@pytest.mark.parametrize("what", [".", "open_dropin.py", CACHE])
def test_what_others_may_write_is_not_run(folder, what):
    write(folder, "open_dropin", DROPIN.format(name="open"))
    (folder / CACHE).write_bytes(b"")
    (folder / what).chmod(0o777)

    with pytest.raises(ConfigError, match="others may write"):
        discover([folder])

    assert str(folder) not in mentra.plugins.__path__


def test_refreshing_writes_the_caches_anew(folder):
    write(folder, "fresh_dropin", DROPIN.format(name="fresh"))
    discover([folder])
    (folder / CACHE).write_bytes(b"rubbish")

    written = dict(refresh())

    assert written[folder / CACHE] is True
    assert b"fresh_dropin" in (folder / CACHE).read_bytes()


def test_a_module_is_traced_to_its_distribution():
    assert origin_of("click.core") == f"click {version('click')}"
    assert origin_of("no.such.module") == "unknown"


def test_our_own_modules_are_ours_where_we_are_installed():
    try:
        installed = f"mentra {version('mentra')}"
    except PackageNotFoundError:
        # from a bare checkout
        installed = str(Path(mentra.__file__).resolve())

    assert origin_of("mentra") == installed
