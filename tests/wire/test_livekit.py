"""LiveKit: what opens a room, for phones that ask, where a server is configured."""

from typing import Any

import jwt
import msgspec
import pytest
from twisted.internet.task import Clock
from zope.interface import implementer

from mentra.errors import ConfigError, Denied
from mentra.glasses.livekit import LivekitSettings, livekit, livekit_init, livekit_token
from mentra.interfaces.services import ISecretFiles
from mentra.interfaces.transports import ILivekit
from mentra.messages.transports import LivekitInfo, LivekitInit
from mentra.testing.house import WALL_TIME, FakeContext, house_with, session_in
from mentra.testing.requests import FakeCall

SECRET = "s3cret" * 8
CONFIGURED = LivekitSettings(url="wss://lk.test", api_key="APIkey", api_secret=SECRET)


def claims_of(token: str) -> Any:
    return jwt.decode(token, SECRET, algorithms=["HS256"], options={"verify_exp": False})


def ask(house: Any, mode: str) -> Any:
    message = msgspec.convert({"type": "livekit_init", "mode": mode}, LivekitInit)
    return livekit_init.handle(message, FakeContext(house, session_in(house)))


@pytest.mark.parametrize(("mode", "may_hear"), [("publish", False), ("subscribe", True)])
def test_a_phone_is_told_what_opens_its_room(clock: Clock, mode, may_hear):
    house = house_with(livekit, clock=clock, sections=(CONFIGURED,))

    info = ask(house, mode)

    assert isinstance(info, LivekitInfo)
    assert (info.url, info.room_name) == ("wss://lk.test", "ann@x.org")
    assert claims_of(info.token) == {
        "iss": "APIkey",
        "sub": "ann@x.org",
        "nbf": int(WALL_TIME),
        "exp": int(WALL_TIME) + 300,
        "video": {
            "room": "ann@x.org", "roomJoin": True, "canPublish": True, "canSubscribe": may_hear
        },
    }  # fmt: skip


def test_without_a_server_there_is_no_answer(clock: Clock):
    house = house_with(livekit, clock=clock, sections=(LivekitSettings(api_key="APIkey"),))

    assert ask(house, "publish") is None


@pytest.mark.parametrize("missing", ["api_key", "api_secret"])
def test_half_a_configuration_is_refused(clock: Clock, missing):
    settings = msgspec.structs.replace(CONFIGURED, **{missing: ""})
    house = house_with(livekit, clock=clock, sections=(settings,))

    with pytest.raises(ConfigError, match=r"\[livekit\] url is set, which takes api_key and"):
        ILivekit(house)


@implementer(ISecretFiles)
class Files:
    """One file."""

    def read(self, path: str, what: str) -> str:
        assert (path, what) == ("livekit.secret", "LiveKit's API secret")
        return SECRET


def test_the_secret_may_be_in_a_file(clock: Clock):
    settings = LivekitSettings(url="wss://lk", api_key="APIkey", api_secret_file="livekit.secret")
    house = house_with(livekit, clock=clock, sections=(settings,), parts={ISecretFiles: Files()})

    assert claims_of(ask(house, "publish").token)["iss"] == "APIkey"


def test_it_can_be_fetched(clock: Clock):
    house = house_with(livekit, clock=clock, sections=(CONFIGURED,))

    answer = msgspec.to_builtins(livekit_token.handle(FakeCall(house, user_id="ann@x.org")))

    token = answer["data"].pop("token")
    assert answer == {
        "success": True,
        "data": {"url": "wss://lk.test", "room": "ann@x.org", "identity": "ann@x.org"},
    }
    assert claims_of(token)["sub"] == "ann@x.org"


def test_without_a_server_there_is_nothing_to_fetch(clock: Clock):
    with pytest.raises(Denied) as caught:
        livekit_token.handle(FakeCall(house_with(livekit, clock=clock), user_id="ann@x.org"))

    assert caught.value.status == 501


@pytest.mark.parametrize(
    ("path", "headers", "is_told"),
    [
        ("&livekit=true", {}, True),
        ("", {"livekit": "true"}, True),
        ("", {}, False),
        ("&livekit=false", {}, False),
    ],
)
def test_the_acknowledgement_has_it_for_those_who_asked(open_port, path, headers, is_told):
    _, port = open_port(sections=(CONFIGURED,))

    line = port.call().upgrade(f"/glasses-ws?token=user:ann@x.org{path}", headers)
    (acknowledgement,) = line.messages()[:1]
    line.say(type="connection_init")
    (again,) = line.messages()

    for one in (acknowledgement, again):
        assert one["type"] == "connection_ack"
        assert ("livekit" in one) is is_told
        if is_told:
            assert set(one["livekit"]) == {"url", "roomName", "token"}


def test_without_a_server_nobody_is_told(open_port):
    _, port = open_port()

    line = port.call().upgrade("/glasses-ws?token=user:ann@x.org&livekit=true")

    assert "livekit" not in line.messages()[0]
