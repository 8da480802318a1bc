"""Text as sound, for phones that play it.  Source: docs/protocol/sound, "sound"."""

from typing import Annotated, Any

import msgspec
from msgspec import Meta
from zope.interface import implementer

from mentra.errors import Denied, NotThere, Refused
from mentra.extension import Access, ComponentFactory, HttpAnswer, route
from mentra.glasses.speaker import SpeakerSettings
from mentra.interfaces.engines import ISynthesiser, IUtterances
from mentra.interfaces.services import IServices
from mentra.interfaces.web import ICall

_STATUSES = {"TOO_MANY_SPEECHES": 503, "RATE_LIMITED": 429, "ENGINE_UNAVAILABLE": 501}

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
    answer_type="audio/wav",
    errors={
        429: "Too much was said in the last minute.",
        501: "This server has no engine that speaks.",
        502: "The engine failed.",
        503: "The engine is busy.",
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
    try:
        speech = await IUtterances(call.services).say(
            asked.text, asked.voice_id, asked.model_id, settings
        )
    except NotThere as missing:
        raise _denied(501, "NO_SYNTHESISER", str(missing)) from missing
    except Refused as refusal:
        status = _STATUSES.get(refusal.code, 400 if refusal.where == "app" else 502)
        raise _denied(status, refusal.code, refusal.message) from refusal
    return HttpAnswer(body=speech.body, content_type=speech.content_type)


def _denied(status: int, code: str, message: str) -> Denied:
    return Denied(status, {"error": message, "code": code, "message": message})


@implementer(IUtterances)
class Utterances:
    """Counts: everybody may have texts spoken, and each costs the engine work."""

    def __init__(self, services: IServices) -> None:
        self._services = services
        self._most = services.settings(SpeakerSettings).max_speeches
        self._busy = 0

    async def say(self, text: str, voice: str | None, model: str | None, settings: Any) -> Any:
        """What the engine made of *text*.

        :raises NotThere: there is no engine.
        :raises Refused: it has too much to say already, or cannot say this.
        """
        engine: Any = ISynthesiser(self._services, None)
        if engine is None:
            raise NotThere(
                "This server has no engine for speech: install an extension that has one"
            )
        if self._busy >= self._most:
            raise Refused("TOO_MANY_SPEECHES", "Too much is being said, try again", retryable=True)
        self._busy += 1
        try:
            return await engine.speak(text, voice, model, settings)
        finally:
            self._busy -= 1


utterances = ComponentFactory(IUtterances, Utterances)


def _settings(text: str | None) -> dict[str, Any]:
    if not text:
        return {}
    try:
        found = msgspec.json.decode(text, type=dict[str, Any])
    except (msgspec.DecodeError, RecursionError) as wrong:
        raise Refused("INVALID_QUERY", "voice_settings is no JSON object") from wrong
    return found
