"""An extension's message through the bridge, and a bridge without its library."""

import sys

import pytest

from mentra.errors import ConfigError, Refused
from mentra.extension import handler
from mentra.protobuf.envelopes import client_envelope, server_envelope
from mentra.testing.wire import client_frame
from tests.opencode.conftest import BINARY
from tests.opencode.test_envelopes import Ask, Told


@handler("opencode", Ask)
def ask(message, context):
    """How warm is it there?"""
    if not message.city:
        raise Refused("INVALID_REQUEST", "city is missing", where="app")
    return Told(degrees=len(message.city))


def answer_to(scene, message):
    desktop = scene(None, ask).desktop()
    desktop.line.send_bytes(client_frame(client_envelope(()).write(5, message), BINARY))
    desktop._clock.advance(0)
    (frame,) = [one for one in desktop.line.frames() if one.opcode == BINARY]
    return frame.payload


def test_a_message_of_an_extension_is_handled(scene):
    payload = answer_to(scene, Ask(city="Oslo"))

    assert server_envelope([Told]).read(payload) == (5, Told(degrees=4))


def test_what_its_handler_refuses_is_an_error_like_any_other(scene):
    from mentra.messages.opencode import ErrorResponse

    payload = answer_to(scene, Ask())

    refusal = ErrorResponse(code="INVALID_REQUEST", message="city is missing")
    assert server_envelope([ErrorResponse]).read(payload) == (5, refusal)


def test_without_its_library_the_bridge_says_what_to_install(scene, monkeypatch):
    monkeypatch.setitem(sys.modules, "mentra.wire.protobuf", None)

    with pytest.raises(ConfigError, match=r"pip install 'mentra\[opencode\]'"):
        scene()
