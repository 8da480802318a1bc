"""Which sections there are, and the fields in them."""

import inspect
import re
from collections.abc import Callable, Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Any, get_type_hints

import attrs
import msgspec
from twisted.logger import ILogObserver, LogEvent, globalLogPublisher
from twisted.plugin import getPlugins
from zope.interface import implementer
from zope.interface.exceptions import Invalid
from zope.interface.verify import verifyObject

import mentra.plugins
from mentra.config.sections import CORE
from mentra.errors import ConfigError
from mentra.interfaces.services import IConfigSection
from mentra.plugin_folders import adopt

# names must be recognised in upper case, between two pairs of underscores
_NAME = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")


@attrs.frozen
class Field:
    """One key of a section.

    :ivar name: as in the file; ``attribute`` is the same in the struct.
    :ivar annotation: its type with bounds, for ``msgspec.convert``.
    :ivar default: in TOML's types; None is "not set".
    :ivar schema: its JSON schema.
    :ivar check: raises ValueError for a value that is none.
    :ivar secret: whether the value must never be printed.
    """

    section: str
    name: str
    attribute: str
    annotation: Any
    default: Any
    schema: dict[str, Any]
    check: Callable[[Any], None] | None = None
    secret: bool = False

    @property
    def key(self) -> str:
        """``section.name``."""
        return f"{self.section}.{self.name}"

    @property
    def description(self) -> str:
        """What it does, in the author's words."""
        return str(self.schema.get("description", ""))


@attrs.frozen
class Declared:
    """A section somebody declared, with its fields."""

    name: str
    struct: type[msgspec.Struct]
    fields: Mapping[str, Field]

    @property
    def description(self) -> str:
        """What the section is about: the first paragraph of the struct's docstring."""
        paragraph = (inspect.getdoc(self.struct) or "").partition("\n\n")[0]
        return " ".join(paragraph.removeprefix(f"[{self.name}]:").split())


@attrs.frozen
class Discovery:
    """The sections of this process, core first, then by name.

    :ivar broken: plugin modules that could not be imported, each with the reason.
    """

    sections: dict[str, Declared]
    broken: tuple[str, ...] = ()


def discover(folders: Iterable[Path] = ()) -> Discovery:
    """Every declared section; *folders* become part of ``mentra.plugins`` first.

    :raises ConfigError: a folder cannot be used, or two plugins declare one section.
    """
    adopt(folders)
    with _ImportFailures() as failures:
        found = list(getPlugins(IConfigSection, mentra.plugins))
    found.sort(key=lambda plugin: (str(plugin.section), plugin.struct.__module__))
    return Discovery(declare([*CORE, *found]), tuple(dict.fromkeys(failures)))


def declare(plugins: Iterable[Any]) -> dict[str, Declared]:
    """The sections that *plugins* declare, in their order.

    :raises ConfigError: two declare the same, or one declares something unusable.
    """
    declared: dict[str, Declared] = {}
    for plugin in plugins:
        made = _declared(plugin)
        rival = declared.setdefault(made.name, made)
        if rival.struct is not made.struct:
            raise ConfigError(
                f"two plugins declare the section [{made.name}]: {rival.struct.__module__} and "
                f"{made.struct.__module__}; remove one of them"
            )
    return declared


def _declared(plugin: Any) -> Declared:
    try:
        verifyObject(IConfigSection, plugin)
        name, struct = plugin.section, plugin.struct
        fields = _fields(name, struct)
    except (Invalid, TypeError, ValueError) as problem:
        raise ConfigError(
            f"the section [{getattr(plugin, 'section', '?')}] of "
            f"{getattr(getattr(plugin, 'struct', plugin), '__module__', '?')} cannot be used: "
            f"{problem}"
        ) from problem
    return Declared(name, struct, fields)


@cache
def _fields(section: str, struct: type[msgspec.Struct]) -> Mapping[str, Field]:
    if not _NAME.fullmatch(section):
        raise ValueError("its name is not in snake_case")
    if not (struct.__struct_config__.frozen and struct.__struct_config__.forbid_unknown_fields):
        raise ValueError("its struct is not frozen with forbid_unknown_fields")
    hints = get_type_hints(struct, include_extras=True)
    schemas = _schemas(struct)
    fields = {}
    for info in msgspec.structs.fields(struct):
        if info.required or not schemas[info.encode_name].get("description"):
            raise ValueError(f"{info.name} has no default or no description")
        if not _NAME.fullmatch(info.encode_name):
            raise ValueError(f"{info.encode_name} is not in snake_case")
        default = info.default_factory() if info.default is msgspec.NODEFAULT else info.default
        extra = _extra(hints[info.name])
        fields[info.encode_name] = Field(
            section=section,
            name=info.encode_name,
            attribute=info.name,
            annotation=hints[info.name],
            default=msgspec.to_builtins(default, builtin_types=()),
            schema=schemas[info.encode_name],
            check=extra.get("check"),
            secret=bool(extra.get("secret")),
        )
    return fields


def _schemas(struct: type[msgspec.Struct]) -> dict[str, dict[str, Any]]:
    """Field name to JSON schema."""
    _, components = msgspec.json.schema_components([struct], schema_hook=lambda kind: {})
    properties: dict[str, dict[str, Any]] = components[struct.__name__].get("properties", {})
    return properties


def _extra(annotation: Any) -> dict[str, Any]:
    merged: dict[str, Any] = {}
    for meta in getattr(annotation, "__metadata__", ()):
        if isinstance(meta, msgspec.Meta) and meta.extra:
            merged |= meta.extra
    return merged


@implementer(ILogObserver)
class _ImportFailures:
    """Hears of plugin modules that fail to import while it is entered: twisted only logs them."""

    def __init__(self) -> None:
        self.sentences: list[str] = []

    def __call__(self, event: LogEvent) -> None:
        # twisted.plugin still logs the old way, which has another name for it
        failure = event.get("log_failure") or event.get("failure")
        if failure is not None:
            files = [str(frame[1]) for frame in failure.frames]
            dropin = next((name for name in files if _is_dropin(name)), "a plugin module")
            problem = f"{failure.type.__name__}: {failure.getErrorMessage()}"
            self.sentences.append(f"{dropin} cannot be imported: {problem}")

    def __enter__(self) -> list[str]:
        globalLogPublisher.addObserver(self)
        return self.sentences

    def __exit__(self, *unused: object) -> None:
        globalLogPublisher.removeObserver(self)


def _is_dropin(filename: str) -> bool:
    return str(Path(filename).parent) in mentra.plugins.__path__
