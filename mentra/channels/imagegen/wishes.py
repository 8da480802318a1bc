"""What an entry wants, worked out: how large, which words for which picture, and who draws."""

import hashlib
import math
import random
import re

from mentra.channels.unfit import Unfit
from mentra.messages.channels import Wrong
from mentra.messages.channels.imagegen import CreateEntry
from mentra.messages.channels.images import Prompt, Resolution, Wanted

PLAIN = (512, 512)
"""Pixels of a picture that nobody named a size for."""

PRESETS = {
    "square": (1024, 1024), "portrait": (1024, 1536), "landscape": (1536, 1024),
    "wide": (1536, 864),
}  # fmt: skip
AREA = 1_048_576
STEP = 16
"""Sides of what only has an aspect ratio are multiples of it."""

MOST_SEED = 2**31 - 1

_CHOICE = re.compile(r"\{([^{}]*\|[^{}]*)\}")


def wanted_of(asked: CreateEntry, max_pixels: int) -> Wanted:
    """What *asked* says, with everything filled in.

    :raises Unfit: it cannot be.
    """
    prompt = asked.prompt if isinstance(asked.prompt, Prompt) else Prompt(value=asked.prompt)
    if not _texts(prompt):
        raise _unfit("prompt", "it is empty")
    resolution = asked.resolution or Resolution(width=PLAIN[0], height=PLAIN[1])
    width, height = size_of(resolution)
    if width * height > max_pixels:
        raise _unfit("resolution", f"a picture has at most {max_pixels} pixels")
    if asked.execution_mode == "target" and asked.target_images is None:
        raise _unfit("targetImages", "it is missing")
    return Wanted(
        prompt=prompt,
        resolution=resolution,
        model=asked.model or None,
        style=asked.style,
        images_per_batch=asked.images_per_batch,
        batch_count=asked.batch_count,
        references=asked.references,
        ext_params=asked.ext_params,
        execution_mode=asked.execution_mode,
        target_images=asked.target_images,
        tolerance=asked.tolerance,
    )


def size_of(resolution: Resolution) -> tuple[int, int]:
    """Width and height, pixels.

    :raises Unfit: half of it is missing.
    """
    if resolution.type == "preset":
        if resolution.preset is not None:
            return PRESETS[resolution.preset]
        if resolution.aspect_ratio is None:
            raise _unfit("resolution", "it has neither preset nor aspectRatio")
        return _sized(resolution.aspect_ratio)
    if resolution.width is None or resolution.height is None:
        raise _unfit("resolution", "it needs width and height")
    return resolution.width, resolution.height


def seed_of(wanted: Wanted, job_id: str) -> int:
    """The job's first picture's: that which is given, or one that follows from the job's id."""
    given = wanted.ext_params.get("seed")
    if isinstance(given, int) and not isinstance(given, bool):
        return given % MOST_SEED
    return int.from_bytes(hashlib.sha256(job_id.encode()).digest()[:4], "big") % MOST_SEED


def prompts_of(prompt: Prompt, batch: int, count: int, seed: int) -> tuple[str, ...]:
    """The words for each of *count* pictures of a batch, whose first has the seed *seed*."""
    texts = _texts(prompt)
    text = texts[batch % len(texts)]
    if prompt.type != "wildcard":
        return (text,) * count
    return tuple(_chosen(text, seed + number) for number in range(count))


def _unfit(path: str, message: str) -> Unfit:
    return Unfit(Wrong(path=path, message=message))


def _texts(prompt: Prompt) -> list[str]:
    texts = [prompt.value] if isinstance(prompt.value, str) else prompt.value
    return [text for text in texts if text.strip()]


def _chosen(text: str, seed: int) -> str:
    choose = random.Random(seed)
    return _CHOICE.sub(lambda found: choose.choice(found[1].split("|")), text)


def _sized(ratio: str) -> tuple[int, int]:
    across, down = map(int, ratio.split(":"))
    width = math.sqrt(AREA * across / down)
    return _stepped(width), _stepped(width * down / across)


def _stepped(side: float) -> int:
    return max(STEP, round(side / STEP) * STEP)
