"""What is run from a configured folder, and that nobody else may have written it."""

import os
import sys

import pytest

import mentra.plugins
from mentra.config import load
from mentra.errors import ConfigError
from mentra.plugin_folders import CACHE, adopt

STRANGER = 54_321


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A folder for dropins; what it added is forgotten afterwards."""
    monkeypatch.setattr(mentra.plugins, "__path__", [*mentra.plugins.__path__])
    known = set(sys.modules)
    made = tmp_path / "dropins"
    made.mkdir(mode=0o755)
    yield made
    for module in set(sys.modules) - known:
        if module.startswith("mentra.plugins."):
            del sys.modules[module]


def give_away(place, monkeypatch, *, user=False, group=False):
    """Have *place* belong to a stranger, or to a group of strangers."""
    if os.geteuid() == 0:
        os.chown(place, STRANGER if user else -1, STRANGER if group else -1)
    else:
        # whoever is not root cannot give away; so everything is a stranger's
        monkeypatch.setattr(os, "geteuid" if user else "getegid", lambda: STRANGER)


def place_in(folder, name):
    """A file in *folder*, with the folders between."""
    place = folder / name
    place.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
    place.write_bytes(b"")
    place.chmod(0o644)
    return place


def refusal_of(*folders):
    with pytest.raises(ConfigError) as refused:
        adopt(folders)
    return str(refused.value)


def test_a_folder_of_ones_own_is_taken_once(folder):
    place_in(folder, "weather.py")

    adopt([folder])
    adopt([folder])

    assert list(mentra.plugins.__path__).count(str(folder)) == 1


@pytest.mark.parametrize(
    "name",
    [
        "weather.py",
        "weather.pyc",
        "weather.abi3.so",
        CACHE,
        "__pycache__/weather.cpython-311.pyc",
        "weather/__init__.py",
        "weather/deep/__init__.py",
    ],
)
def test_a_file_that_everybody_may_write_is_not_run(folder, name):
    place = place_in(folder, name)
    place_in(folder, "weather/__init__.py")
    place.chmod(0o646)

    told = refusal_of(folder)

    assert f"others may write {place}" in told
    assert f"chmod o-w {place}" in told
    assert str(folder) not in mentra.plugins.__path__


@pytest.mark.parametrize("name", [".", "weather", "__pycache__"])
def test_a_folder_that_everybody_may_write_is_not_run(folder, name):
    place_in(folder, "weather/__init__.py")
    place_in(folder, "__pycache__/weather.cpython-311.pyc")
    (folder / name).chmod(0o757)

    assert f"chmod o-w {folder / name}" in refusal_of(folder)


def test_a_file_of_a_stranger_is_not_run(folder, monkeypatch):
    place = place_in(folder, "weather.py")
    give_away(place, monkeypatch, user=True)

    assert f"chown {os.geteuid()}" in refusal_of(folder)


def test_a_group_of_strangers_may_read_and_not_write(folder, monkeypatch):
    place = place_in(folder, "weather.py")
    give_away(place, monkeypatch, group=True)
    adopt([folder])
    place.chmod(0o666)

    assert f"chmod go-w {place}" in refusal_of(folder)


def test_ones_own_group_is_no_company(folder):
    place = place_in(folder, "weather.py")
    os.chown(place, -1, os.getegid())
    place.chmod(0o664)

    adopt([folder])

    assert str(folder) in mentra.plugins.__path__


def test_what_is_not_run_is_nobodys_business(folder):
    place_in(folder, "notes.txt").chmod(0o666)
    place_in(folder, "data/weather.csv").chmod(0o666)

    adopt([folder])

    assert str(folder) in mentra.plugins.__path__


def test_links_to_nowhere_and_in_circles_do_no_harm(folder):
    (folder / ".#weather.py").symlink_to("ann@host.1234")
    place_in(folder, "weather/__init__.py")
    (folder / "weather" / "again").symlink_to(folder / "weather")

    adopt([folder])

    assert str(folder) in mentra.plugins.__path__


def test_a_linked_package_is_looked_at_too(folder, tmp_path):
    place_in(tmp_path, "elsewhere/__init__.py").chmod(0o646)
    (folder / "weather").symlink_to(tmp_path / "elsewhere")

    assert f"chmod o-w {folder / 'weather' / '__init__.py'}" in refusal_of(folder)


def test_a_folder_that_is_not_there_or_a_file_is_refused(folder, tmp_path):
    file = place_in(tmp_path, "weather.py")

    assert f"{tmp_path / 'nowhere'} is no folder" in refusal_of(tmp_path / "nowhere")
    assert f"{file} is a file" in refusal_of(file)


def test_of_several_folders_none_is_taken_if_one_cannot_be(folder, tmp_path):
    refusal_of(folder, tmp_path / "nowhere")

    assert str(folder) not in mentra.plugins.__path__


def test_reading_the_configuration_runs_nothing_before_the_check(folder, tmp_path):
    trace = tmp_path / "trace"
    dropin = folder / "open_dropin.py"
    dropin.write_text(f"open({str(trace)!r}, 'w')")
    dropin.chmod(0o666)
    (tmp_path / "mentra.toml").write_text("[plugins]\npath = ['dropins']")

    with pytest.raises(ConfigError, match="others may write"):
        load(environ={}, cwd=tmp_path)

    assert not trace.exists()
    assert "mentra.plugins.open_dropin" not in sys.modules
