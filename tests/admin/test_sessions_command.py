"""``mentra sessions``, and how commands reach a running server."""

import json
import shutil
import threading
from http.server import BaseHTTPRequestHandler
from socketserver import ThreadingMixIn, UnixStreamServer

import pytest
import pytest_twisted
from click.testing import CliRunner
from twisted.internet.threads import deferToThread

from mentra.admin import main
from mentra.admin.control import Control
from mentra.admin.sessions import duration
from mentra.admin.simulate import address_of
from mentra.config import load
from mentra.errors import MentraError
from mentra.identity import Identity
from mentra.interfaces.services import ITokens
from mentra.interfaces.session import ISessions
from mentra.interfaces.stores import IAppStore, IUserStore
from mentra.testing.house import WALL_TIME, house_with
from mentra.testing.peers import FakePeer
from mentra.web.control import ControlSocket
from mentra.web.socket_path import socket_of

SESSIONS = [
    {"userId": "ann@x.org", "age": 3725.4, "lastSeen": 2.1,
     "apps": {"com.acme.a": "running", "com.acme.b": "grace_period"}},
    {"userId": "bob@x.org", "age": 5.0, "lastSeen": None, "apps": {}},
]  # fmt: skip


class StandInServer(ThreadingMixIn, UnixStreamServer):
    """Keeps what it is asked, and says what it is told to."""

    daemon_threads = True

    def __init__(self, path):
        super().__init__(str(path), Answering)
        self.asked = []
        self.status, self.says = 200, b"{}"


class Answering(BaseHTTPRequestHandler):
    def address_string(self):
        return ""

    def log_message(self, *arguments):
        """Nothing."""

    def _answer(self):
        length = int(self.headers.get("Content-Length") or 0)
        self.server.asked.append((self.command, self.path, self.rfile.read(length)))
        self.send_response(self.server.status)
        self.send_header("Content-Length", str(len(self.server.says)))
        self.end_headers()
        self.wfile.write(self.server.says)

    do_GET = do_POST = _answer  # noqa: N815 - the library's own names


