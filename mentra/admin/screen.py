"""The glasses' display, drawn as a small box of text."""

from collections.abc import Callable
from typing import Any

import attrs

from mentra.admin.cells import cells, clean, cut, fit, wrap

ROWS = 5
COLUMNS = 40
"""About what a monochrome display in glasses shows."""

Layout = dict[str, Any]


@attrs.frozen
class Ink:
    """What lines are drawn with."""

    corners: str
    across: str
    down: str
    more: str
    on: str
    off: str


LINES = Ink(corners="┌┐└┘", across="─", down="│", more="…", on="●", off="○")
ASCII = Ink(corners="++++", across="-", down="|", more="~", on="*", off="o")


def ink_for(encoding: str | None) -> Ink:
    """The nicest ink that a terminal of this encoding can show."""
    try:
        "".join((LINES.corners, LINES.across, LINES.down, LINES.more, LINES.on, LINES.off)).encode(
            encoding or "ascii"
        )
    except (UnicodeEncodeError, LookupError):
        return ASCII
    return LINES


def _text(layout: Layout, name: str) -> str:
    value = layout.get(name)
    return value if isinstance(value, str) else ""


def _clip(lines: list[str], rows: int, width: int, ink: Ink) -> list[str]:
    """At most *rows* lines; the last one says if there would be more."""
    if len(lines) <= rows:
        return lines
    last = cut(lines[rows - 1], width - 1) if rows else ""
    return [*lines[: rows - 1], last + ink.more][:rows]


def _text_wall(layout: Layout, width: int, ink: Ink) -> list[str]:
    return _clip(wrap(_text(layout, "text"), width), ROWS, width, ink)


def _double_text_wall(layout: Layout, width: int, ink: Ink) -> list[str]:
    half = (ROWS + 1) // 2
    top = _clip(wrap(_text(layout, "topText"), width), half, width, ink)
    bottom = _clip(wrap(_text(layout, "bottomText"), width), ROWS - half, width, ink)
    return [*top, *[""] * (half - len(top)), *bottom]


def _reference_card(layout: Layout, width: int, ink: Ink) -> list[str]:
    title = _clip(wrap(_text(layout, "title"), width), 1, width, ink)
    text = wrap(_text(layout, "text"), width)
    return [*title, *_clip(text, ROWS - 1, width, ink)]


def _dashboard_card(layout: Layout, width: int, ink: Ink) -> list[str]:
    right_width = width // 2
    left_width = width - right_width - 1
    left = _clip(wrap(_text(layout, "leftText"), left_width), ROWS, left_width, ink)
    right = _clip(wrap(_text(layout, "rightText"), right_width), ROWS, right_width, ink)
    rows = max(len(left), len(right))
    left, right = left + [""] * (rows - len(left)), right + [""] * (rows - len(right))
    return [
        fit(one, left_width) + " " * (1 + right_width - cells(other)) + other
        for one, other in zip(left, right, strict=True)
    ]


def _bitmap_view(layout: Layout, width: int, ink: Ink) -> list[str]:
    return [f"[a picture, {len(_text(layout, 'data')):,} characters]"]


def _bitmap_animation(layout: Layout, width: int, ink: Ink) -> list[str]:
    frames = layout.get("frames")
    return [f"[an animation of {len(frames) if isinstance(frames, list) else 0} pictures]"]


def _nothing(layout: Layout, width: int, ink: Ink) -> list[str]:
    return []


_LAYOUTS: dict[str, Callable[[Layout, int, Ink], list[str]]] = {
    "text_wall": _text_wall,
    "double_text_wall": _double_text_wall,
    "reference_card": _reference_card,
    "dashboard_card": _dashboard_card,
    "bitmap_view": _bitmap_view,
    "bitmap_animation": _bitmap_animation,
    "clear_view": _nothing,
}


def text_of(layout: Layout, width: int = COLUMNS, ink: Ink = LINES) -> list[str]:
    """The lines of a layout, at most :data:`ROWS` of at most *width* cells."""
    kind = _text(layout, "layoutType")
    draw = _LAYOUTS.get(kind)
    if draw is None:
        return [cut(f"[{clean(kind) or 'no'} layout: not known here]".replace("\n", " "), width)]
    return [cut(line, width) for line in draw(layout, width, ink)]


def draw_box(layout: Layout, title: str, columns: int, ink: Ink) -> list[str]:
    """The display as it looks in a terminal of *columns*: a box with *title* in its top line."""
    width = max(1, min(COLUMNS, columns - 4))
    lines = text_of(layout, width, ink)
    lines += [""] * (ROWS - len(lines))
    top_left, top_right, bottom_left, bottom_right = tuple(ink.corners)
    name = cut(f" {one_line(title)} ", width + 2) if title else ""
    edge = ink.across * (width + 2 - cells(name))
    return [
        top_left + name + edge + top_right,
        *(f"{ink.down} {fit(line, width)} {ink.down}" for line in lines),
        bottom_left + ink.across * (width + 2) + bottom_right,
    ]


def one_line(text: str) -> str:
    """*text*, cleaned, with spaces for line breaks."""
    return clean(text).replace("\n", " ")
