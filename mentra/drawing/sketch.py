"""Draws without a model and without a network: colours and shapes that follow from the words.

The same words, seed and size make the same picture, so that everything around pictures can be tried
where no model is at hand.
"""

import hashlib
import io
import random
from importlib.util import find_spec
from typing import Any

from zope.interface import implementer

from mentra.errors import Refused
from mentra.extension import EngineFactory
from mentra.interfaces.images import IImageEngine
from mentra.interfaces.services import IServices, IThreads
from mentra.pictures import Picture, PictureRequest

NAME = "sketch"
MOST_PIXELS = 4_194_304
SHAPES = 24
LINE = 32
"""Characters of the caption."""

Colour = tuple[int, int, int]


@implementer(IImageEngine)
class Sketch:
    """Draws in threads."""

    name = NAME
    credential = None

    def __init__(self, services: IServices) -> None:
        self._threads = IThreads(services)

    def unavailable(self) -> str | None:
        """Whether Pillow is missing."""
        if find_spec("PIL") is None:
            return "sketch needs Pillow: pip install 'mentra[images]'"
        return None

    def addresses(self) -> tuple[str, ...]:
        """It stays here."""
        return ()

    def has_credential(self) -> bool:
        """It needs none."""
        return True

    async def generate(
        self, asked: PictureRequest, *, credential: str | None = None
    ) -> tuple[Picture, ...]:
        """A picture for each prompt, one after the other, so that others get their turn."""
        problem = self.unavailable()
        if problem is not None:
            raise Refused("ENGINE_UNAVAILABLE", problem, where="provider")
        if asked.width * asked.height > MOST_PIXELS:
            raise Refused(
                "INVALID_REQUEST", f"sketch draws at most {MOST_PIXELS} pixels", where="provider"
            )
        made = []
        for number, prompt in enumerate(asked.prompts):
            made.append(await self._threads.run(_drawing(asked, prompt, asked.seed + number)))
        return tuple(made)


def draw(prompt: str, style: str | None, seed: int, width: int, height: int) -> bytes:
    """A PNG; it takes a moment, so not on the reactor's thread."""
    from PIL import Image, ImageDraw

    choose = random.Random(_number(prompt, style or "", str(seed)))
    image = Image.new("RGB", (width, height))
    pen = ImageDraw.Draw(image)
    _sky(pen, choose, width, height)
    for _ in range(SHAPES):
        _shape(pen, choose, width, height)
    _caption(pen, prompt, width, height)
    out = io.BytesIO()
    image.save(out, "PNG")
    return out.getvalue()


def _drawing(asked: PictureRequest, prompt: str, seed: int) -> Any:
    def drawn() -> Picture:
        content = draw(prompt, asked.style, seed, asked.width, asked.height)
        return Picture(content=content, width=asked.width, height=asked.height, prompt=prompt)

    return drawn


def _number(*words: str) -> int:
    whole = "\0".join(words).encode("utf-8", "replace")
    return int.from_bytes(hashlib.sha256(whole).digest()[:8], "big")


def _colour(choose: random.Random) -> Colour:
    return choose.randrange(256), choose.randrange(256), choose.randrange(256)


def _sky(pen: Any, choose: random.Random, width: int, height: int) -> None:
    above, below = _colour(choose), _colour(choose)
    for row in range(height):
        part = row / max(1, height - 1)
        mixed = tuple(round(a + (b - a) * part) for a, b in zip(above, below, strict=True))
        pen.line((0, row, width, row), fill=mixed)


def _shape(pen: Any, choose: random.Random, width: int, height: int) -> None:
    left, top = choose.randrange(width), choose.randrange(height)
    size = choose.randrange(max(2, min(width, height) // 3)) + 1
    box = (left, top, left + size, top + size)
    kind = choose.choice(("ellipse", "rectangle", "triangle"))
    colour = _colour(choose)
    if kind == "ellipse":
        pen.ellipse(box, fill=colour)
    elif kind == "rectangle":
        pen.rectangle(box, fill=colour)
    else:
        pen.polygon(((left, top + size), (left + size, top + size), (left, top)), fill=colour)


def _caption(pen: Any, prompt: str, width: int, height: int) -> None:
    # the font at hand has no more than these
    text = prompt.encode("ascii", "replace").decode()[:LINE]
    pen.rectangle((0, max(0, height - 14), width, height), fill=(0, 0, 0))
    pen.text((3, max(0, height - 13)), text, fill=(255, 255, 255))


sketch = EngineFactory(IImageEngine, NAME, Sketch)
