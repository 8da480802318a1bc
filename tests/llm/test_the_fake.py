"""The fake model keeps the promise that real ones give."""

import pytest
from twisted.internet.defer import CancelledError
from zope.interface.verify import verifyObject

from mentra.engines import engines
from mentra.errors import Refused
from mentra.interfaces.engines import IEngines
from mentra.interfaces.llm import ILanguageModel
from mentra.messages.llm import ToolCall
from mentra.testing.house import house_with, success_of
from mentra.testing.llm import USAGE, FakeLanguageModel
from tests.llm.conversation import ask, shape


def test_it_is_an_engine_like_others():
    model = FakeLanguageModel()
    house = house_with(engines, model.factory())

    assert IEngines(house).get(ILanguageModel, "fake") is model
    assert verifyObject(ILanguageModel, model)


def test_a_test_gives_its_answer_bit_by_bit():
    model, chunks = FakeLanguageModel(), []
    answer = model.chat(ask("hello", model="big"), chunks.append, credential="key")
    chat = model.chats[0]

    chat.say("Hel", "lo")
    chat.call(ToolCall(id="1", name="f", input={"a": 1}), '{"a":1}')
    chat.finish("tool_use")

    came = success_of(answer)
    assert (chat.request.messages[0].content, chat.credential) == ("hello", "key")
    assert (came.content, came.model, came.stop_reason) == ("Hello", "big", "tool_use")
    assert came.tool_calls == [ToolCall(id="1", name="f", input={"a": 1})]
    assert shape(chunks)[-1] == ("message_end", USAGE)


def test_a_test_lets_it_fail():
    model, chunks = FakeLanguageModel(), []
    answer = model.chat(ask("hello"), chunks.append)
    model.chats[0].say("Hel")

    model.chats[0].fail("RATE_LIMITED", "later")

    with pytest.raises(Refused, match="later"):
        success_of(answer)
    assert shape(chunks)[-1] == ("error", "RATE_LIMITED: later")


def test_given_up_it_tells_nothing():
    model, chunks = FakeLanguageModel(), []
    answer = model.chat(ask("hello"), chunks.append)

    answer.cancel()
    model.chats[0].say("late")
    model.chats[0].fail()

    with pytest.raises(CancelledError):
        success_of(answer)
    assert (model.chats[0].cancelled, chunks) == (True, [])


def test_its_models_are_a_tests_to_say():
    with pytest.raises(Refused, match="no"):
        success_of(FakeLanguageModel(listed=Refused("NETWORK_ERROR", "no")).models())

    assert success_of(FakeLanguageModel().models()) == ()
