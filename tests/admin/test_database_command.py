"""``mentra db upgrade``."""

from click.testing import CliRunner

from mentra.admin import main
from mentra.stores.schema import REVISION


def upgrade(state_dir, *more):
    """Run it."""
    return CliRunner().invoke(main, ["db", "upgrade", "--state-dir", str(state_dir), *more])


def test_a_new_database_is_made_and_then_left_alone(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    first = upgrade(tmp_path / "state")
    second = upgrade(tmp_path / "state")

    assert (first.exit_code, first.stdout) == (0, f"upgraded from nothing to {REVISION}\n")
    assert (second.exit_code, second.stdout) == (0, "the database is up to date\n")
    assert (tmp_path / "state" / "mentra.db").exists()


def test_a_file_that_is_no_database_is_a_sentence(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mentra.db").write_bytes(b"no database at all, but long enough to look at" * 100)

    told = upgrade(tmp_path)

    assert told.exit_code == 1
    assert told.stderr.startswith("Error: ")
    assert told.stderr.count("\n") == 1
