"""The server behind the bridge: how it is, and one of our own that is started and stopped."""

import sys

import pytest
from twisted.internet.interfaces import IReactorProcess
from twisted.internet.task import Clock
from twisted.logger import LogLevel, globalLogPublisher

from mentra.errors import ConfigError
from mentra.messages.opencode import SendMessage
from mentra.opencode.process import TIE, OpencodeProcess, environment, where
from mentra.testing.opencode import FakeOpencode
from mentra.testing.opencode_prompts import Canned
from mentra.testing.processes import FakeProcesses

LOGIN = ("ann", "sesame")


def health(one):
    return one.house.metrics.parts["opencode"]()


def test_health_tells_the_servers_version(scene):
    assert health(scene()) == {"healthy": True, "version": "1.18.33", "running": 0}


def test_a_server_that_goes_is_not_healthy_and_is_looked_at_more_often(scene):
    one = scene()
    one.server.canned["GET /global/health"] = Canned(503, b"")

    one.clock.advance(10)
    then = health(one)
    del one.server.canned["GET /global/health"]
    one.clock.advance(2)

    assert then == {"healthy": False, "version": None, "running": 0}
    assert health(one)["healthy"]


def test_a_server_that_says_it_is_not_healthy_is_not(scene):
    server = FakeOpencode()
    server.canned["GET /global/health"] = Canned(200, b'{"healthy":false,"version":"9"}')

    assert health(scene(server)) == {"healthy": False, "version": "9", "running": 0}


def test_metrics_tell_the_same(scene):
    registry = scene().house.metrics.registry

    assert registry.get_sample_value("mentra_opencode_up") == 1
    assert registry.get_sample_value("mentra_opencode_running") == 0
    assert registry.get_sample_value("mentra_opencode_info", {"version": "1.18.33"}) == 1


# -- a server of our own ---------------------------------------------------------------------------


@pytest.fixture
def processes():
    return FakeProcesses()


@pytest.fixture
def process(clock: Clock, processes):
    made = OpencodeProcess(
        ["opencode", "serve"], "http://127.0.0.1:4096", directory="/project", login=LOGIN,
        processes=processes, clock=clock, environ={"HOME": "/home/ann"},
        which=lambda name: f"/bin/{name}", platform="elsewhere",
    )  # fmt: skip
    made.startService()
    return made


def test_it_is_told_where_to_listen_and_what_to_ask_for(process, processes):
    (started,) = processes.started

    assert started.executable == "/bin/opencode"
    assert started.args == ("opencode", "serve", "--hostname=127.0.0.1", "--port=4096")
    assert started.env == {
        "HOME": "/home/ann",
        "OPENCODE_SERVER_USERNAME": "ann",
        "OPENCODE_SERVER_PASSWORD": "sesame",
    }


def test_on_linux_it_does_not_outlive_us(clock, processes):
    made = OpencodeProcess(
        ["opencode", "serve"], "http://127.0.0.1:4096", directory="", login=LOGIN,
        processes=processes, clock=clock, environ={}, which=lambda name: f"/bin/{name}",
        platform="linux",
    )  # fmt: skip

    made.startService()

    (started,) = processes.started
    assert started.executable == sys.executable
    assert started.args[:4] == (sys.executable, "-I", "-c", TIE)
    assert started.args[4:7] == ("/bin/opencode", "opencode", "serve")


def test_it_is_told_nothing_of_ours():
    ours = {
        "MENTRA__X": "1", "AUGMENTOS_AUTH_JWT_SECRET": "s", "SUPABASE_JWT_SECRET": "s",
        "APP_AUTH_JWT_PRIVATE_KEY": "s", "NOTIFY_SOCKET": "/x", "STATE_DIRECTORY": "/y",
    }  # fmt: skip

    assert set(environment({"PATH": "/bin", **ours}, LOGIN)) == {
        "PATH", "OPENCODE_SERVER_USERNAME", "OPENCODE_SERVER_PASSWORD",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("url", "words"),
    [("http://127.0.0.1:4096", ["--hostname=127.0.0.1", "--port=4096"]),
     ("http://localhost", ["--hostname=localhost", "--port=80"])],
)  # fmt: skip
def test_where_it_listens_is_in_the_url(url, words):
    assert where(url) == words


def test_one_that_ends_is_started_anew_after_a_growing_pause(process, processes, clock):
    pauses = []
    for _ in range(8):
        processes.running[0].exit(1)
        began = clock.seconds()
        while not processes.running:
            clock.advance(0.5)
        pauses.append(clock.seconds() - began)

    assert pauses == [1, 2, 4, 8, 16, 32, 60, 60]


