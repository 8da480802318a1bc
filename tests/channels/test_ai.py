"""The ai channels, frame by frame."""

import pytest
from twisted.internet.defer import succeed
from twisted.logger import globalLogPublisher
from zope.interface import implementer
from zope.interface.verify import verifyObject

from mentra.channels.asking import AiSettings
from mentra.engines import engines
from mentra.errors import Refused
from mentra.interfaces.ai import IAsking
from mentra.interfaces.analytics import IAnalytics
from mentra.interfaces.channel_stores import ICredentials
from mentra.llm.echo import echo
from mentra.llm.prices import prices
from mentra.messages.channels.ai import AiChat, AiChatStream, AiHasCredentials, AiModels
from mentra.messages.llm import ModelConfig, ToolCall, Usage
from mentra.records import Happened
from mentra.testing.channels import checked, page_at_door, page_of
from mentra.testing.llm import FakeLanguageModel

HI = {"provider": "fake", "model": "m", "messages": [{"role": "user", "content": "Hi"}]}
ECHO = {**HI, "provider": "echo", "model": "echo-1"}
USAGE = {"inputTokens": 3, "outputTokens": 5}


@pytest.fixture
def model():
    return FakeLanguageModel()


@pytest.fixture
def open_wing(open_port, kept_parts, model):
    """A house of the wing with two models in it, and its ports."""

    def make(**ai):
        sections = (AiSettings(**ai),)
        return open_port(
            engines, echo, prices, model.factory(), parts=kept_parts, sections=sections
        )

    return make


@pytest.fixture
def port(open_wing):
    return open_wing()[1]


@pytest.fixture
def page(port):
    page = page_at_door(port)
    page.take()
    return page


def test_a_model_answers_as_a_whole(page):
    came = checked(AiChat, page.ask("ai:chat", ECHO))

    assert came == {
        "id": "echo-1-2",
        "content": "Echo: Hi",
        "model": "echo-1",
        "provider": "echo",
        "stopReason": "end_turn",
        "usage": {"inputTokens": 1, "outputTokens": 2},
    }
    assert page.events() == []


def test_an_answer_comes_bit_by_bit_in_order_and_then_once_more_as_a_whole(page, model):
    request_id = page.request("ai:chat-stream", HI)
    chat = model.chats[0]

    chat.say("Hel")
    early = page.events()
    chat.say("lo")
    chat.finish()

    said = page.take()
    response = said[-1]
    events = [(one["channel"], one["payload"]) for one in said[:-1]]
    assert early == [
        ("ai:stream-chunk", {"requestId": request_id, "chunk": {"type": "message_start"}}),
        ("ai:stream-chunk", {"requestId": request_id, "chunk": {"type": "text", "text": "Hel"}}),
    ]
    assert events == [
        ("ai:stream-chunk", {"requestId": request_id, "chunk": {"type": "text", "text": "lo"}}),
        (
            "ai:stream-chunk",
            {"requestId": request_id, "chunk": {"type": "message_end", "usage": USAGE}},
        ),
        ("ai:stream-complete", {"requestId": request_id, "response": response["payload"]}),
    ]
    assert (response["type"], response["id"]) == ("response", request_id)
    assert checked(AiChatStream, response["payload"])["content"] == "Hello"


def test_the_chunks_of_two_answers_name_their_requests(page, model):
    first, second = (page.request("ai:chat-stream", HI) for _ in range(2))

    model.chats[1].say("b")
    model.chats[0].say("a")
    model.chats[1].finish()
    model.chats[0].finish()

    texts = {
        (payload["requestId"], payload["chunk"]["text"])
        for channel, payload in page.events()
        if channel == "ai:stream-chunk" and "text" in payload["chunk"]
    }
    assert texts == {(first, "a"), (second, "b")}


