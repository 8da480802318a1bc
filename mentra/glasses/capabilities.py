"""What each model of glasses can do.  Source: docs/protocol, "device".

A profile is a JSON file, in ``profiles/`` or in a folder of the sysadmin's: the object that apps
are sent.
"""

from collections.abc import Mapping
from functools import lru_cache
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Any

import msgspec
from msgspec import Meta
from zope.interface import implementer

from mentra.extension import ComponentFactory, ConfigSection, Section
from mentra.interfaces.profiles import IProfiles
from mentra.interfaces.services import IServices

FLAGS = MappingProxyType(
    {
        "CAMERA": "hasCamera",
        "DISPLAY": "hasDisplay",
        "SPEAKER": "hasSpeaker",
        "IMU": "hasIMU",
        "BUTTON": "hasButton",
        "LIGHT": "hasLight",
        "WIFI": "hasWifi",
    }
)
"""Hardware that glasses may lack, to its flag in a profile.  There is always a microphone: where
glasses have none, the phone's is used."""

SIMULATED = "Simulated Glasses"
"""The model that a phone plays itself."""

MAX_PROFILE = 65_536
"""Longest file of a profile, bytes."""

Profile = dict[str, Any]


def are_connected(state: Mapping[str, Any]) -> bool:
    """Whether glasses in that state can be asked for anything; those that a phone plays itself are
    always there."""
    return bool(state["connected"]) or state["modelName"] == SIMULATED


_SPELT = {"model_name": "modelName", "has_microphone": "hasMicrophone"} | {
    f"has_{kind.lower()}": flag for kind, flag in FLAGS.items()
}


class _Essentials(msgspec.Struct, rename=_SPELT):
    """What a profile must have; the rest is for the apps alone."""

    model_name: Annotated[str, Meta(min_length=1, max_length=512)]
    has_camera: bool
    has_display: bool
    has_microphone: bool
    has_speaker: bool
    has_imu: bool
    has_button: bool
    has_light: bool
    has_wifi: bool


def _check_folder(value: str) -> None:
    if value:
        read_profiles(_folder(value))


class DeviceSettings(Section, frozen=True, kw_only=True):
    """[device]: the glasses as a device."""

    profiles: Annotated[
        str,
        Meta(
            description="Folder with a .json profile for each further model of glasses, an "
            "absolute path; one for a model that is known already takes its place. Empty: none.",
            extra={"check": _check_folder},
        ),
    ] = ""


device_section = ConfigSection("device", DeviceSettings)


@implementer(IProfiles)
class Profiles:
    """The profiles that come with the server, and those of the sysadmin; read once."""

    def __init__(self, services: IServices) -> None:
        settings: DeviceSettings = services.settings(DeviceSettings)
        further = read_profiles(_folder(settings.profiles)) if settings.profiles else {}
        self._profiles: Mapping[str, Profile] = {**profiles(), **further}

    def of(self, model_name: str | None) -> Profile | None:
        """The profile of a model; None for one that nobody described."""
        return None if model_name is None else self._profiles.get(model_name)


profiles_component = ComponentFactory(IProfiles, Profiles)


@lru_cache(maxsize=1)
def profiles() -> Mapping[str, Profile]:
    """The profiles that come with the server, by the name of the model."""
    return MappingProxyType(read_profiles(resources.files("mentra.glasses") / "profiles"))


def read_profiles(folder: Traversable) -> dict[str, Profile]:
    """Every profile in *folder*, by the name of its model.

    :raises ValueError: a file is no profile, or cannot be read; the text names it.
    """
    found: dict[str, Profile] = {}
    try:
        files = sorted(folder.iterdir(), key=lambda file: file.name)
        for file in files:
            if file.name.endswith(".json"):
                profile = _read(file)
                found[profile["modelName"]] = profile
    except OSError as problem:
        raise ValueError(f"{problem.filename}: {problem.strerror}") from None
    return found


def _read(file: Traversable) -> Profile:
    content = file.read_bytes()
    if len(content) > MAX_PROFILE:
        raise ValueError(f"{file.name} has {len(content)} bytes; a profile has {MAX_PROFILE}")
    try:
        msgspec.json.decode(content, type=_Essentials)
        profile: Profile = msgspec.json.decode(content)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as problem:
        raise ValueError(f"{file.name} is no profile: {problem}") from None
    return profile


def _folder(value: str) -> Path:
    folder = Path(value)
    if not folder.is_absolute():
        raise ValueError(f"{value!r} is no absolute path")
    return folder
