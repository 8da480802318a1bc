"""Pictures drawn without a model."""

import io
import sys

import pytest
from PIL import Image
from zope.interface.verify import verifyObject

from mentra.drawing.sketch import draw, sketch
from mentra.engines import engines
from mentra.errors import Refused
from mentra.interfaces.engines import IEngines
from mentra.interfaces.images import IImageEngine
from mentra.interfaces.services import IThreads
from mentra.pictures import PictureRequest
from mentra.testing.engine_contracts import stepping
from mentra.testing.house import house_with, success_of
from mentra.testing.model_contracts import draws_as_promised
from mentra.testing.threads import FakeThreads


@pytest.fixture
def engine(clock):
    return IEngines(house_with(engines, sketch, clock=clock)).get(IImageEngine, "sketch")


def asked(*prompts, width=64, height=48, seed=1, **more):
    return PictureRequest(prompts=prompts, width=width, height=height, seed=seed, **more)


def test_it_needs_nothing_and_stays_here(engine):
    assert verifyObject(IImageEngine, engine)
    assert verifyObject(IThreads, FakeThreads())
    assert (engine.unavailable(), engine.addresses(), engine.has_credential()) == (None, (), True)


def test_it_draws_as_promised(engine, clock):
    settle = stepping(lambda: clock.advance(0))

    assert success_of(draws_as_promised(engine, settle)).prompt == "a cat"


def test_it_draws_a_picture_of_that_size_for_each_prompt(engine):
    first, second = success_of(engine.generate(asked("a cat", "ein Kätzchen 🐈")))

    for made, prompt in ((first, "a cat"), (second, "ein Kätzchen 🐈")):
        with Image.open(io.BytesIO(made.content)) as image:
            assert (image.format, image.size) == ("PNG", (64, 48))
        assert (made.prompt, made.width, made.height) == (prompt, 64, 48)
        assert made.content_type == "image/png"


def test_the_same_words_seed_and_size_make_the_same_picture():
    picture = draw("a cat", "red", 7, 40, 30)

    assert draw("a cat", "red", 7, 40, 30) == picture
    others = [
        draw("a dog", "red", 7, 40, 30), draw("a cat", None, 7, 40, 30),
        draw("a cat", "red", 8, 40, 30), draw("a cat", "red", 7, 30, 40),
    ]  # fmt: skip
    assert picture not in others
    assert len(set(others)) == 4


def test_pictures_of_a_batch_differ(engine):
    first, second = success_of(engine.generate(asked("a cat", "a cat")))

    assert first.content != second.content
    assert second.content == success_of(engine.generate(asked("a cat", seed=2)))[0].content


@pytest.mark.parametrize(("width", "height"), [(1, 1), (1, 64), (64, 1), (16, 16)])
def test_small_pictures_are_no_trouble(width, height):
    with Image.open(io.BytesIO(draw("x", None, 1, width, height))) as image:
        assert image.size == (width, height)


def test_there_is_a_bound(engine):
    with pytest.raises(Refused, match="at most"):
        success_of(engine.generate(asked("a cat", width=4096, height=4096)))


def test_without_pillow_it_says_what_to_install(engine, monkeypatch):
    monkeypatch.setitem(sys.modules, "PIL", None)

    with pytest.raises(Refused, match=r"mentra\[images\]") as refused:
        success_of(engine.generate(asked("a cat")))

    assert refused.value.code == "ENGINE_UNAVAILABLE"
