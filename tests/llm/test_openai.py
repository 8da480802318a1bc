"""OpenAI's chat completions, as OpenAI and others speak them."""

import msgspec
import pytest
from twisted.internet.defer import CancelledError, Deferred
from zope.interface.verify import verifyObject

from mentra.engines import engines
from mentra.errors import Refused
from mentra.interfaces.engines import IEngines
from mentra.interfaces.llm import ILanguageModel
from mentra.interfaces.network import IGuardedHttpClient
from mentra.llm.openai import OpenAiSettings, openai
from mentra.llm.prices import prices
from mentra.llm.settings import ModelSettings
from mentra.messages.llm import Tool, ToolCall, Usage
from mentra.testing.house import house_with, success_of
from mentra.testing.http import FakeHttp
from mentra.testing.model_stubs import Call, Fail, Raw, Say
from mentra.testing.openai_stub import openai_stub
from tests.llm.conversation import Stage, ask, refusal_of, shape, text

LOCAL = OpenAiSettings(base_url="http://model.test:11434/v1/", model="llama")


@pytest.fixture
def stage(clock):
    return Stage(clock, openai_stub(clock), openai, sections=[LOCAL])


def soon(stage, coroutine):
    """What it comes to once the server has answered."""
    deferred = Deferred.fromCoroutine(coroutine)
    stage.settle()
    return success_of(deferred)


def chunk(**fields):
    """An event with a chunk."""
    return b"data: " + msgspec.json.encode(fields) + b"\n\n"


def delta(stop=None, **fields):
    """An event with a chunk that says something."""
    return chunk(choices=[{"index": 0, "delta": fields, "finish_reason": stop}])


DONE = b"data: [DONE]\n\n"


def test_an_answer_is_told_as_it_comes(stage):
    stage.stub.script.append(Say(pieces=("Hel", "lo"), tokens=(3, 2)))

    came = success_of(stage.chat("openai", ask("Hi")))

    usage = Usage(input_tokens=3, output_tokens=2)
    assert shape(stage.chunks) == [
        ("message_start",),
        ("text", "Hel"),
        ("text", "lo"),
        ("message_end", usage),
    ]
    assert (came.content, came.stop_reason, came.usage) == ("Hello", "end_turn", usage)
    assert (came.id, came.model, came.provider) == ("chatcmpl-stub", "llama", "openai")
    assert stage.clock.getDelayedCalls() == []


def test_the_first_words_are_told_before_the_last_are_there(stage):
    stage.stub.script.append(Say(pieces=("Hel", "lo"), stall=2))

    answer = stage.chat("openai", ask("Hi"))

    assert shape(stage.chunks) == [("message_start",), ("text", "Hel")]
    answer.cancel()
    answer.addErrback(lambda failure: failure.trap(CancelledError))


@pytest.mark.parametrize("size", [1, 2, 7])
def test_it_does_not_matter_where_the_bytes_are_cut(stage, size):
    call = Call(id="1", name="f", arguments=('{"a', '":"ü"}'))
    stage.stub.script.append(Say(pieces=("Grüß ", "dich 👋"), calls=(call,), chop=size))

    came = success_of(stage.chat("openai", ask("Hi")))

    assert came.content == "Grüß dich 👋"
    assert came.tool_calls == [ToolCall(id="1", name="f", input={"a": "ü"})]
    assert came.stop_reason == "tool_use"


