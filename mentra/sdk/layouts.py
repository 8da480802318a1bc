"""What can be drawn on glasses: the ``layout`` of a display request.  Source: docs/protocol."""

from collections.abc import Sequence
from typing import Any

Layout = dict[str, Any]


def text_wall(text: str) -> Layout:
    """Text, as much as fits."""
    return {"layoutType": "text_wall", "text": text}


def double_text_wall(top: str, bottom: str) -> Layout:
    """One text above another."""
    return {"layoutType": "double_text_wall", "topText": top, "bottomText": bottom}


def reference_card(title: str, text: str) -> Layout:
    """A title and its text."""
    return {"layoutType": "reference_card", "title": title, "text": text}


def dashboard_card(left: str, right: str) -> Layout:
    """Two texts side by side."""
    return {"layoutType": "dashboard_card", "leftText": left, "rightText": right}


def bitmap(data: str) -> Layout:
    """A picture.

    :param data: a BMP file as hex or base64, at most 1 MB.
    """
    return {"layoutType": "bitmap_view", "data": data}


def bitmap_animation(
    frames: Sequence[str], *, interval_ms: int = 1650, repeat: bool = False
) -> Layout:
    """Pictures one after another.

    :param frames: each as in :func:`bitmap`.
    """
    return {
        "layoutType": "bitmap_animation",
        "frames": list(frames),
        "interval": interval_ms,
        "repeat": repeat,
    }


def clear() -> Layout:
    """Nothing."""
    return {"layoutType": "clear_view"}
