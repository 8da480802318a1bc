"""A plain request that is answered at once, and one that Autobahn answers, cannot be told apart."""

from typing import Any

import pytest
from autobahn.twisted.websocket import WebSocketServerProtocol
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from twisted.internet.task import Clock
from twisted.plugin import IPlugin
from zope.interface import implementer

from mentra.errors import Denied
from mentra.identity import Identity
from mentra.interfaces.messaging import IPath, IUpgrade
from mentra.interfaces.services import IServices
from mentra.testing.house import house_with
from mentra.testing.wire import KEY, MemoryPort, client_frame
from mentra.wire import opening
from mentra.wire.echo import EchoPath, echo, unknown
from mentra.wire.factory import WireOptions
from mentra.wire.lean import HANDSHAKE, LASTING

NAMES = ("host", "origin", "authorization", "user-agent", "x-two", "sec-websocket-key", "upgrade")


@implementer(IPlugin, IPath)
class AskingPath(EchoPath):
    """Keeps what it was asked; ``?deny`` is refused and ``?break`` meets a bug."""

    def __init__(self) -> None:
        self.asked: list[Any] = []

    def admit(self, upgrade: IUpgrade, services: IServices) -> Identity | None:
        """Nobody in particular."""
        self.asked.append(
            (
                upgrade.path, upgrade.address, upgrade.subprotocols,
                [upgrade.header(name) for name in NAMES],
                [upgrade.query(name) for name in ("token", "a", "deny")],
            )
        )  # fmt: skip
        if upgrade.query("deny"):
            raise Denied(401, {"error": "no"})
        if upgrade.query("break"):
            raise LookupError("a bug")
        return None


def lines(target: str, **changed: str | None) -> list[str]:
    """A usual request: underscores in names are hyphens, None leaves a header out."""
    headers: dict[str, str | None] = {
        "Host": "localhost:8002", "Upgrade": "websocket", "Connection": "Upgrade",
        "Sec-WebSocket-Key": KEY, "Sec-WebSocket-Version": "13",
    }  # fmt: skip
    headers |= {name.replace("_", "-"): value for name, value in changed.items()}
    return [
        f"GET {target} HTTP/1.1",
        *(f"{name}: {value}" for name, value in headers.items() if value is not None),
    ]


def request(target: str = "/echo-ws", **changed: str | None) -> bytes:
    """It as bytes."""
    return "\r\n".join((*lines(target, **changed), "", "")).encode("iso-8859-1")


PLAIN = {
    "load generator": request(),
    "npm ws": request(Sec_WebSocket_Extensions="permessage-deflate; client_max_window_bits"),
    "Chrome": request(
        "/echo-ws?token=a.b-c_d&a=1&a=%C3%A9",
        Pragma="no-cache",
        Origin="https://console.example.org",
        User_Agent="Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36",
        Accept_Encoding="gzip, deflate, br, zstd",
        Sec_WebSocket_Extensions="permessage-deflate; client_max_window_bits",
    ),
    "Firefox": request(
        Connection="keep-alive, Upgrade",
        Origin="http://localhost:8002",
        Sec_WebSocket_Extensions="permessage-deflate",
    ),
    "OkHttp": request(
        Authorization="Bearer x.y.z",
        Accept_Encoding="gzip",
        User_Agent="okhttp/4.12.0",
        Sec_WebSocket_Extensions="permessage-deflate",
    ),
    "iOS": request("/echo-ws?token=x", Host="[::1]:8002"),
    "no port": request(Host="cloud.example.org"),
    "refused": request("/echo-ws?deny=1"),
    "a bug": request("/echo-ws?break=1"),
}
ODD = {
    "post": request().replace(b"GET", b"POST", 1),
    "1.0": request().replace(b"HTTP/1.1", b"HTTP/1.0", 1),
    "fragment": request("/echo-ws?a=1#b"),
    "parameters": request("/echo-ws;a=1"),
    "escapes": request("/echo-ws%20"),
    "blank": request("/echo-ws b"),
    "no host": request(Host=None),
    "odd port": request(Host="localhost:x"),
    "no port after all": request(Host="localhost:"),
    "two hosts": request(X="y\r\nHost: other"),
    "upgrade to more": request(Upgrade="h2c, websocket"),
    "no upgrade": request(Upgrade=None),
    "other upgrade": request(Upgrade="h2c"),
    "other connection": request(Connection="close"),
    "no connection": request(Connection=None),
    "no key": request(Sec_WebSocket_Key=None),
    "short key": request(Sec_WebSocket_Key="abc=="),
    "bad key": request(Sec_WebSocket_Key="!" * 22 + "=="),
    "two keys": request(X=f"y\r\nSec-WebSocket-Key: {KEY}"),
    "version 12": request(Sec_WebSocket_Version="12"),
    "version 8": request(Sec_WebSocket_Version="8"),
    "no version": request(Sec_WebSocket_Version=None),
    "subprotocols": request(Sec_WebSocket_Protocol="a, b"),
    "same subprotocols": request(Sec_WebSocket_Protocol="a, a"),
    "bad offer": request(Sec_WebSocket_Extensions="permessage-deflate; client_max_window_bits=99"),
    "two offers": request(X="y\r\nSec-WebSocket-Extensions: a", Sec_WebSocket_Extensions="b"),
    "origin without host": request(Origin="https://"),
    "origin null": request(Origin="null"),
    "odd origin": request(Origin="https://a.example:99999"),
    "empty origin": request(Origin=""),
    "repeated": request(X_Two="a\r\nX-Two: b"),
    "no header": request(X="y\r\nnothing"),
    "folded": request(X="y\r\n more: z"),
    "tab": request(X_Two="\ta\t"),
    "latin": request(X_Two="é"),
    "line separator": request(X_Two="a\x85Origin: http://b.example"),
    "a vertical tab": request(X_Two="a\x0bOrigin: http://b.example"),
    "spaced name": request(X="y\r\nX-Two : b"),
    "early frame": request() + client_frame(b"early"),
}


