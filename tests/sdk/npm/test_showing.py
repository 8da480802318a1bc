"""What apps of the npm SDK show: layouts, and lines of the dashboard."""

import pytest

pytestmark = pytest.mark.slow


def test_a_text_wall(session, phone):
    session.call("layouts.showTextWall", "hello", {"durationMs": 3000})

    frame = phone.shown("hello")
    assert frame["layout"] == {"layoutType": "text_wall", "text": "hello"}
    assert (frame["view"], frame["durationMs"]) == ("main", 3000)
    assert frame["packageName"] == session.app.package