def test_everything_that_can_be_asked_is(stage):
    tool = Tool(name="f", description="does", input_schema={"type": "object"})
    picture = {"type": "image", "url": "data:image/png;base64,AAAA"}
    use = {"type": "tool_use", "toolCallId": "1", "name": "f", "input": {"a": 1}}
    result = {"type": "tool_result", "toolCallId": "1", "output": "no", "isError": True}
    request = ask(
        ("user", [text("What is"), text("this?"), picture]),
        ("assistant", [text("Let me see."), use]),
        ("tool", [result]),
        ("user", [result, text("and"), text("now?")]),
        system_prompt="Be kind.",
        model="other",
        max_tokens=9,
        temperature=0.5,
        top_p=0.9,
        stop_sequences=["\n"],
        tools=[tool],
        tool_choice="f",
    )

    stage.chat("openai", request)

    asked = stage.stub.asked[0]
    called = {"name": "f", "arguments": '{"a":1}'}
    failed = {"role": "tool", "tool_call_id": "1", "content": "Error: no"}
    assert (asked.method, asked.uri) == ("POST", "/v1/chat/completions")
    assert asked.json == {
        "model": "other",
        "messages": [
            {"role": "system", "content": "Be kind."},
            {
                "role": "user",
                "content": [
                    {"type": "text", "text": "What is"},
                    {"type": "text", "text": "this?"},
                    {"type": "image_url", "image_url": {"url": picture["url"]}},
                ],
            },
            {
                "role": "assistant",
                "content": "Let me see.",
                "tool_calls": [{"id": "1", "type": "function", "function": called}],
            },
            failed,
            failed,
            {"role": "user", "content": "and\n\nnow?"},
        ],
        "stream": True,
        "stream_options": {"include_usage": True},
        "max_tokens": 9,
        "temperature": 0.5,
        "top_p": 0.9,
        "stop": ["\n"],
        "tools": [
            {
                "type": "function",
                "function": {
                    "name": "f",
                    "description": "does",
                    "parameters": {"type": "object"},
                },
            }
        ],
        "tool_choice": {"type": "function", "function": {"name": "f"}},
    }


def test_what_nobody_asked_for_is_left_to_the_server(stage):
    stage.chat("openai", ask("Hi", tool_choice="auto"))

    assert stage.stub.asked[0].json == {
        "model": "llama",
        "messages": [{"role": "user", "content": "Hi"}],
        "stream": True,
        "stream_options": {"include_usage": True},
    }
    assert "authorization" not in stage.stub.asked[0].headers


def test_the_key_of_the_one_who_asks_goes_before_the_configured_one(clock):
    settings = OpenAiSettings(base_url="http://model.test/v1", model="m", key="ours")
    stage = Stage(clock, openai_stub(clock), openai, sections=[settings])

    stage.chat("openai", ask("Hi"))
    stage.chat("openai", ask("Hi"), credential="theirs")

    keys = [asked.headers["authorization"] for asked in stage.stub.asked]
    assert keys == ["Bearer ours", "Bearer theirs"]


def test_openai_itself_wants_a_key_and_has_its_own_name_for_the_bound(clock):
    stage = Stage(clock, openai_stub(clock), openai)
    request = ask("Hi", model="gpt-5.4-mini", max_tokens=5)

    refusal = refusal_of(stage.chat("openai", request))
    stage.chat("openai", request, credential="k")

    assert (refusal.code, refusal.retryable) == ("NO_CREDENTIAL", False)
    assert "openai.key_file" in refusal.message
    assert stage.model("openai").has_credential() is False
    assert stage.stub.asked[0].json["max_completion_tokens"] == 5
    assert "max_tokens" not in stage.stub.asked[0].json


def test_a_model_must_be_named_somewhere(clock):
    local = OpenAiSettings(base_url="http://model.test/v1")
    stage = Stage(clock, openai_stub(clock), openai, sections=[local])

    refusal = refusal_of(stage.chat("openai", ask("Hi")))

    assert refusal.code == "INVALID_REQUEST"
    assert "openai.model" in refusal.message


def test_the_engine_says_where_it_goes(stage):
    model = stage.model("openai")

    assert verifyObject(ILanguageModel, model)
    assert model.addresses() == ("http://model.test:11434/v1",)
    assert (model.unavailable(), model.has_credential()) == (None, True)


def test_a_missing_key_file_is_told(clock):
    stage = Stage(clock, openai_stub(clock), openai, sections=[OpenAiSettings(key_file="gone")])

    assert "gone" in (stage.model("openai").unavailable() or "")


def test_the_models_of_a_server_are_those_it_lists_for_a_while(stage):
    stage.stub.models = ("mistral", "llama")

    awaited = soon(stage, stage.model("openai").models())
    again = soon(stage, stage.model("openai").models())
    stage.clock.advance(61)
    soon(stage, stage.model("openai").models())

    assert [one.id for one in awaited] == ["llama", "mistral"]
    assert again == awaited
    assert [one.uri for one in stage.stub.asked] == ["/v1/models", "/v1/models"]


def test_openais_own_models_are_known_without_asking(clock):
    settings = OpenAiSettings(model="gpt-5.4-mini")
    stage = Stage(clock, openai_stub(clock), openai, sections=[settings])

    known = success_of(stage.model("openai").models())

    assert known[0].id == "gpt-5.4-mini"
    assert known[0].input_price_per_million > 0
    assert len({one.id for one in known}) == len(known) > 1
    assert stage.stub.asked == []


