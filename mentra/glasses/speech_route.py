"""Text as sound, for phones that play it.  Source: docs/protocol/sound, "sound"."""

from typing import Annotated, Any

import msgspec
from msgspec import Meta

from mentra.errors import Denied, Refused
from mentra.extension import Access, HttpAnswer, route
from mentra.glasses.speaker import SpeakerSettings
from mentra.interfaces.engines import ISynthesiser
from mentra.interfaces.web import ICall

_Name = Annotated[str, Meta(max_length=200)]


class Spoken(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be said, and how.

    :ivar voice_settings: a JSON object, whatever the engine knows.
    """

    text: Annotated[str, Meta(min_length=1, description="What is said.")]
    voice_id: Annotated[_Name, Meta(description="Which voice, as the engine calls it.")] | None = (
        None
    )
    model_id: Annotated[_Name, Meta(description="Which model, as the engine calls it.")] | None = (
        None
    )
    voice_settings: (
        Annotated[str, Meta(max_length=4096, description="A JSON object for the engine.")] | None
    ) = None


@route(
    "GET",
    "/api/tts",
    "/api/audio/tts",
    access=Access.PUBLIC,
    query=Spoken,
    answer_type="audio/mpeg",
    errors={
        501: "This server has no engine that speaks.",
        502: "The engine failed.",
    },
)
async def speak(call: ICall) -> HttpAnswer:
    """Say a text.

    Phones fetch this without a token: an app has them play the address.
    """
    asked: Spoken = call.asked
    most = call.services.settings(SpeakerSettings).max_text
    if len(asked.text) > most:
        raise Refused("TEXT_TOO_LONG", f"the text is longer than {most} characters")
    settings = _settings(asked.voice_settings)
    engine: Any = ISynthesiser(call.services, None)
    if engine is None:
        text = "This server has no engine for speech: install an extension that has one"
        raise Denied(501, {"error": text, "code": "NO_SYNTHESISER", "message": text})
    try:
        speech = await engine.speak(asked.text, asked.voice_id, asked.model_id, settings)
    except Refused as refusal:
        body: dict[str, object] = {"error": refusal.message, "code": refusal.code,
                                   "message": refusal.message}  # fmt: skip
        raise Denied(400 if refusal.where == "app" else 502, body) from refusal
    return HttpAnswer(body=speech.body, content_type=speech.content_type)


def _settings(text: str | None) -> dict[str, Any]:
    if not text:
        return {}
    try:
        found = msgspec.json.decode(text, type=dict[str, Any])
    except (msgspec.DecodeError, RecursionError) as wrong:
        raise Refused("INVALID_QUERY", "voice_settings is no JSON object") from wrong
    return found
