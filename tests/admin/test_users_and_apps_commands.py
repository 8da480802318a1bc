"""``mentra user`` and ``mentra app`` on a store, no server running."""

import json
import re
import shutil
import time

import pytest
from click.testing import CliRunner

from mentra.admin import main
from mentra.config import load
from mentra.errors import Refused
from mentra.records import App, HardwareRequirement, Permission
from mentra.stores import accounts, apps, users
from mentra.stores.opening import open_for_command
from mentra.stores.registry import hash_of
from mentra.tokens import Tokens, load_or_make_secret

PACKAGE = "com.acme.captions"
URL = "http://127.0.0.1:7010"


@pytest.fixture
def state_dir(tmp_path, fresh_file):
    """A state directory with a store in which nobody is yet."""
    made = tmp_path / "state"
    made.mkdir(mode=0o700)
    shutil.copy(fresh_file, made)
    return made


@pytest.fixture
def mentra(state_dir, monkeypatch):
    """Runs the command in an empty folder."""
    monkeypatch.chdir(state_dir.parent)
    monkeypatch.delenv("STATE_DIRECTORY", raising=False)

    def run(*arguments, status=0, stdin=None):
        result = CliRunner().invoke(main, [*arguments, "--state-dir", str(state_dir)], input=stdin)
        assert result.exit_code == status, result.output
        return result

    return run


@pytest.fixture
def stored(state_dir):
    """Asks the store."""

    def ask(function, *arguments):
        with open_for_command(None, state_dir) as store:
            return store.run(function, *arguments)

    return ask


# -- people ----------------------------------------------------------------------------------


def test_a_person_is_added_under_the_one_spelling(mentra):
    assert mentra("user", "add", " Ann@X.org ").stdout == "added ann@x.org\n"
    assert mentra("user", "add", "ann@x.org").stdout == "ann@x.org was there already\n"

    assert mentra("user", "list").stdout == "ann@x.org\n"
    assert json.loads(mentra("user", "list", "--json").stdout) == ["ann@x.org"]


@pytest.mark.parametrize("address", ["ann", "@x.org", "ann@", "an n@x.org", "ann@x\n.org"])
def test_what_is_no_address_is_refused_in_one_sentence(mentra, address):
    told = mentra("user", "add", address, status=1)

    assert told.stdout == ""
    assert told.stderr.count("\n") == 1
    assert "e-mail address" in told.stderr


def test_removing_a_person_deletes_them_and_refuses_their_tokens(mentra, stored, state_dir):
    mentra("user", "add", "ann@x.org")
    token = mentra("user", "token", "ann@x.org").stdout.strip()

    mentra("user", "remove", "Ann@x.org")

    assert stored(users.load, "ann@x.org") is None
    revoked = stored(users.read_revocations)
    secret = load_or_make_secret(state_dir / "secrets" / "jwt")
    with pytest.raises(Refused):
        Tokens(
            secret, now=lambda: revoked["ann@x.org"] + 1, revoked_before=revoked.get
        ).verify_user(token)


def test_removing_nobody_says_so(mentra, stored):
    assert "there is no user bob@x.org" in mentra("user", "remove", "bob@x.org", status=1).stderr
    assert "bob@x.org" in stored(users.read_revocations)


def test_a_persons_token_is_printed_alone_and_good_for_30_days(mentra, state_dir):
    printed = mentra("user", "token", "Ann@X.org")
    short = mentra("user", "token", "ann@x.org", "--seconds", "10").stdout.strip()

    secret = load_or_make_secret(load(state_dir=state_dir).secret_path)
    (token,) = printed.stdout.split()
    issued = json.loads(_payload(token))["iat"]

    def at(seconds):
        return Tokens(secret, now=lambda: issued + seconds)

    assert at(29.9 * 86_400).verify_user(token) == "ann@x.org"
    assert at(5).verify_user(short) == "ann@x.org"
    with pytest.raises(Refused):
        at(30.1 * 86_400).verify_user(token)
    with pytest.raises(Refused):
        at(20).verify_user(short)


def _payload(token):
    import base64

    return base64.urlsafe_b64decode(token.split(".")[1] + "==")


@pytest.mark.parametrize("seconds", ["0", "-1", "1e9", "99999999999"])
def test_a_token_without_a_sensible_life_is_wrong_usage(mentra, seconds):
    assert "--seconds" in mentra("user", "token", "a@x.org", "--seconds", seconds, status=2).stderr