# -- what servers do differently -------------------------------------------------------------


def raw(stage, *pieces):
    """The answer that a server's own bytes become."""
    stage.stub.script.append(Raw(pieces=pieces))
    return success_of(stage.chat("openai", ask("Hi")))


def test_a_stop_with_calls_is_a_call(stage):
    came = raw(
        stage,
        delta(tool_calls=[{"id": "a", "function": {"name": "f", "arguments": "{}"}}]),
        delta(tool_calls=[{"id": "b", "function": {"name": "g", "arguments": '{"x":1}'}}]),
        delta("stop"),
        DONE,
    )

    assert came.stop_reason == "tool_use"
    assert [(call.id, call.name, call.input) for call in came.tool_calls] == [
        ("a", "f", {}),
        ("b", "g", {"x": 1}),
    ]


def test_calls_without_ids_get_some(stage):
    def call(index, arguments, **function):
        function["arguments"] = arguments
        return delta(tool_calls=[{"index": index, "function": function}])

    came = raw(
        stage,
        call(0, '{"a"', name="f"),
        call(1, "{}", name="f"),
        call(0, ":1}"),
        delta("tool_calls"),
        DONE,
    )

    assert [call.input for call in came.tool_calls] == [{"a": 1}, {}]
    assert len({call.id for call in came.tool_calls}) == 2


def test_a_stop_sequence_is_told_where_the_server_says_so(stage):
    ends = chunk(choices=[{"delta": {}, "finish_reason": "stop", "stop_reason": "\n"}])

    assert raw(stage, delta(content="a"), ends, DONE).stop_reason == "stop_sequence"


@pytest.mark.parametrize(
    ("word", "reason"),
    [("stop", "end_turn"), ("length", "max_tokens"), ("content_filter", "end_turn")],
)
def test_why_it_ends_is_told_in_our_words(stage, word, reason):
    assert raw(stage, delta(content="a"), delta(word), DONE).stop_reason == reason


def test_an_answer_without_end_mark_but_with_a_reason_is_whole(stage):
    came = raw(stage, b": comment\n\n", delta(content="a"), delta("stop"))

    assert (came.content, came.usage) == ("a", Usage(input_tokens=0, output_tokens=0))


def test_tokens_from_a_cache_are_counted_apart(stage):
    usage = {
        "prompt_tokens": 10,
        "completion_tokens": 2,
        "prompt_tokens_details": {"cached_tokens": 8},
    }

    came = raw(stage, delta("stop", content="a"), chunk(choices=[], usage=usage), DONE)

    assert came.usage == Usage(input_tokens=2, output_tokens=2, cache_read_tokens=8)


def test_a_refusal_of_the_model_is_its_answer(stage):
    assert raw(stage, delta("stop", refusal="No."), DONE).content == "No."


def test_a_server_that_does_not_end_its_body_is_let_go(stage):
    body = (delta("stop", content="a"), DONE)
    stage.stub.script.append(Raw(pieces=body, stall=2))
    answer = stage.chat("openai", ask("Hi"))

    stage.settle(1.0)

    assert success_of(answer).content == "a"
    assert stage.stub.hung_up == 1
    assert stage.clock.getDelayedCalls() == []


# -- what goes wrong -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (400, "INVALID_REQUEST"),
        (401, "AUTHENTICATION_ERROR"),
        (402, "PERMISSION_DENIED"),
        (403, "PERMISSION_DENIED"),
        (404, "NOT_FOUND"),
        (413, "INVALID_REQUEST"),
        (422, "INVALID_REQUEST"),
    ],
)
def test_what_trying_again_does_not_help_is_refused_at_once(stage, status, code):
    stage.stub.script.append(Fail(status=status, error="because\n  of this"))

    refusal = refusal_of(stage.chat("openai", ask("Hi")))

    assert (refusal.code, refusal.where, refusal.retryable) == (code, "provider", False)
    assert ("because of this" in refusal.message) is (status not in (401, 403))
    assert len(stage.stub.asked) == 1
    assert stage.chunks == []
    assert stage.clock.getDelayedCalls() == []


