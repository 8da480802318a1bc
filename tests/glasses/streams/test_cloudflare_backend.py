"""Cloudflare Stream, by its HTTP API: a stand-in for it, in memory, over HTTP."""

import json
from typing import Any

import pytest
from treq.testing import RequestTraversalAgent
from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from twisted.web.resource import Resource
from zope.interface import implementer
from zope.interface.verify import verifyObject

from mentra.config import load
from mentra.errors import ConfigError, Refused
from mentra.glasses.streams.backends.chosen import media_backend
from mentra.glasses.streams.backends.cloudflare import (
    MAX_WORK,
    CloudflareBackend,
    cloudflare_backend,
)
from mentra.glasses.streams.backends.settings import CloudflareSettings, MediaSettings
from mentra.house import House
from mentra.interfaces.services import IPublicAddress, ISecretFiles
from mentra.interfaces.streams import IMediaBackend, IMediaStream
from mentra.testing.glasses import FakeAddress
from mentra.testing.house import FakeHttp, house_with, success_of
from mentra.tokens import SecretFiles
from mentra.web.client import HttpClient

LIVE_INPUTS = "/client/v4/accounts/acc/stream/live_inputs"
PLAYER = "https://customer-m033z5x00ks6nunl.cloudflarestream.com"


class Cloudflare(Resource):
    """The part of the API that is used.

    :ivar inputs: live inputs by uid; each with its ``videos`` and ``outputs``.
    :ivar asked: ``(method, path, body)``.
    :ivar failing: status that everything is answered with; 0 for none.
    """

    isLeaf = True

    def __init__(self) -> None:
        super().__init__()
        self.inputs: dict[str, dict[str, Any]] = {}
        self.asked: list[tuple[str, str, Any]] = []
        self.tokens: set[str | None] = set()
        self.failing = 0

    def leave(self, uid: str, name: str, created: str, *states: str) -> None:
        """There is a live input."""
        videos = [{"status": {"state": one}} for one in states]
        meta = {"name": name}
        self.inputs[uid] = {"videos": videos, "outputs": {}, "created": created, "meta": meta}

    def render(self, request: Any) -> bytes:
        path, method = request.path.decode(), request.method.decode()
        body = request.content.read()
        self.asked.append((method, path, json.loads(body) if body else None))
        self.tokens.add(request.getHeader("authorization"))
        request.setHeader("Content-Type", "application/json")
        if self.failing:
            request.setResponseCode(self.failing)
            errors = [{"code": 10000, "message": "the account acc may not"}]
            return json.dumps({"success": False, "errors": errors, "result": None}).encode()
        names = path.removeprefix(LIVE_INPUTS).strip("/").split("/")
        result = self._answer(method, [one for one in names if one], body)
        if result is None and method != "DELETE":
            request.setResponseCode(404)
        return json.dumps(
            {"success": True, "errors": [], "messages": [], "result": result}
        ).encode()

    def _answer(self, method: str, names: list[str], body: bytes) -> Any:
        if method == "GET" and not names:
            listed = [{"uid": uid, "created": one["created"], "meta": one["meta"]}
                      for uid, one in self.inputs.items()]  # fmt: skip
            return {"liveInputs": listed, "range": 1000, "total": len(listed)}
        if method == "POST" and not names:
            uid = f"uid{len(self.inputs)}"
            self.leave(uid, json.loads(body)["meta"]["name"], "2025-06-01T12:00:00.123456Z")
            return {
                "uid": uid,
                "rtmps": {
                    "url": "rtmps://live.cloudflare.com:443/live/",
                    "streamKey": f"key-{uid}",
                },
                "webRTCPlayback": {"url": f"{PLAYER}/{uid}/webRTC/play"},
                "status": None,
            }
        live_input = self.inputs.get(names[0])
        if live_input is None:
            return None
        if names[1:] == ["videos"]:
            return live_input["videos"]
        if names[1:] == ["outputs"]:
            live_input["outputs"]["out0"] = json.loads(body)
            return {"uid": "out0", **json.loads(body)}
        if method == "DELETE" and names[1:2] == ["outputs"]:
            return live_input["outputs"].pop(names[2])
        if method == "DELETE":
            del self.inputs[names[0]]
        return None


@implementer(ISecretFiles)
class Secrets:
    """One file."""

    def read(self, path: str, what: str) -> str:
        assert (path, what) == ("cf.token", "Cloudflare's API token")
        return "t0ken"


