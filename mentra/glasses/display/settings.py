"""[display]: what a sysadmin may set about the display."""

from typing import Annotated

from msgspec import Meta

from mentra.extension import ConfigSection, Section


class DisplaySettings(Section, frozen=True, kw_only=True):
    """[display]: how apps share what the wearer sees."""

    throttle: Annotated[
        float, Meta(ge=0, le=60, description="Seconds between two frames on the main view.")
    ] = 0.3
    boot: Annotated[
        float, Meta(ge=0, le=60, description="Seconds the boot screen of a starting app stays up.")
    ] = 1.5
    lock: Annotated[
        float,
        Meta(gt=0, le=3600, description="Seconds a background app may keep others off the view."),
    ] = 10.0
    lock_idle: Annotated[
        float,
        Meta(ge=0, le=3600, description="Seconds without a frame until it is not kept for it."),
    ] = 2.0
    restorable: Annotated[
        float,
        Meta(ge=0, le=3600, description="Seconds a frame without a duration is worth restoring."),
    ] = 1.0
    onboarding: Annotated[
        float,
        Meta(
            ge=0,
            le=3600,
            description="Seconds an app's onboarding instructions stay up; 0 shows none.",
        ),
    ] = 15.0
    onboarding_lock: Annotated[
        float,
        Meta(gt=0, le=3600, description="Seconds of these in which nobody else may draw."),
    ] = 5.0
    max_layout: Annotated[
        int, Meta(ge=1024, description="Longest layout, bytes of JSON (a bitmap is in it).")
    ] = 1_048_576


display_section = ConfigSection("display", DisplaySettings)