def test_only_the_page_that_asked_is_told(port, model):
    ann, also_ann = (page_of(port, "ann@x.org") for _ in range(2))
    for one in (ann, also_ann):
        one.take()
    ann.request("ai:chat-stream", HI)

    model.chats[0].say("secret")
    model.chats[0].finish()

    assert len(ann.events()) == 4
    assert also_ann.events() == []


def test_everything_that_a_page_asks_reaches_the_model(page, model):
    tool = {"name": "clock", "description": "tells the time", "inputSchema": {"type": "object"}}
    use = {"type": "tool_use", "toolCallId": "1", "name": "clock", "input": {}}
    page.request(
        "ai:chat",
        {
            "provider": "fake",
            "model": "m",
            "messages": [
                {"role": "user", "content": [{"type": "text", "text": "What time is it?"}]},
                {"role": "assistant", "content": [use]},
                {
                    "role": "user",
                    "content": [{"type": "tool_result", "toolCallId": "1", "output": "noon"}],
                },
            ],
            "systemPrompt": "Be kind.",
            "maxTokens": 9,
            "temperature": 0.5,
            "topP": 0.9,
            "stopSequences": ["x"],
            "stream": False,
            "tools": [tool],
            "toolChoice": {"type": "tool", "name": "clock"},
            "unknown": 1,
        },
    )

    request = model.chats[0].request
    assert [(turn.role, turn.content) for turn in request.messages] == [
        ("user", [{"type": "text", "value": "What time is it?"}]),
        ("assistant", [use]),
        ("user", [{"type": "tool_result", "toolCallId": "1", "output": "noon"}]),
    ]
    assert (request.system_prompt, request.max_tokens, request.temperature) == ("Be kind.", 9, 0.5)
    assert (request.top_p, request.stop_sequences, request.tool_choice) == (0.9, ["x"], "clock")
    assert [(one.name, one.input_schema) for one in request.tools] == [
        ("clock", {"type": "object"})
    ]


@pytest.mark.parametrize(
    ("choice", "asked"),
    [("auto", "auto"), ("clock", "clock"), ({"type": "any"}, "required"),
     ({"type": "none"}, "none"), (None, None)],
)  # fmt: skip
def test_the_choice_of_tools_may_be_an_object(page, model, choice, asked):
    page.request("ai:chat", {**HI, "toolChoice": choice})

    assert model.chats[0].request.tool_choice == asked


def test_a_tool_call_is_in_the_chunks_and_in_the_answer(page, model):
    request_id = page.request("ai:chat-stream", HI)
    model.chats[0].call(ToolCall(id="1", name="f", input={"a": 1}), '{"a":1}')
    model.chats[0].finish("tool_use")

    answer = page.answer(request_id)["payload"]
    chunks = [payload.get("chunk") for _, payload in page.events()]
    assert (answer["stopReason"], answer["content"]) == ("tool_use", "")
    assert answer["toolCalls"] == [{"id": "1", "name": "f", "input": {"a": 1}}]
    assert chunks[1:3] == [
        {"type": "tool_use_start", "toolCall": {"id": "1", "name": "f", "input": {}}},
        {"type": "tool_use_input", "toolCall": {"id": "1", "name": "f", "input": {"a": 1}}},
    ]


@pytest.mark.parametrize("code", ["RATE_LIMITED", "TIMEOUT", "AUTHENTICATION_ERROR"])
def test_what_the_provider_says_is_told_with_a_code_word_first(page, model, code):
    request_id = page.request("ai:chat-stream", HI)
    model.chats[0].say("Hel")
    page.take()

    model.chats[0].fail(code, "later")

    error = page.answer(request_id)["error"]
    assert page.events() == [
        (
            "ai:stream-chunk",
            {"requestId": request_id, "chunk": {"type": "error", "error": f"{code}: later"}},
        ),
        ("ai:stream-error", {"requestId": request_id, "error": f"{code}: later"}),
    ]
    assert (error["code"], error["message"]) == ("HANDLER_ERROR", f"{code}: later")
    assert (error["details"]["code"], error["details"]["retryable"]) == (code, True)


