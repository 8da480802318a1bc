"""A house with the assistant's path, and its port in memory."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from twisted.internet.task import Clock

import mentra.plugins.mentra_voice as dropin
from mentra.extension import ConfigSection
from mentra.testing.house import house_with
from mentra.testing.voice import FakeEngines, VoiceStage
from mentra.testing.wire import MemoryPort
from mentra.voice.settings import VoiceSettings

WING = [
    plugin
    for name, plugin in vars(dropin).items()
    if not name.startswith("_") and not isinstance(plugin, ConfigSection)
]


@pytest.fixture
def set_stage(clock: Clock) -> Iterator[Callable[..., VoiceStage]]:
    """Makes a house of the whole voice wing (and more plugins), and its port."""

    houses = []

    def make(*plugins: object, **how: Any) -> VoiceStage:
        sections, parts = how.pop("sections", ()), how.pop("parts", None)
        house = house_with(*WING, *plugins, clock=clock, sections=sections, parts=parts)
        houses.append(house)
        return VoiceStage(clock, house, MemoryPort(house, **how))

    yield make
    for house in houses:
        house.stopService()


@pytest.fixture
def set_talk(set_stage: Callable[..., VoiceStage]) -> Callable[..., VoiceStage]:
    """The same with fake engines that hear, think and speak; fields are those of [voice]."""

    def make(
        *plugins: object, engines: FakeEngines | None = None, more: tuple[object, ...] = (),
        parts: Any = None, **fields: Any,
    ) -> VoiceStage:  # fmt: skip
        chosen = engines or FakeEngines()
        settings = VoiceSettings(**{"engine": "fake", **fields})
        stage = set_stage(*chosen.plugins(), *plugins, sections=[settings, *more], parts=parts)
        stage.engines = chosen
        return stage

    return make
