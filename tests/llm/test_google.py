"""Google's Gemini API: what is its own."""

import msgspec
import pytest

from mentra.llm.google import GoogleSettings, google
from mentra.llm.google_request import MAX_SIGNATURE, MOST_SIGNATURES, Signatures
from mentra.messages.llm import Tool, Usage
from mentra.testing.google_stub import google_stub
from mentra.testing.house import success_of
from mentra.testing.model_stubs import Call, Fail, Raw, Say
from tests.llm.conversation import Stage, ask, refusal_of, text

TOOL = Tool(name="f", description="does", input_schema={"type": "object"})
USE = {"type": "tool_use", "toolCallId": "1", "name": "f", "input": {"a": 1}}


@pytest.fixture
def stage(clock):
    settings = GoogleSettings(base_url="http://model.test/v1beta", model="gemini-3", key="k")
    return Stage(clock, google_stub(clock), google, sections=[settings])


def raw(stage, *pieces):
    """What its own pieces become."""
    frames = tuple(b"data: " + msgspec.json.encode(piece) + b"\r\n\r\n" for piece in pieces)
    stage.stub.script.append(Raw(pieces=frames))
    return stage.chat("google", ask("Hi"))


def says(*parts, reason=None, **fields):
    candidate = {"content": {"parts": list(parts)}}
    if reason:
        candidate["finishReason"] = reason
    return {"candidates": [candidate], **fields}


def test_everything_that_can_be_asked_is(stage):
    inline = {"type": "image", "url": "data:image/png;base64,AAAA"}
    linked = {"type": "image", "url": "https://x.example/a.png"}
    failed = {"type": "tool_result", "toolCallId": "1", "output": "no", "isError": True}
    request = ask(
        ("user", [text("What?"), inline, linked]),
        ("assistant", [text("Let me see."), USE]),
        ("tool", [failed, {**failed, "toolCallId": "unknown", "isError": False}]),
        system_prompt="Be kind.",
        model="models/gemini-3/pro",
        max_tokens=9,
        temperature=1.5,
        top_p=0.9,
        stop_sequences=["x"],
        tools=[TOOL],
        tool_choice="f",
    )

    stage.chat("google", request)

    asked = stage.stub.asked[0]
    assert asked.uri == "/v1beta/models/gemini-3%2Fpro:streamGenerateContent?alt=sse"
    assert asked.headers["x-goog-api-key"] == "k"
    assert asked.json == {
        "contents": [
            {
                "role": "user",
                "parts": [
                    {"text": "What?"},
                    {"inlineData": {"mimeType": "image/png", "data": "AAAA"}},
                    {"fileData": {"fileUri": linked["url"]}},
                ],
            },
            {
                "role": "model",
                "parts": [
                    {"text": "Let me see."},
                    {
                        "functionCall": {"name": "f", "args": {"a": 1}},
                        "thoughtSignature": "skip_thought_signature_validator",
                    },
                ],
            },
            {
                "role": "user",
                "parts": [
                    {"functionResponse": {"name": "f", "response": {"error": "no"}}},
                    {"functionResponse": {"name": "unknown", "response": {"output": "no"}}},
                ],
            },
        ],
        "systemInstruction": {"parts": [{"text": "Be kind."}]},
        "generationConfig": {
            "maxOutputTokens": 9,
            "temperature": 1.5,
            "topP": 0.9,
            "stopSequences": ["x"],
        },
        "tools": [
            {
                "functionDeclarations": [
                    {
                        "name": "f",
                        "description": "does",
                        "parametersJsonSchema": {"type": "object"},
                    }
                ]
            }
        ],
        "toolConfig": {"functionCallingConfig": {"mode": "ANY", "allowedFunctionNames": ["f"]}},
    }


@pytest.mark.parametrize(
    ("choice", "mode"), [("auto", "AUTO"), ("none", "NONE"), ("required", "ANY")]
)
def test_the_choice_of_tools_is_spelt_its_way(stage, choice, mode):
    stage.chat("google", ask("Hi", tools=[TOOL], tool_choice=choice))

    assert stage.stub.asked[0].json["toolConfig"] == {"functionCallingConfig": {"mode": mode}}


