"""The pages about the bridge and the code agree."""

import ast
import re

import pytest

import mentra.plugins.mentra_opencode as dropin
from mentra.extension import Handler
from mentra.protobuf.messages_pb2 import ClientMessage, ServerMessage
from tests.docs.manual import ROOT
from tests.docs.tables import first_words, rows_of, words_of

PAGE = "protocol/opencode.rst"
OF_THE_HOUSE = {"HANDLER_ERROR", "HANDLER_TIMEOUT"}


@pytest.mark.parametrize(
    ("table", "form"), [("opencode-client", ClientMessage), ("opencode-server", ServerMessage)]
)
def test_payloads_are_on_the_page_with_their_numbers(table, form):
    said = [(int(row[0]), words_of(row[1])[0]) for row in rows_of(PAGE, table)]

    fields = form.DESCRIPTOR.oneofs_by_name["payload"].fields
    assert said == [(field.number, field.name) for field in fields]


def test_every_request_has_a_handler():
    handled = {
        one.message_type.tag()
        for one in vars(dropin).values()
        if isinstance(one, Handler) and one.message_type.spoken
    }

    rows = rows_of(PAGE, "opencode-client")
    assert handled == {words_of(row[1])[0] for row in rows}


def codes():
    """The codes that the wing refuses with, and errors are made of."""
    for file in (ROOT / "mentra" / "opencode").rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            name = getattr(getattr(node, "func", None), "id", "")
            if isinstance(node, ast.Call) and name in ("Refused", "Unanswered", "ErrorResponse"):
                named = [one.value for one in node.keywords if one.arg == "code"]
                values = [*node.args[:1], *named]
                yield from (one.value for one in values if isinstance(one, ast.Constant))


def test_codes_of_errors_are_on_the_page():
    assert set(first_words(PAGE, "opencode-errors")) == set(codes()) | OF_THE_HOUSE


def test_metrics_are_on_the_page(scene):
    families = scene().house.metrics.registry.collect()
    shown = {sample.name for family in families for sample in family.samples}

    assert set(first_words("opencode.rst", "opencode-metrics")) == shown


def test_what_the_page_promises_stands_in_the_benchmark():
    page = (ROOT / "docs" / "opencode.rst").read_text("utf-8")
    program = (ROOT / "bench" / "opencode.py").read_text("utf-8")

    for name, at_most in re.findall(r'Promise\("(\w+)", ".+?", (\d+)[,)]', program):
        row = page.partition(f"* - ``{name}``")[2].partition("* - ``")[0]
        assert f"     - {at_most} ms\n" in row, name