def test_a_password_is_read_and_kept_as_a_hash(mentra, stored, state_dir):
    arguments = ("user", "add", "ann@x.org", "--password-stdin")
    added = mentra(*arguments, stdin="correct horse\nnot this\n")
    first = stored(accounts.password_hash, "ann@x.org")
    changed = mentra(*arguments, stdin="another horse")

    assert added.stdout == "added ann@x.org\n"
    assert "new one" in changed.stdout
    assert first.startswith("$argon2id$")
    assert stored(accounts.password_hash, "ann@x.org") != first
    assert b"horse" not in (state_dir / "mentra.db").read_bytes()


@pytest.mark.parametrize("stdin", ["", "short\n", "x" * 5000])
def test_what_is_no_password_adds_nobody(mentra, stdin):
    told = mentra("user", "add", "ann@x.org", "--password-stdin", stdin=stdin, status=1)

    assert "8 to 1024 characters" in told.stderr
    assert mentra("user", "list").stdout == ""


def test_a_pairing_code_has_eight_digits_and_is_good_for_five_minutes(mentra, stored):
    mentra("user", "add", "ann@x.org")
    before = time.time()  # noqa: TID251 - what the command itself looks at

    code = mentra("user", "pair", " Ann@x.org").stdout

    assert re.fullmatch(r"\d{8}\n", code)
    assert stored(accounts.redeem, "ann@x.org", code.strip(), before + 330.0) is False
    assert stored(accounts.redeem, "ann@x.org", code.strip(), before + 299.0) is True


def test_a_code_for_nobody_is_refused_in_one_sentence(mentra):
    assert "`mentra user add bob@x.org`" in mentra("user", "pair", "bob@x.org", status=1).stderr


# -- apps ------------------------------------------------------------------------------------


def test_an_app_is_kept_as_it_was_described_and_its_key_printed_once(mentra, stored, tmp_path):
    file = tmp_path / "settings.json"
    settings = [{"type": "toggle", "key": "on", "label": "On", "defaultValue": True}]
    file.write_text(json.dumps(settings))

    printed = mentra(
        "app", "add", PACKAGE, "--url", f"{URL}/", "--name", "Captions", "--type", "background",
        "--permission", "microphone", "--permission", "CAMERA", "--system",
        "--settings", str(file),
    )  # fmt: skip

    kept = stored(apps.read_all)
    assert kept.apps[PACKAGE] == App(
        package_name=PACKAGE,
        public_url=URL,
        name="Captions",
        app_type="background",
        permissions=(Permission(type="MICROPHONE"), Permission(type="CAMERA")),
        settings=tuple(settings),
        system=True,
    )
    key = printed.stdout.strip()
    assert len(bytes.fromhex(key)) == 32
    assert kept.keys[PACKAGE] == (hash_of(key),)
    assert key not in mentra("app", "list").output


RECORD = {
    "_id": "66f0",
    "packageName": PACKAGE,
    "name": "Captions",
    "description": "Reads along.",
    "version": "1.2",
    "publicUrl": f"{URL}/",
    "webviewURL": "https://acme.test/w",
    "logoURL": "https://acme.test/l.png",
    "appType": "background",
    "appStoreStatus": "PUBLISHED",
    "isPublic": True,
    "uninstallable": False,
    "onboardingInstructions": "Say hello.",
    "developerId": "Ann@X.org",
    "permissions": [{"type": "MICROPHONE", "description": "to hear"}],
    "settings": [{"type": "toggle", "key": "on", "label": "On", "mine": 1}],
    "tools": [
        {"id": "t", "description": "Does it.", "parameters": {"a": {"type": "string", "enum": []}}}
    ],
    "hardwareRequirements": [{"type": "DISPLAY"}, {"type": "CAMERA", "level": "OPTIONAL"}],
}


def record_file(tmp_path, **changed):
    file = tmp_path / "app.json"
    file.write_text(json.dumps({**RECORD, **changed}))
    return str(file)


def test_an_app_is_kept_as_its_record_says(mentra, stored, tmp_path):
    printed = mentra("app", "add", PACKAGE, "--record", record_file(tmp_path))

    assert printed.stderr.splitlines()[0] == "not known here, and left out: _id"
    assert stored(apps.read_all).apps[PACKAGE] == App(
        package_name=PACKAGE,
        name="Captions",
        description="Reads along.",
        version="1.2",
        public_url=URL,
        webview_url="https://acme.test/w",
        logo_url="https://acme.test/l.png",
        app_type="background",
        app_store_status="PUBLISHED",
        is_public=True,
        uninstallable=False,
        onboarding_instructions="Say hello.",
        developer_id="ann@x.org",
        permissions=(Permission(type="MICROPHONE", description="to hear"),),
        settings=tuple(RECORD["settings"]),
        tools=tuple(RECORD["tools"]),
        hardware_requirements=(
            HardwareRequirement(type="DISPLAY"),
            HardwareRequirement(type="CAMERA", level="OPTIONAL"),
        ),
    )


