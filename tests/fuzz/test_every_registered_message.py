"""Whatever a client makes of a registered message costs it an answer and others nothing.

``MENTRA_FUZZ_EXAMPLES`` says how many forms of each are tried; a few, unless told otherwise.
"""

import os

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from twisted.internet.defer import Deferred
from twisted.logger import Logger

from mentra.extension import handler
from mentra.interfaces.session import ISessions
from mentra.messages import Message
from mentra.messages.session import Pong
from mentra.routing.catalogue import Catalogue
from mentra.web.asyncapi import payloads_of
from mentra.web.said import Said, everything_said
from tests.fuzz.payloads import payloads
from tests.fuzz.scene import Scene, plugins

BEYOND = {"app": "glasses", "glasses": "app", "voice": "app"}
SAID = [
    one
    for one in everything_said(Catalogue(plugins()))
    if one.path in BEYOND
    and not one.is_binary
    and (one.kind is None or one.kind.__module__.startswith("mentra."))
]
PAYLOADS, COMPONENTS = payloads_of(SAID)
TEXTS = {
    one: payloads(one, payload, COMPONENTS) for one, payload in zip(SAID, PAYLOADS, strict=True)
}
INBOUND = [one for one in SAID if one.inbound]
EXAMPLES = int(os.environ.get("MENTRA_FUZZ_EXAMPLES", "4"))

bounded = settings(
    max_examples=EXAMPLES, deadline=None, derandomize=True, database=None,
    suppress_health_check=list(HealthCheck),
)  # fmt: skip


def name_of(said: Said) -> str:
    return f"{said.path} {said.name}" + ("" if said.inbound else " (sent)")


def suffer(scene: Scene, path: str, text: bytes, name: str = "", opcode: int = 1) -> None:
    """Send it, and see that nothing came of it but what may."""
    line = scene.actor(path)
    scene.hush()
    with scene.listening() as loud:
        scene.send(line, text, opcode)
        lines = [one["log_format"] for one in loud]

    assert len(lines) <= 1, lines
    assert scene.heard_by_others(name) == []
    assert not line.is_cut
    assert scene.is_well(line)
    assert scene.bugs() == []


def check_that_nothing_is_left(scene: Scene) -> None:
    alive, timers = scene.end()
    assert (alive, timers) == ([], 0)


@pytest.mark.parametrize("said", INBOUND, ids=name_of)
def test_any_form_of_a_message_is_survived(said):
    @settings(bounded, max_examples=EXAMPLES // 2)
    @given(TEXTS[said])
    def send(text):
        suffer(Scene(), said.path, text, said.name)

    send()


@pytest.mark.slow
@pytest.mark.parametrize("said", INBOUND, ids=name_of)
def test_many_forms_of_a_message_leave_nothing_behind(said):
    @settings(bounded, max_examples=max(1, EXAMPLES // 8))
    @given(st.lists(TEXTS[said], min_size=4, max_size=4))
    def send(texts):
        scene = Scene()
        for text in texts:
            suffer(scene, said.path, text, said.name)
        check_that_nothing_is_left(scene)

    send()


@pytest.mark.slow
@pytest.mark.parametrize(
    "said", [one for one in SAID if one not in INBOUND or one.kind], ids=name_of
)
def test_a_message_in_the_wrong_direction_is_survived(said):
    @settings(bounded, max_examples=max(1, EXAMPLES // 4))
    @given(TEXTS[said])
    def send(text):
        suffer(Scene(), BEYOND[said.path] if said.inbound else said.path, text, said.name)

    send()


@pytest.mark.parametrize("said", [one for one in INBOUND if one.path == "app"], ids=name_of)
def test_before_its_handshake_an_app_reaches_nobody(said):
    @settings(bounded, max_examples=max(1, EXAMPLES // 2))
    @given(TEXTS[said])
    def send(text):
        scene = Scene()
        stranger = scene.port.call().upgrade("/app-ws")
        with scene.listening() as loud:
            scene.send(stranger, text)

        assert len(loud) <= 1
        everybody = (*scene.glasses.values(), *scene.apps.values())
        assert [frame for one in everybody for frame in one.frames()] == []
        assert scene.bugs() == []

    send()


@pytest.mark.parametrize("path", ["glasses", "app", "voice"])
def test_any_binary_frame_is_survived(path):
    @bounded
    @given(st.binary(max_size=2000))
    def send(data):
        suffer(Scene(), path, data, opcode=2)

    send()


# -- none of this would be seen unless these were ----------------------------------------------


class Bad(Message, frozen=True, kw_only=True, tag="acme_bad"):
    """Does harm."""


def talks_to_others(context):
    for session in ISessions(context.services).all():
        session.to_glasses(Pong())


def chatters(context):
    Logger().info("one")
    Logger().info("two")


def closes(context):
    context.peer.close(1008, "no")


def hangs(context):
    return Deferred()


def fails(context):
    raise LookupError("a bug")


@pytest.mark.parametrize("harm", [talks_to_others, chatters, closes, hangs, fails])
def test_harm_is_noticed(harm, logged_failures):
    @handler("app", Bad)
    def bad(message, context):
        return harm(context)

    with pytest.raises(AssertionError):
        suffer(Scene(bad), "app", b'{"type":"acme_bad"}')
    logged_failures.clear()


def test_what_is_left_behind_is_noticed():
    kept = []

    @handler("app", Bad)
    def bad(message, context):
        kept.append(context.session)
        context.services.clock.callLater(3600, lambda: None)

    scene = Scene(bad)
    suffer(scene, "app", b'{"type":"acme_bad"}')

    assert [len(scene.end()[0]), len(kept)] == [1, 1]
    with pytest.raises(AssertionError):
        check_that_nothing_is_left(scene)