class Studio:
    """A backend in front of the stand-in."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.server = Cloudflare()
        self.house = house_of(CloudflareSettings(account_id="acc", api_token_file="cf.token"),
                              self.clock)  # fmt: skip
        self.house.http = HttpClient(RequestTraversalAgent(self.server), self.clock)
        self.backend = CloudflareBackend(self.house)

    def opened(self) -> Any:
        opening = Deferred.fromCoroutine(self.backend.open(lambda: None))
        self.clock.advance(3)
        return success_of(opening)

    def paths(self) -> list[tuple[str, str]]:
        return [(method, path.removeprefix(LIVE_INPUTS)) for method, path, _ in self.server.asked]


def house_of(cloudflare: CloudflareSettings, clock: Clock | None = None) -> House:
    settings = MediaSettings(backend="cloudflare", cloudflare=cloudflare)
    parts = {IPublicAddress: FakeAddress(), ISecretFiles: Secrets()}
    return house_with(
        media_backend, cloudflare_backend, clock=clock, sections=(settings,), parts=parts
    )


@pytest.fixture
def studio() -> Studio:
    return Studio()


def test_a_stream_has_a_live_input_of_its_own_and_its_addresses(studio):
    stream = studio.opened()

    assert stream.ingest == "rtmps://live.cloudflare.com:443/live/key-uid0"
    assert stream.hls == f"{PLAYER}/uid0/manifest/video.m3u8"
    assert stream.dash == f"{PLAYER}/uid0/manifest/video.mpd"
    assert stream.webrtc == f"{PLAYER}/uid0/webRTC/play"
    assert stream.preview == (
        "https://iframe.videodelivery.net/uid0?autoplay=true&muted=true&controls=true"
    )
    assert stream.thumbnail == "https://videodelivery.net/uid0/thumbnails/thumbnail.jpg"
    wanted = {"meta": {"name": "mentra managed stream"}, "recording": {"mode": "automatic"},
              "deleteRecordingAfterDays": 30}  # fmt: skip
    assert studio.server.asked == [("POST", LIVE_INPUTS, wanted)]
    assert studio.server.tokens == {"Bearer t0ken"}


def test_what_is_promised_is_kept(studio):
    assert verifyObject(IMediaBackend, studio.backend)
    assert verifyObject(IMediaStream, studio.opened())


def test_a_live_input_is_given_three_seconds(studio):
    opening = Deferred.fromCoroutine(studio.backend.open(lambda: None))

    studio.clock.advance(2.9)
    assert not opening.called
    studio.clock.advance(0.1)

    assert opening.called


@pytest.mark.parametrize(
    ("states", "live"),
    [
        ([], False),
        (["ready"], False),
        (["live-inprogress"], True),
        (["ready", "live-inprogress"], True),
    ],
)
def test_it_is_live_when_a_video_is_in_progress(studio, states, live):
    stream = studio.opened()
    studio.server.inputs["uid0"]["videos"] = [{"status": {"state": one}} for one in states]

    assert success_of(stream.is_live()) is live
    assert stream.asked == "until_live"


def test_restreams_are_cloudflares(studio):
    stream = studio.opened()

    output_id = success_of(stream.add_output("rtmps://yt.test:443/live2/abc-def"))

    assert studio.server.inputs["uid0"]["outputs"] == {
        "out0": {"url": "rtmps://yt.test:443/live2", "streamKey": "abc-def", "enabled": True}
    }
    assert stream.output_state(output_id) == ("active", None)
    success_of(stream.remove_output(output_id))
    assert studio.server.inputs["uid0"]["outputs"] == {}


@pytest.mark.parametrize("status", [401, 429, 500, 200])
def test_a_refusal_says_the_code_and_nothing_more(studio, status):
    stream = studio.opened()
    studio.server.failing = status

    with pytest.raises(Refused) as refused:
        success_of(stream.add_output("rtmp://yt.test/live/abc"))

    assert refused.value.code == "CLOUDFLARE_ERROR"
    assert refused.value.where == "provider"
    assert "10000" in refused.value.message
    assert "account" not in refused.value.message


def test_what_cannot_be_read_is_a_refusal(studio):
    studio.server._answer = lambda *_: {"uid": 7}

    with pytest.raises(Refused, match="something unexpected"):
        success_of(studio.backend.open(lambda: None))


# -- ending


def test_the_end_of_a_stream_deletes_its_live_input(studio):
    stream = studio.opened()

    stream.close()

    assert studio.server.inputs == {}
    assert studio.clock.getDelayedCalls() == []


def slow() -> tuple[CloudflareBackend, FakeHttp]:
    """A backend whose requests are answered when a test says so."""
    house = house_of(CloudflareSettings(account_id="acc", api_token="t0ken"))
    return CloudflareBackend(house), house.http


CREATED = b'{"success":true,"result":{"uid":"u","rtmps":{"url":"rtmps://a","streamKey":"k"}}}'


def test_who_gives_up_while_it_is_made_leaves_nothing():
    backend, http = slow()
    opening = Deferred.fromCoroutine(backend.open(lambda: None))
    opening.addErrback(lambda _: None)
    [creation] = http.requests
    opening.cancel()

    creation.succeed(200, CREATED)

    assert [(one.method, one.url.rpartition("/")[2]) for one in http.requests] == [
        ("POST", "live_inputs"), ("DELETE", "u")
    ]  # fmt: skip


def test_who_gives_up_before_it_is_refused_hears_no_more():
    backend, http = slow()
    opening = Deferred.fromCoroutine(backend.open(lambda: None))
    opening.addErrback(lambda _: None)
    opening.cancel()

    http.requests[0].fail()

    assert len(http.requests) == 1


def test_who_gives_up_while_it_settles_leaves_nothing(studio):
    opening = Deferred.fromCoroutine(studio.backend.open(lambda: None))
    opening.addErrback(lambda _: None)

    opening.cancel()

    assert studio.server.inputs == {}
    assert studio.clock.getDelayedCalls() == []


def test_what_could_not_be_deleted_is_tried_again(studio):
    stream = studio.opened()
    studio.server.failing = 503
    stream.close()
    assert studio.server.inputs.keys() == {"uid0"}
    studio.server.failing = 0

    studio.backend.sweep()
    studio.backend.sweep()

    assert studio.server.inputs == {}
    assert [one for one in studio.paths() if one[0] == "DELETE"] == [("DELETE", "/uid0")] * 2


def test_what_is_gone_already_is_not_tried_again(studio):
    stream = studio.opened()
    studio.server.failing = 404
    stream.close()

    studio.backend.sweep()

    assert [one for one in studio.paths() if one[0] == "DELETE"] == [("DELETE", "/uid0")]


LONG_AGO, JUST_NOW = "2025-06-01T10:59:00Z", "2025-06-01T11:01:00Z"  # it is twelve o'clock


@pytest.mark.parametrize(
    ("name", "created", "states", "stays"),
    [
        ("mentra managed stream", LONG_AGO, [], False),
        ("mentra managed stream", LONG_AGO, ["ready"], False),
        ("mentra managed stream", LONG_AGO, ["live-inprogress"], True),
        ("mentra managed stream", JUST_NOW, [], True),
        ("town hall", LONG_AGO, [], True),
    ],
)
def test_what_a_killed_server_left_is_swept_away_and_nothing_else(
    studio, name, created, states, stays
):
    studio.server.leave("left", name, created, *states)

    studio.backend.sweep()

    assert ("left" in studio.server.inputs) is stays


def test_what_is_in_use_is_not_swept_away(studio):
    studio.opened()
    studio.clock.advance(7200)

    studio.backend.sweep()

    assert studio.server.inputs.keys() == {"uid0"}


def test_a_sweep_that_fails_costs_nothing(studio):
    studio.server.failing = 500

    studio.backend.sweep()

    assert studio.clock.getDelayedCalls() == []


def test_the_end_of_the_server_waits_for_what_is_being_deleted():
    backend, http = slow()
    opening = Deferred.fromCoroutine(backend.open(lambda: None))
    opening.addErrback(lambda _: None)
    opening.cancel()
    http.requests[0].succeed(200, CREATED)
    stopped = backend.stopService()
    assert not stopped.called

    http.requests[1].succeed(200)

    assert stopped.called


def test_who_begins_and_gives_up_without_end_is_stopped():
    backend, http = slow()
    for _ in range(MAX_WORK):
        opening = Deferred.fromCoroutine(backend.open(lambda: None))
        opening.addErrback(lambda _: None)
        opening.cancel()

    with pytest.raises(Refused, match="Too many streams"):
        success_of(backend.open(lambda: None))

    assert len(http.requests) == MAX_WORK


# -- configuration


@pytest.mark.parametrize(
    "settings",
    [
        CloudflareSettings(),
        CloudflareSettings(account_id="acc"),
        CloudflareSettings(api_token="t0ken"),
    ],
)
def test_an_account_without_what_it_takes_ends_the_start_with_a_sentence(settings):
    with pytest.raises(ConfigError, match="takes account_id and api_token_file"):
        IMediaBackend(house_of(settings))


def test_an_account_is_chosen_by_the_configuration():
    settings = CloudflareSettings(account_id="acc", api_token="t0ken")

    assert isinstance(IMediaBackend(house_of(settings)), CloudflareBackend)


def test_the_variables_of_other_servers_are_understood(tmp_path):
    file = tmp_path / "mentra.toml"
    file.write_text('[media]\nbackend = "cloudflare"\n[media.cloudflare]\naccount_id = "old"\n')
    variables = {"CLOUDFLARE_ACCOUNT_ID": "acc", "CLOUDFLARE_API_TOKEN": "t0ken"}

    settings = load(file, environ=variables).section(MediaSettings)

    assert settings.cloudflare == CloudflareSettings(account_id="acc", api_token="t0ken")


def test_a_variable_for_what_is_no_table_is_refused_by_name(tmp_path):
    file = tmp_path / "mentra.toml"
    file.write_text('[media]\ncloudflare = "acc"\n')

    with pytest.raises(ConfigError, match="CLOUDFLARE_API_TOKEN"):
        load(file, environ={"CLOUDFLARE_API_TOKEN": "t0ken"})


def test_a_token_that_others_can_read_is_refused(tmp_path):
    file = tmp_path / "cf.token"
    file.write_text("t0ken\n")
    file.chmod(0o644)

    with pytest.raises(ConfigError, match="others can read Cloudflare's API token; chmod 600"):
        SecretFiles(tmp_path).read("cf.token", "Cloudflare's API token")
    file.chmod(0o600)
    assert SecretFiles(tmp_path).read("cf.token", "Cloudflare's API token") == "t0ken"
