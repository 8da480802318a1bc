"""What is said on the paths, both ways: every message that somebody handles or sends."""

from collections.abc import Iterator
from typing import Any, ClassVar

import attrs

from mentra.interfaces.messaging import IMessageHandler
from mentra.interfaces.services import ICatalogue
from mentra.messages import Message
from mentra.messages.audio import AudioChunk
from mentra.messages.streams import STREAM_ALIASES, STREAM_TYPES
from mentra.messages.subscriptions import StreamEvent


@attrs.frozen
class Said:
    """A message on a path, in one direction.

    :ivar inbound: whether it comes in; else the server sends it.
    :ivar name: its ``type``; ``(binary)`` for binary frames, which have none.
    :ivar kind: its class; None for an event that is only passed on.
    :ivar handler: ``module:function`` of who handles it; empty for what is sent.
    """

    path: str
    inbound: bool
    name: str
    kind: type[Message] | None
    handler: str = ""

    @property
    def is_binary(self) -> bool:
        """Whether it is a binary frame."""
        return self.kind is AudioChunk

    @property
    def aliases(self) -> tuple[str, ...]:
        """Other names it is understood under."""
        if not self.inbound:
            return ()
        if self.kind is not None:
            return self.kind.aliases
        return tuple(old for old, name in STREAM_ALIASES.items() if name == self.name)


class DataStream(Message, frozen=True, kw_only=True, tag="data_stream"):
    """Something happened that the app subscribed to.  The relay writes it without this class.

    :ivar session_id: ``<userId>-<packageName>``.
    :ivar stream_type: the subscription as the app wrote it.
    :ivar data: the event as it came from the glasses.
    """

    sent_to: ClassVar[tuple[str, ...]] = ("app",)
    session_id: str
    stream_type: str
    data: dict[str, Any]


class _Failure(Message, frozen=True, kw_only=True):
    """What both have.

    :ivar code: upper-case word that a program can act on.
    :ivar message: one sentence for people.
    :ivar where: ``phone``, ``cloud``, ``app`` or ``provider``.
    :ivar retryable: whether the same may succeed later.
    :ivar correlation_id: finds the matching log lines.
    """

    code: str
    message: str
    where: str
    retryable: bool
    correlation_id: str | None = None


class GlassesFailure(_Failure, frozen=True, kw_only=True, tag="connection_error"):
    """A message of the glasses, or their handshake, failed.  The dialect writes it without this
    class."""

    sent_to: ClassVar[tuple[str, ...]] = ("glasses",)


class AppFailure(_Failure, frozen=True, kw_only=True, tag="tpa_connection_error"):
    """A message of an app, or its handshake, failed.  The dialect writes it without this class."""

    sent_to: ClassVar[tuple[str, ...]] = ("app",)


def paths_of_json(catalogue: ICatalogue) -> list[Any]:
    """The paths whose frames are JSON; of others a ``.proto`` file says what they look like."""
    return [path for path in catalogue.paths if path.dialect != "protobuf"]


def everything_said(catalogue: ICatalogue) -> Iterator[Said]:
    """Every message of every path of JSON: what comes in, then what goes out, each by name."""
    sent = sorted(sent_classes(), key=lambda kind: (kind.tag(), kind.__name__))
    for path in paths_of_json(catalogue):
        heard = catalogue.handlers(path.name)
        inbound = [one for kind, handler in heard.items() for one in _heard(kind, handler, heard)]
        yield from sorted(inbound, key=lambda one: one.name)
        for kind in sent:
            if path.name in kind.sent_to:
                yield Said(path.name, False, _name_of(kind), kind)


def sent_classes(root: type[Message] = Message) -> Iterator[type[Message]]:
    """Every message class of this process, extensions' too, that says where it is sent."""
    for kind in root.__subclasses__():
        if "sent_to" in vars(kind):
            yield kind
        yield from sent_classes(kind)


def _heard(kind: type[Message], handler: IMessageHandler, all_kinds: Any) -> Iterator[Said]:
    if kind is StreamEvent:
        own = {one.tag() for one in all_kinds if one.spoken}
        for name in STREAM_TYPES - own:
            yield Said(handler.path, True, name, None, handler.name)
    elif kind.spoken or kind is AudioChunk:
        yield Said(handler.path, True, _name_of(kind), kind, handler.name)


def _name_of(kind: type[Message]) -> str:
    return "(binary)" if kind is AudioChunk else kind.tag()
