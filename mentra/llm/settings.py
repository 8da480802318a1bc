"""[llm]: what is the same for every language model behind a network."""

from typing import Annotated

import msgspec
from msgspec import Meta

from mentra.extension import ConfigSection, Section
from mentra.providers import GivenKey, KeyFile


class Price(Section, frozen=True, kw_only=True):
    """What a million tokens cost, US dollars; what is not said costs as much as input."""

    input: Annotated[float, Meta(ge=0)] = 0.0
    output: Annotated[float, Meta(ge=0)] = 0.0
    cache_read: Annotated[float, Meta(ge=0)] | None = None
    cache_write: Annotated[float, Meta(ge=0)] | None = None


class Compatible(Section, frozen=True, kw_only=True):
    """A server that speaks OpenAI's chat completions."""

    base_url: Annotated[str, Meta(pattern="^https?://[^/]")] = "http://127.0.0.1:11434/v1"
    model: str = ""
    key_file: str = ""


class HostedSettings(Section, frozen=True, kw_only=True):
    """What the section of every provider says, whoever it is; each adds its ``base_url``."""

    base_url: Annotated[str, Meta(pattern="^https?://[^/]")] = ""
    key_file: KeyFile = ""
    key: GivenKey = ""
    model: Annotated[str, Meta(description="Model that is asked where nobody names one.")] = ""


class ModelSettings(Section, frozen=True, kw_only=True):
    """[llm]: what is the same for every language model behind a network."""

    begin_within: Annotated[
        float,
        Meta(
            gt=0,
            le=600,
            description="Seconds until an answer begins, all attempts together; a server that "
            "loads its model first takes longer.",
        ),
    ] = 60.0
    silence: Annotated[
        float, Meta(gt=0, le=600, description="Seconds that an answer which has begun may stall.")
    ] = 60.0
    longest: Annotated[
        float, Meta(gt=0, le=86_400, description="Seconds that an answer may take as a whole.")
    ] = 600.0
    max_answer: Annotated[
        int,
        Meta(ge=1, le=16_777_216, description="Characters of the longest answer that is taken."),
    ] = 1_048_576
    compatible: Annotated[
        dict[Annotated[str, Meta(pattern="^[a-z0-9][a-z0-9_.-]{0,63}$")], Compatible],
        Meta(
            description="Further servers that speak OpenAI's chat completions, by the name that "
            "they are asked by: base_url, model, key_file."
        ),
    ] = msgspec.field(default_factory=dict)
    prices: Annotated[
        dict[str, Price],
        Meta(
            description="US dollars for a million tokens of a model, over what is built in: "
            "input, output, cache_read, cache_write."
        ),
    ] = msgspec.field(default_factory=dict)


llm_section = ConfigSection("llm", ModelSettings)
