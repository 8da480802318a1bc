"""Time stamps as peers write them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mentra.messages.stamps import FAR, iso, seconds_of


@pytest.mark.parametrize(
    ("stamp", "seconds"),
    [
        ("2025-06-01T12:00:00.000Z", 1_748_779_200.0),
        ("2025-06-01T14:00:00+02:00", 1_748_779_200.0),
        ("2025-06-01T12:00", 1_748_779_200.0),
        ("2025-06-01", 1_748_736_000.0),
        (1_748_779_200_000, 1_748_779_200.0),
        (1_748_779_200_500.0, 1_748_779_200.5),
        (0, 0.0),
        ("1969-12-31", None),
        ("0001-01-01", None),
        ("soon", None),
        ("", None),
        (-1, None),
        (10**400, None),
        (float("nan"), None),
        (float("inf"), None),
        (True, None),
        (None, None),
        ({}, None),
    ],
)
def test_a_stamp_is_text_or_milliseconds(stamp, seconds):
    assert seconds_of(stamp) == seconds


@given(st.floats(0, FAR - 1))
def test_what_we_write_we_can_read(seconds):
    read = seconds_of(iso(seconds))

    assert read is not None
    assert abs(read - seconds) < 0.002


@given(st.text() | st.integers() | st.floats())
def test_anything_is_a_stamp_or_none(stamp):
    assert seconds_of(stamp) is None or 0 <= seconds_of(stamp) < FAR