@pytest.mark.parametrize("status", [429, 500, 503, 529])
def test_what_may_pass_is_asked_again(stage, status):
    stage.stub.script += [Fail(status=status), Fail(status=status)]
    answer = stage.chat("openai", ask("Hi"))

    stage.settle(0.5)
    stage.settle(1.0)

    assert success_of(answer).content == "You said: Hi"
    assert len(stage.stub.asked) == 3


def test_three_attempts_are_enough(stage):
    stage.stub.script += [Fail(status=500)] * 3
    answer = stage.chat("openai", ask("Hi"))

    stage.settle(0.5)
    stage.settle(1.0)

    refusal = refusal_of(answer)
    assert (refusal.code, refusal.retryable) == ("SERVER_ERROR", True)
    assert len(stage.stub.asked) == 3


def test_the_pause_a_server_asks_for_is_kept(stage):
    stage.stub.script.append(Fail(status=429, headers={"Retry-After": "7"}))
    answer = stage.chat("openai", ask("Hi"))

    stage.settle(6.9)
    early = len(stage.stub.asked)
    stage.settle(0.1)

    assert early == 1
    assert success_of(answer).content == "You said: Hi"


def test_no_money_left_is_no_matter_of_waiting(stage):
    stage.stub.script.append(Fail(status=429, kind="insufficient_quota"))

    refusal = refusal_of(stage.chat("openai", ask("Hi")))

    assert (refusal.code, refusal.retryable) == ("RATE_LIMITED", False)
    assert len(stage.stub.asked) == 1


def test_a_key_that_an_error_repeats_is_not_told(stage):
    stage.stub.script.append(Fail(status=400, error="your key sk-s3cret is odd"))

    refusal = refusal_of(stage.chat("openai", ask("Hi"), credential="sk-s3cret"))

    assert "s3cret" not in refusal.message
    assert "your key *** is odd" in refusal.message


@pytest.mark.parametrize("frames", [0, 1])
def test_an_answer_cut_off_before_it_says_anything_is_asked_for_again(stage, frames):
    stage.stub.script.append(Say(pieces=("Hel", "lo"), cut=frames))
    answer = stage.chat("openai", ask("Hi"))

    stage.settle(0.5)

    assert success_of(answer).content == "You said: Hi"
    assert len(stage.stub.asked) == 2


def test_an_answer_cut_off_in_the_middle_is_not_asked_for_again(stage):
    stage.stub.script.append(Say(pieces=("Hel", "lo"), cut=2))

    refusal = refusal_of(stage.chat("openai", ask("Hi")))

    assert (refusal.code, refusal.retryable) == ("NETWORK_ERROR", True)
    assert shape(stage.chunks)[1:] == [("text", "Hel"), ("error", f"NETWORK_ERROR: {refusal}")]
    assert len(stage.stub.asked) == 1
    assert stage.clock.getDelayedCalls() == []


def test_a_body_that_ends_too_soon_is_an_answer_cut_off(stage):
    stage.stub.script.append(Raw(pieces=(delta(content="Hel"),)))

    assert refusal_of(stage.chat("openai", ask("Hi"))).code == "NETWORK_ERROR"


def test_an_answer_that_stalls_is_given_up(stage):
    stage.stub.script.append(Say(pieces=("Hel", "lo"), stall=2))
    answer = stage.chat("openai", ask("Hi"))

    stage.settle(60.0)

    refusal = refusal_of(answer)
    assert (refusal.code, refusal.retryable) == ("TIMEOUT", True)
    assert shape(stage.chunks)[-1][0] == "error"
    assert stage.stub.hung_up == 1
    assert stage.clock.getDelayedCalls() == []


def test_an_answer_that_never_ends_is_given_up(clock):
    stage = Stage(
        clock, openai_stub(clock, pause=1.0), openai, sections=[LOCAL, ModelSettings(longest=20.0)]
    )
    stage.stub.script.append(Say(pieces=("a",) * 100))
    answer = stage.chat("openai", ask("Hi"))

    for _ in range(20):
        stage.settle(1.0)

    assert refusal_of(answer).code == "TIMEOUT"
    assert shape(stage.chunks)[-1][0] == "error"
    assert stage.stub.hung_up == 1


def test_an_answer_that_is_too_long_is_given_up(clock):
    bound = ModelSettings(max_answer=10)
    stage = Stage(clock, openai_stub(clock), openai, sections=[LOCAL, bound])
    stage.stub.script.append(Say(pieces=("12345", "12345", "1")))

    refusal = refusal_of(stage.chat("openai", ask("Hi")))

    assert (refusal.code, refusal.retryable) == ("SERVER_ERROR", False)
    assert len(stage.stub.asked) == 1


