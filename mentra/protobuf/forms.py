"""Turns our frozen classes into protobuf's and back, field by field of the same name."""

from collections.abc import Callable
from functools import cache
from types import UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

import msgspec
from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.message import Message as Protobuf
from google.protobuf.message_factory import GetMessageClass

from mentra.errors import ConfigError

Read = Callable[[Any], msgspec.Struct]
Write = Callable[[Any, Any], None]


@cache
def reader(kind: type[msgspec.Struct], form: Descriptor) -> Read:
    """What makes a *kind* of a protobuf message described by *form*.

    :raises ConfigError: their fields differ.
    """
    fields = [(name, _reads(field, inner)) for name, field, inner in _fields(kind, form)]

    def read(message: Any) -> msgspec.Struct:
        return kind(**{name: reads(message) for name, reads in fields})

    return read


@cache
def writer(kind: type[msgspec.Struct], form: Descriptor) -> Write:
    """What fills a protobuf message described by *form* with what a *kind* says.

    :raises ConfigError: their fields differ.
    """
    fields = [(name, _writes(field, inner)) for name, field, inner in _fields(kind, form)]

    def write(value: Any, message: Any) -> None:
        for name, writes in fields:
            # None is not set, and protobuf does not send what has its default either
            if (held := getattr(value, name)) is not None:
                writes(message, held)

    return write


def descriptor_of(form: Any) -> Descriptor:
    """How the generated class *form* is described.

    :raises ConfigError: it is no such class.
    """
    if not (isinstance(form, type) and issubclass(form, Protobuf)):
        raise ConfigError(f"{form!r} is no class that protoc generated")
    described: Any = form.DESCRIPTOR
    assert isinstance(described, Descriptor)
    return described


def empty(form: Descriptor) -> Any:
    """A new message of that description."""
    return GetMessageClass(form)()


Field = tuple[str, FieldDescriptor, "type[msgspec.Struct] | None"]


def _fields(kind: type[msgspec.Struct], form: Descriptor) -> list[Field]:
    """Name, description and, where it is a message itself, our class of each field."""
    hints = get_type_hints(kind)
    ours, theirs = set(kind.__struct_fields__), set(form.fields_by_name)
    if ours != theirs:
        raise ConfigError(
            f"{kind.__module__}.{kind.__qualname__} and the protobuf message {form.full_name} "
            f"differ in {', '.join(sorted(ours ^ theirs))}"
        )
    return [(name, form.fields_by_name[name], _inner(hints[name])) for name in sorted(ours)]


def _inner(hint: Any) -> type[msgspec.Struct] | None:
    """The struct class in ``X``, ``X | None`` or ``tuple[X, ...]``, if X is one."""
    if get_origin(hint) in (tuple, Union, UnionType):
        return next((found for one in get_args(hint) if (found := _inner(one))), None)
    return hint if isinstance(hint, type) and issubclass(hint, msgspec.Struct) else None


def _reads(field: FieldDescriptor, inner: type[msgspec.Struct] | None) -> Callable[[Any], Any]:
    name, read = field.name, None if inner is None else reader(inner, field.message_type)
    if field.is_repeated:
        if read is None:
            return lambda message: tuple(getattr(message, name))
        return lambda message: tuple(map(read, getattr(message, name)))
    if not field.has_presence:
        return lambda message: getattr(message, name)
    if read is None:
        return lambda message: getattr(message, name) if message.HasField(name) else None
    return lambda message: read(getattr(message, name)) if message.HasField(name) else None


def _writes(field: FieldDescriptor, inner: type[msgspec.Struct] | None) -> Write:
    name, write = field.name, None if inner is None else writer(inner, field.message_type)
    if field.is_repeated:
        if write is None:
            return lambda message, values: getattr(message, name).extend(values)

        def write_all(message: Any, values: Any) -> None:
            for value in values:
                write(value, getattr(message, name).add())

        return write_all
    if write is None:
        return lambda message, value: setattr(message, name, value)

    def write_one(message: Any, value: Any) -> None:
        # a message without fields that are set is there all the same
        getattr(message, name).SetInParent()
        write(value, getattr(message, name))

    return write_one
