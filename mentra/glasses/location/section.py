"""[location]: what a sysadmin may set about locations."""

from typing import Annotated

from msgspec import Meta

from mentra.extension import ConfigSection, Section


class LocationSettings(Section, frozen=True, kw_only=True):
    """[location]: where the wearer is."""

    keep: Annotated[
        bool, Meta(description="Whether the last position of a user outlives the session.")
    ] = True
    keep_interval: Annotated[
        float, Meta(ge=0, le=3600, description="Seconds between two writes of a user's position.")
    ] = 30.0
    poll_timeout: Annotated[
        float, Meta(gt=0, le=600, description="Seconds that the phone has to answer a poll.")
    ] = 15.0
    settle: Annotated[
        float,
        Meta(
            ge=0,
            le=600,
            description="Seconds that the apps of a new session have until the phone is told that "
            "nobody wants what it was told in the last one.",
        ),
    ] = 15.0


location_section = ConfigSection("location", LocationSettings)
