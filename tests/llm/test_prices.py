"""What models are known to do and to cost."""

import pytest
from zope.interface.verify import verifyObject

from mentra.interfaces.llm import IPrices
from mentra.llm.prices import KNOWN, prices
from mentra.llm.settings import ModelSettings, Price
from mentra.messages.llm import Usage
from mentra.testing.house import house_with

MILLION = Usage(input_tokens=1_000_000, output_tokens=1_000_000)
CACHED = Usage(
    input_tokens=0, output_tokens=0, cache_read_tokens=1_000_000, cache_write_tokens=1_000_000
)


def prices_with(**given):
    settings = ModelSettings(prices={name.replace("_", "-"): one for name, one in given.items()})
    return IPrices(house_with(prices, sections=[settings]))


def test_it_keeps_its_promise():
    assert verifyObject(IPrices, prices_with())


@pytest.mark.parametrize("name", KNOWN)
def test_what_is_known_costs_something(name):
    assert prices_with().cost(name, MILLION) == pytest.approx(
        KNOWN[name].input + KNOWN[name].output
    )
    assert prices_with().cost(name, CACHED) == pytest.approx(
        KNOWN[name].cache_read + KNOWN[name].cache_write
    )


def test_a_model_with_a_date_is_the_model():
    known = prices_with()

    for name in ("claude-opus-5-20260724", "gpt-5.4-mini-2026-03-01", "gemini-3.1-pro-preview"):
        assert known.cost(name, MILLION) > 0
        assert known.model(name).id == name
        assert known.model(name).context_window > 0


def test_what_is_configured_goes_over_what_is_known():
    known = prices_with(claude_opus_5=Price(input=1.0, output=2.0, cache_read=0.5))

    assert known.cost("claude-opus-5", MILLION) == 3.0
    assert known.cost("claude-opus-5-20260724", CACHED) == 1.5
    assert known.model("claude-opus-5").output_price_per_million == 2.0


def test_what_nobody_knows_costs_nothing():
    known = prices_with()
    model = known.model("llama3.2")

    assert known.cost("llama3.2", MILLION) == 0.0
    assert (model.context_window, model.supports_tools, model.supports_vision) == (0, True, False)