def outcome(data: bytes, *, fast: bool, compression: bool = False, cut: int = 0) -> Any:
    """What *data* leads to: what the path was asked, the answer, whether the connection stands,
    and what Autobahn keeps of it."""
    clock, path = Clock(), AskingPath()
    house = house_with(path, echo, unknown, clock=clock)
    line = MemoryPort(house, options=WireOptions(fast=fast, compression=compression)).call()
    for piece in (data[:cut], data[cut:]):
        if piece and not line.is_cut:
            line.send_bytes(piece)
    if not line.is_cut:
        line.send_bytes(client_frame(b"still there"))
    answer = line.transport.value()
    peer = line.transport.protocol
    kept = {
        name: repr(getattr(peer, name, None))
        for name in (*HANDSHAKE, *LASTING, "_state", "identity", "address")
        if name not in ("trafficStats", "is_open", "is_closed")
    }
    return path.asked, answer, line.is_cut, kept


def attempts(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """Who asked Autobahn to read a request."""
    asked: list[object] = []
    theirs = WebSocketServerProtocol.processHandshake
    monkeypatch.setattr(
        WebSocketServerProtocol, "processHandshake", lambda peer: asked.append(peer) or theirs(peer)
    )
    return asked


@pytest.mark.parametrize("who", PLAIN)
def test_a_usual_request_is_answered_as_autobahn_does_and_without_it(who, monkeypatch):
    by_autobahn = outcome(PLAIN[who], fast=False)
    asked = attempts(monkeypatch)

    at_once = outcome(PLAIN[who], fast=True)

    assert at_once == by_autobahn
    assert len(at_once[0]) == 1
    assert asked == []


@pytest.mark.parametrize("what", ODD)
def test_anything_unusual_is_left_to_autobahn(what, monkeypatch):
    by_autobahn = outcome(ODD[what], fast=False)
    asked = attempts(monkeypatch)

    answered = outcome(ODD[what], fast=True)

    assert answered == by_autobahn
    # what is no upgrade of a known path by its first line goes to the web site
    assert asked or not answered[0]


@pytest.mark.parametrize("who", ["npm ws", "OkHttp", "Firefox"])
def test_who_may_compress_is_asked_by_autobahn(who, monkeypatch):
    asked = attempts(monkeypatch)

    _, answer, is_cut, _ = outcome(PLAIN[who], fast=True, compression=True)

    assert len(asked) == 1
    assert b"Sec-WebSocket-Extensions: permessage-deflate" in answer
    assert not is_cut


SPOILT = st.tuples(
    st.sampled_from(sorted(PLAIN)),
    st.lists(st.tuples(st.integers(0, 400), st.binary(max_size=2)), max_size=3),
    st.integers(0, 400),
)


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(SPOILT)
def test_requests_with_any_fault_in_any_pieces_are_answered_alike(spoilt):
    who, faults, cut = spoilt
    data = PLAIN[who]
    for at, other in faults:
        at %= len(data)
        data = data[:at] + other + data[at + 1 :]

    assert outcome(data, fast=True, cut=cut) == outcome(data, fast=False, cut=cut)


def test_without_what_it_needs_of_autobahn_nothing_is_answered_at_once(monkeypatch):
    assert opening.AVAILABLE
    monkeypatch.setattr("mentra.wire.factory.QUICK_OPENING", False)
    asked = attempts(monkeypatch)

    path, answer, _, _ = outcome(PLAIN["OkHttp"], fast=True)

    assert answer.startswith(b"HTTP/1.1 101 ")
    assert len(asked) == len(path) == 1
