"""The client of the voice assistant: what it says, what it makes of answers, and how it ends."""

import asyncio
import base64
import re
from collections.abc import Awaitable, Callable

import pytest

from mentra.errors import Refused
from mentra.sdk import VoiceClient
from mentra.sdk.line import Unreachable
from mentra.sdk.voice import guest_token, voice_url
from tests.sdk.fake_assistant import (
    ENDED,
    PATIENCE,
    SESSION,
    FakeAssistant,
    fake_assistant,
    grown,
    spoken,
)


def with_voice(act: Callable[[VoiceClient, FakeAssistant], Awaitable[None]], **more) -> None:
    """Run *act* with a client that was let in."""

    async def scenario() -> None:
        async with (
            asyncio.timeout(PATIENCE),
            fake_assistant() as assistant,
            VoiceClient(assistant.url, "the-token", **more) as voice,
        ):
            await act(voice, assistant)

    asyncio.run(scenario())


@pytest.mark.parametrize(
    ("given", "session", "url"),
    [
        ("http://127.0.0.1:8002", None, "ws://127.0.0.1:8002/socket.io/"),
        ("https://x.org/", "s 1", "wss://x.org/socket.io/?sessionId=s%201"),
        ("127.0.0.1:8002", None, "ws://127.0.0.1:8002/socket.io/"),
        ("wss://x.org/voice", None, "wss://x.org/voice/"),
    ],
)
def test_the_socket_s_address_comes_from_the_server_s(given, session, url):
    assert voice_url(given, session) == url


def test_a_guest_s_token_has_the_protocol_s_form():
    assert re.fullmatch(r"guest_[0-9a-f-]{36}_\d{13}", guest_token())


def test_it_comes_in_with_its_token_and_knows_its_session():
    async def act(voice: VoiceClient, assistant: FakeAssistant) -> None:
        assert assistant.headers[0]["Authorization"] == "Bearer the-token"
        assert assistant.queries == ["sessionId=s1"]
        assert (voice.session_id, voice.user_id) == (SESSION, "ann@x.org")
        assert (voice.hears, voice.speaks, voice.notice) == (True, True, None)

    with_voice(act, session_id="s1")


def test_a_question_has_an_answer_in_text_and_sound():
    async def act(voice: VoiceClient, assistant: FakeAssistant) -> None:
        assistant.answers = [
            grown("It"), grown("It is noon.", is_final=True), spoken(b"\1\0"),
            spoken(b"\2\0", 1, is_last=True), ENDED,
        ]  # fmt: skip

        answer = await voice.ask("What time is it?")

        assert (answer.question, answer.text) == ("What time is it?", "It is noon.")
        assert bytes(answer.sound) == b"\1\0\2\0"
        assert answer.metrics.total_latency_ms == 1500
        asked = assistant.heard[-1]
        assert asked["data"] == {"text": "What time is it?"}
        assert asked["sessionId"] == SESSION
        assert asked["timestamp"] > 0

    with_voice(act)


def test_speech_goes_out_in_numbered_pieces_and_ends():
    async def act(voice: VoiceClient, assistant: FakeAssistant) -> None:
        assistant.answers = [("transcript", {"text": "hello", "isFinal": True}), ENDED]
        sound = bytes(range(256)) * 30

        answer = await voice.say(sound, 24_000, pace=0)

        pieces = [one["data"] for one in assistant.heard if one["type"] == "audio_chunk"]
        assert b"".join(base64.b64decode(one["audioData"]) for one in pieces) == sound
        assert [one["sequenceNumber"] for one in pieces] == [0, 1]
        assert {one["sampleRate"] for one in pieces} == {24_000}
        assert assistant.types()[-1] == "end_utterance"
        assert answer.question == "hello"

    with_voice(act)


def test_speech_right_after_an_answer_ends_as_well():
    async def act(voice: VoiceClient, assistant: FakeAssistant) -> None:
        speaking = {"previousState": "processing", "currentState": "speaking"}
        assistant.answers = [("state:changed", speaking), grown("It is noon."), ENDED]

        # the first one is over, and the client was not told yet that nobody speaks any more
        for _ in range(2):
            await voice.say(bytes(640), pace=0)

        assert assistant.types().count("end_utterance") == 2

    with_voice(act)


