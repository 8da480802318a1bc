"""What the owner of the state directory may ask a running server."""

import http.client
import os
import socket
import stat

import pytest
import pytest_twisted
from twisted.internet.address import UNIXAddress
from twisted.internet.task import Clock
from twisted.internet.testing import MemoryReactorClock
from twisted.internet.threads import deferToThread
from zope.interface import implementer

from mentra.errors import ConfigError
from mentra.extension import Access, ManagerFactory, route
from mentra.glasses.apps.standing import STARTED, StartResult
from mentra.identity import Speaker
from mentra.interfaces.glasses import IApps
from mentra.interfaces.services import IPublicAddress
from mentra.interfaces.session import ISessions
from mentra.interfaces.stores import IAppStore, IUserStore
from mentra.interfaces.voice import IVoiceSessions
from mentra.messages.apps import AppStateChange
from mentra.records import App
from mentra.testing.glasses import FakeAddress
from mentra.testing.house import house_with, session_in, success_of
from mentra.testing.peers import FakePeer
from mentra.voice.connections import voice_connections
from mentra.voice.sessions import voice_sessions
from mentra.web.control import ControlSocket
from mentra.web.socket_path import LONGEST, socket_of


class StandInApps:
    """Apps that only have a state."""

    def __init__(self, session, services):
        self.states = {}
        self.stopped = []
        self.results = {}

    def running(self):
        return {name: None for name, state in self.states.items() if state == "running"}

    def loading(self):
        return tuple(name for name, state in self.states.items() if state == "connecting")

    def state(self, package_name):
        return self.states.get(package_name, "stopped")

    async def start(self, package_name):
        return self.results.get(package_name, STARTED)

    async def stop(self, package_name):
        self.stopped.append(package_name)
        if package_name == "com.acme.stubborn":
            raise RuntimeError("no")


def _missing(name):
    def refuse(self, *arguments):
        raise AssertionError(f"{name} was asked for")

    return refuse


for _name in set(IApps.names()) - set(dir(StandInApps)):
    setattr(StandInApps, _name, _missing(_name))
implementer(IApps)(StandInApps)
apps = ManagerFactory(IApps, StandInApps)


@pytest.fixture
def state_dir(tmp_path):
    """A state directory with a short enough name."""
    return tmp_path


def control_of(house, state_dir, reactor=None):
    """The socket's site, and the socket."""
    reactor = reactor or MemoryReactorClock()
    control = ControlSocket(house, state_dir, reactor)
    control.startService()
    return reactor.unixServers[-1][1], control


@pytest.fixture
def house():
    """A house whose sessions have apps."""
    made = house_with(apps, clock=Clock())
    success_of(IAppStore(made).save(App(package_name="com.acme.app")))
    return made


def test_who_is_on_is_told_with_apps_and_signs_of_life(dial, house, state_dir):
    session = session_in(house)
    IApps(session).states = {"com.acme.app": "running", "com.acme.other": "connecting"}
    away = session_in(house, "bob@x.org")
    house.clock.advance(4.0)
    session.glasses.last_seen = 1.0
    ISessions(house).glasses_closed(away, away.glasses)
    site, _ = control_of(house, state_dir)

    reply = dial(site).ask("GET", "/sessions").reply()

    assert reply.json == {
        "sessions": [
            {
                "userId": "ann@x.org",
                "age": 4.0,
                "lastSeen": 3.0,
                "apps": {"com.acme.app": "running", "com.acme.other": "connecting"},
            },
            {"userId": "bob@x.org", "age": 4.0, "lastSeen": None, "apps": {}},
        ]
    }


def test_where_the_server_is_is_told(dial, state_dir):
    site, _ = control_of(house_with(parts={IPublicAddress: FakeAddress()}), state_dir)

    assert dial(site).ask("GET", "/address").reply().json == {"url": "http://127.0.0.1:8002"}


def test_an_app_in_its_grace_is_shown_because_it_is_installed(dial, house, state_dir):
    success_of(IUserStore(house).create("ann@x.org"))
    success_of(IUserStore(house).install("ann@x.org", "com.acme.app"))
    session = session_in(house)
    IApps(session).states = {"com.acme.app": "grace_period"}
    site, _ = control_of(house, state_dir)

    reply = dial(site).ask("GET", "/sessions").reply()

    assert reply.json["sessions"][0]["apps"] == {"com.acme.app": "grace_period"}


