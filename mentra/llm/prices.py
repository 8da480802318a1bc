"""What models are known to do and to cost.

Prices change, and only the provider's page counts; ``[llm] prices`` goes over what stands here.
Claude's main prices are those of platform.claude.com/docs, "Models and pricing".  Those of the
other two were told by others, in June and October 2026, and their windows, longest answers and
cache prices are assumptions.
"""

import re
from collections.abc import Mapping

import attrs
from zope.interface import implementer

from mentra.extension import ComponentFactory
from mentra.interfaces.llm import IPrices
from mentra.interfaces.services import IServices
from mentra.llm.settings import ModelSettings, Price
from mentra.messages.llm import ModelConfig, Usage

MILLION = 1_000_000

_DATE = re.compile(r"-(\d{8}|\d{4}-\d{2}-\d{2}|latest|preview)$")


@attrs.frozen
class Known:
    """A model.

    :ivar input: US dollars for a million tokens, likewise the others.
    :ivar window: tokens of context, likewise ``longest`` of an answer.
    """

    provider: str
    input: float
    output: float
    cache_read: float
    cache_write: float
    window: int
    longest: int
    vision: bool = True


def _claude(input: float, output: float) -> Known:
    # a cache hit is a tenth, what is written for five minutes a quarter more
    return Known("anthropic", input, output, input / 10, input * 1.25, MILLION, 128_000)


def _gpt(input: float, output: float) -> Known:
    return Known("openai", input, output, input / 10, input, MILLION, 128_000)


def _gemini(input: float, output: float) -> Known:
    return Known("google", input, output, input / 10, input, 1_048_576, 65_536)


KNOWN: Mapping[str, Known] = {
    "claude-opus-5-5": _claude(4.0, 20.0),
    "claude-opus-5": _claude(5.0, 25.0),
    "gpt-5.5": _gpt(5.0, 30.0),
    "gpt-5.4": _gpt(2.5, 15.0),
    "gpt-5.4-mini": _gpt(0.75, 4.5),
    "gpt-5.4-nano": _gpt(0.2, 1.25),
    "gemini-3.5-flash": _gemini(1.5, 9.0),
    "gemini-3.5-flash-lite": _gemini(0.3, 2.5),
    "gemini-3.1-pro": _gemini(2.0, 12.0),
}
"""By name without a date; best first of each provider."""


@implementer(IPrices)
class Prices:
    """What is known, and over it what is configured."""

    def __init__(self, services: IServices) -> None:
        self._set: Mapping[str, Price] = services.settings(ModelSettings).prices

    def model(self, name: str) -> ModelConfig:
        """What is known of it."""
        known, price = _known(name), self._price(name)
        return ModelConfig(
            id=name,
            name=name,
            context_window=known.window if known else 0,
            max_output_tokens=known.longest if known else 0,
            supports_vision=bool(known and known.vision),
            supports_tools=True,
            input_price_per_million=price.input,
            output_price_per_million=price.output,
        )

    def known(self, provider: str) -> tuple[str, ...]:
        """Names of its models."""
        return tuple(name for name, one in KNOWN.items() if one.provider == provider)

    def cost(self, name: str, usage: Usage) -> float:
        """US dollars."""
        price = self._price(name)
        read = price.input if price.cache_read is None else price.cache_read
        written = price.input if price.cache_write is None else price.cache_write
        return (
            usage.input_tokens * price.input
            + usage.output_tokens * price.output
            + (usage.cache_read_tokens or 0) * read
            + (usage.cache_write_tokens or 0) * written
        ) / MILLION

    def _price(self, name: str) -> Price:
        for spelling in (name, _DATE.sub("", name)):
            if spelling in self._set:
                return self._set[spelling]
        known = _known(name)
        if known is None:
            return Price()
        return Price(
            input=known.input, output=known.output,
            cache_read=known.cache_read, cache_write=known.cache_write,
        )  # fmt: skip


def _known(name: str) -> Known | None:
    return KNOWN.get(name) or KNOWN.get(_DATE.sub("", name))


prices = ComponentFactory(IPrices, Prices)