def test_options_win_over_the_record(mentra, stored, tmp_path):
    mentra(
        "app", "add", PACKAGE, "--record", record_file(tmp_path, isPublic=False), "--name", "Mine",
        "--url", "http://127.0.0.1:1", "--hardware", "imu", "--developer", "bob@x.org",
        "--permission", "camera", "--webview", "https://b.test/", "--public",
    )  # fmt: skip

    kept = stored(apps.read_all).apps[PACKAGE]
    assert (kept.name, kept.public_url, kept.is_public) == ("Mine", "http://127.0.0.1:1", True)
    assert (kept.developer_id, kept.webview_url) == ("bob@x.org", "https://b.test")
    assert kept.hardware_requirements == (HardwareRequirement(type="IMU"),)
    assert kept.permissions == (Permission(type="CAMERA"),)
    assert kept.description == "Reads along."


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"packageName": "org.other"}, "org.other"),
        ({"permissions": [{"type": "WINGS"}]}, "$.permissions[0].type"),
        ({"hardwareRequirements": [{"type": "WINGS"}]}, "$.hardwareRequirements[0].type"),
        ({"tools": [{"id": "t"}]}, "$.tools[0]"),
        (
            {"tools": [{"id": "t", "description": "", "parameters": {"a": {"type": "x"}}}]},
            "$.tools",
        ),
        ({"settings": [{"type": "dial"}]}, "$.settings[0]"),
        ({"settings": [*RECORD["settings"], *RECORD["settings"]]}, "2 settings"),
        ({"appType": "game"}, "$.appType"),
        ({"isPublic": "yes"}, "$.isPublic"),
        ({"webviewURL": "javascript:alert(1)"}, "web address"),
        ({"publicUrl": "nowhere"}, "web address"),
    ],
)
def test_a_record_that_cannot_be_is_refused_and_not_kept(mentra, stored, tmp_path, changed, told):
    refused = mentra("app", "add", PACKAGE, "--record", record_file(tmp_path, **changed), status=1)

    assert told in refused.stderr
    assert not stored(apps.read_all).apps


def test_a_record_without_a_server_is_wrong_usage(mentra, tmp_path):
    mentra("app", "add", PACKAGE, "--record", record_file(tmp_path, publicUrl=""), status=2)


def test_a_list_is_no_record(mentra, tmp_path):
    file = tmp_path / "list.json"
    file.write_text("[]")

    refused = mentra("app", "add", PACKAGE, "--record", str(file), status=1)

    assert "JSON object" in refused.stderr


def test_a_given_key_is_the_key(mentra, stored):
    printed = mentra("app", "add", PACKAGE, "--url", URL, "--api-key", "s3cret", "--json")

    assert json.loads(printed.stdout) == {"packageName": PACKAGE, "apiKey": "s3cret"}
    assert "can be guessed" in printed.stderr
    assert stored(apps.read_all).keys[PACKAGE] == (hash_of("s3cret"),)


def test_an_app_is_not_replaced_by_accident(mentra, stored):
    mentra("app", "add", PACKAGE, "--url", URL, "--name", "One")
    before = stored(apps.read_all)

    refused = mentra("app", "add", PACKAGE, "--url", URL, "--name", "Two", status=1)

    assert "--replace" in refused.stderr
    assert stored(apps.read_all) == before


def test_a_replaced_app_keeps_its_keys(mentra, stored):
    key = mentra("app", "add", PACKAGE, "--url", URL, "--name", "One").stdout.strip()

    printed = mentra("app", "add", PACKAGE, "--url", URL, "--name", "Two", "--replace")

    kept = stored(apps.read_all)
    assert printed.stdout == f"replaced {PACKAGE}\n"
    assert (kept.apps[PACKAGE].name, kept.keys[PACKAGE]) == ("Two", (hash_of(key),))


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["a b", "--url", URL], "package name"),
        (["-", "--url", URL], "package name"),
        ([PACKAGE, "--url", "127.0.0.1:7010"], "web address"),
        ([PACKAGE, "--url", "ftp://x"], "web address"),
        ([PACKAGE, "--url", "http://"], "web address"),
        ([PACKAGE, "--url", "http://x:99999999"], "web address"),
        ([PACKAGE, "--url", URL, "--api-key", "a b"], "API key"),
        ([PACKAGE, "--url", URL, "--api-key", ""], "API key"),
        ([PACKAGE, "--url", URL, "--settings", "nowhere.json"], "nowhere.json"),
    ],
)
def test_an_app_that_cannot_be_is_refused_and_not_kept(mentra, stored, arguments, told):
    refused = mentra("app", "add", *arguments, status=1)

    assert told in refused.stderr
    assert refused.stderr.count("\n") == 1
    assert not stored(apps.read_all).apps


