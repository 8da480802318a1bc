"""[wyoming]: servers that hear or speak by the Wyoming protocol."""

from typing import Annotated

from msgspec import Meta

from mentra.extension import ConfigSection, Section
from mentra.server_address import is_address


class WyomingSettings(Section, frozen=True, kw_only=True):
    """[wyoming]: servers that hear or speak by the Wyoming protocol, in your own network."""

    recognise: Annotated[
        str,
        Meta(
            description="Where one recognises speech, e.g. whisper.lan:10300; empty: nowhere.",
            extra={"check": is_address},
        ),
    ] = ""
    speak: Annotated[
        str,
        Meta(
            description="Where one speaks, e.g. piper.lan:10200; empty: nowhere.",
            extra={"check": is_address},
        ),
    ] = ""
    model: Annotated[
        str, Meta(description="Which model is to recognise; empty: the server's choice.")
    ] = ""
    languages: Annotated[
        tuple[str, ...],
        Meta(
            description="Languages that it recognises, BCP 47 tags; empty: those that it says it "
            "does."
        ),
    ] = ()
    voice: Annotated[str, Meta(description="Which voice speaks; empty: the server's choice.")] = ""
    timeout: Annotated[
        float,
        Meta(
            gt=0,
            le=300,
            description="Seconds from the end of an utterance to its text, or from a text to all "
            "of its sound.",
        ),
    ] = 20.0


wyoming_section = ConfigSection("wyoming", WyomingSettings)
