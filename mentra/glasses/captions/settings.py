"""[captions]: when speech is recognised here, and how patiently."""

from typing import Annotated

from msgspec import Meta

from mentra.extension import ConfigSection, Section


class CaptionsSettings(Section, frozen=True, kw_only=True):
    """[captions]: what glasses hear, as text for apps; who recognises it is in [speech]."""

    enabled: Annotated[
        bool, Meta(description="Whether speech from glasses is recognised here at all.")
    ] = True
    language: Annotated[
        str,
        Meta(
            pattern=r"^[a-z]{2,3}-[A-Z]{2}$",
            description="What is recognised for who wants any language, as in transcription:auto, "
            "where nobody names one and no engine finds out which one is spoken.",
        ),
    ] = "en-US"
    max_languages: Annotated[
        int,
        Meta(ge=1, le=100, description="Languages that one wearer's speech is recognised in."),
    ] = 4
    debounce: Annotated[
        float, Meta(ge=0, le=60, description="Seconds in which changes of languages are gathered.")
    ] = 0.5
    buffer_chunks: Annotated[
        int,
        Meta(
            ge=0,
            le=10_000,
            description="Pieces of sound that are kept while nobody is known to speak.",
        ),
    ] = 50
    buffer_seconds: Annotated[
        float, Meta(ge=0, le=60, description="Seconds of sound that they may have together.")
    ] = 10.0
    hangover: Annotated[
        float,
        Meta(
            gt=0,
            le=60,
            description="Seconds without speech after which nobody is taken to speak, where the "
            "phone says nothing of it.",
        ),
    ] = 3.0
    finish_within: Annotated[
        float,
        Meta(
            ge=0,
            le=60,
            description="Seconds that a recogniser has for its last words once nobody speaks; one "
            "whose process is replaced needs some.",
        ),
    ] = 6.0
    finish_behind: Annotated[
        float,
        Meta(
            ge=0,
            le=600,
            description="Seconds that it has in all where it says that it is behind, for more "
            "people speak than it can follow: better late than never.",
        ),
    ] = 90.0
    phone_grace: Annotated[
        float,
        Meta(
            ge=0,
            le=3600,
            description="Seconds after the phone itself recognised a language in which it is not "
            "recognised here.",
        ),
    ] = 10.0
    away: Annotated[
        float,
        Meta(
            ge=0,
            le=3600,
            description="Seconds without glasses after which nothing more is expected to be said.",
        ),
    ] = 10.0
    retries: Annotated[
        int, Meta(ge=0, le=100, description="How often recognition is tried again at once.")
    ] = 3
    retry_after: Annotated[
        float,
        Meta(gt=0, le=600, description="Seconds before the first time; twice, three times after."),
    ] = 5.0
    rate_limit_wait: Annotated[
        float,
        Meta(
            gt=0,
            le=3600,
            description="Most seconds to wait for an engine that has too much to do; they double.",
        ),
    ] = 60.0
    health_check: Annotated[
        float, Meta(gt=0, le=3600, description="Seconds between two looks whether all is well.")
    ] = 60.0
    idle: Annotated[
        float, Meta(gt=0, le=86_400, description="Seconds without sound that end a stream.")
    ] = 300.0
    max_failures: Annotated[
        int,
        Meta(
            ge=1,
            le=1000,
            description="Failures in a row after which only those looks begin anew.",
        ),
    ] = 10


captions_section = ConfigSection("captions", CaptionsSettings)
