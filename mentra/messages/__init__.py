"""What can be said: frozen data, one module per subject.

A class's ``tag`` is its name on the wire; ``rename="camel"`` spells its fields there.  A field
that has its default is left out on the wire, so what must always be sent has no default.
Incoming fields that no class names are ignored.
"""

from enum import Enum
from typing import ClassVar

import msgspec


class GivesWay(Enum):
    """What happens to a message when its receiver does not keep up."""

    DROP_OLDEST = "the oldest queued one of its kind is dropped (audio)"
    KEEP_NEWEST = "it replaces a queued one of its class (state)"
    CLOSE = "the receiver is closed with 1013 (everything else)"


class Message(
    msgspec.Struct, frozen=True, kw_only=True, tag_field="type", rename="camel", omit_defaults=True
):
    """Base of every wire message.

    :cvar gives_way: what happens to it when its receiver does not keep up.
    :cvar aliases: other names it is understood under; they are rewritten to its tag.
    :cvar patience: seconds that its handler may take; None: as long as any other.
    :cvar sent_to: names of the paths that the server sends it on; none if it only comes in.
    :cvar spoken: False for the classes that a dialect makes itself (binary frames, relayed
        events, unknown types): their name never appears as ``type``.
    """

    gives_way: ClassVar[GivesWay] = GivesWay.CLOSE
    aliases: ClassVar[tuple[str, ...]] = ()
    patience: ClassVar[float | None] = None
    sent_to: ClassVar[tuple[str, ...]] = ()
    spoken: ClassVar[bool] = True

    @classmethod
    def tag(cls) -> str:
        """The class's name on the wire."""
        return str(cls.__struct_config__.tag)


class Relayed(Message, frozen=True, kw_only=True):
    """Base of messages that are handled and passed on as well.

    :ivar raw: the message's text as it came, UTF-8, filled in by the dialect; empty if the message
        was made here.  Its name on the wire is one that no peer uses.
    """

    raw: bytes = msgspec.field(default=b"", name="(raw)")


class Enveloped(Message, frozen=True, kw_only=True):
    """Base of messages that name their session beside their ``data``.

    :ivar session_id: the session that sender and receiver share; a peer may leave it out.
    """

    session_id: str | None = None


class Unknown(Message, frozen=True, kw_only=True):
    """A frame whose ``type`` nobody handles; every path must have a handler for it.

    :ivar type_name: the ``type`` as it came.
    """

    spoken: ClassVar[bool] = False
    type_name: str


class Fault(Message, frozen=True, kw_only=True):
    """A request failed; each dialect spells it in its own way.

    :ivar code: upper-case word a program can act on.
    :ivar message: one sentence for people, nothing of an exception's text.
    :ivar where: ``phone``, ``cloud``, ``app`` or ``provider``.
    :ivar retryable: whether the same request may succeed later.
    :ivar correlation_id: finds the matching log lines.
    :ivar session_id: of the sender, for dialects whose frames all name it.
    """

    spoken: ClassVar[bool] = False
    code: str
    message: str
    where: str
    retryable: bool
    correlation_id: str | None = None
    session_id: str | None = None
