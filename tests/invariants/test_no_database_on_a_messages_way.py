"""Invariant 6: what glasses and apps say is handled from memory."""

from typing import Any

import pytest
from twisted.internet.defer import Deferred

from mentra.interfaces.stores import IAppStore, IUserStore
from mentra.testing.stores import MemoryAppStore, MemoryUserStore
from mentra.testing.wire import advance


class Watched:
    """A store; what it is asked that may take its time is kept."""

    def __init__(self, store: Any) -> None:
        self._store = store
        self.asked: list[str] = []

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._store, name)
        if not callable(found):
            return found

        def watched(*arguments: Any, **more: Any) -> Any:
            answer = found(*arguments, **more)
            if isinstance(answer, Deferred):
                self.asked.append(name)
            return answer

        return watched


@pytest.fixture
def stores():
    """Both, watched."""
    apps = MemoryAppStore()
    return Watched(apps), Watched(MemoryUserStore(apps))


WRITTEN_BEHIND = {"add_glasses_model", "save_whereabouts"}
"""Writes that no message waits for."""


def test_whatever_is_said_no_store_is_asked(set_stage, stores):
    apps, users = stores
    stage = set_stage(parts={IAppStore: apps, IUserStore: users})
    glasses = stage.glasses()
    app = stage.running(glasses)
    assert users.asked, "a session begins with its user, or nothing is watched here"
    assert apps.asked == ["save", "add_key"]
    users.asked.clear()
    apps.asked.clear()
    app.messages()
    glasses.messages()

    stage.talk(glasses, app)

    assert {"data_stream", "pong"} <= {one["type"] for one in app.messages()}
    assert {"display_event", "pong"} <= {one["type"] for one in glasses.messages()}
    assert (set(users.asked) - WRITTEN_BEHIND, apps.asked) == (set(), [])


def test_glasses_that_come_back_within_the_grace_are_known_from_memory(set_stage, stores, clock):
    apps, users = stores
    stage = set_stage(parts={IAppStore: apps, IUserStore: users})
    glasses = stage.glasses()
    users.asked.clear()
    apps.asked.clear()

    glasses.lose()
    advance(clock, 20, 1)
    back = stage.glasses()

    assert back.messages()[0]["type"] == "connection_ack"
    assert (users.asked, apps.asked) == ([], [])
