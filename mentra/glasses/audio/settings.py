"""[audio]: what a sysadmin may set about the microphone's sound."""

from typing import Annotated

from msgspec import Meta

from mentra.extension import ConfigSection, Section


class AudioSettings(Section, frozen=True, kw_only=True):
    """[audio]: the microphone's sound inside the server."""

    keep: Annotated[
        float,
        Meta(
            ge=0,
            le=60,
            description="Seconds of sound kept in memory for GET /api/audio, 32 kB each and "
            "session; 0 keeps none.",
        ),
    ] = 10.0
    lc3_burst: Annotated[
        float,
        Meta(
            gt=0,
            le=600,
            description="Seconds of LC3 that are decoded at once; beyond them at most twice as "
            "much as time goes by.",
        ),
    ] = 10.0


audio_section = ConfigSection("audio", AudioSettings)
