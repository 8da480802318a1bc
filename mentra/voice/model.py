"""The language model that [voice] names."""

from typing import Any

from mentra.errors import NotThere, Refused
from mentra.interfaces.engines import IEngines
from mentra.interfaces.llm import ILanguageModel
from mentra.interfaces.services import IServices
from mentra.voice.settings import VoiceSettings


def model_of(services: IServices) -> Any:
    """The :class:`ILanguageModel`.

    :raises Refused: ``ENGINE_UNAVAILABLE``: there is none of that name, or it cannot work.
    """
    name = services.settings(VoiceSettings).engine
    engines: Any = IEngines(services, None)
    if engines is None:
        raise Refused("ENGINE_UNAVAILABLE", "there are no engines here")
    try:
        model: Any = engines.get(ILanguageModel, name)
    except NotThere as missing:
        raise Refused("ENGINE_UNAVAILABLE", str(missing)) from missing
    why_not = model.unavailable()
    if why_not is not None:
        raise Refused("ENGINE_UNAVAILABLE", why_not)
    return model


def why_no_model(services: IServices) -> str | None:
    """A sentence for whoever runs the server, if nobody would answer; else None."""
    try:
        model_of(services)
    except Refused as refusal:
        return f"voice.engine: the assistant cannot answer: {refusal.message}"
    return None
