"""The page of channels is made from what is registered."""

import importlib.util
import re
import sys

import pytest

from mentra.messages.channels import CODES, PATH, Request
from mentra.routing.catalogue import Catalogue
from mentra.routing.discovery import discover
from tests.docs.manual import ROOT
from tests.docs.tables import first_words

REQUESTS = [one for one in Catalogue(discover().plugins).handlers(PATH) if issubclass(one, Request)]


@pytest.fixture(scope="module")
def sections():
    """Title to text, of what the Sphinx extension makes."""
    sys.path.insert(0, str(ROOT / "docs" / "_ext"))
    spec = importlib.util.spec_from_file_location("ch_ext", ROOT / "docs" / "_ext" / "channels.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    text = "\n".join(module.lines())
    parts = re.split(r"^(\S+)\n~+\n", text, flags=re.MULTILINE)
    yield dict(zip(parts[1::2], parts[2::2], strict=True))
    sys.path.remove(str(ROOT / "docs" / "_ext"))


@pytest.mark.parametrize("kind", REQUESTS, ids=lambda kind: kind.tag())
def test_every_channel_says_its_answer_its_events_and_its_refusals(sections, kind):
    text = sections[kind.tag()]

    assert "*Answer:* " in text
    for event in kind.events:
        assert f":ref:`{event.tag()} <" in text
        assert "*Event.*" in sections[event.tag()]
    for refusal in kind.refusals:
        assert refusal in text
    for name in kind.__struct_encode_fields__:
        assert name in text


def test_every_code_is_on_the_page():
    assert first_words("channels.rst", "channel-errors") == list(CODES)


def test_a_channel_says_what_it_does():
    assert [one for one in REQUESTS if not (one.__doc__ or "").strip()] == []
