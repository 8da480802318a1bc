"""The page of all messages is made from what is registered."""

import importlib.util
import pkgutil
import sys

import pytest

import mentra.messages
from mentra.messages import Message
from mentra.routing.catalogue import Catalogue
from mentra.routing.discovery import discover
from mentra.web.channel_frames import is_framed
from mentra.web.said import everything_said
from tests.docs.manual import ROOT


@pytest.fixture(scope="module")
def said():
    """The Sphinx extension."""
    spec = importlib.util.spec_from_file_location("said_ext", ROOT / "docs" / "_ext" / "said.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules["said_ext"] = module
    spec.loader.exec_module(module)
    yield module
    del sys.modules["said_ext"]


def test_every_message_has_a_section_with_direction_fields_and_example(said):
    for one in everything_said(Catalogue(discover().plugins)):
        if one.is_binary or is_framed(one.kind):
            continue
        lines = list(said.lines(one.path, inbound=one.inbound))
        begin = lines.index(one.name)
        section = "\n".join(lines[begin:])
        assert lines[begin + 1] == "~" * len(one.name)
        assert f"*Comes in on:* {one.path}" in section or f"*Sent on:* {one.path}" in section
        assert f'"type": "{one.name}"' in section
        assert one.handler in section


def test_a_field_is_told_with_its_type_and_meaning(said):
    lines = list(said.lines("glasses", inbound=True))
    begin = lines.index("glasses_battery_update")

    section = "\n".join(lines[begin : begin + 25])

    assert "   * - ``level``\n     - number\n     - Percent, 0 to 100." in section
    assert "``false`` if left out." in section


def test_each_direction_of_each_path_is_on_the_page():
    page = (ROOT / "docs" / "protocol" / "messages.rst").read_text("utf-8")

    paths = [one for one in Catalogue(discover().plugins).paths if one.dialect == "mentraos"]
    for path in paths:
        for way in ("in", "out"):
            assert f".. message-reference:: {path.name} {way}\n" in page


def of_our_own() -> list[type[Message]]:
    """Every class of the protocol that has a name on the wire."""
    modules = (
        importlib.import_module(f"mentra.messages.{one.name}")
        for one in pkgutil.iter_modules(mentra.messages.__path__)
    )
    return [
        kind
        for module in modules
        for kind in vars(module).values()
        if isinstance(kind, type) and issubclass(kind, Message)
        and kind.__module__ == module.__name__ and kind.spoken and kind.tag()[0] != "("
    ]  # fmt: skip


def test_a_message_that_nobody_handles_says_where_it_is_sent():
    catalogue = Catalogue(discover().plugins)
    handled = {kind for path in catalogue.paths for kind in catalogue.handlers(path.name)}
    kinds = of_our_own()
    known = {path.name for path in catalogue.paths}

    # in the class: sent_to: ClassVar[tuple[str, ...]] = ("app",), or ("glasses",)
    assert [one for one in kinds if one not in handled and not one.sent_to] == []
    assert [one for one in kinds if not set(one.sent_to) <= known] == []
