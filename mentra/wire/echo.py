"""``/echo-ws``: sends back what it gets, for conformance suites; off unless configured."""

from typing import ClassVar

from twisted.plugin import IPlugin
from zope.interface import implementer

from mentra.extension import Answer, Handler, Limits, handler
from mentra.identity import Identity
from mentra.interfaces.messaging import IContext, IDialect, IPath, IUpgrade
from mentra.interfaces.services import IServices
from mentra.messages import Message, Unknown

SIXTEEN_MIB = 16 * 1024 * 1024


class Echo(Message, frozen=True, kw_only=True):
    """A frame's payload, whatever it is."""

    spoken: ClassVar[bool] = False
    payload: bytes
    is_binary: bool


@implementer(IDialect)
class EchoDialect:
    """Every frame is an :class:`Echo`."""

    def decode(self, payload: bytes, is_binary: bool) -> Message:
        """The frame as it is."""
        return Echo(payload=payload, is_binary=is_binary)

    def encode(self, message: Message) -> tuple[bytes, bool]:
        """The frame as it was."""
        if not isinstance(message, Echo):
            return b"", True
        return message.payload, message.is_binary


@implementer(IPlugin, IPath)
class EchoPath:
    """Anyone may enter; nothing is kept."""

    name = "echo"
    urls = ("/echo-ws",)
    dialect = "echo"
    handshake = (Echo,)

    def limits(self, services: IServices) -> Limits:
        """16 MiB a message."""
        return Limits(SIXTEEN_MIB, 2 * SIXTEEN_MIB, 1e6, 64, pong_matters=False)

    def admit(self, upgrade: IUpgrade, services: IServices) -> Identity | None:
        """Nobody is asked who they are."""
        return None

    def opened(self, context: IContext) -> Answer:
        """Nothing to say."""
        return None

    def premature(self, message: Message, context: IContext) -> Answer:
        """There is no handshake."""
        return None

    def farewell(self, context: IContext) -> Answer:
        """Nothing to say."""
        return None

    def closed(self, context: IContext, code: int, reason: str) -> None:
        """Nothing to do."""


@handler("echo", Echo)
def echo(message: Echo, context: IContext) -> Answer:
    """Send it back."""
    return message


@handler("echo", Unknown)
def unknown(message: Unknown, context: IContext) -> Answer:
    """Never made by this dialect."""
    return None


ECHO_PLUGINS: tuple[EchoPath | Handler, ...] = (EchoPath(), echo, unknown)
