"""What apps of the npm SDK show: layouts, and lines of the dashboard."""

import base64
import struct

import pytest

from tests.sdk.npm.apps import AppError

pytestmark = pytest.mark.slow


def bitmap(width: int, height: int) -> str:
    """A black picture: a BMP file of 24 bits a pixel, base64."""
    row = (width * 3 + 3) // 4 * 4
    size = 54 + row * height
    head = struct.pack("<2sIHHI", b"BM", size, 0, 0, 54)
    head += struct.pack("<IiiHHIIiiII", 40, width, height, 1, 24, 0, row * height, 0, 0, 0, 0)
    return base64.b64encode(head + bytes(row * height)).decode()


def test_a_text_wall(session, phone):
    session.call("layouts.showTextWall", "hello", {"durationMs": 3000})

    frame = phone.shown("hello")
    assert frame["layout"] == {"layoutType": "text_wall", "text": "hello"}
    assert (frame["view"], frame["durationMs"]) == ("main", 3000)
    assert frame["packageName"] == session.app.package


@pytest.mark.parametrize(
    ("method", "arguments", "layout"),
    [
        ("showDoubleTextWall", ["up", "down"], {"topText": "up", "bottomText": "down"}),
        ("showReferenceCard", ["Title", "text"], {"title": "Title", "text": "text"}),
        ("clearView", [], {"layoutType": "clear_view"}),
        (
            "showBitmapAnimation",
            [["AA==", "BB=="], 500, True],
            {"frames": ["AA==", "BB=="], "interval": 500, "repeat": True},
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_other_layouts(session, phone, method, arguments, layout):
    session.call(f"layouts.{method}", *arguments)

    phone.take("display_event", view="main", layout=layout)


def test_a_card_on_the_dashboard(session, phone):
    session.call("layouts.showDashboardCard", "left", "right")

    phone.take("display_event", view="dashboard", layout={"leftText": "left", "rightText": "right"})


def test_a_picture_as_wide_as_the_glasses(session, phone):
    session.call("layouts.showBitmapView", bitmap(526, 100))

    frame = phone.take("display_event", layout={"layoutType": "bitmap_view"})
    assert base64.b64decode(frame["layout"]["data"])[:2] == b"BM"


def test_what_is_shown_faster_than_glasses_can_ends_with_the_newest(session, phone):
    for number in range(50):
        session.begin("layouts.showTextWall", f"number {number}")

    phone.shown("number 49")
    seen = [one["layout"]["text"] for one in phone.heard.all() if one["type"] == "display_event"]
    assert all(int(text.split()[1]) < 49 for text in seen)
    assert len(seen) < 49


def test_lines_of_the_dashboard(session, phone):
    session.call("dashboard.content.write", "first line")
    first = phone.take("display_event", view="dashboard")
    session.call("dashboard.content.writeToMain", "second line")
    second = phone.take("display_event", view="dashboard")
    session.call("dashboard.content.writeToExpanded", "for later")
    session.settle()
    phone.settle()

    assert "first line" in first["layout"]["bottomText"]
    assert "second line" in second["layout"]["bottomText"]
    assert "first line" not in second["layout"]["bottomText"]
    assert not [one for one in phone.heard.all() if one.get("view") == "dashboard"]


def test_an_app_that_is_not_the_dashboard_has_no_say_over_it(session):
    assert session.get("dashboard.system") is None
    with pytest.raises(AppError):
        session.call("dashboard.system.setTopLeft", "12:00")
