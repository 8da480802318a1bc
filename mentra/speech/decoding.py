"""What a worker process wants of whatever decodes in it."""

from typing import Protocol

from mentra.speech.pipe import Guess


class CannotLoad(Exception):
    """The engine cannot be loaded; the text is a sentence that says what to do."""


class CannotBegin(Exception):
    """An utterance is refused; the text is a sentence."""


class Decoder(Protocol):
    """Decodes one utterance after the other."""

    def begin(self, grammar: str, interim: bool, manner: str) -> None:
        """A new one; see :class:`mentra.speech.pipe.Begin`.

        :raises CannotBegin: not like this.
        """

    def sound(self, pcm: bytes, look: bool = True) -> Guess | None:
        """More of it; what it sounds like by now, if that is something else than before.

        :param look: whether anybody wants to know.
        """

    def end(self) -> tuple[Guess | None, str]:
        """It is over: what was said, and this wearer's manner."""

    def drop(self) -> None:
        """It is over, and nobody wants to know."""