def test_apps_that_are_gone_stop_when_the_store_is_read_again(
    dial, house, state_dir, logged_failures
):
    session = session_in(house)
    success_of(IAppStore(house).save(App(package_name="com.acme.off", enabled=False)))
    IApps(session).states = dict.fromkeys(
        ["com.acme.app", "com.acme.stubborn", "com.acme.gone", "com.acme.off"], "running"
    )
    site, _ = control_of(house, state_dir)

    reply = dial(site).ask("POST", "/refresh", b'{"what":"apps"}').reply()

    assert reply.json == {"success": True}
    stopped = ["com.acme.gone", "com.acme.off", "com.acme.stubborn"]
    assert sorted(IApps(session).stopped) == stopped
    logged_failures.pop()


def test_a_session_takes_over_what_was_written_for_its_user(dial, house, state_dir):
    session = session_in(house)
    success_of(IUserStore(house).install("ann@x.org", "com.acme.app"))
    site, _ = control_of(house, state_dir)
    body = b'{"what":"users","userId":" Ann@X.org "}'

    dial(site).ask("POST", "/refresh", body).reply()

    assert [one.package_name for one in session.user.installs] == ["com.acme.app"]
    assert session.glasses.take() == [AppStateChange(session_id="ann@x.org")]


def test_a_user_who_is_gone_has_no_session_any_more(dial, house, state_dir):
    session_in(house)
    success_of(IUserStore(house).remove("ann@x.org"))
    site, _ = control_of(house, state_dir)

    dial(site).ask("POST", "/refresh", b'{"what":"users","userId":"ann@x.org"}').reply()

    assert ISessions(house).all() == ()


@pytest.mark.parametrize(("user", "ended"), [("Ann@x.org", True), ("bob@x.org", False)])
def test_a_session_is_ended_on_demand(dial, house, state_dir, user, ended):
    session = session_in(house)
    peer = session.glasses
    site, _ = control_of(house, state_dir)

    reply = dial(site).ask("POST", f"/users/{user}/end").reply()

    assert reply.json == {"ended": ended}
    assert (peer.close_code == 1000) is ended


def test_conversations_of_a_user_are_ended_too(dial, state_dir, clock):
    house = house_with(voice_sessions, voice_connections, clock=clock)
    talks, peer, other = IVoiceSessions(house), FakePeer("voice"), FakePeer("voice")
    ended = success_of(talks.opened(Speaker("u-7", "ann@x.org"), peer, None))
    kept = success_of(talks.opened(Speaker("bob@x.org", "bob@x.org"), other, None))
    site, _ = control_of(house, state_dir)

    reply = dial(site).ask("POST", "/users/ann@x.org/end").reply()

    assert reply.json == {"ended": True}
    assert (ended.ended, kept.ended) == (True, False)
    assert peer.close_code == 1000
    house.stopService()


def test_a_users_app_is_started_and_stopped(dial, house, state_dir):
    apps = IApps(session_in(house))
    apps.states = {"com.acme.app": "running"}
    site, _ = control_of(house, state_dir)

    started = dial(site).ask("POST", "/users/Ann@x.org/apps/com.acme.app/start").reply()
    stopped = dial(site).ask("POST", "/users/ann%40x.org/apps/com.acme.app/stop").reply()

    assert started.json == {"state": "running", "stage": None, "reason": None}
    assert stopped.status == 200
    assert apps.stopped == ["com.acme.app"]


def test_a_start_that_failed_says_where_and_why(dial, house, state_dir):
    apps = IApps(session_in(house))
    apps.results = {"com.acme.app": StartResult.failed("WEBHOOK", "it answered 500")}
    site, _ = control_of(house, state_dir)

    reply = dial(site).ask("POST", "/users/ann@x.org/apps/com.acme.app/start").reply()

    assert reply.json == {"state": "stopped", "stage": "WEBHOOK", "reason": "it answered 500"}


