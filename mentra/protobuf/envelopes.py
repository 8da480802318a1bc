"""Envelopes: a request's id and one payload as bytes, and back.  No I/O."""

from collections.abc import Iterable
from typing import Any

from google.protobuf.descriptor import Descriptor
from google.protobuf.message import DecodeError
from google.protobuf.unknown_fields import UnknownFieldSet

from mentra.errors import ConfigError, Malformed
from mentra.messages import Message, Unknown
from mentra.messages.opencode import EXTENSIONS, Done, Payload
from mentra.protobuf.forms import Read, Write, descriptor_of, empty, reader, writer
from mentra.protobuf.messages_pb2 import ClientMessage, ServerMessage

LENGTH_DELIMITED = 2
"""The wire type of messages.  Source: protobuf.dev, "Encoding"."""

MAX_REQUEST_ID = 2**64 - 1


class Envelope:
    """One of the two envelopes, and the payloads that are understood in it.

    :param form: the generated class.
    :param kinds: the payload classes to be read.
    :raises ConfigError: a class has neither a name nor a number there, or shares it.
    """

    def __init__(self, form: Any, kinds: Iterable[type[Payload]]) -> None:
        self._form = form
        self._payloads: dict[str, Descriptor] = {
            field.name: field.message_type
            for field in form.DESCRIPTOR.oneofs_by_name["payload"].fields
        }
        self._named: dict[str, Read] = {}
        self._numbered: dict[int, tuple[Read, Any]] = {}
        self._writers: dict[type[Payload], Write] = {}
        for kind in kinds:
            self._learn(kind)

    def read(self, data: bytes) -> tuple[int, Message]:
        """The request's id, and what is asked or answered.

        An envelope without payload is :class:`Done`, one with a payload that nobody handles
        :class:`Unknown`.

        :raises Malformed: it is no such envelope.
        """
        try:
            envelope = self._form.FromString(data)
        except DecodeError as problem:
            raise Malformed("these bytes are no envelope") from problem
        name = envelope.WhichOneof("payload")
        request_id: int = envelope.request_id
        if name is not None:
            read = self._named.get(name)
            if read is None:
                return request_id, Unknown(type_name=name)
            return request_id, _message(read(getattr(envelope, name)))
        return request_id, self._extension(envelope)

    def write(self, request_id: int, message: Payload) -> bytes:
        """The envelope as bytes.

        :raises ConfigError: nothing says how a message of that class is spelt.
        """
        kind = type(message)
        write = self._writers.get(kind)
        if write is None:
            write = self._writers[kind] = self._writer(kind)
        envelope = self._form(request_id=request_id)
        write(message, envelope)
        data: bytes = envelope.SerializeToString()
        return data

    def _learn(self, kind: type[Payload]) -> None:
        if not kind.spoken:
            return
        if kind.number is None:
            described = self._payloads.get(kind.tag())
            if described is None:
                raise ConfigError(f"{_place(kind)} has no number, and {kind.tag()} is not known")
            self._named[kind.tag()] = reader(kind, described)
            return
        if kind.number not in EXTENSIONS:
            raise ConfigError(
                f"{_place(kind)} has the number {kind.number}; those of extensions go from "
                f"{EXTENSIONS[0]} to {EXTENSIONS[-1]}"
            )
        if kind.number in self._numbered:
            raise ConfigError(f"{_place(kind)} has the number {kind.number} of another message")
        self._numbered[kind.number] = reader(kind, descriptor_of(kind.form)), kind.form

    def _extension(self, envelope: Any) -> Message:
        """The last of the payloads that the ``.proto`` file does not name, as in a oneof."""
        strange = [one for one in UnknownFieldSet(envelope) if one.field_number > 1]
        if not strange:
            return Done()
        last = strange[-1]
        found = self._numbered.get(last.field_number)
        if found is None or last.wire_type != LENGTH_DELIMITED:
            return Unknown(type_name=f"field {last.field_number}")
        read, form = found
        try:
            return _message(read(form.FromString(last.data)))
        except DecodeError as problem:
            raise Malformed(f"field {last.field_number} is not what it should be") from problem

    def _writer(self, kind: type[Payload]) -> Write:
        if kind is Done:
            return lambda message, envelope: None
        if kind.number is not None:
            return _writer_of_extension(kind, kind.number)
        name = kind.tag()
        described = self._payloads.get(name)
        if described is None:
            raise ConfigError(f"{_place(kind)} has no number, and {name} is not known")
        write = writer(kind, described)

        def write_payload(message: Any, envelope: Any) -> None:
            payload = getattr(envelope, name)
            payload.SetInParent()
            write(message, payload)

        return write_payload


def client_envelope(kinds: Iterable[type[Payload]]) -> Envelope:
    """What clients send."""
    return Envelope(ClientMessage, kinds)


def server_envelope(kinds: Iterable[type[Payload]]) -> Envelope:
    """What the bridge sends."""
    return Envelope(ServerMessage, kinds)


def _writer_of_extension(kind: type[Payload], number: int) -> Write:
    form = descriptor_of(kind.form)
    write = writer(kind, form)
    tag = _varint(number << 3 | LENGTH_DELIMITED)

    def write_extension(message: Any, envelope: Any) -> None:
        payload = empty(form)
        write(message, payload)
        data = payload.SerializeToString()
        # it becomes a field that the envelope's class does not know, and keeps
        envelope.MergeFromString(tag + _varint(len(data)) + data)

    return write_extension


def _varint(value: int) -> bytes:
    """*value* in sevens of bits, the lowest first.  Source: protobuf.dev, "Encoding"."""
    groups = []
    while value > 127:
        groups.append(value & 127 | 128)
        value >>= 7
    return bytes((*groups, value))


def _message(payload: Any) -> Message:
    assert isinstance(payload, Message)
    return payload


def _place(kind: type) -> str:
    return f"{kind.__module__}.{kind.__qualname__}"
