"""Whether an app fits the glasses.  Source: docs/protocol, "hardware check"."""

import msgspec

from mentra.interfaces.glasses import IDevice
from mentra.records import App, HardwareRequirement


class Compatibility(msgspec.Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """What an app wants and the glasses lack.

    :ivar missing_required: without these it is not started.
    :ivar message: a sentence for people; empty if it fits.
    """

    is_compatible: bool
    missing_required: list[HardwareRequirement]
    missing_optional: list[HardwareRequirement]
    message: str = ""


def compatibility_of(app: App, device: IDevice) -> Compatibility:
    """How *app* fits; glasses that nobody knows yet fit everything."""
    required = _missing(app, device, "REQUIRED")
    return Compatibility(
        is_compatible=not required,
        missing_required=required,
        missing_optional=_missing(app, device, "OPTIONAL"),
        message=_sentence([one.type.lower() for one in required]),
    )


def _missing(app: App, device: IDevice, level: str) -> list[HardwareRequirement]:
    wanted = [one for one in app.hardware_requirements if one.level == level]
    if not wanted:
        return []
    # the device answers for what is required, so ask as if these were
    strict = tuple(msgspec.structs.replace(one, level="REQUIRED") for one in wanted)
    lacking = device.missing(msgspec.structs.replace(app, hardware_requirements=strict))
    return [one for one in wanted if one.type in lacking]


def _sentence(things: list[str]) -> str:
    if not things:
        return ""
    if len(things) == 1:
        return f"This app requires a {things[0]} which is not available on your connected glasses"
    return (
        "This app requires the following hardware which is not available on your connected "
        f"glasses: {', '.join(things)}"
    )