@pytest.mark.parametrize("what", ["start", "stop"])
@pytest.mark.parametrize(
    ("user", "package", "why"),
    [("bob@x.org", "com.acme.app", "bob@x.org is not on"),
     ("ann@x.org", "com.acme.none", "there is no app com.acme.none")],
)  # fmt: skip
def test_nobodys_app_is_neither_started_nor_stopped(
    dial, house, state_dir, what, user, package, why
):
    session_in(house)
    site, _ = control_of(house, state_dir)

    reply = dial(site).ask("POST", f"/users/{user}/apps/{package}/{what}").reply()

    assert reply.status == 404
    assert why in reply.json["message"]


def test_an_unknown_wish_is_refused_with_its_place(dial, house, state_dir):
    site, _ = control_of(house, state_dir)

    reply = dial(site).ask("POST", "/refresh", b'{"what":"world"}').reply()

    assert (reply.status, "$.what" in reply.json["error"]) == (400, True)


def test_only_control_routes_are_served(dial, state_dir):
    @route("GET", "/open", access=Access.PUBLIC)
    def public(call):
        return {}

    @route("GET", "/mine", access=Access.CONTROL)
    def mine(call):
        return {"address": call.address}

    site, _ = control_of(house_with(public, mine), state_dir)

    assert dial(site).ask("GET", "/open").reply().status == 404
    assert dial(site).ask("GET", "/livez").reply().status == 404
    assert dial(site).ask("GET", "/mine").reply().status == 200


def test_it_listens_for_its_owner_alone(house, state_dir):
    reactor = MemoryReactorClock()

    _, control = control_of(house, state_dir, reactor)

    ((address, _, _, mode, _),) = reactor.unixServers
    assert (address, mode) == (str(state_dir / "control.sock"), 0o600)
    assert control.running


def test_a_stale_socket_is_taken_away(house, state_dir):
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(state_dir / "control.sock"))

    control_of(house, state_dir)

    assert not (state_dir / "control.sock").exists()


def test_the_socket_of_a_running_server_is_left_alone(house, state_dir):
    with socket.socket(socket.AF_UNIX) as alive:
        alive.bind(str(state_dir / "control.sock"))
        alive.listen(1)

        with pytest.raises(ConfigError, match="another mentra runs"):
            control_of(house, state_dir)

    assert (state_dir / "control.sock").exists()


def test_a_file_in_its_place_is_left_alone(house, state_dir):
    (state_dir / "control.sock").write_text("mine")

    with pytest.raises(ConfigError, match="is no socket"):
        control_of(house, state_dir)


def test_a_state_directory_that_cannot_be_made_is_an_error(house, tmp_path):
    (tmp_path / "file").write_text("")

    with pytest.raises(ConfigError, match="choose another --state-dir"):
        control_of(house, tmp_path / "file" / "state")


def test_a_long_state_directory_has_its_socket_elsewhere(tmp_path):
    deep = tmp_path / ("x" * LONGEST)

    path = socket_of(deep)

    assert len(os.fsencode(path)) <= LONGEST
    assert path == socket_of(deep)
    assert path != socket_of(tmp_path / ("y" * LONGEST))


def test_a_folder_somebody_put_there_is_not_used(house, tmp_path):
    deep = tmp_path / ("x" * LONGEST)
    folder = socket_of(deep).parent
    folder.mkdir(mode=0o755)

    try:
        with pytest.raises(ConfigError, match="somebody else"):
            control_of(house, deep)
    finally:
        folder.rmdir()


def test_a_unix_peer_has_no_address(dial, house, state_dir):
    site, _ = control_of(house, state_dir)

    assert dial(site, UNIXAddress("")).ask("GET", "/sessions").reply().status == 200


@pytest.mark.slow
@pytest_twisted.ensureDeferred
async def test_a_real_socket_answers_and_goes_away(house, state_dir):
    from twisted.internet import reactor  # noqa: TID251 - a real socket is the point

    control = ControlSocket(house, state_dir, reactor)
    control.startService()
    mode = stat.S_IMODE(control.path.stat().st_mode)

    def ask():
        line = http.client.HTTPConnection("localhost")
        line.sock = socket.socket(socket.AF_UNIX)
        line.sock.connect(str(control.path))
        line.request("GET", "/sessions")
        answer = line.getresponse()
        body = answer.status, answer.read()
        line.close()
        return body

    answer = await deferToThread(ask)
    await control.stopService()

    assert mode == 0o600
    assert answer == (200, b'{"sessions":[]}')
    assert not control.path.exists()
