"""How the SDK spells frames and reads them: JSON text, one object with a ``type``."""

from datetime import UTC, datetime
from typing import Any

import msgspec

from mentra.errors import Malformed
from mentra.messages import Message, Unknown


class _Head(msgspec.Struct):
    """All that must be known of a frame to know who understands it."""

    type: str


_head = msgspec.json.Decoder(_Head)


def timestamp() -> str:
    """The time now, as the wire has it: ISO 8601, milliseconds, UTC."""
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def encode(message: Message, **fields: Any) -> str:
    """*message* as a text frame, with a timestamp and *fields* (wire names) put in.

    A field of the message's own wins over one of *fields*.
    """
    spelt: dict[str, Any] = msgspec.to_builtins(message)
    spelt.pop("(raw)", None)
    return msgspec.json.encode({"timestamp": timestamp(), **fields, **spelt}).decode()


class Vocabulary:
    """Reads the frames of one side of a conversation.

    :param classes: the messages that are understood; any other type becomes ``Unknown``.
    """

    def __init__(self, *classes: type[Message]) -> None:
        self._decoders = {each.tag(): msgspec.json.Decoder(each) for each in classes}

    def read(self, text: str) -> Message:
        """The message in a text frame.

        :raises Malformed: it is none, or lacks what its type must have.
        """
        try:
            kind = _head.decode(text).type
            decoder = self._decoders.get(kind)
            return Unknown(type_name=kind) if decoder is None else decoder.decode(text)
        except (msgspec.DecodeError, UnicodeError, RecursionError) as problem:
            raise Malformed(f"not a message: {problem}") from problem
