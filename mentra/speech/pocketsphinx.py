"""Pocketsphinx: a recogniser that needs nothing but its package, which brings a model of American
English along (``pip install mentra[speech]``)."""

from typing import Annotated

from msgspec import Meta

from mentra.extension import ConfigSection, EngineFactory, Section
from mentra.interfaces.services import IServices
from mentra.interfaces.speech import IRecogniser
from mentra.speech.worker_recogniser import Work, WorkerRecogniser

NAME = "pocketsphinx"

Path = Annotated[str, Meta(max_length=4096)]


class PocketsphinxSettings(Section, frozen=True, kw_only=True):
    """[pocketsphinx]: the recogniser that is there without further ado."""

    workers: Annotated[
        int,
        Meta(
            ge=1,
            le=64,
            description="Processes at a time, some 110 MB each; each recognises one utterance at "
            "a time, so as many people can speak at once.  They start when they are needed.",
        ),
    ] = 4
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
    language: Annotated[
        str, Meta(min_length=2, max_length=35, description="What the model is of, e.g. en-US.")
    ] = "en-US"
    model: Annotated[
        Path, Meta(description="Folder of an acoustic model; empty: the package's own.")
    ] = ""
    language_model: Annotated[
        Path, Meta(description="File of a language model; empty: the package's own.")
    ] = ""
    dictionary: Annotated[
        Path, Meta(description="File of a dictionary; empty: the package's own.")
    ] = ""
    grammar: Annotated[
        Path,
        Meta(
            description="File of a JSGF grammar of all that is ever said, unless an app brings one "
            "of its own; empty: anything may be said."
        ),
    ] = ""


pocketsphinx_section = ConfigSection("pocketsphinx", PocketsphinxSettings)


def build(services: IServices) -> WorkerRecogniser:
    """The engine, as it is configured."""
    settings: PocketsphinxSettings = services.settings(PocketsphinxSettings)
    work = Work(
        name=NAME,
        module="pocketsphinx",
        extra="speech",
        settings={
            "model": settings.model,
            "language_model": settings.language_model,
            "dictionary": settings.dictionary,
            "grammar": settings.grammar,
        },
        languages=(settings.language,),
        workers=settings.workers,
        patience=settings.patience,
        behind=settings.behind,
        streams=settings.streams,
    )
    return WorkerRecogniser(services, work)


pocketsphinx = EngineFactory(IRecogniser, NAME, build)
