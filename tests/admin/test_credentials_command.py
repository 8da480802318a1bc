"""``mentra credentials rotate``."""

import stat
from functools import partial

from click.testing import CliRunner

from mentra.admin import main
from mentra.stores import credentials, users
from mentra.stores.opening import open_for_command
from mentra.tokens import credential_keys, load_or_make_secret, new_credential_key

ANN = "ann@x.org"


def rotate(state_dir):
    """Run it."""
    return CliRunner().invoke(main, ["credentials", "rotate", "--state-dir", str(state_dir)])


def key_text(state_dir):
    return partial(load_or_make_secret, credential_keys(state_dir), new_credential_key)


def put(state_dir):
    with open_for_command(None, state_dir) as store:
        store.run(users.create, ANN, 1.0)
        store.run(credentials.put, ANN, "openai", "t", None, 10, key_text(state_dir), 1.0)


def test_every_credential_is_encrypted_with_a_new_key(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    put(tmp_path)
    file = credential_keys(tmp_path)
    first = file.read_text().split()

    done = [rotate(tmp_path) for _ in range(3)]

    assert done[0].stdout == "1 credentials are encrypted with a new key\n"
    keys = file.read_text().split()
    assert len(keys) == 2
    assert first[0] not in keys
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    with open_for_command(None, tmp_path) as store:
        newest_alone = store.run(credentials.token, ANN, "openai", lambda: keys[0])
    assert newest_alone == "t"


def test_what_cannot_be_read_is_told(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    put(tmp_path)
    credential_keys(tmp_path).unlink()

    done = rotate(tmp_path)

    assert done.stdout.splitlines() == [
        "0 credentials are encrypted with a new key",
        "1 could not be read, for their key is gone: enter them anew",
    ]
