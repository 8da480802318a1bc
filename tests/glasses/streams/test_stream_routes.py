"""Restreams of a managed stream over HTTP."""

from typing import Any

import msgspec
import pytest
from twisted.internet.defer import Deferred

from mentra.errors import Denied, Refused
from mentra.extension import Access
from mentra.glasses.streams import routes
from mentra.glasses.streams.routes import (
    Destination,
    add_stream_output,
    list_stream_outputs,
    remove_stream_output,
)
from mentra.glasses.streams.settings import StreamsSettings
from mentra.messages.video import ManagedStreamRequest, ManagedStreamStop
from mentra.testing.house import success_of
from mentra.testing.media import FakeMediaBackend
from mentra.testing.requests import FakeCall
from tests.glasses.streams.stage import CAM, TV, Stage, stage_with

PLACE = "rtmp://elsewhere.test/live/a"
SERVER = "rtmp://elsewhere.test/..."


@pytest.fixture
def media() -> FakeMediaBackend:
    return FakeMediaBackend()


@pytest.fixture
def stage(media: FakeMediaBackend) -> Stage:
    return stage_with(StreamsSettings(max_outputs=3, max_outputs_per_app=2), backend=media)


def call(stage: Stage, stream_id: str, package_name: str = CAM, **values: str) -> FakeCall:
    return FakeCall(stage.house, {"stream_id": stream_id, **values}, package_name=package_name)


def add(stage: Stage, stream_id: str, package_name: str = CAM, **body: Any) -> Any:
    asked = call(stage, stream_id, package_name)
    asked.body = msgspec.convert(body, Destination)
    return shown(success_of(add_stream_output.handle(asked)))


def shown(answer: Any) -> Any:
    return msgspec.json.decode(msgspec.json.encode(answer))


def denied(outcome: Any) -> tuple[int, str]:
    """Status and code of a refusal; its body is of the protocol's form."""
    with pytest.raises(Denied) as caught:
        success_of(outcome())
    body = caught.value.body
    assert body["success"] is False
    assert body["message"]
    return caught.value.status, str(body["error"])


def test_who_watches_adds_a_restream_and_everybody_is_told(stage, media):
    stream_id = stage.begin_managed(CAM)
    stage.begin_managed(TV)

    answer = add(stage, stream_id, url=PLACE, name="Elsewhere")

    output = {"url": PLACE, "name": "Elsewhere", "status": "active", "outputId": answer["outputId"]}
    assert answer == {"success": True, "outputId": answer["outputId"], "output": output}
    assert list(media.opened[0].places.values()) == [PLACE]
    for package_name, url in ((CAM, PLACE), (TV, SERVER)):
        told = shown(stage.app(package_name).sent[-1])["outputs"]
        assert told == [{**output, "url": url}]


def test_restreams_are_listed_for_everybody_who_watches(stage):
    stream_id = stage.begin_managed(CAM)
    stage.begin_managed(TV)
    output = add(stage, stream_id, url=PLACE)["output"]

    answer = shown(list_stream_outputs.handle(call(stage, stream_id, TV)))

    theirs = {**output, "url": SERVER}
    assert answer == {"success": True, "streamId": stream_id, "outputs": [theirs]}


@pytest.mark.parametrize(
    ("url", "server"),
    [
        ("rtmp://a.test/live/key", "rtmp://a.test/..."),
        ("RTMPS://me:secret@a.test:1935/live?key=a/b", "RTMPS://a.test:1935/..."),
        ("rtmp://me:se@cret@a.test?key", "rtmp://a.test/..."),
        ("rtmp://[::1/key", "rtmp://[::1/..."),
    ],
)
def test_no_other_app_reads_the_key_of_a_restream_not_even_at_the_end(stage, url, server):
    stream_id = stage.begin_managed(CAM)
    stage.begin_managed(TV)
    add(stage, stream_id, url=url)
    peers = {one: stage.app(one) for one in (CAM, TV)}

    stage.end()

    last = {one: peer.sent[-1].outputs[0].url for one, peer in peers.items()}
    assert last == {CAM: url, TV: server}


def test_who_added_a_restream_takes_it_away(stage, media):
    stream_id = stage.begin_managed()
    output_id = add(stage, stream_id, url=PLACE)["outputId"]

    answer = success_of(remove_stream_output.handle(call(stage, stream_id, output_id=output_id)))

    assert shown(answer) == {"success": True}
    assert media.opened[0].places == {}
    assert stage.app(CAM).sent[-1].outputs is None


@pytest.mark.parametrize(
    ("body", "refusal"),
    [
        ({}, (400, "INVALID_URL")),
        ({"url": 7}, (400, "INVALID_URL")),
        ({"url": PLACE, "name": "n" * 3000}, (400, "INVALID_URL")),
        ({"url": "https://elsewhere.test/"}, (400, "INVALID_URL_FORMAT")),
        ({"url": "file:///etc/passwd"}, (400, "INVALID_URL_FORMAT")),
        ({"url": "rtmp://x.test/a b"}, (400, "INVALID_URL_FORMAT")),
        ({"url": "rtmp://x.test/" + "a" * 3000}, (400, "INVALID_URL_FORMAT")),
    ],
)
def test_what_is_no_address_is_refused(stage, body, refusal):
    stream_id = stage.begin_managed()

    assert denied(lambda: _adding(stage, stream_id, CAM, body)) == refusal


