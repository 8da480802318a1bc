"""Text into layouts, and layouts into text: no state, no I/O.

Source: docs/protocol/dashboard.rst, "what is drawn".
"""

from collections.abc import Callable, Mapping
from typing import Any

SECTIONS = ("topLeft", "topRight", "bottomLeft", "bottomRight")
"""The corners that belong to the system, as they are named on the wire."""

NOTHING_EXPANDED = "No expanded content available"

Corners = Mapping[str, str]
Layout = dict[str, Any]


def main_layout(corners: Corners, content: str) -> Layout:
    """The mode ``main``: the corners, and *content* below those on the right."""
    left, right = corners["topLeft"], corners["topRight"]
    if corners["bottomLeft"]:
        left += f"\n{corners['bottomLeft']}"
    if corners["bottomRight"]:
        right += f"\n{corners['bottomRight']}"
        if content:
            right += f"\n\n{content}"
    else:
        right += f"\n{content}"
    return {"layoutType": "double_text_wall", "topText": left, "bottomText": right}


def expanded_layout(corners: Corners, content: str | None) -> Layout:
    """The mode ``expanded``: one line of the system's, the rest is an app's."""
    head = f"{corners['topLeft']} | {corners['topRight']}"
    text = f"{head}\n{NOTHING_EXPANDED if content is None else content}"
    return {"layoutType": "text_wall", "text": text}


def text_of(content: object) -> str:
    """What *content* says: text itself, or a layout object reduced to its text."""
    if isinstance(content, str):
        return content
    if not isinstance(content, dict):
        return ""
    reduce = _TEXTS.get(str(content.get("layoutType")))
    return "" if reduce is None else reduce(content)


def _of(layout: Layout, name: str) -> str:
    value = layout.get(name)
    return value if isinstance(value, str) else ""


def _card(layout: Layout) -> str:
    return " | ".join(part for name in ("leftText", "rightText") if (part := _of(layout, name)))


_TEXTS: Mapping[str, Callable[[Layout], str]] = {
    "text_wall": lambda layout: _of(layout, "text"),
    "double_text_wall": lambda layout: f"{_of(layout, 'topText')}\n{_of(layout, 'bottomText')}",
    "dashboard_card": _card,
    "reference_card": lambda layout: f"{_of(layout, 'title')}\n{_of(layout, 'text')}",
}
"""Layout type to what reduces it."""