@pytest.mark.parametrize("flag", [["--type", "game"], ["--permission", "WINGS"], []])
def test_an_unknown_choice_is_wrong_usage(mentra, flag):
    url = ["--url", URL] if flag else []

    mentra("app", "add", PACKAGE, *url, *flag, status=2)


def test_apps_are_listed_for_people_and_for_scripts(mentra):
    mentra("app", "add", "org.b", "--url", URL, "--permission", "ALL", "--name", "B\x1b[2J")
    mentra("app", "add", "org.a", "--url", URL, "--system")

    lines = mentra("app", "list").stdout.splitlines()
    listed = json.loads(mentra("app", "list", "--json").stdout)

    assert [line.split()[0] for line in lines] == ["PACKAGE", "org.a", "org.b"]
    assert "standard, system" in lines[1]
    assert "\x1b" not in lines[2]
    assert [one["packageName"] for one in listed] == ["org.a", "org.b"]


def test_a_removed_app_is_gone(mentra, stored):
    mentra("app", "add", PACKAGE, "--url", URL)

    mentra("app", "remove", PACKAGE)

    assert not stored(apps.read_all).apps
    assert "there is no app" in mentra("app", "remove", PACKAGE, status=1).stderr


def test_after_a_rotation_both_keys_work_and_after_two_only_the_newer_ones(mentra, stored):
    first = mentra("app", "add", PACKAGE, "--url", URL).stdout.strip()
    second = mentra("app", "rotate-key", PACKAGE).stdout.strip()
    assert stored(apps.read_all).keys[PACKAGE] == (hash_of(first), hash_of(second))

    third = mentra("app", "rotate-key", PACKAGE, "--json").stdout

    assert stored(apps.read_all).keys[PACKAGE] == (
        hash_of(second), hash_of(json.loads(third)["apiKey"])
    )  # fmt: skip
    assert "there is no app" in mentra("app", "rotate-key", "org.none", status=1).stderr


def test_an_apps_token_carries_its_key(mentra, state_dir):
    key = mentra("app", "add", PACKAGE, "--url", URL).stdout.strip()

    token = mentra("app", "token", PACKAGE, "--api-key", key).stdout.strip()

    secret = load_or_make_secret(state_dir / "secrets" / "jwt")
    assert Tokens(secret, now=lambda: 0.0).verify_app(token) == (PACKAGE, key)


def test_no_token_is_made_for_a_wrong_key(mentra):
    mentra("app", "add", PACKAGE, "--url", URL)

    refused = mentra("app", "token", PACKAGE, "--api-key", "wrong", status=1)

    assert "no key of" in refused.stderr


def test_an_app_is_installed_once(mentra, stored):
    mentra("user", "add", "ann@x.org")
    mentra("app", "add", PACKAGE, "--url", URL)

    first = mentra("app", "install", PACKAGE, "--user", "Ann@x.org").stdout
    second = mentra("app", "install", PACKAGE, "--user", "ann@x.org").stdout

    assert (first, second) == (
        f"installed {PACKAGE} for ann@x.org\n", f"{PACKAGE} was there already\n"
    )  # fmt: skip
    installs = stored(users.load, "ann@x.org").installs
    assert [one.package_name for one in installs] == [PACKAGE]


def test_what_is_not_there_cannot_be_installed(mentra):
    mentra("app", "add", PACKAGE, "--url", URL)

    nobody = mentra("app", "install", PACKAGE, "--user", "bob@x.org", status=1)
    nothing = mentra("app", "install", "org.none", "--user", "bob@x.org", status=1)

    assert "there is no user bob@x.org" in nobody.stderr
    assert "there is no app org.none" in nothing.stderr


@pytest.mark.parametrize("what", ["start", "stop"])
def test_no_app_is_started_or_stopped_where_no_server_runs(mentra, what):
    told = mentra("app", what, PACKAGE, "--user", "ann@x.org", status=1)

    assert "no server runs" in told.stderr
