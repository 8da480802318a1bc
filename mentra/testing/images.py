"""A maker of pictures whose pictures a test gives, and their files in memory."""

import attrs
from twisted.internet.defer import Deferred
from zope.interface import implementer

from mentra.errors import Refused
from mentra.extension import EngineFactory
from mentra.interfaces.images import IImageEngine, IImageFiles
from mentra.pictures import Picture, PictureRequest
from mentra.testing.photos import MemoryPhotoFiles

PNG = b"\x89PNG\r\n\x1a\n"
"""How a picture begins; nothing here looks any further."""


@implementer(IImageFiles)
class MemoryImageFiles(MemoryPhotoFiles):
    """Files in a dict."""


class FakeBatch:
    """A batch that somebody wants.

    :ivar answer: what they wait for.
    :ivar cancelled: whether they gave it up.
    """

    def __init__(self, asked: PictureRequest, credential: str | None) -> None:
        self.asked = asked
        self.credential = credential
        self.cancelled = False
        self.answer: Deferred[tuple[Picture, ...]] = Deferred(self._cancel)

    def finish(self, count: int | None = None) -> None:
        """Bring *count* pictures, None for all that were wanted."""
        wanted = self.asked
        if self.cancelled:
            return
        self.answer.callback(
            tuple(
                Picture(
                    content=PNG + f"{wanted.seed + number}".encode(),
                    width=wanted.width,
                    height=wanted.height,
                    prompt=prompt,
                )
                for number, prompt in enumerate(wanted.prompts[:count])
            )
        )

    def fail(self, code: str = "SERVER_ERROR", *, retryable: bool = True) -> None:
        """Bring none."""
        if not self.cancelled:
            refusal = Refused(code, "it is broken", where="provider", retryable=retryable)
            self.answer.errback(refusal)

    def _cancel(self, answer: object) -> None:
        self.cancelled = True


@implementer(IImageEngine)
@attrs.define(eq=False)
class FakeImageEngine:
    """Keeps what it was asked; nothing is made until a test does.

    :ivar why_not: what ``unavailable`` says.
    """

    name: str = "fake"
    credential: str | None = None
    why_not: str | None = None
    batches: list[FakeBatch] = attrs.field(factory=list)

    def factory(self) -> EngineFactory:
        """A plugin that makes just this one."""
        return EngineFactory(IImageEngine, self.name, lambda services: self)

    def unavailable(self) -> str | None:
        """``why_not``."""
        return self.why_not

    def addresses(self) -> tuple[str, ...]:
        """It stays here."""
        return ()

    def has_credential(self) -> bool:
        """It needs none."""
        return True

    def generate(
        self, asked: PictureRequest, *, credential: str | None = None
    ) -> Deferred[tuple[Picture, ...]]:
        """Keep it in ``batches``."""
        batch = FakeBatch(asked, credential)
        self.batches.append(batch)
        return batch.answer
