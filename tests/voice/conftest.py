"""A house with the assistant's path, and its port in memory."""

from collections.abc import Callable
from typing import Any

import pytest
from twisted.internet.task import Clock

import mentra.plugins.mentra_voice as dropin
from mentra.extension import ConfigSection
from mentra.testing.house import house_with
from mentra.testing.voice import VoiceStage
from mentra.testing.wire import MemoryPort

WING = [
    plugin
    for name, plugin in vars(dropin).items()
    if not name.startswith("_") and not isinstance(plugin, ConfigSection)
]


@pytest.fixture
def set_stage(clock: Clock) -> Callable[..., VoiceStage]:
    """Makes a house of the whole voice wing (and more plugins), and its port."""

    def make(*plugins: object, **how: Any) -> VoiceStage:
        sections, parts = how.pop("sections", ()), how.pop("parts", None)
        house = house_with(*WING, *plugins, clock=clock, sections=sections, parts=parts)
        return VoiceStage(clock, house, MemoryPort(house, **how))

    return make