@pytest.fixture
def state_dir(tmp_path, monkeypatch, fresh_file):
    """A state directory with a store in which nobody is yet."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("STATE_DIRECTORY", raising=False)
    made = tmp_path / "s"
    made.mkdir()
    shutil.copy(fresh_file, made)
    return made


@pytest.fixture
def server(state_dir):
    """A server with a control socket."""
    made = StandInServer(socket_of(state_dir))
    thread = threading.Thread(target=made.serve_forever, args=(0.01,))
    thread.start()
    yield made
    made.shutdown()
    thread.join()
    made.server_close()


@pytest.fixture
def mentra(state_dir):
    """Runs the command."""

    def run(*arguments, status=0):
        result = CliRunner().invoke(main, [*arguments, "--state-dir", str(state_dir)])
        assert result.exit_code == status, result.output
        return result

    return run


def test_who_is_on_is_shown_in_columns(mentra, server):
    server.says = json.dumps({"sessions": SESSIONS}).encode()

    lines = mentra("sessions").stdout.splitlines()

    assert [line.split("  ")[0].strip() for line in lines] == ["USER", "ann@x.org", "bob@x.org"]
    assert "1 h 2 min  2 s ago    com.acme.a, com.acme.b (grace_period)" in lines[1]
    assert lines[2].split() == ["bob@x.org", "5", "s", "away", "-"]


def test_who_is_on_is_told_to_scripts(mentra, server):
    server.says = json.dumps({"sessions": SESSIONS}).encode()

    assert json.loads(mentra("sessions", "--json").stdout) == SESSIONS


def test_an_app_is_started_for_a_person_who_is_on(mentra, server):
    server.says = b'{"state":"running","stage":null,"reason":null}'

    done = mentra("app", "start", "org.a", "--user", "Ann@x.org")

    assert done.stdout == "org.a is running for ann@x.org\n"
    assert server.asked == [("POST", "/users/ann%40x.org/apps/org.a/start", b"")]


def test_a_start_that_failed_is_told_with_stage_and_reason(mentra, server):
    server.says = b'{"state":"stopped","stage":"WEBHOOK","reason":"it answered 500"}'

    told = mentra("app", "start", "org.a", "--user", "ann@x.org", status=1)

    assert "org.a did not start: WEBHOOK: it answered 500" in told.stderr
    assert told.stdout == ""


def test_an_app_is_stopped_for_a_person_who_is_on(mentra, server):
    server.says = b'{"state":"stopped","stage":null,"reason":null}'

    done = mentra("app", "stop", "org.a", "--user", "ann@x.org")

    assert done.stdout == "org.a is stopped for ann@x.org\n"
    assert server.asked == [("POST", "/users/ann%40x.org/apps/org.a/stop", b"")]


def test_without_a_server_nobody_is_on(mentra, state_dir):
    told = mentra("sessions", status=1)

    assert str(state_dir) in told.stderr
    assert told.stderr.count("\n") == 1


def test_a_dead_servers_socket_is_no_server(mentra, state_dir):
    StandInServer(socket_of(state_dir)).server_close()

    assert "no server runs" in mentra("sessions", status=1).stderr
    assert Control(state_dir).apps_changed() is False


@pytest.mark.parametrize(
    ("arguments", "asked"),
    [
        (["app", "add", "org.a", "--url", "http://x"], [("/refresh", {"what": "apps"})]),
        (["user", "remove", "a/b@x.org"], [("/users/a%2Fb%40x.org/end", None)]),
    ],
)
def test_a_running_server_is_told(mentra, server, arguments, asked):
    mentra(*arguments, status=1 if "remove" in arguments else 0)

    assert [(path, json.loads(body) if body else None) for _, path, body in server.asked] == asked


def test_a_running_server_says_where_it_is(state_dir, server):
    config = load(None, state_dir=state_dir)
    server.says = b'{"url":"http://127.0.0.1:18002"}'

    assert address_of(config) == "http://127.0.0.1:18002"
    assert server.asked == [("GET", "/address", b"")]


@pytest.mark.parametrize(
    ("status", "says"), [(200, b'{"url":null}'), (404, b'{"message":"Not found"}')]
)
def test_where_it_is_told_nothing_it_is_where_it_is_configured(state_dir, server, status, says):
    server.status, server.says = status, says

    assert address_of(load(None, state_dir=state_dir)) == "http://127.0.0.1:8002"


def test_without_a_server_it_is_where_it_is_configured(state_dir):
    assert address_of(load(None, state_dir=state_dir)) == "http://127.0.0.1:8002"


def test_what_the_server_refuses_is_told(state_dir, server):
    server.status, server.says = 500, b'{"message":"no such thing"}'

    with pytest.raises(MentraError, match="refused: no such thing"):
        Control(state_dir).apps_changed()


@pytest.mark.parametrize("says", [b"<html>", b"[]", b"{}"])
def test_a_refusal_that_is_not_readable_is_one_all_the_same(state_dir, server, says):
    server.status, server.says = 500, says

    with pytest.raises(MentraError, match="refused"):
        Control(state_dir).apps_changed()


def test_something_else_on_the_socket_is_a_sentence(mentra, state_dir):
    class Rude(BaseHTTPRequestHandler):
        def handle(self):
            self.wfile.write(b"220 mail here\r\n")

    with StandInServer(socket_of(state_dir)) as rude:
        rude.RequestHandlerClass = Rude
        thread = threading.Thread(target=rude.handle_request)
        thread.start()
        told = mentra("sessions", status=1)
        thread.join()

    assert "does not answer" in told.stderr
    assert told.stderr.count("\n") == 1


def test_a_new_key_is_printed_even_if_the_server_cannot_be_told(mentra, server):
    server.status = 500

    told = mentra("app", "add", "org.a", "--url", "http://x", status=1)

    assert len(told.stdout.strip()) == 64


@pytest.mark.parametrize(
    ("seconds", "told"),
    [
        (-1, "0 s"), (0, "0 s"), (59.9, "59 s"), (60, "1 min"), (61, "1 min 1 s"),
        (3600, "1 h"), (3725, "1 h 2 min"), (90_000, "1 d 1 h"),
    ],
)  # fmt: skip
def test_durations_are_for_people(seconds, told):
    assert duration(seconds) == told


@pytest.mark.slow
@pytest_twisted.ensureDeferred
async def test_what_commands_write_is_effective_at_once(mentra, state_dir):
    from twisted.internet import reactor  # noqa: TID251 - a real socket is the point

    from mentra.stores.opening import open_stores
    from mentra.tokens import Tokens

    stores = open_stores(None, state_dir, reactor, lambda: WALL_TIME)
    stores.startService()
    await stores.ready()
    tokens = Tokens("x" * 32, now=lambda: WALL_TIME, revoked_before=stores.users.revoked_before)
    parts = {IAppStore: stores.apps, IUserStore: stores.users, ITokens: tokens}
    house = house_with(parts=parts)
    control = ControlSocket(house, state_dir, reactor)
    control.startService()
    try:
        await deferToThread(mentra, "user", "add", "ann@x.org")
        key = (await deferToThread(mentra, "app", "add", "org.a", "--url", "http://x")).stdout
        assert IAppStore(house).key_is_valid("org.a", key.strip())

        peer = FakePeer("glasses", Identity("ann@x.org"))
        session = await ISessions(house).glasses_opened("ann@x.org", peer)
        await deferToThread(mentra, "app", "install", "org.a", "--user", "ann@x.org")
        assert [one.package_name for one in session.user.installs] == ["org.a"]

        old = tokens.issue_user("ann@x.org", 60.0)
        shown = await deferToThread(mentra, "sessions", "--json")
        assert [one["userId"] for one in json.loads(shown.stdout)] == ["ann@x.org"]
        await deferToThread(mentra, "user", "remove", "ann@x.org")
        assert ISessions(house).all() == ()
        assert peer.close_code == 1000
        with pytest.raises(MentraError):
            tokens.verify_user(old)

        await deferToThread(mentra, "app", "remove", "org.a")
        assert IAppStore(house).get("org.a") is None
    finally:
        await control.stopService()
        await stores.stopService()
