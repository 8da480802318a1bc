"""What is in the archives, and what works once the wheel is installed."""

import json
import tarfile
import zipfile
from pathlib import Path

import pytest
from packaging.utils import parse_wheel_filename

import mentra
from tests.packaging.conftest import ROOT, Environment, stop

pytestmark = pytest.mark.slow

NOT_CODE = (".pyc", ".cache", ".new")


def shipped(tree: str) -> set[str]:
    """Files of the checkout that belong into the wheel, as named there."""
    return {
        str(file.relative_to(ROOT))
        for file in (ROOT / tree).rglob("*")
        if file.is_file() and not file.name.endswith(NOT_CODE)
    }


def test_the_wheel_has_every_module_and_data_file_and_nothing_else(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        files = {name for name in archive.namelist() if ".dist-info/" not in name}

    assert files == shipped("mentra") | {"twisted/plugins/mentra_plugin.py"}
    assert "mentra/py.typed" in files
    assert "mentra/stores/migrations/env.py" in files
    assert "mentra/glasses/profiles/mentra-live.json" in files


def test_nothing_of_twisteds_own_is_overwritten(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        theirs = [name for name in archive.namelist() if name.startswith("twisted/")]

    assert theirs == ["twisted/plugins/mentra_plugin.py"]


def test_the_sdist_has_what_the_wheel_is_built_from(built: Path) -> None:
    (sdist,) = built.glob("*.tar.gz")
    with tarfile.open(sdist) as archive:
        files = {name.partition("/")[2] for name in archive.getnames()}

    wanted = {"LICENSE", "README.rst", "pyproject.toml", "setup.cfg"}
    assert files >= wanted | shipped("mentra") | {"twisted/plugins/mentra_plugin.py"}


def test_the_wheel_is_for_every_machine_and_says_its_version(wheel: Path) -> None:
    name, version, _, tags = parse_wheel_filename(wheel.name)

    assert (name, str(version)) == ("mentra", mentra.__version__)
    assert {str(tag) for tag in tags} == {"py3-none-any"}


def test_it_is_the_installed_one_that_is_tried_here(plain: Environment) -> None:
    where = plain.run("python", "-c", "import mentra; print(mentra.__file__)").stdout

    assert Path(where.strip()).is_relative_to(plain.folder)


def test_no_installed_requirement_contradicts_another(plain: Environment) -> None:
    assert "No broken requirements found." in plain.pip("check").stdout


def test_twistd_knows_the_word(plain: Environment) -> None:
    told = plain.run("twistd", "mentra", "--help").stdout

    assert "--listen" in told
    assert "mentra init" in told


def test_every_handler_is_said_to_come_with_this_version(plain: Environment) -> None:
    listed = json.loads(plain.run("mentra", "handlers", "--json").stdout)

    assert listed["failed"] == []
    assert {"glasses", "app"} <= {one["path"] for one in listed["handlers"]}
    distributions = {one["distribution"] for one in listed["handlers"]}
    assert distributions == {f"mentra {mentra.__version__}"}


def test_init_writes_the_file_that_is_in_etc(plain: Environment, tmp_path: Path) -> None:
    plain.run("mentra", "init", "--dir", str(tmp_path / "new"))

    written = (tmp_path / "new" / "mentra.toml").read_text()
    assert written == (ROOT / "etc" / "mentra.toml").read_text()
    (secret,) = (tmp_path / "new" / "mentra-state" / "secrets").iterdir()
    assert secret.stat().st_mode & 0o777 == 0o600


def test_the_server_starts_answers_and_stops_with_0(plain: Environment, tmp_path: Path) -> None:
    with plain.server(tmp_path) as server:
        status, body = server.get("/health")
        heard = plain.talk(server)
        ended = stop(server)

    assert (status, ended) == (200, 0)
    assert "connections" in json.loads(body)
    assert heard[0]["type"] == "connection_ack"
    assert "Traceback" not in server.log.read_text()


def test_what_glasses_can_do_is_known(plain: Environment, tmp_path: Path) -> None:
    told = plain.run(
        "python", "-c",
        "from mentra.glasses.capabilities import profiles; print(*sorted(profiles()), sep='\\n')",
    )  # fmt: skip

    assert "Mentra Live" in told.stdout.splitlines()


@pytest.mark.parametrize("command", ["demo", "simulate"])
def test_a_command_without_its_extra_names_the_extra(plain: Environment, command: str) -> None:
    done = plain.run("mentra", command, check=False)

    assert done.returncode == 1
    assert "pip install 'mentra[sdk]'" in done.stderr
    assert "Traceback" not in done.stderr


def test_the_demo_works_with_its_extra(editable: Environment) -> None:
    done = editable.run("mentra", "demo", "--once", "--within", "120")

    assert "the app showed what was said" in done.stdout