def test_after_a_while_the_pause_is_short_again(process, processes, clock):
    for _ in range(3):
        processes.running[0].exit(1)
        clock.advance(60)
    clock.advance(60)
    processes.running[0].exit(0)
    clock.advance(1)

    assert len(processes.running) == 1


def test_one_that_cannot_be_started_is_tried_again(clock, processes):
    processes.broken = True
    process = OpencodeProcess(
        ["opencode"], "http://x", directory="", login=LOGIN, processes=processes, clock=clock,
        environ={}, which=str,
    )  # fmt: skip
    process.startService()

    processes.broken = False
    clock.advance(1)

    assert len(processes.running) == 1


def test_why_it_ended_is_told_until_it_is_there_again(process, processes, clock):
    processes.running[0].complain(b"Failed to start server.\nIs port 4096 in use?\n")
    processes.running[0].exit(1)

    meanwhile = process.trouble
    clock.advance(1)

    assert meanwhile == (
        "OpenCode ended with status 1, and said: Failed to start server. Is port 4096 in use?; "
        "it is started anew in 1 s"
    )
    assert process.trouble is None


def test_what_it_prints_once_it_has_answered_is_not_told(process, processes):
    processes.running[0].say(b"listening\n")
    process.answered()
    processes.running[0].say(b"somebody says something\n")
    processes.running[0].exit(1)

    assert process.trouble == "OpenCode ended with status 1; it is started anew in 1 s"


def test_of_much_that_it_prints_the_end_is_told(process, processes):
    processes.running[0].say(b"x" * 1000)
    processes.running[0].say(b"last")
    processes.running[0].exit(1)

    assert "xxxlast;" in process.trouble
    assert len(process.trouble) < 400


def test_until_it_answers_it_is_starting_for_a_while(process, processes, clock):
    found = [process.is_starting]
    process.answered()
    found.append(process.is_starting)
    processes.running[0].exit(1)
    found.append(process.is_starting)
    clock.advance(1)
    found.append(process.is_starting)
    clock.advance(20)
    found.append(process.is_starting)

    assert found == [True, False, False, True, False]


def test_while_it_starts_nobody_complains_that_it_is_not_there(scene):
    server = FakeOpencode()
    server.is_down = True
    lines = []
    globalLogPublisher.addObserver(lines.append)
    try:
        one = scene(server, command=("true",))
        one.clock.advance(2)
        early = [line for line in lines if line["log_level"] >= LogLevel.warn]
        one.clock.advance(20)
    finally:
        globalLogPublisher.removeObserver(lines.append)

    assert early == []
    assert health(one) == {"healthy": False, "version": None, "running": 0}
    (late,) = [line for line in lines if line["log_level"] >= LogLevel.warn]
    assert "is not there" in late["log_format"]


def test_what_runs_is_stopped_before_it(scene):
    one = scene(FakeOpencode(respond=lambda prompt: prompt.begin()), command=("true",))
    (started,) = IReactorProcess(one.house).started
    desktop = one.desktop()
    desktop.say(1, SendMessage(session_id=one.session(), text="x"))
    one.server.deaf = 1
    desktop.line.lose()

    stopped = one.house.stopService()
    before = list(started.signals)
    for _ in range(20):
        one.clock.advance(0.1)

    assert before == []
    assert started.signals == ["TERM"]
    assert stopped.called


def test_it_ends_with_us(process, processes, clock):
    stopped = process.stopService()

    assert stopped.called
    assert processes.started[0].signals == ["TERM"]
    assert clock.getDelayedCalls() == []


def test_one_that_does_not_listen_is_killed(process, processes, clock):
    processes.started[0].is_deaf = True

    stopped = process.stopService()
    before = stopped.called
    clock.advance(5)

    assert (before, stopped.called) == (False, True)
    assert processes.started[0].signals == ["TERM", "KILL"]
    assert len(processes.started) == 1


def test_between_two_attempts_there_is_nothing_to_end(process, processes, clock):
    processes.started[0].exit(1)

    assert process.stopService() is None
    assert clock.getDelayedCalls() == []


def test_a_program_that_is_not_there_is_said_at_start(scene):
    with pytest.raises(ConfigError, match="no program 'opencode-that-is-not-there'"):
        scene(command=("opencode-that-is-not-there", "serve"))


def test_a_bridge_with_a_command_starts_it_with_a_password_of_its_own(scene):
    one = scene(command=("true",))
    (started,) = IReactorProcess(one.house).started

    assert len(started.env["OPENCODE_SERVER_PASSWORD"]) >= 43
    assert started.env["OPENCODE_SERVER_USERNAME"] == "opencode"