@pytest.mark.parametrize(
    "event",
    [
        b"data: {\n\n",
        b"data: []\n\n",
        b'data: {"choices": 7}\n\n',
        b'data: {"choices": [{"delta": {"content": 7}}]}\n\n',
        b'data: {"choices": [{"delta": {"tool_calls": [{"index": 0}]}}]}\n\n',
        b"data: " + b"x" * 1_100_000 + b"\n\n",
        b"data: \xff\n\n",
    ],
)
def test_nonsense_is_a_fault_of_the_server(stage, event):
    stage.stub.script.append(Raw(pieces=(delta(content="Hel"), event)))

    refusal = refusal_of(stage.chat("openai", ask("Hi")))

    assert (refusal.code, refusal.where) == ("SERVER_ERROR", "provider")
    assert len(stage.stub.asked) == 1


@pytest.mark.parametrize(
    ("error", "code"),
    [
        ({"message": "overloaded"}, "SERVER_ERROR"),
        ({"message": "too many", "code": 429}, "RATE_LIMITED"),
        ({"message": "odd", "code": 400, "type": "BadRequestError"}, "INVALID_REQUEST"),
        ("broken", "SERVER_ERROR"),
        ([], "SERVER_ERROR"),
    ],
)
def test_an_error_in_the_middle_of_an_answer_ends_it(stage, error, code):
    stage.stub.script.append(Raw(pieces=(delta(content="Hel"), chunk(error=error))))

    assert refusal_of(stage.chat("openai", ask("Hi"))).code == code


def test_nobody_there_is_a_network_error(clock):
    http = FakeHttp()
    house = house_with(
        engines, prices, openai, clock=clock, sections=[LOCAL], parts={IGuardedHttpClient: http}
    )
    answer = IEngines(house).get(ILanguageModel, "openai").chat(ask("Hi"))

    for number in range(3):
        http.requests[number].fail("UNREACHABLE", "the connection was refused")
        clock.advance(1.0)

    refusal = refusal_of(answer)
    assert (refusal.code, refusal.where, refusal.retryable) == ("NETWORK_ERROR", "provider", True)


@pytest.mark.parametrize("kind", ["text/html; charset=utf-8", "application/json"])
def test_what_is_no_stream_says_where_to_look(clock, kind):
    http = FakeHttp()
    house = house_with(
        engines, prices, openai, clock=clock, sections=[LOCAL], parts={IGuardedHttpClient: http}
    )
    answer = IEngines(house).get(ILanguageModel, "openai").chat(ask("Hi"))

    http.requests[0].begin({"content-type": kind})

    refusal = refusal_of(answer)
    assert (refusal.code, refusal.retryable) == ("SERVER_ERROR", False)
    assert "openai.base_url" in refusal.message
    assert len(http.requests) == 1


def test_what_the_air_gap_refuses_is_not_tried_again(clock):
    http = FakeHttp()
    house = house_with(
        engines, prices, openai, clock=clock, sections=[LOCAL], parts={IGuardedHttpClient: http}
    )
    answer = IEngines(house).get(ILanguageModel, "openai").chat(ask("Hi"))

    http.requests[0].answer.errback(Refused("AIR_GAP", "8.8.8.8 is outside"))

    assert refusal_of(answer).code == "AIR_GAP"
    assert len(http.requests) == 1


def test_given_up_it_hangs_up_and_tells_nothing(stage):
    stage.stub.script.append(Say(pieces=("Hel", "lo"), stall=2))
    answer = stage.chat("openai", ask("Hi"))
    told = len(stage.chunks)

    answer.cancel()
    stage.settle()

    with pytest.raises(CancelledError):
        success_of(answer)
    assert (stage.stub.hung_up, len(stage.chunks)) == (1, told)
    assert stage.clock.getDelayedCalls() == []


def test_given_up_in_a_pause_it_does_not_ask_again(stage):
    stage.stub.script.append(Fail(status=500))
    answer = stage.chat("openai", ask("Hi"))

    answer.cancel()
    stage.settle(5.0)

    with pytest.raises(CancelledError):
        success_of(answer)
    assert len(stage.stub.asked) == 1