def test_an_engine_with_a_bug_costs_its_own_answer_only(page, model, logged_failures):
    request_id = page.request("ai:chat-stream", HI)

    model.chats[0].answer.errback(LookupError("a bug with a secret"))

    assert page.answer(request_id)["error"]["code"] == "HANDLER_ERROR"
    assert page.events() == [
        (
            "ai:stream-error",
            {"requestId": request_id, "error": "HANDLER_ERROR: the provider's engine failed"},
        )
    ]
    assert page.ask("ai:chat", ECHO)["content"] == "Echo: Hi"
    assert len(logged_failures) == 1
    logged_failures.clear()


@pytest.mark.parametrize("channel", ["ai:chat", "ai:chat-stream", "ai:models"])
def test_an_unknown_provider_is_refused(page, channel):
    code, text = page.refusal(channel, {**HI, "provider": "gone"})

    assert code == "HANDLER_ERROR"
    assert "'gone'" in text
    assert "echo, fake" in text


@pytest.mark.parametrize(
    "change",
    [
        {"provider": None}, {"provider": ""}, {"provider": 7}, {"model": None}, {"model": 7},
        {"messages": None}, {"messages": []}, {"messages": "Hi"}, {"messages": [{"role": "user"}]},
        {"messages": [{"role": "robot", "content": "Hi"}]},
        {"messages": [{"role": "user", "content": 7}]},
        {"messages": [{"role": "user", "content": [{"type": "text"}]}]},
        {"temperature": 2.1}, {"temperature": "hot"}, {"topP": -1}, {"maxTokens": 0},
        {"maxTokens": 1.5}, {"stopSequences": "x"}, {"tools": [{"name": "f"}]},
        {"tools": [{"name": "a b", "inputSchema": {}}]}, {"toolChoice": {"type": "what"}},
        {"systemPrompt": 7},
    ],
)  # fmt: skip
def test_a_wrong_payload_is_said_to_be_wrong(page, model, change):
    assert page.refusal("ai:chat", HI | change)[0] == "INVALID_MESSAGE"
    assert page.refusal("ai:chat-stream", HI | change)[0] == "INVALID_MESSAGE"
    assert model.chats == []
    assert page.events() == []


@pytest.mark.parametrize("channel", ["ai:chat", "ai:chat-stream"])
def test_when_the_page_goes_the_model_is_left(port, model, clock, channel):
    page = page_at_door(port)
    page.request(channel, HI)

    page.line.lose()

    assert model.chats[0].cancelled


def test_a_page_may_give_up_its_own_answers_and_no_others(port, model):
    page, other = (page_at_door(port) for _ in range(2))
    request_id = page.request("ai:chat-stream", HI)
    foreign = other.ask("ai:cancel", {"requestId": request_id})
    page.take()

    given_up = page.ask("ai:cancel", {"requestId": request_id})

    error = page.answer(request_id)["error"]
    assert (foreign, given_up) == (False, True)
    assert model.chats[0].cancelled
    assert error["message"] == "ABORTED: the page gave it up"
    assert [channel for channel, _ in page.events()] == ["ai:stream-error"]
    assert page.ask("ai:cancel", {"requestId": request_id}) is False


def test_there_is_a_bound_for_each_person(open_wing, model):
    _, port = open_wing(at_a_time=1)
    ann, bob = page_of(port, "ann@x.org"), page_of(port, "bob@x.org")
    first = ann.request("ai:chat", HI)

    refused = ann.refusal("ai:chat", HI)
    bob.request("ai:chat", HI)
    model.chats[0].finish()
    ann.request("ai:chat", HI)

    assert refused == ("HANDLER_ERROR", "there are 1 answers on their way already")
    assert ann.answer(first)["payload"]["content"] == ""
    assert len(model.chats) == 3


