"""What the configuration wants of engines that hear, speak and translate, and cannot have here."""

from collections.abc import Iterator, Sequence

from zope.interface.interface import InterfaceClass

from mentra.errors import MentraError
from mentra.interfaces.engines import IEngine, IEngines
from mentra.interfaces.services import IServices
from mentra.interfaces.speech import IRecogniser, ISynthesis, ITranslator, IVoiceDetection
from mentra.speech.settings import SpeechSettings
from mentra.speech.synthesis import SynthesisSettings
from mentra.speech.translation import TranslationSettings


def doubts(services: IServices) -> Iterator[str]:
    """Sentences for whoever runs the server, each with the setting, what is missing, and what
    happens all the same.  It starts in any case."""
    speech: SpeechSettings = services.settings(SpeechSettings)
    yield from _of_recognisers(services, "speech.recognisers", speech.recognisers)
    for language, names in speech.languages.items():
        yield from _of_recognisers(services, f"speech.languages, {language}", names)
    single = (
        (
            "speech.voice_detection", IVoiceDetection, speech.voice_detection,
            "loudness decides who speaks, for engines that can do with that",
        ),
        (
            "synthesis.engine", ISynthesis, services.settings(SynthesisSettings).engine,
            "nothing is spoken, and answers of the assistant are text",
        ),
        (
            "translation.engine", ITranslator, services.settings(TranslationSettings).engine,
            "nothing is translated but by recognisers that do it on the way",
        ),
    )  # fmt: skip
    for setting, interface, name, consequence in single:
        lacking = _lacking(services, interface, name) if name else None
        if lacking is not None:
            yield f"{setting}: {_part(lacking)}; {consequence}"


def _of_recognisers(services: IServices, setting: str, names: Sequence[str]) -> Iterator[str]:
    lacking = {name: _lacking(services, IRecogniser, name) for name in dict.fromkeys(names)}
    able = [name for name, reason in lacking.items() if reason is None]
    for reason in lacking.values():
        if reason is not None:
            rest = f"{', '.join(able)} is asked" if able else "nobody recognises speech"
            yield f"{setting}: {_part(reason)}; {rest}"


def _lacking(services: IServices, interface: InterfaceClass, name: str) -> str | None:
    try:
        engine: IEngine = IEngines(services).get(interface, name)
    except MentraError as missing:
        return str(missing)
    reason: str | None = engine.unavailable()
    return reason


def _part(sentence: str) -> str:
    """*sentence* as one that goes on."""
    return sentence.rstrip(".")
