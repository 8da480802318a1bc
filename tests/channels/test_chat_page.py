"""The chat page: its files, and where it is told to connect."""

import re
from importlib.resources import files

import pytest

from mentra.channels.chat_page import KINDS, chat_page, where_channels_are
from mentra.channels.section import ChannelsSettings
from mentra.errors import NotThere
from mentra.interfaces.channels import IChannelDoor
from mentra.testing.requests import FakeCall


def call(open_port, name: str | None = None, **settings: object) -> FakeCall:
    house, _ = open_port(sections=[ChannelsSettings(**settings)])
    return FakeCall(house, values={} if name is None else {"name": name})


@pytest.mark.parametrize("name", [None, *KINDS])
def test_every_file_of_the_page_is_there(open_port, name: str | None):
    answer = chat_page.handle(call(open_port, name))

    assert answer.content_type == KINDS[name or "index.html"]
    assert len(answer.body) > 100


def test_the_page_runs_no_script_but_its_own(open_port):
    answer = chat_page.handle(call(open_port))

    assert b'src="/examples/chat/chat.js"' in answer.body
    assert b'href="/examples/chat/chat.css"' in answer.body
    policy = answer.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy


@pytest.mark.parametrize("name", ["chat.ts", "..", "../section.py", "__init__.py", ""])
def test_nothing_else_is(open_port, name: str):
    with pytest.raises(NotThere):
        chat_page.handle(call(open_port, name))


def test_it_can_be_turned_off(open_port):
    with pytest.raises(NotThere, match="chat_page"):
        chat_page.handle(call(open_port, chat_page=False))


def test_it_is_told_the_open_port(open_port):
    asked = call(open_port)
    IChannelDoor(asked.services).port = 3002

    where = where_channels_are.handle(asked)

    assert (where.open_port, where.here) == (3002, True)


def test_a_port_that_is_not_there_is_not_told(open_port):
    asked = call(open_port, own_port=False, main_port=True)

    where = where_channels_are.handle(asked)

    assert (where.open_port, where.here) == (None, True)


# -- what those with low vision need ---------------------------------------------------------------

INK = (
    ("ink", "paper"),
    ("quiet", "paper"),
    ("accent", "paper"),
    ("good", "paper"),
    ("bad", "paper"),
)


def brightness(colour):
    """Relative luminance, as the Web Content Accessibility Guidelines (2.2) define it."""
    parts = (int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5))
    red, green, blue = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one, other):
    dark, bright = sorted((brightness(one), brightness(other)))
    return (bright + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("scheme", [0, 1], ids=["light", "dark"])
def test_there_is_enough_contrast(scheme):
    style = (files("mentra.channels") / "page" / "chat.css").read_text("utf-8")
    pairs = re.findall(r"--(\w+): light-dark\((#\w{6}), (#\w{6})\)", style)
    colours = {name: both[scheme] for name, *both in pairs}

    assert all(contrast(colours[one], colours[other]) >= 4.5 for one, other in INK)
    assert contrast(colours["edge"], colours["paper"]) >= 3