def test_who_is_not_let_in_is_told_why():
    async def scenario() -> None:
        async with fake_assistant() as assistant:
            assistant.created = False
            async with VoiceClient(assistant.url, "bad"):
                pass

    with pytest.raises(Refused) as refusal:
        asyncio.run(scenario())

    assert refusal.value.code == "AUTH_INVALID"


def test_a_server_that_is_not_there_is_said_to_be_so():
    async def scenario() -> None:
        async with VoiceClient("http://127.0.0.1:1", "t"):
            pass

    with pytest.raises(Unreachable, match="cannot connect"):
        asyncio.run(scenario())


def test_an_error_is_a_refusal_and_the_next_question_is_taken():
    async def act(voice: VoiceClient, assistant: FakeAssistant) -> None:
        error = {"code": "PROCESSING_ERROR", "message": "no", "recoverable": True}
        assistant.answers = [("error", error)]
        with pytest.raises(Refused, match="no"):
            await voice.ask("one")
        assistant.answers = [grown("Yes.", is_final=True), ENDED]

        answer = await voice.ask("two")

        assert answer.text == "Yes."

    with_voice(act)


def test_an_answer_that_cannot_be_spoken_is_an_answer_with_a_notice():
    async def act(voice: VoiceClient, assistant: FakeAssistant) -> None:
        error = {"code": "PROCESSING_ERROR", "message": "not spoken", "recoverable": True}
        assistant.answers = [
            ("state:changed", {"previousState": "listening", "currentState": "processing"}),
            grown("It is noon.", is_final=True), ("error", error), ENDED,
        ]  # fmt: skip

        answer = await voice.ask("What time is it?")

        assert (answer.text, answer.notice) == ("It is noon.", "not spoken")

    with_voice(act)


def test_an_answer_can_be_interrupted():
    async def act(voice: VoiceClient, assistant: FakeAssistant) -> None:
        assistant.answers = [grown("Once upon a")]
        asked = asyncio.ensure_future(voice.ask("a story"))
        await assistant.until(lambda: assistant.types() == ["text"])

        voice.interrupt()
        answer = await asked

        assert answer.interrupted is True
        assert answer.text == "Once upon a"

    with_voice(act)


def test_one_question_is_asked_at_a_time():
    async def act(voice: VoiceClient, assistant: FakeAssistant) -> None:
        asked = asyncio.ensure_future(voice.ask("one"))
        await assistant.until(lambda: assistant.heard)

        with pytest.raises(RuntimeError, match="one question at a time"):
            await voice.ask("two")

        voice.interrupt()
        await asked

    with_voice(act)


def test_a_ping_is_answered_with_a_sign_of_life():
    async def act(voice: VoiceClient, assistant: FakeAssistant) -> None:
        await assistant.tell("ping", timestamp=1)

        await assistant.until(lambda: "pong" in assistant.types())

    with_voice(act)


@pytest.mark.parametrize("how", ["lost", "expired"])
def test_whoever_waits_when_it_ends_is_told(how):
    async def act(voice: VoiceClient, assistant: FakeAssistant) -> None:
        asked = asyncio.ensure_future(voice.ask("one"))
        await assistant.until(lambda: assistant.heard)

        if how == "expired":
            await assistant.tell("session:expired", reason="too long")
        await assistant.socket.close(code=1001, message=b"stopping")
        with pytest.raises((Refused, Unreachable)) as told:
            await asked

        assert ("too long" if how == "expired" else "stopping") in str(told.value)
        with pytest.raises(Unreachable):
            await voice.ask("two")

    with_voice(act)


def test_listeners_hear_every_message():
    async def act(voice: VoiceClient, assistant: FakeAssistant) -> None:
        heard = []
        voice.listen(heard.append)
        assistant.answers = [
            ("state:changed", {"previousState": "idle", "currentState": "processing"}),
            ("unheard-of", {}), grown("Yes.", is_final=True), ENDED,
        ]  # fmt: skip

        await voice.ask("one")

        assert [one.tag() for one in heard] == ["state:changed", "llm_response", "response_end"]
        assert voice.state == "processing"

    with_voice(act)
