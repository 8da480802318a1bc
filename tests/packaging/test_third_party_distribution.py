"""A distribution of somebody else that ships one handler: installed beside mentra, and removed."""

import json
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import mentra
from tests.packaging.conftest import Environment, build, stop

pytestmark = pytest.mark.slow

FILES = {
    "pyproject.toml": """
[build-system]
requires = ["setuptools>=70"]
build-backend = "setuptools.build_meta"

[project]
name = "acme-weather"
version = "3.1"
dependencies = ["mentra"]

[tool.setuptools]
packages = ["acme_weather", "mentra.plugins"]
package-dir = {"" = "src"}
""",
    "src/acme_weather/__init__.py": "",
    "src/acme_weather/handlers.py": '''
"""Rain or shine."""

from mentra.extension import handler
from mentra.messages import Message


class Question(Message, frozen=True, kw_only=True, tag="acme_weather"):
    """What is it like in *city*?"""

    city: str


class Report(Message, frozen=True, kw_only=True, tag="acme_weather_report"):
    """It is like *text*."""

    text: str


@handler("glasses", Question)
def weather(message, context):
    """Tell it."""
    return Report(text=f"rain in {message.city}")
''',
    "src/mentra/plugins/acme_weather_dropin.py": "from acme_weather.handlers import weather\n",
}

ROW = {
    "path": "glasses",
    "message": "acme_weather",
    "handler": "weather",
    "module": "acme_weather.handlers",
    "distribution": "acme-weather 3.1",
}

QUESTION = {"type": "acme_weather", "city": "Rome"}


@pytest.fixture(params=["wheel", "editable"])
def house(request: pytest.FixtureRequest) -> Environment:
    """Mentra, installed in one of two ways."""
    name = {"wheel": "plain", "editable": "editable"}[request.param]
    found = request.getfixturevalue(name)
    assert isinstance(found, Environment)
    return found


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """The distribution's sources."""
    for name, text in FILES.items():
        file = tmp_path / "acme" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    return tmp_path / "acme"


@pytest.fixture(params=["wheel", "editable"])
def acme(request: pytest.FixtureRequest, house: Environment, project: Path) -> Iterator[Path]:
    """The distribution, installed beside mentra in one of two ways; its sources."""
    if request.param == "wheel":
        (wheel,) = build(project, "--wheel").glob("*.whl")
        house.pip("install", "-q", "--no-deps", str(wheel))
    else:
        house.pip("install", "-q", "--no-deps", "--editable", str(project))
    yield project
    house.pip("uninstall", "-q", "-y", "acme-weather")


def handlers(house: Environment) -> list[Any]:
    listed = json.loads(house.run("mentra", "handlers", "--json").stdout)
    assert listed["failed"] == []
    found: list[Any] = listed["handlers"]
    return found


def test_a_strangers_handler_works_beside_ours_and_leaves_no_trace(
    house: Environment, acme: Path, tmp_path: Path
) -> None:
    found = handlers(house)
    with house.server(tmp_path) as server:
        heard = house.talk(server, QUESTION)
        assert stop(server) == 0
    house.pip("uninstall", "-q", "-y", "acme-weather")
    left = handlers(house)
    with house.server(tmp_path) as server:
        heard_after = house.talk(server, QUESTION)
        assert stop(server) == 0

    assert ROW in found
    assert "rain in Rome" in [one.get("text") for one in heard]
    assert [row for row in found if row != ROW] == left
    assert {row["distribution"] for row in left} == {f"mentra {mentra.__version__}"}
    assert "rain in Rome" not in [one.get("text") for one in heard_after]
    assert "Traceback" not in server.log.read_text()


def test_its_wheel_brings_nothing_that_is_ours(project: Path) -> None:
    (wheel,) = build(project, "--wheel").glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        files = [name for name in archive.namelist() if ".dist-info/" not in name]

    assert [name for name in files if not name.startswith("acme_weather/")] == [
        "mentra/plugins/acme_weather_dropin.py"
    ]
