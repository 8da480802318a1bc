"""The bridge and the air gap: its server must be on this machine or near it."""

import pytest
from twisted.internet.testing import MemoryReactorClock

from mentra.bridge_alone import BridgeAlone
from mentra.config import load
from mentra.dial import Dial
from mentra.errors import ConfigError
from mentra.interfaces.network import IGuardedHttpClient
from mentra.messages.opencode import ListAgents
from mentra.testing.network import FakeNames
from mentra.web.client import HttpClient


@pytest.fixture
def reactor():
    """One that knows a name of a public address."""
    made = MemoryReactorClock()
    made.installNameResolver(FakeNames({"opencode.example": ["8.8.8.8"]}))
    return made


def test_a_request_beyond_it_is_refused_when_it_would_connect(scene, reactor):
    guarded = HttpClient.on(reactor, Dial(reactor, air_gap=True))
    one = scene(url="http://opencode.example", parts={IGuardedHttpClient: guarded})

    answer = one.desktop().ask(ListAgents())

    assert answer.code == "HTTP_ERROR"
    assert answer.message == (
        "the OpenCode server at http://opencode.example cannot be reached: opencode.example "
        "(8.8.8.8) is neither local nor private, and privacy.air_gap is set"
    )
    assert reactor.tcpClients == []


def test_the_bridge_alone_does_not_begin_beyond_it(tmp_path):
    (tmp_path / "mentra.toml").write_text(
        '[privacy]\nair_gap = true\n[opencode]\nurl = "https://8.8.8.8"'
    )
    config = load(tmp_path / "mentra.toml", environ={})

    with pytest.raises(ConfigError, match=r"\$\.opencode\.url: the OpenCode bridge talks to "):
        BridgeAlone(config, MemoryReactorClock(), lambda: 0.0, lambda: 0.0)
