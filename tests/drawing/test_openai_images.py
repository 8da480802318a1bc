"""Pictures by OpenAI's images API."""

import base64
import json

import pytest
from twisted.internet.defer import CancelledError, Deferred
from zope.interface.verify import verifyObject

from mentra.drawing.openai import OpenAiImagesSettings, openai_images
from mentra.engines import engines
from mentra.errors import Refused
from mentra.interfaces.engines import IEngines
from mentra.interfaces.images import IImageEngine
from mentra.interfaces.network import IGuardedHttpClient
from mentra.interfaces.services import ISecretFiles
from mentra.pictures import PictureRequest
from mentra.testing.house import house_with, success_of
from mentra.testing.http import FakeHttp
from mentra.testing.images import PNG
from mentra.testing.secret_files import FakeSecretFiles

JPEG = b"\xff\xd8\xff\xe0rest"


class Stage:
    """The engine, and what it asks."""

    def __init__(self, clock, **settings):
        self.http, self.clock = FakeHttp(), clock
        house = house_with(
            engines, openai_images, clock=clock, sections=[OpenAiImagesSettings(**settings)],
            parts={IGuardedHttpClient: self.http, ISecretFiles: FakeSecretFiles({"key": "filed"})},
        )  # fmt: skip
        self.engine = IEngines(house).get(IImageEngine, "openai")

    def ask(self, *prompts, credential=None, **more):
        how = {"width": 1024, "height": 512, "seed": 5} | more
        return Deferred.fromCoroutine(
            self.engine.generate(PictureRequest(prompts=prompts, **how), credential=credential)
        )

    def answer(self, *contents):
        """The last request's answer: pictures, or objects as they are."""
        data = [
            {"b64_json": base64.b64encode(one).decode()} if isinstance(one, bytes) else one
            for one in contents
        ]
        self.http.requests[-1].succeed(200, json.dumps({"data": data}).encode())


@pytest.fixture
def stage(clock):
    return Stage(clock, base_url="http://pictures.test/v1/", model="sdxl")


def refusal_of(awaitable):
    with pytest.raises(Refused) as refused:
        success_of(awaitable)
    return refused.value


def test_a_batch_is_asked_for_at_once(stage):
    made = stage.ask("a cat", "a cat", style="ink", params={"quality": "high", "seed": 5, "x": 1})
    stage.answer(PNG, JPEG)

    asked = stage.http.requests[0]
    assert verifyObject(IImageEngine, stage.engine)
    assert (asked.method, asked.url) == ("POST", "http://pictures.test/v1/images/generations")
    assert asked.json == {
        "model": "sdxl", "prompt": "a cat\n\nStyle: ink", "n": 2, "size": "1024x512",
        "response_format": "b64_json", "seed": 5, "quality": "high",
    }  # fmt: skip
    assert asked.headers is None
    pictures = success_of(made)
    assert [one.content_type for one in pictures] == ["image/png", "image/jpeg"]
    assert {one.prompt for one in pictures} == {"a cat"}


def test_prompts_that_differ_are_asked_for_one_after_the_other(stage):
    made = stage.ask("a", "b", "b")
    stage.answer(PNG)
    stage.answer(PNG, PNG, PNG)

    assert [(one.json["prompt"], one.json["n"]) for one in stage.http.requests] == [
        ("a", 1), ("b", 2)
    ]  # fmt: skip
    assert [one.prompt for one in success_of(made)] == ["a", "b", "b"]


def test_openais_own_models_are_told_what_they_understand(clock):
    stage = Stage(clock, key_file="key")
    stage.ask("a cat").addErrback(lambda failure: None)
    stage.ask("a cat", credential="theirs", model="dall-e-3").addErrback(lambda failure: None)

    first, second = stage.http.requests
    assert set(first.json) == {"model", "prompt", "n", "size"}
    assert first.headers == {"Authorization": "Bearer filed"}
    assert (second.json["model"], second.json["response_format"]) == ("dall-e-3", "b64_json")
    assert second.headers == {"Authorization": "Bearer theirs"}


def test_openai_itself_wants_a_key(clock):
    stage = Stage(clock)

    assert refusal_of(stage.ask("a cat")).code == "NO_CREDENTIAL"
    assert stage.engine.has_credential() is False
    assert stage.engine.addresses() == ("https://api.openai.com/v1",)
    assert "gone" in (Stage(clock, key_file="gone").engine.unavailable() or "")


def test_a_picture_may_be_fetched_from_where_it_is(stage):
    made = stage.ask("a cat")
    stage.answer({"url": "https://files.test/1.png"})

    stage.http.requests[-1].succeed(200, PNG)

    assert stage.http.requests[-1].url == "https://files.test/1.png"
    # the key is for the API alone
    assert stage.http.requests[-1].headers is None
    assert success_of(made)[0].content == PNG


@pytest.mark.parametrize(
    "answer",
    [
        {"url": "http://127.0.0.1:8002/metrics"}, {"url": "file:///etc/passwd"}, {}, b"GIF89a",
        {"b64_json": "not base64!"}, {"b64_json": 7},
    ],
)  # fmt: skip
def test_what_is_no_picture_is_a_fault_of_the_provider(stage, answer):
    made = stage.ask("a cat")

    stage.answer(answer)

    refusal = refusal_of(made)
    assert (refusal.code, refusal.where) == ("BAD_ANSWER", "provider")
    assert len(stage.http.requests) == 1


def test_no_picture_at_all_is_a_fault_as_well(stage):
    made = stage.ask("a cat")

    stage.answer()

    assert refusal_of(made).code == "BAD_ANSWER"


def test_other_pictures_cannot_be_gone_by(stage):
    assert refusal_of(stage.ask("a cat", references=("img_1",))).code == "INVALID_REQUEST"


def test_what_may_pass_is_asked_again(stage, clock):
    made = stage.ask("a cat")
    stage.http.requests[0].succeed(429, b"", {"retry-after": "3"})
    clock.advance(3.0)

    stage.answer(PNG)

    assert success_of(made)[0].content == PNG


def test_given_up_it_hangs_up(stage, clock):
    made = stage.ask("a cat")

    made.cancel()

    with pytest.raises(CancelledError):
        success_of(made)
    assert stage.http.requests[0].cancelled
    assert clock.getDelayedCalls() == []
