"""The user's settings as apps see them, made of what phones store under names of their own.

Source: docs/protocol/settings.rst.
"""

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Any

import msgspec

DEFAULTS: Mapping[str, Any] = MappingProxyType(
    {
        "useOnboardMic": False,
        "contextualDashboard": True,
        "headUpAngle": 20,
        "brightness": 50,
        "autoBrightness": False,
        "sensingEnabled": True,
        "alwaysOnStatusBar": False,
        "bypassVad": False,
        "bypassAudioEncoding": False,
        "metricSystemEnabled": False,
        "preferredMic": "auto",
        "userTimezone": None,
    }
)
"""What a user has who never changed a setting.  The microphone's two make one choice."""

WEARABLE = "default_wearable"
"""Where phones store the model they last paired with."""

_SWITCH, _NUMBER, _TEXT = (bool,), (int, float), (str,)

_KINDS: Mapping[str, tuple[type, ...]] = {
    "contextualDashboard": _SWITCH,
    "headUpAngle": _NUMBER,
    "brightness": _NUMBER,
    "autoBrightness": _SWITCH,
    "sensingEnabled": _SWITCH,
    "alwaysOnStatusBar": _SWITCH,
    "bypassVad": _SWITCH,
    "bypassAudioEncoding": _SWITCH,
    "metricSystemEnabled": _SWITCH,
    "userTimezone": _TEXT,
    "dashboardHeight": _NUMBER,
    "dashboardDepth": _NUMBER,
}

_STORED: Mapping[str, tuple[str, ...]] = {
    "contextualDashboard": ("contextual_dashboard",),
    "headUpAngle": ("head_up_angle",),
    "brightness": ("brightness",),
    "autoBrightness": ("auto_brightness",),
    "sensingEnabled": ("sensing_enabled",),
    "alwaysOnStatusBar": ("always_on_status_bar",),
    "bypassVad": ("bypass_vad_for_debugging",),
    "bypassAudioEncoding": ("bypass_audio_encoding_for_debugging",),
    "metricSystemEnabled": ("metric_system", "metric_system_enabled"),
    "userTimezone": ("timezone",),
    "dashboardHeight": ("dashboard_height",),
    "dashboardDepth": ("dashboard_depth",),
}
"""A setting's names in the store, besides the one apps know it by."""

_MIC = "preferred_mic"
_OLD_MIC = "useOnboardMic"
_NAMES = {name: (*stored, name) for name, stored in _STORED.items()}
_ALIKE = {one: frozenset(names) for names in _NAMES.values() for one in names}


def resolved(stored: Mapping[str, Any]) -> dict[str, Any]:
    """Every setting apps know, out of what is *stored*; the wrong kind of value does not count."""
    found = {
        name: stored[spelt]
        for name, spellings in _NAMES.items()
        if (spelt := _sound_spelling(stored, name, spellings)) is not None
    }
    return {**DEFAULTS, **found, **_microphone(stored)}


def is_known(key: str) -> bool:
    """Whether *key* is a name of a setting that apps see."""
    return key in _ALIKE or key == _OLD_MIC or _is_microphone(key)


def with_rivals(changes: Mapping[str, Any], stored: Iterable[str]) -> dict[str, Any]:
    """*changes*, and None for every other name of the same settings: the newest write wins."""
    taken = set(stored)
    rivals: set[str] = set()
    for key in changes:
        rivals |= _ALIKE.get(key, frozenset())
        if key == _OLD_MIC:
            rivals |= {one for one in taken if _is_microphone(one)}
        elif _is_microphone(key):
            rivals.add(_OLD_MIC)
    return {**dict.fromkeys((rivals & taken) - set(changes)), **changes}


def _sound_spelling(stored: Mapping[str, Any], name: str, spellings: tuple[str, ...]) -> str | None:
    return next((one for one in spellings if _is_sound(stored.get(one), _KINDS[name])), None)


def _is_sound(value: Any, kinds: tuple[type, ...]) -> bool:
    if isinstance(value, bool):
        return kinds is _SWITCH
    return isinstance(value, kinds)


def _is_microphone(key: str) -> bool:
    return key in (_MIC, "preferredMic") or key.startswith(f"{_MIC}:")


def _microphone(stored: Mapping[str, Any]) -> dict[str, Any]:
    """The two that say which microphone is wanted."""
    names = (f"{_MIC}:{stored.get(WEARABLE)}", _MIC, "preferredMic")
    chosen = next((stored[one] for one in names if isinstance(stored.get(one), str)), None)
    if chosen is not None:
        return {"preferredMic": chosen, _OLD_MIC: chosen == "glasses"}
    older = stored.get(_OLD_MIC)
    return {_OLD_MIC: older} if isinstance(older, bool) else {}


# -- what older phones report --------------------------------------------------------------------

_CORE = {
    "force_core_onboard_mic": _OLD_MIC,
    "contextual_dashboard_enabled": "contextualDashboard",
    "metric_system_enabled": "metricSystemEnabled",
    "sensing_enabled": "sensingEnabled",
    "always_on_status_bar_enabled": "alwaysOnStatusBar",
    "bypass_vad_for_debugging": "bypassVad",
    "bypass_audio_encoding_for_debugging": "bypassAudioEncoding",
}
_GLASSES = {
    "brightness": "brightness",
    "auto_brightness": "autoBrightness",
    "dashboard_height": "dashboardHeight",
    "dashboard_depth": "dashboardDepth",
    "head_up_angle": "headUpAngle",
}


def of_core_status(reported: object) -> dict[str, Any] | None:
    """The settings in a phone's status, by the names that apps know; None if it is no such status.

    What is missing or of the wrong kind is left out.

    :param reported: an object, or one as JSON text; it may be wrapped in another.
    """
    status = _unwrapped(reported)
    if not isinstance(status, dict):
        return None
    core, connected = status.get("core_info"), status.get("connected_glasses")
    if not isinstance(core, dict) or not isinstance(connected, dict):
        return None
    glasses = status.get("glasses_settings")
    said = {name: core.get(theirs) for theirs, name in _CORE.items()}
    if isinstance(glasses, dict):
        said |= {name: glasses.get(theirs) for theirs, name in _GLASSES.items()}
    # today's place; later phones say it with the other settings of the glasses
    if _is_sound(connected.get("head_up_angle"), _NUMBER):
        said["headUpAngle"] = connected["head_up_angle"]
    return {name: value for name, value in said.items() if _is_sound(value, _kind_of(name))}


def _unwrapped(status: Any) -> Any:
    if isinstance(status, str):
        try:
            status = msgspec.json.decode(status)
        except (msgspec.DecodeError, RecursionError):
            return None
    inner = status.get("status") if isinstance(status, dict) else None
    return inner if isinstance(inner, dict) else status


def news(said: Mapping[str, Any], stored: Mapping[str, Any]) -> dict[str, Any]:
    """What of *said* is not so yet, under the names it is stored by."""
    now = resolved(stored)
    return {
        _STORED.get(name, (name,))[0]: value
        for name, value in said.items()
        if now.get(name) != value
    }


def _kind_of(name: str) -> tuple[type, ...]:
    return _SWITCH if name == _OLD_MIC else _KINDS[name]