# -- keys ------------------------------------------------------------------------------------


def test_a_persons_own_key_is_used_and_nobody_elses(port, model):
    ann, bob = page_of(port, "ann@x.org"), page_of(port, "bob@x.org")
    ann.ask("credentials:set", {"key": "fake", "token": "anns-key"})

    for one in (ann, bob):
        one.request("ai:chat", HI)

    assert [chat.credential for chat in model.chats] == ["anns-key", None]


def test_a_key_is_in_no_frame(page, model):
    page.ask("credentials:set", {"key": "fake", "token": "s3cret"})
    page.request("ai:chat-stream", HI)
    model.chats[0].fail("AUTHENTICATION_ERROR", "the key is wrong")

    assert "s3cret" not in str(page.take())


def test_whether_there_is_a_key_is_told(page, model):
    model.credential = False

    before = checked(AiHasCredentials, page.ask("ai:has-credentials", {"provider": "fake"}))
    page.ask("credentials:set", {"key": "fake", "token": "k"})
    after = page.ask("ai:has-credentials", {"provider": "fake"})

    assert (before, after) == (False, True)
    assert page.ask("ai:has-credentials", {"provider": "echo"}) is True
    assert page.ask("ai:has-credentials", {"provider": "gone"}) is False


def test_where_everybody_needs_a_key_the_configured_one_is_not_used(open_wing, model):
    _, port = open_wing(own_keys=("fake",))
    page = page_at_door(port)

    may = page.ask("ai:has-credentials", {"provider": "fake"})
    code, text = page.refusal("ai:chat", HI)

    assert (may, code) == (False, "HANDLER_ERROR")
    assert text.startswith("NO_CREDENTIAL: ")
    assert model.chats == []


def test_only_the_providers_that_are_let_in_are_there(open_wing):
    _, port = open_wing(providers=("echo",))
    page = page_at_door(port)

    assert page.refusal("ai:chat", HI)[0] == "HANDLER_ERROR"
    assert page.ask("ai:has-credentials", {"provider": "fake"}) is False
    assert page.ask("ai:chat", ECHO)["content"] == "Echo: Hi"


def test_a_provider_that_the_person_switched_off_is_not_asked(page, model):
    page.ask("settings:set", {"key": "providers.fake", "value": {"enabled": False}})

    code, text = page.refusal("ai:chat", HI)

    assert (code, text) == ("HANDLER_ERROR", "fake is switched off in the settings")
    assert model.chats == []


def test_a_key_that_cannot_be_read_is_told(open_wing, kept_parts, model):
    house, port = open_wing()
    page = page_at_door(port)
    page.ask("credentials:set", {"key": "fake", "token": "k"})
    ICredentials(house)._key_text = lambda: "YW5vdGhlciBhbm90aGVyIGFub3RoZXIgYW5vdGhlciE="

    code, text = page.refusal("ai:chat", HI)

    assert (code, "enter it anew" in text) == ("HANDLER_ERROR", True)


# -- what is counted -------------------------------------------------------------------------


@implementer(IAnalytics)
class Counting:
    """Keeps what it is told."""

    def __init__(self):
        self.told = []

    def record(self, user_id, happened):
        self.told.append((user_id, happened))

    def flush(self):
        return succeed(None)


@pytest.fixture
def counting(kept_parts):
    kept_parts[IAnalytics] = Counting()
    return kept_parts[IAnalytics]


