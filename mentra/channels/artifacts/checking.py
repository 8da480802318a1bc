"""What may be installed: which code, and which schemas."""

from importlib.util import find_spec
from typing import Any, Literal

import msgspec

from mentra.channels.section import ChannelsSettings
from mentra.errors import Refused
from mentra.messages.channels.artifact import Manifest

Mode = Literal["prompt", "wasm", "python"]

LONGEST_SCHEMA = 65_536
"""Bytes of JSON."""

_MODES: dict[str, Mode] = {".wasm": "wasm", ".wat": "wasm", ".py": "python"}


def mode_of(kind: str, entry: str, settings: ChannelsSettings) -> Mode:
    """How an artifact is run.

    :raises Refused: ``CODE_NOT_ALLOWED`` or ``BAD_ARTIFACT``.
    """
    if kind == "prompt":
        return "prompt"
    mode = next((mode for end, mode in _MODES.items() if entry.endswith(end)), None)
    if mode is None:
        raise Refused("BAD_ARTIFACT", f"{entry!r} is no .wasm, .wat or .py file")
    setting = "artifact_wasm" if mode == "wasm" else "artifact_python"
    if not getattr(settings, setting):
        raise Refused("CODE_NOT_ALLOWED", f"it has code: see [channels] {setting}")
    return mode


def require_schemas(manifest: Manifest) -> None:
    """Let an artifact by whose schemas are some.

    :raises Refused: ``BAD_ARTIFACT``, or ``ENGINE_UNAVAILABLE`` where nobody can check them.
    """
    for name in ("input", "output"):
        schema: Any = getattr(manifest, name)
        if not isinstance(schema, dict):
            continue
        if len(msgspec.json.encode(schema)) > LONGEST_SCHEMA:
            raise Refused("BAD_ARTIFACT", f"its {name} schema is longer than {LONGEST_SCHEMA}")
        _require_schema(schema, name)


def _require_schema(schema: dict[str, Any], name: str) -> None:
    if find_spec("jsonschema") is None:
        message = "schemas need a package: pip install mentra[channels]"
        raise Refused("ENGINE_UNAVAILABLE", message)
    from jsonschema import Draft202012Validator
    from jsonschema.exceptions import SchemaError

    try:
        Draft202012Validator.check_schema(schema)
    except (SchemaError, RecursionError) as problem:
        said = getattr(problem, "message", "nested too deeply")
        raise Refused("BAD_ARTIFACT", f"its {name} schema is none: {said}"[:300]) from None
