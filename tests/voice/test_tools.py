"""What the model may do besides talking, and how it is told what came of it."""

from typing import Annotated, Any

import msgspec
import pytest
from msgspec import Meta
from twisted.internet.defer import Deferred
from zope.interface import implementer
from zope.interface.verify import verifyObject

from mentra.errors import ConfigError, NotThere, Refused
from mentra.extension import NoArguments, provider_of, tool
from mentra.identity import Identity
from mentra.interfaces.glasses import IDisplay
from mentra.interfaces.session import ISessions
from mentra.interfaces.tools import IAssistantTool, IToolUse
from mentra.messages.llm import ToolCall
from mentra.routing.catalogue import Catalogue
from mentra.testing.glasses import fake_display
from mentra.testing.house import house_with, success_of
from mentra.testing.peers import FakePeer
from mentra.testing.voice import FakeVoiceSession, called
from mentra.testing.wire import advance
from mentra.voice.own_tools import clock as clock_tool
from mentra.voice.own_tools import show_on_glasses
from mentra.voice.tools import Toolbox, ToolUse, schema_of


class Cups(msgspec.Struct, frozen=True, kw_only=True):
    """How much."""

    cups: Annotated[int, Meta(ge=1, le=9, description="How many.")]
    milk: bool = False


@tool("tea", Cups)
def tea(asked: Cups, use: Any) -> Any:
    """Makes tea."""
    if asked.cups == 9:
        raise Refused("NO_WATER", "the water is out")
    return {"made": asked.cups, "for": use.session.user_id}


# -- the kind of plugin ----------------------------------------------------------------------


def test_a_function_becomes_a_tool():
    assert verifyObject(IAssistantTool, tea)
    assert (tea.name, tea.description, tea.input_type) == ("tea", "Makes tea.", Cups)
    assert provider_of(tea) == __name__


def test_use_of_a_tool_keeps_its_promise():
    assert verifyObject(IToolUse, ToolUse(FakeVoiceSession(), house_with()))


def test_its_arguments_are_an_object_for_the_model():
    assert schema_of(Cups) == {
        "title": "Cups", "type": "object", "description": "How much.",
        "properties": {
            "cups": {"type": "integer", "minimum": 1, "maximum": 9, "description": "How many."},
            "milk": {"type": "boolean", "default": False},
        },
        "required": ["cups"],
    }  # fmt: skip


def test_a_tool_may_take_nothing_or_structs_within_structs():
    class Tray(msgspec.Struct):
        first: Cups

    assert schema_of(NoArguments)["type"] == "object"
    assert schema_of(Tray)["$defs"]["Cups"]["type"] == "object"


def test_two_tools_of_one_name_are_refused():
    @tool("tea")
    def other(asked, use):
        """Makes other tea."""

    with pytest.raises(ConfigError, match="two plugins have a tool 'tea'"):
        Catalogue([tea, other])


# -- calls -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"cups": 2}, '{"made":2,"for":"ann@x.org"}'),
        ({"cups": 2, "unheard-of": 1}, '{"made":2,"for":"ann@x.org"}'),
        ({"cups": 9}, "the water is out"),
        ({}, "the arguments are wrong: Object missing required field `cups`"),
        ({"cups": 10}, "the arguments are wrong: Expected `int` <= 9 - at `$.cups`"),
    ],
)
def test_the_model_hears_what_came_of_it(arguments, said):
    assert called(tea, arguments) == said


def results(*calls: ToolCall, tools=(tea,), clock=None) -> list[dict[str, Any]]:
    house = house_with(*tools, clock=clock)
    return success_of(Toolbox(FakeVoiceSession(), house, 10.0).results(list(calls)))


def call(name: str = "tea", number: int = 1, **arguments: Any) -> ToolCall:
    return ToolCall(id=f"c{number}", name=name, input=arguments)


def test_each_call_has_its_result():
    made, failed = results(call(cups=1), call("coffee", 2))

    assert made == {
        "type": "tool_result", "toolCallId": "c1", "isError": False,
        "output": '{"made":1,"for":"ann@x.org"}',
    }  # fmt: skip
    assert failed["isError"] is True
    assert "no tool called coffee" in failed["output"]


def test_a_bug_is_told_to_the_model_and_logged(logged_failures):
    @tool("tea")
    def broken(asked, use):
        """Breaks."""
        raise LookupError("secret")

    (block,) = results(call(), tools=(broken,))

    assert (block["output"], block["isError"]) == ("it failed", True)
    assert len(logged_failures) == 1
    logged_failures.clear()


def test_an_answer_that_is_no_json_is_a_bug(logged_failures):
    @tool("tea")
    def odd(asked, use):
        """Answers with an object of nobody's."""
        return object()

    assert results(call(), tools=(odd,))[0]["isError"] is True
    logged_failures.clear()


def test_a_tool_that_takes_too_long_is_given_up(clock):
    waiting: Deferred[str] = Deferred()

    @tool("tea")
    async def slow(asked, use):
        """Waits."""
        return await waiting

    toolbox = Toolbox(FakeVoiceSession(), house_with(slow, clock=clock), 10.0)
    told = Deferred.fromCoroutine(toolbox.results([call()]))
    clock.advance(10)

    (block,) = success_of(told)
    assert block["isError"] is True
    assert "longer than 10 seconds" in block["output"]


