"""Whatever a page makes of a payload costs it one answer, and nobody anything else."""

import json

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec import UNSET

from mentra.channels.section import ChannelsSettings
from mentra.messages.channels import CODES, Request
from mentra.plugins import mentra_channels
from mentra.testing.channels import WING, page_at_door, stores_in
from mentra.testing.wire import client_frame
from mentra.web.channel_frames import payload_of
from mentra.web.schemas import schemas_of
from tests.fuzz.payloads import JUNK, _right, spelt

KINDS = sorted(
    (
        one.message_type
        for one in vars(mentra_channels).values()
        if issubclass(getattr(one, "message_type", type), Request)
    ),
    key=lambda kind: kind.tag(),
)
SCHEMAS, COMPONENTS = schemas_of(KINDS)
BY_KIND = dict(zip(KINDS, SCHEMAS, strict=True))

# of models and makers of pictures the engines are asked, which are tried where they are
TRIED = [kind for kind in KINDS if not kind.tag().startswith(("ai:", "imagegen:"))]


@st.composite
def payloads(draw, kind):
    """A payload as it should be, with some fields of other types, or gone; or anything."""
    schema = payload_of(kind, BY_KIND[kind], COMPONENTS)
    while "$ref" in schema:
        schema = COMPONENTS[schema["$ref"].rpartition("/")[2]]
    fields = schema.get("properties", {})
    if not fields or draw(st.integers(0, 9)) == 0:
        return draw(st.just(UNSET) | JUNK)
    made = {}
    for name, field in fields.items():
        what = draw(st.sampled_from(("right", "right", "right", "junk", "gone")))
        if what != "gone":
            made[name] = draw(_right(field, COMPONENTS) if what == "right" else JUNK)
    if draw(st.booleans()):
        made[draw(st.text(max_size=8))] = draw(JUNK)
    return made


def frame_of(kind, payload):
    frame = {"type": "request", "id": "a", "channel": kind.tag(), "timestamp": 1}
    return spelt(frame if payload is UNSET else {**frame, "payload": payload})


@pytest.mark.parametrize("kind", TRIED, ids=lambda kind: kind.tag())
def test_any_payload_is_answered_once(kind, open_port, database, clock, tmp_path):
    section = ChannelsSettings(rate=10_000_000, max_frame=64 * 1024 * 1024)
    parts = stores_in(database, clock, tmp_path / "objects")
    house, port = open_port(parts=parts, sections=(section,))
    page = page_at_door(port)
    page.take()

    @settings(suppress_health_check=list(HealthCheck), deadline=None)
    @given(payloads(kind))
    def send(payload):
        text = frame_of(kind, payload)
        if len(text) > 65_535:
            head = bytes((129, 255)) + len(text).to_bytes(8, "big") + bytes(4)
            page.line.send_bytes(head + text)
        else:
            page.line.send_bytes(client_frame(text))
        if kind.tag() == "artifact:invoke":
            return
        said = [one for one in page.take() if one["type"] == "response"]
        assert len(said) == 1, said
        if "error" in said[0]:
            assert said[0]["error"]["code"] in CODES
        elif kind.answers is not None:
            msgspec.convert(said[0]["payload"], kind.answers, strict=True)

    send()
    assert [one for one in house.metrics.told if one[0] == "failed" and one[2] != "dialect"] == []
    assert not page.line.is_cut


def test_every_channel_of_the_wing_is_tried():
    assert len(TRIED) >= 40
    assert {one.message_type for one in WING if hasattr(one, "message_type")} >= set(TRIED)
    assert json.loads(frame_of(TRIED[0], UNSET))["channel"] == TRIED[0].tag()
