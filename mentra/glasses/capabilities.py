"""What each model of glasses can do.  Source: docs/protocol, "device".

A profile is a file in ``profiles/``, the JSON object that apps are sent.
"""

import json
from functools import lru_cache
from importlib import resources
from types import MappingProxyType
from typing import Any

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


@lru_cache(maxsize=1)
def profiles() -> MappingProxyType[str, dict[str, Any]]:
    """Every known profile by the name of its model."""
    folder = resources.files("mentra.glasses") / "profiles"
    found = [json.loads(file.read_text("utf-8")) for file in folder.iterdir()
             if file.name.endswith(".json")]  # fmt: skip
    return MappingProxyType({profile["modelName"]: profile for profile in found})


def profile_of(model_name: object) -> dict[str, Any] | None:
    """The profile of a model; None for one that nobody described."""
    return profiles().get(model_name) if isinstance(model_name, str) else None
