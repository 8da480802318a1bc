"""What makers of pictures are asked, and what they bring."""

from typing import Any

import attrs


@attrs.frozen(kw_only=True)
class PictureRequest:
    """A batch of pictures.

    :ivar prompts: what is to be seen, a text for each picture.
    :ivar width: pixels, likewise ``height``.
    :ivar seed: the first picture's; the others count up.  The same seed, prompt and size make the
        same picture where the engine can.
    :ivar model: of the engine; empty: its own choice.
    :ivar params: what else it may be told; what it does not know it ignores.
    """

    prompts: tuple[str, ...]
    width: int
    height: int
    seed: int
    model: str = ""
    style: str | None = None
    references: tuple[str, ...] = ()
    params: dict[str, Any] = attrs.field(factory=dict)


@attrs.frozen(kw_only=True)
class Picture:
    """A picture.

    :ivar content_type: ``image/png``, ``image/jpeg`` or ``image/webp``.
    """

    content: bytes = attrs.field(repr=False)
    content_type: str = "image/png"
    width: int
    height: int
    prompt: str


@attrs.frozen(kw_only=True)
class NewImage:
    """A picture whose file is kept already.

    :ivar file: the file's name.
    :ivar filename: what to call it when it is saved.
    :ivar size: bytes.
    """

    batch_id: str
    file: str
    filename: str
    size: int
    width: int
    height: int
    model: str
    prompt: str
    references: tuple[str, ...] = ()


TYPES = (
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"RIFF", "image/webp"),
)


def type_of(content: bytes) -> str | None:
    """What kind of picture *content* is, by its first bytes; None if it is none of ours."""
    return next((kind for magic, kind in TYPES if content.startswith(magic)), None)


def suffix_of(content_type: str) -> str:
    """The end of a file's name."""
    return "." + content_type.rpartition("/")[2].replace("jpeg", "jpg")
