"""[speech]: who turns speech into text, and when the next one does."""

from typing import Annotated

import msgspec
from msgspec import Meta

from mentra.extension import ConfigSection, Section


class SpeechSettings(Section, frozen=True, kw_only=True):
    """[speech]: recognisers, in the order in which they are asked."""

    recognisers: Annotated[
        tuple[str, ...],
        Meta(description="Engines that recognise speech, the preferred one first."),
    ] = ("pocketsphinx",)
    languages: Annotated[
        dict[str, tuple[str, ...]],
        Meta(
            description='Other engines for single languages, e.g. { de = ["wyoming"] }; a tag such '
            "as de-AT goes before its base language."
        ),
    ] = msgspec.field(default_factory=dict)
    voice_detection: Annotated[
        str,
        Meta(
            description="Engine that tells speech from other sound; where it is not installed, "
            "loudness decides."
        ),
    ] = "webrtc"
    caption_budget: Annotated[
        float,
        Meta(
            ge=0,
            le=60,
            description="Seconds in which speech must become text before the next engine takes "
            "over; 0: as long as it takes.",
        ),
    ] = 5.0
    replay: Annotated[
        float,
        Meta(
            ge=0,
            le=30,
            description="Seconds of sound since the last finished utterance that are kept for an "
            "engine that takes over, or for the next attempt if none works.",
        ),
    ] = 30.0
    failures: Annotated[
        int,
        Meta(ge=1, le=100, description="Failures in a row after which an engine is left alone."),
    ] = 3
    cool_down: Annotated[
        float,
        Meta(gt=0, le=3600, description="Seconds for which it is left alone, before one try."),
    ] = 30.0


speech_section = ConfigSection("speech", SpeechSettings)
