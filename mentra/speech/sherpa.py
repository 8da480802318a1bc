"""sherpa-onnx: a recogniser for the streaming models of that project, in any of their languages
(``pip install mentra[sherpa]``)."""

from typing import Annotated

from msgspec import Meta

from mentra.extension import ConfigSection, EngineFactory, Section
from mentra.interfaces.services import IServices
from mentra.interfaces.speech import IRecogniser
from mentra.speech.worker_recogniser import Work, WorkerRecogniser

NAME = "sherpa"

NO_MODEL = "The recogniser sherpa needs a model: set model in [sherpa] to the folder of one"


class SherpaSettings(Section, frozen=True, kw_only=True):
    """[sherpa]: a recogniser that works with a model you fetch for it."""

    model: Annotated[
        str,
        Meta(
            max_length=4096,
            description="Folder of a streaming model: tokens.txt, and encoder, decoder and joiner "
            "or model as .onnx files.  Empty: there is none.",
        ),
    ] = ""
    languages: Annotated[
        tuple[str, ...], Meta(description='What the model understands, e.g. ["en", "zh"].')
    ] = ("en",)
    workers: Annotated[
        int,
        Meta(
            ge=1,
            le=64,
            description="Processes at a time; each recognises one utterance at a time, so as many "
            "people can speak at once.",
        ),
    ] = 2
    threads: Annotated[int, Meta(ge=1, le=64, description="Threads that each process may use.")] = 1
    streams: Annotated[
        int, Meta(ge=1, le=10_000, description="People that are listened to at a time.")
    ] = 100
    behind: Annotated[
        float,
        Meta(
            ge=1,
            le=120,
            description="Seconds of somebody's speech that may wait for a process; beyond that the "
            "oldest is not recognised.",
        ),
    ] = 30.0
    patience: Annotated[
        float,
        Meta(
            gt=0, le=120, description="Seconds in which a process has to answer; else it is ended."
        ),
    ] = 5.0


sherpa_section = ConfigSection(NAME, SherpaSettings)


def build(services: IServices) -> WorkerRecogniser:
    """The engine, as it is configured."""
    settings: SherpaSettings = services.settings(SherpaSettings)
    work = Work(
        name=NAME,
        module="sherpa_onnx",
        extra="sherpa",
        settings={"model": settings.model, "threads": settings.threads},
        languages=settings.languages,
        workers=settings.workers,
        patience=settings.patience,
        behind=settings.behind,
        streams=settings.streams,
    )
    return WorkerRecogniser(services, work, lacking=None if settings.model else NO_MODEL)


sherpa = EngineFactory(IRecogniser, NAME, build)
