"""A house with the glasses' path, and its port in memory."""

from collections.abc import Callable
from typing import Any

import pytest
from twisted.internet.task import Clock

import mentra.plugins.mentra_glasses as dropin
from mentra.extension import ConfigSection
from mentra.house import House
from mentra.testing.house import house_with
from mentra.testing.wire import MemoryPort

WING = [
    plugin
    for name, plugin in vars(dropin).items()
    if not name.startswith("_") and not isinstance(plugin, ConfigSection) and name != "sessions"
]


@pytest.fixture
def open_port(clock: Clock) -> Callable[..., tuple[House, MemoryPort]]:
    """Makes a house of the whole glasses wing (and more plugins), and its port."""

    def make(*plugins: object, **how: Any) -> tuple[House, MemoryPort]:
        sections = how.pop("sections", ())
        parts = how.pop("parts", None)
        house = house_with(*WING, *plugins, clock=clock, sections=sections, parts=parts)
        return house, MemoryPort(house, **how)

    return make
