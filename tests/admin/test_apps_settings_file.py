"""The file with the settings an app declares."""

import json

import pytest

from mentra.admin.declared_settings import read_settings
from mentra.errors import MentraError

CHOICES = [{"label": "A", "value": "a"}, {"label": "B", "value": 2}]

EVERY_TYPE = [
    {"type": "group", "title": "Looks"},
    {"type": "toggle", "key": "on", "label": "On", "defaultValue": True},
    {"type": "text", "key": "t", "label": "T", "defaultValue": "x"},
    {"type": "text_no_save_button", "key": "n", "label": "N", "maxLines": 3},
    {"type": "select", "key": "s", "label": "S", "options": CHOICES, "defaultValue": "a"},
    {"type": "select_with_search", "key": "w", "label": "W", "options": CHOICES},
    {"type": "multiselect", "key": "m", "label": "M", "options": CHOICES, "defaultValue": ["a"]},
    {"type": "slider", "key": "l", "label": "L", "min": 0, "max": 10, "defaultValue": 5},
    {"type": "numeric_input", "key": "i", "label": "I", "step": 0.5, "placeholder": "p"},
    {"type": "time_picker", "key": "c", "label": "C", "showSeconds": False, "defaultValue": 60},
    {"type": "titleValue", "label": "Version", "value": 1.0, "unknownToUs": {"kept": True}},
]


def file_with(tmp_path, content):
    """A file with *content*, as JSON unless it is bytes."""
    file = tmp_path / "settings.json"
    file.write_bytes(content if isinstance(content, bytes) else json.dumps(content).encode())
    return file


def test_every_type_is_read_and_kept_as_it_was_written(tmp_path):
    assert list(read_settings(file_with(tmp_path, EVERY_TYPE))) == EVERY_TYPE


def test_an_apps_whole_configuration_file_works_too(tmp_path):
    file = file_with(tmp_path, {"name": "x", "version": "1", "settings": EVERY_TYPE})

    assert list(read_settings(file)) == EVERY_TYPE


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"{", "not JSON"),
        (b"[" * 100_000, "not JSON"),
        (b"\xff", "not JSON"),
        ({}, "null"),
        ("x", "got `str`"),
        ([{"type": "dial", "key": "d", "label": "D"}], "$[0].type"),
        ([EVERY_TYPE[0], {"type": "toggle", "label": "D"}], "$[1]"),
        ([{"type": "slider", "key": "l", "label": "L", "min": "0", "max": 1}], "$[0].min"),
        ([{"type": "select", "key": "l", "label": "L", "options": ["a"]}], "$[0].options[0]"),
        ([EVERY_TYPE[1], EVERY_TYPE[1]], "2 settings have the key 'on'"),
        ([{"type": "toggle", "key": "", "label": "D"}], "empty key"),
    ],
)
def test_a_wrong_file_is_refused_in_a_sentence_with_the_place(tmp_path, content, told):
    with pytest.raises(MentraError) as refused:
        read_settings(file_with(tmp_path, content))

    assert str(tmp_path / "settings.json") in str(refused.value)
    assert told in str(refused.value)
    assert "\n" not in str(refused.value)


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(MentraError, match=r"nowhere\.json"):
        read_settings(tmp_path / "nowhere.json")
