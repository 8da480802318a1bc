"""An app's record, as its author writes it into a file."""

from pathlib import Path
from typing import Any, Literal

import msgspec

from mentra.admin.declared_settings import checked_settings, read_json
from mentra.errors import MentraError
from mentra.glasses.apps.permissions import PermissionType
from mentra.glasses.settings.declared import Anything
from mentra.identity import canonical_user_id
from mentra.records import App, AppStoreStatus, AppType

HARDWARE = (
    "CAMERA", "DISPLAY", "MICROPHONE", "SPEAKER", "IMU", "BUTTON", "LIGHT", "WIFI", "EXIST",
)  # fmt: skip
"""What glasses may have; of ``EXIST`` nobody knows what it means, and it counts as there."""

HardwareType = Literal[
    "CAMERA", "DISPLAY", "MICROPHONE", "SPEAKER", "IMU", "BUTTON", "LIGHT", "WIFI", "EXIST",
]  # fmt: skip

_SPELT = {"webviewURL": "webviewUrl", "logoURL": "logoUrl"}


class Permission(msgspec.Struct):
    """What the app may do."""

    type: PermissionType
    description: str | None = None


class Hardware(msgspec.Struct):
    """What it needs."""

    type: HardwareType
    level: Literal["REQUIRED", "OPTIONAL"] = "REQUIRED"
    description: str | None = None


class Parameter(msgspec.Struct):
    """What a tool wants to be told."""

    type: Literal["string", "number", "boolean"]
    description: str = ""
    enum: list[str] | None = None
    required: bool | None = None


class Tool(msgspec.Struct, rename="camel"):
    """What assistants may have it do."""

    id: str
    description: str
    activation_phrases: list[str] | None = None
    parameters: dict[str, Parameter] | None = None


class Record(msgspec.Struct, rename="camel", omit_defaults=True):
    """A whole app.  Source: docs/apps.rst."""

    package_name: str | None = None
    name: str = ""
    description: str = ""
    version: str | None = ""
    public_url: str = ""
    webview_url: str | None = None
    logo_url: str | None = None
    app_type: AppType = "standard"
    app_store_status: AppStoreStatus = "DEVELOPMENT"
    is_public: bool = False
    permissions: list[Permission] = []
    settings: list[Anything] = []
    tools: list[Tool] = []
    hardware_requirements: list[Hardware] = []
    uninstallable: bool = True
    onboarding_instructions: str | None = None
    organization_id: str | None = None
    developer_id: str | None = None


KNOWN = frozenset(field.encode_name for field in msgspec.structs.fields(Record))


def read_record(file: Path, package_name: str) -> tuple[App, tuple[str, ...]]:
    """The app in *file*, and the names of what is in there besides.

    :raises MentraError: it cannot be read, something in it is wrong, or it is another app's.
    """
    written = read_json(file)
    if not isinstance(written, dict):
        raise MentraError(f"{file}: an app's record is a JSON object; correct the file")
    fields: dict[str, Any] = written
    named = {_SPELT.get(name, name): value for name, value in fields.items()}
    try:
        record = msgspec.convert(named, Record)
    except msgspec.ValidationError as problem:
        raise MentraError(f"{file}: {problem}; correct the file") from problem
    if record.package_name not in (None, package_name):
        raise MentraError(f"{file}: that is the record of {record.package_name}; name that one")
    kept = {name: value for name, value in named.items() if name in KNOWN}
    kept["packageName"] = package_name
    kept["version"] = record.version or ""
    # as they were written, with whatever else their author said
    kept["settings"] = checked_settings(file, named.get("settings", []))
    kept["hardwareRequirements"] = record.hardware_requirements
    if record.developer_id is not None:
        kept["developerId"] = canonical_user_id(record.developer_id)
    app = msgspec.convert(msgspec.to_builtins(kept), App)
    return app, tuple(sorted(set(named) - KNOWN))