def test_what_nobody_asked_for_is_left_to_the_server(stage):
    stage.chat("google", ask("Hi", tool_choice="auto"))

    assert set(stage.stub.asked[0].json) == {"contents"}


def test_the_signature_of_a_call_goes_back_with_it(stage):
    stage.stub.script.append(Say(calls=(Call(id="7", name="f"),)))
    [call] = success_of(stage.chat("google", ask("Hi"))).tool_calls
    use = {"type": "tool_use", "toolCallId": call.id, "name": call.name, "input": {}}

    stage.chat("google", ask("Hi", ("assistant", [use]), "so?"))

    [part] = stage.stub.asked[1].json["contents"][1]["parts"]
    assert part["thoughtSignature"] == "signed-7"


def test_older_models_are_not_told_of_signatures_that_nobody_has(stage):
    stage.chat("google", ask("Hi", ("assistant", [USE]), "so?", model="gemini-2.5-flash"))

    [part] = stage.stub.asked[0].json["contents"][1]["parts"]
    assert set(part) == {"functionCall"}


def test_signatures_are_kept_within_bounds():
    signatures = Signatures()
    for number in range(MOST_SIGNATURES + 1):
        signatures.keep(str(number), "x")
    signatures.keep("long", "x" * (MAX_SIGNATURE + 1))

    assert (signatures.of("0"), signatures.of("1"), signatures.of("long")) == (None, "x", None)


def test_what_it_thinks_is_not_told_but_counted(stage):
    usage = {
        "promptTokenCount": 10,
        "cachedContentTokenCount": 4,
        "candidatesTokenCount": 5,
        "thoughtsTokenCount": 6,
    }
    answer = raw(
        stage,
        says({"text": "hm", "thought": True}),
        says({"text": "A"}, {"text": "B"}, reason="STOP", usageMetadata=usage),
    )

    came = success_of(answer)

    assert came.content == "AB"
    assert came.usage == Usage(input_tokens=6, output_tokens=11, cache_read_tokens=4)


@pytest.mark.parametrize(
    ("word", "reason"), [("STOP", "end_turn"), ("MAX_TOKENS", "max_tokens"), ("SAFETY", "end_turn")]
)
def test_why_it_ends_is_told_in_our_words(stage, word, reason):
    assert success_of(raw(stage, says({"text": "A"}, reason=word))).stop_reason == reason


def test_a_question_that_it_does_not_answer_is_refused(stage):
    refusal = refusal_of(raw(stage, {"promptFeedback": {"blockReason": "SAFETY"}}))

    assert (refusal.code, refusal.retryable) == ("INVALID_REQUEST", False)
    assert "SAFETY" in refusal.message


def test_a_call_that_the_model_got_wrong_is_a_fault_of_the_provider(stage):
    refusal = refusal_of(raw(stage, says({"text": "A"}, reason="MALFORMED_FUNCTION_CALL")))

    assert refusal.code == "SERVER_ERROR"


@pytest.mark.parametrize(
    ("status", "code", "retryable"),
    [
        ("UNAVAILABLE", "SERVER_ERROR", True),
        ("RESOURCE_EXHAUSTED", "RATE_LIMITED", True),
        ("INVALID_ARGUMENT", "INVALID_REQUEST", False),
        (None, "SERVER_ERROR", True),
    ],
)
def test_an_error_in_the_middle_of_an_answer_ends_it(stage, status, code, retryable):
    refusal = refusal_of(raw(stage, says({"text": "A"}), {"error": {"status": status}}))

    assert (refusal.code, refusal.retryable) == (code, retryable)


def test_a_wrong_key_is_told_apart_from_a_wrong_request(stage):
    detail = [{"error": {"code": 400, "message": "x", "details": [{"reason": "API_KEY_INVALID"}]}}]
    stage.stub.script.append(Fail(status=400, body=msgspec.json.encode(detail)))

    refusal = refusal_of(stage.chat("google", ask("Hi")))

    assert refusal.code == "AUTHENTICATION_ERROR"