def test_what_a_tool_says_is_bounded_and_so_are_calls():
    @tool("tea")
    def chatty(asked, use):
        """Talks."""
        return "x" * 100_000

    blocks = results(*(call(number=n) for n in range(20)), tools=(chatty,))

    assert len(blocks[0]["output"]) == 8192
    assert [one["output"] for one in blocks[16:]] == ["too many calls"] * 4


# -- in a conversation -----------------------------------------------------------------------


def test_the_model_uses_a_tool_and_goes_on(set_talk, clock):
    stage = set_talk(tea)
    client = stage.connect()
    client.say("text", {"text": "tea please"})
    first = stage.engines.chat

    first.say("One moment.")
    first.call(call(cups=2), '{"cups": 2}')
    first.finish("tool_use")
    second = stage.engines.chat
    second.say("Two cups are ready.")
    second.finish()
    advance(clock, 2)

    assert {one.name for one in first.request.tools} == {"tea", "clock", "show_on_glasses"}
    asked, used, came = second.request.messages
    assert asked.content == "tea please"
    assert used.role == "assistant"
    assert used.content == [
        {"type": "text", "text": "One moment."},
        {"type": "tool_use", "toolCallId": "c1", "name": "tea", "input": {"cups": 2}},
    ]
    assert came.role == "tool"
    assert came.content[0]["output"] == '{"made":2,"for":"ann@x.org"}'
    assert client.take("llm_response")[-1]["data"]["text"] == "One moment. Two cups are ready."
    assert stage.engines.utterances.said == ["One moment.", "Two cups are ready."]


def test_tools_are_not_used_for_ever(set_talk):
    stage = set_talk(tea, tool_rounds=2)
    client = stage.connect()
    client.say("text", {"text": "tea please"})

    for number in range(2):
        chat = stage.engines.chat
        chat.call(call(number=number, cups=2), '{"cups": 2}')
        chat.finish("tool_use")
    last = stage.engines.chat
    last.say("Enough.")
    last.finish()

    assert len(stage.engines.model.chats) == 3
    assert [bool(one.request.tools) for one in stage.engines.model.chats] == [True, True, False]


def test_an_interruption_ends_a_tool(set_talk):
    ended = []

    @tool("tea")
    async def slow(asked, use):
        """Waits."""
        await Deferred(ended.append)

    stage = set_talk(slow)
    client = stage.connect()
    client.say("text", {"text": "tea please"})
    stage.engines.chat.call(call())
    stage.engines.chat.finish("tool_use")

    client.say("interruption")

    assert len(ended) == 1
    assert len(stage.engines.model.chats) == 1


# -- those of the house ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({}, '{"date":"2025-06-01","day":"Sunday","time":"12:00:00","timeZone":"UTC"}'),
        (
            {"time_zone": "Asia/Tokyo"},
            '{"date":"2025-06-01","day":"Sunday","time":"21:00:00","timeZone":"Asia/Tokyo"}',
        ),
        ({"time_zone": "Mars/Base"}, "there is no time zone Mars/Base"),
        ({"time_zone": "../../etc/passwd"}, "there is no time zone ../../etc/passwd"),
        ({"zone": "UTC"}, "the arguments are wrong: Object contains unknown field `zone`"),
    ],
)
def test_the_clock_tells_the_time(arguments, said):
    assert called(clock_tool, arguments) == said


def test_a_text_is_shown_on_the_glasses_of_the_same_person():
    house = house_with(show_on_glasses, fake_display)
    peer = FakePeer("glasses", Identity("ann@x.org"))
    session = success_of(ISessions(house).glasses_opened("ann@x.org", peer))

    toolbox = Toolbox(FakeVoiceSession(), house, 10.0)
    (block,) = success_of(toolbox.results([call("show_on_glasses", text="Milk, eggs")]))

    assert block["isError"] is False
    assert IDisplay(session).notices == [("Milk, eggs", 8.0)]


@pytest.mark.parametrize(
    "who", [FakeVoiceSession(), FakeVoiceSession(person=None), FakeVoiceSession(person="bob@x.org")]
)
def test_who_wears_no_glasses_is_shown_nothing(who):
    house = house_with(show_on_glasses, fake_display)

    toolbox = Toolbox(who, house, 10.0)
    (block,) = success_of(toolbox.results([call("show_on_glasses", text="Milk")]))

    assert block["isError"] is True
    assert "wears no glasses" in block["output"]


@implementer(IAssistantTool)
class Grumpy:
    """A class may be a tool, too."""

    name = "grumpy"
    description = "Refuses."
    input_type = NoArguments

    def call(self, asked, use):
        raise NotThere("there is nothing")


def test_whatever_provides_the_interface_is_a_tool():
    tool_of_class: Any = Grumpy()

    (block,) = results(call("grumpy"), tools=(tool_of_class,))

    assert (block["output"], block["isError"]) == ("there is nothing", True)
