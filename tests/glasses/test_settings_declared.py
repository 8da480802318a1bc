"""Which values a declared setting may have."""

import pytest

from mentra.glasses.settings.declared import misfits

CHOICES = [
    {"label": "A", "value": "a"},
    {"label": "One", "value": 1},
    {"label": "No", "value": False},
]


def declared(kind: str, **more: object) -> dict[str, object]:
    return {"type": kind, "key": "k", "label": "K", **more}


@pytest.mark.parametrize(
    ("entry", "good", "bad"),
    [
        (declared("toggle"), [True, False], [1, 0, "true", []]),
        (declared("text"), ["", "é\0"], [1, True, ["a"], "x" * 100_001]),
        (declared("text_no_save_button", maxLines=1), ["a\nb"], [1, {}]),
        (declared("select", options=CHOICES), ["a", 1, 1.0, False], ["b", True, 0, ["a"], {}]),
        (declared("select_with_search", options=CHOICES), ["a"], ["A", 2]),
        (declared("multiselect", options=CHOICES), [[], ["a"], [1, "a"]], ["a", ["b"], [True]]),
        (declared("slider", min=1, max=9), [1, 9, 4.5], [0, 10, "5", True, None.__class__]),
        (declared("numeric_input"), [-1, 0.5, 1e9], ["1", True, []]),
        (declared("numeric_input", min=2, max=3, step=1), [2, 2.5, 3], [1, 4]),
        (declared("time_picker"), [0, 90_000, 1.5], [-1, "12:00", True]),
    ],
)
def test_values_of_every_type(entry, good, bad):
    assert [value for value in good if misfits([entry], {"k": value})] == []
    assert [value for value in bad if not misfits([entry], {"k": value})] == []


@pytest.mark.parametrize(
    "entry",
    [
        {"type": "group", "title": "T"},
        {"type": "titleValue", "key": "k", "label": "L", "value": 1},
        declared("dial"),
        {"type": "slider", "key": "k", "label": "L", "min": "none"},
    ],
)
def test_what_cannot_be_checked_fits(entry):
    assert misfits([entry], {"k": "anything"}) == []


def test_null_is_back_to_the_default_and_other_keys_are_free():
    assert misfits([declared("toggle")], {"k": None, "other": 5}) == []


def test_a_list_of_more_than_all_choices_does_not_fit():
    assert misfits([declared("multiselect", options=CHOICES)], {"k": ["a"] * 4}) == ["k"]
