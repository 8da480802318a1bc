"""Servers that the configuration names."""

import pytest

from mentra.engines import engines
from mentra.errors import ConfigError
from mentra.interfaces.engines import IEngines
from mentra.interfaces.llm import ILanguageModel
from mentra.llm.compatible import compatible
from mentra.llm.echo import echo
from mentra.llm.openai import openai
from mentra.llm.settings import Compatible, ModelSettings
from mentra.testing.house import house_with, success_of
from mentra.testing.openai_stub import openai_stub
from tests.llm.conversation import Stage, ask, refusal_of

TWO = ModelSettings(
    compatible={
        "ollama": Compatible(base_url="http://127.0.0.1:11434/v1", model="llama"),
        "big": Compatible(base_url="http://gpu.test:8000/v1", key_file="key"),
    }
)


@pytest.fixture
def stage(clock):
    stub = openai_stub(clock)
    return Stage(clock, stub, openai, echo, compatible, sections=[TWO], files={"key": "k"})


def test_each_is_an_engine_of_its_name(stage):
    names = IEngines(stage.house).names(ILanguageModel)

    assert names == ("big", "echo", "ollama", "openai")
    assert stage.model("ollama").addresses() == ("http://127.0.0.1:11434/v1",)
    assert stage.model("big").addresses() == ("http://gpu.test:8000/v1",)


def test_it_is_asked_where_it_is(stage):
    came = success_of(stage.chat("ollama", ask("Hi")))
    stage.chat("big", ask("Hi", model="m"))

    plain, keyed = stage.stub.asked
    assert (came.content, came.model, came.provider) == ("You said: Hi", "llama", "ollama")
    assert plain.json["model"] == "llama"
    assert "authorization" not in plain.headers
    assert keyed.headers["authorization"] == "Bearer k"


def test_a_model_must_be_named_somewhere(stage):
    assert "llm.compatible.big.model" in refusal_of(stage.chat("big", ask("Hi"))).message


def test_a_name_that_is_taken_is_refused(clock):
    settings = ModelSettings(compatible={"echo": Compatible()})
    house = house_with(engines, echo, compatible, clock=clock, sections=[settings])

    with pytest.raises(ConfigError, match="two engines called 'echo'"):
        IEngines(house).names(ILanguageModel)