def _adding(stage: Stage, stream_id: str, package_name: str, body: dict[str, Any]) -> Any:
    asked = call(stage, stream_id, package_name)
    asked.body = msgspec.convert(body, Destination)
    return add_stream_output.handle(asked)


def test_a_stream_that_is_not_there_has_none(stage):
    async def listed() -> Any:
        return list_stream_outputs.handle(call(stage, "m-other"))

    assert denied(listed) == (404, "STREAM_NOT_FOUND")
    assert denied(lambda: _adding(stage, "m-other", CAM, {"url": PLACE})) == (
        404, "STREAM_NOT_FOUND"
    )  # fmt: skip


def test_an_unmanaged_stream_has_none(stage):
    stream_id = stage.begin()

    assert denied(lambda: _adding(stage, stream_id, CAM, {"url": PLACE})) == (
        404, "STREAM_NOT_FOUND"
    )  # fmt: skip


def test_who_does_not_watch_sees_nothing(stage):
    stream_id = stage.begin_managed(CAM)

    async def listed() -> Any:
        return list_stream_outputs.handle(call(stage, stream_id, TV))

    assert denied(listed) == (403, "NOT_A_VIEWER")
    assert denied(lambda: _adding(stage, stream_id, TV, {"url": PLACE})) == (403, "NOT_A_VIEWER")


def test_one_address_is_there_once(stage):
    stream_id = stage.begin_managed()
    add(stage, stream_id, url=PLACE)

    assert denied(lambda: _adding(stage, stream_id, CAM, {"url": PLACE})) == (409, "DUPLICATE_URL")


def test_an_app_adds_so_many_and_all_apps_together_so_many(stage):
    stream_id = stage.begin_managed(CAM)
    stage.begin_managed(TV)
    for number in range(2):
        add(stage, stream_id, url=f"{PLACE}{number}")

    assert denied(lambda: _adding(stage, stream_id, CAM, {"url": f"{PLACE}3"})) == (
        409, "MAX_APP_OUTPUTS_REACHED"
    )  # fmt: skip
    add(stage, stream_id, TV, url=f"{PLACE}4")
    assert denied(lambda: _adding(stage, stream_id, TV, {"url": f"{PLACE}5"})) == (
        409, "MAX_OUTPUTS_REACHED"
    )  # fmt: skip


@pytest.mark.parametrize(
    ("code", "status"), [("CLOUDFLARE_ERROR", 502), ("RESTREAM_UNAVAILABLE", 503)]
)
def test_what_the_media_server_refuses_leaves_nothing_behind(stage, media, code, status):
    stream_id = stage.begin_managed()
    media.opened[0].refusal = Refused(code, "no")

    assert denied(lambda: _adding(stage, stream_id, CAM, {"url": PLACE})) == (status, code)

    assert list_stream_outputs.handle(call(stage, stream_id)).outputs == ()


def test_nobody_takes_away_what_another_app_added(stage):
    stream_id = stage.begin_managed(CAM)
    stage.begin_managed(TV)
    output_id = add(stage, stream_id, url=PLACE)["outputId"]

    for package_name, wanted, refusal in (
        (TV, output_id, (403, "NOT_AUTHORIZED")),
        (CAM, "other", (404, "OUTPUT_NOT_FOUND")),
    ):
        asked = call(stage, stream_id, package_name, output_id=wanted)
        assert denied(lambda asked=asked: remove_stream_output.handle(asked)) == refusal


def test_before_there_is_a_place_a_restream_waits_for_it(stage, media):
    media.slow = True
    stage.say(CAM, ManagedStreamRequest())
    stream_id = _id_of_the_only_stream(stage)

    answer = add(stage, stream_id, url=PLACE)

    assert answer["output"]["status"] == "stopped"
    media.openings[0].callback(None)
    assert list(media.opened[0].places.values()) == [PLACE]
    assert stage.app(CAM).sent[-1].outputs[0].status == "active"


def test_a_stream_that_ended_meanwhile_is_not_there_any_more(stage, media):
    stream_id = stage.begin_managed()
    media.opened[0].slow = True
    adding = Deferred.fromCoroutine(_adding(stage, stream_id, CAM, {"url": PLACE}))
    stage.say(CAM, ManagedStreamStop())

    media.opened[0].adding[0].callback(None)

    with pytest.raises(Denied) as refused:
        success_of(adding)
    assert (refused.value.status, refused.value.body["error"]) == (404, "STREAM_NOT_FOUND")


def _id_of_the_only_stream(stage: Stage) -> str:
    from mentra.interfaces.streams import IStreams

    return IStreams(stage.session).info().stream_id


def test_every_refusal_of_a_restream_has_a_status():
    for one in vars(routes).values():
        if type(one).__name__ == "Route":
            assert one.access is Access.APP
            assert set(one.errors) <= set(routes.STATUSES.values())