def test_an_answer_is_counted_with_its_tokens_time_and_cost(counting, open_wing, model, clock):
    _, port = open_wing()
    image = {"type": "image", "url": "https://x.example/a.png"}
    page = page_of(port, "ann@x.org")
    page.request(
        "ai:chat-stream",
        {**HI, "model": "claude-opus-5", "messages": [{"role": "user", "content": [image]}]},
    )
    clock.advance(0.5)
    model.chats[0].say("Hel")
    clock.advance(1.5)
    usage = Usage(input_tokens=100, output_tokens=10, cache_read_tokens=1000)

    model.chats[0].finish(usage=usage)

    assert verifyObject(IAnalytics, counting)
    assert counting.told == [
        (
            "ann@x.org",
            Happened(
                kind="ai",
                provider="fake",
                model="claude-opus-5",
                input_tokens=1100,
                output_tokens=10,
                cost=500 + 250 + 500,
                seconds=2.0,
                first_token_seconds=0.5,
                streaming=True,
                images=1,
            ),
        )
    ]


def test_the_tools_that_a_model_calls_are_counted(counting, open_wing, model):
    page = page_of(open_wing()[1], "ann@x.org")
    page.request("ai:chat", HI)
    for number in "12":
        model.chats[0].call(ToolCall(id=number, name="weather", input={}), "{}")

    model.chats[0].finish("tool_use")

    [asked, *called] = [one for _, one in counting.told]
    assert (asked.kind, asked.tools) == ("ai", 2)
    assert called == [Happened(kind="tool", name="weather", provider="fake", model="m")] * 2


def test_what_fails_or_is_left_is_counted_too(counting, open_wing, model):
    _, port = open_wing()
    page = page_of(port, "ann@x.org")
    for _ in range(2):
        page.request("ai:chat", HI)

    model.chats[0].fail("RATE_LIMITED")
    page.line.lose()

    asked = [one for _, one in counting.told if one.kind == "ai"]
    assert [(one.ok, one.code, one.retryable, one.model) for one in asked] == [
        (False, "RATE_LIMITED", True, "m"),
        (False, "ABORTED", False, "m"),
    ]


def test_what_is_asked_and_answered_is_in_no_log(page, model):
    told = []
    globalLogPublisher.addObserver(told.append)
    try:
        page.ask("credentials:set", {"key": "fake", "token": "s3cret"})
        for _ in range(2):
            page.request("ai:chat-stream", HI | {"messages": [{"role": "user", "content": "woe"}]})
        model.chats[0].say("comfort")
        model.chats[0].finish()
        model.chats[1].fail("AUTHENTICATION_ERROR", "the key is wrong")
    finally:
        globalLogPublisher.removeObserver(told.append)

    assert len(page.events()) > 3
    assert not any(word in str(told) for word in ("woe", "comfort", "s3cret"))


# -- models ----------------------------------------------------------------------------------


def test_models_are_listed(page, model):
    model.listed = (
        ModelConfig(
            id="m", name="M", context_window=1000, max_output_tokens=100, supports_vision=True,
            supports_tools=False, input_price_per_million=1.5, output_price_per_million=3.0,
        ),
    )  # fmt: skip

    listed = checked(AiModels, page.ask("ai:models", {"provider": "fake"}))

    assert listed == [
        {
            "id": "m", "name": "M", "contextWindow": 1000, "maxOutputTokens": 100,
            "supportsVision": True, "supportsTools": False, "inputPricePerMillion": 1.5,
            "outputPricePerMillion": 3.0,
        }
    ]  # fmt: skip
    assert [one["id"] for one in page.ask("ai:models", {"provider": "echo"})] == ["echo-1"]


def test_a_provider_that_cannot_be_asked_says_so(page, model):
    model.listed = Refused("NETWORK_ERROR", "nobody answers", where="provider")

    assert page.refusal("ai:models", {"provider": "fake"}) == (
        "HANDLER_ERROR",
        "NETWORK_ERROR: nobody answers",
    )


def test_nothing_is_left_of_what_was_asked(open_wing, model):

    house, port = open_wing()
    page = page_at_door(port)
    page.request("ai:chat", HI)
    page.request("ai:chat", HI)

    model.chats[0].finish()
    page.line.lose()

    asking = IAsking(house)
    assert (asking._running, asking._given_up, asking._by_user) == ({}, set(), {})
