"""Three people with glasses and apps, in a house with every plugin that is installed."""

import gc
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

from twisted.internet.task import Clock
from twisted.logger import LogEvent, LogLevel, globalLogPublisher

from mentra.admin import hush
from mentra.extension import EngineFactory
from mentra.interfaces.photos import IPhotoFiles, IPhotoStore
from mentra.interfaces.services import IPublicAddress, IReadiness
from mentra.interfaces.session import ISessions
from mentra.interfaces.speech import ISynthesis
from mentra.interfaces.stores import IAppStore, ISimpleStorage, IUserStore
from mentra.interfaces.voice import IVoiceConnections, IVoiceSessions
from mentra.records import App, Permission
from mentra.routing.discovery import discover
from mentra.speech.synthesis import SynthesisSettings
from mentra.testing.engines import FakeSynthesis
from mentra.testing.glasses import FakeAddress
from mentra.testing.house import house_with, success_of
from mentra.testing.photos import MemoryPhotoFiles, MemoryPhotoStore
from mentra.testing.simple_storage import MemorySimpleStorage
from mentra.testing.stores import MemoryAppStore, MemoryUserStore
from mentra.testing.wire import Line, MemoryPort, ServerFrame, advance, client_frame
from mentra.web.readiness import Readiness

ANN, BOB, CAROL = "ann@x.org", "bob-b@x.org", "carol-c@x.org"
CAPTIONS, NOTES = "org.example.captions", "org.example.notes"
KEY = "k3y" * 20
WANTED = [
    "audio_chunk", "button_press", "calendar_event", "core_status_update", "head_position",
    "glasses_battery_update", "location_update", "phone_notification", "touch_event",
    "transcription:en-US", "custom_message", "photo_taken",
]  # fmt: skip
COMPANY = frozenset(
    {
        "app_broadcast_message", "app_direct_message", "app_room_join", "app_room_leave",
        "start_app", "stop_app", "ownership_release",
    }
)  # fmt: skip
"""What an app's company, the same app of other users, may hear of."""

PLEASED = LogLevel.info

fake_voice = EngineFactory(ISynthesis, "nobody", lambda services: FakeSynthesis())


@cache
def plugins() -> tuple[object, ...]:
    """Everything that is installed."""
    # until logging has begun, Twisted keeps all events, and with them whoever logged them
    hush()
    return tuple(discover().plugins)


class Scene:
    """Ann wears glasses and runs captions; Bob runs notes, and Carol captions of her own.  Ann and
    Bob talk to the assistant as well.

    :param more: plugins besides.
    :ivar loud: what was logged at info or above since it was last emptied.
    """

    def __init__(self, *more: object) -> None:
        self.clock = Clock()
        apps = MemoryAppStore()
        people = MemoryUserStore(apps)
        self.house = house_with(
            *plugins(), *more, fake_voice, clock=self.clock,
            # programs that speak never end here
            sections=(SynthesisSettings(engine=fake_voice.name),),
            parts={
                IPublicAddress: FakeAddress(), IReadiness: Readiness(),
                IAppStore: apps, IUserStore: people,
                ISimpleStorage: MemorySimpleStorage(apps, people),
                IPhotoFiles: MemoryPhotoFiles(self.clock.seconds),
                IPhotoStore: MemoryPhotoStore(people),
            },
        )  # fmt: skip
        self.port = MemoryPort(self.house)
        # these look after everybody, as long as the house stands
        IVoiceSessions(self.house)
        IVoiceConnections(self.house)
        self._timers = len(self.clock.getDelayedCalls())
        for package in (CAPTIONS, NOTES):
            success_of(IAppStore(self.house).save(_app(package)))
            success_of(IAppStore(self.house).add_key(package, KEY))
        self.loud: list[LogEvent] = []
        users = {"ann": ANN, "bob": BOB, "carol": CAROL}
        self.glasses = {name: self.port.glasses(user_id) for name, user_id in users.items()}
        self.apps = {
            "ann": self._running(self.glasses["ann"], ANN, CAPTIONS),
            "bob": self._running(self.glasses["bob"], BOB, NOTES),
            "carol": self._running(self.glasses["carol"], CAROL, CAPTIONS),
        }
        self.voices = {
            name: self.port.call().upgrade(f"/socket.io/?token=user:{user_id}")
            for name, user_id in (("ann", ANN), ("bob", BOB))
        }
        self.hush()

    @property
    def lines(self) -> tuple[Line, ...]:
        """Everybody's, apps' first."""
        return (*self.apps.values(), *self.glasses.values(), *self.voices.values())

    def actor(self, path: str) -> Line:
        """Ann's end of a path."""
        return {"glasses": self.glasses, "app": self.apps, "voice": self.voices}[path]["ann"]

    def heard_by_others(self, name: str) -> list[ServerFrame]:
        """What reached Bob and Carol of a message of that name, though it should not."""
        silent = [self.glasses["bob"], self.apps["bob"], self.glasses["carol"], self.voices["bob"]]
        if name not in COMPANY:
            silent.append(self.apps["carol"])
        return [frame for line in silent for frame in line.frames()]

    def hush(self) -> None:
        """Forget what was said until now."""
        for line in self.lines:
            line.frames()
        self.loud.clear()

    @contextmanager
    def listening(self) -> Iterator[list[LogEvent]]:
        """What is logged at info or above."""

        def observe(event: LogEvent) -> None:
            if event["log_level"] >= PLEASED:
                self.loud.append(event)

        globalLogPublisher.addObserver(observe)
        try:
            yield self.loud
        finally:
            globalLogPublisher.removeObserver(observe)

    def send(self, line: Line, text: bytes, opcode: int = 1) -> None:
        """One frame, and what becomes of it at once."""
        # a mask of zeros, for huge texts take the test client long to mask
        head = bytes((128 | opcode, 255)) + len(text).to_bytes(8, "big") + bytes(4)
        if len(text) > 65_535:
            line.send_bytes(head + text)
        else:
            line.send_bytes(client_frame(text, opcode))
        self.clock.advance(0)

    def is_well(self, line: Line) -> bool:
        """Whether a client is still served; one whose message takes a while is waited for."""
        line.frames()
        line.say(type="ping", timestamp=1)
        for _ in range(32):
            if any(one["type"] == "pong" for one in line.messages()):
                return True
            self._a_second()
        return False

    def bugs(self) -> list[Any]:
        """Handlers that raised what they should not have."""
        metrics: Any = self.house.metrics
        return [one for one in metrics.told if one[0] == "failed" and one[2] != "dialect"]

    def end(self) -> tuple[list[object], int]:
        """Everybody leaves: sessions that are alive all the same, and timers that still run."""
        sessions = ISessions(self.house)
        alive = [weakref.ref(one) for one in sessions.all()]
        for line in self.lines:
            line.lose()
        advance(self.clock, 130, 1)
        self.house.http.requests.clear()
        self.glasses.clear()
        self.apps.clear()
        self.voices.clear()
        self.loud.clear()
        gc.collect()
        return [one() for one in alive if one() is not None], len(
            self.clock.getDelayedCalls()
        ) - self._timers

    def _a_second(self) -> None:
        self.clock.advance(1)
        for line in self.lines:
            # nobody is to be cut for want of a pong meanwhile
            line.send_bytes(client_frame(b"", 10))

    def _running(self, glasses: Line, user_id: str, package: str) -> Line:
        glasses.say(type="start_app", packageName=package)
        self.clock.advance(0)
        line = self.port.call().upgrade("/app-ws")
        line.say(
            type="tpa_connection_init", sessionId=f"{user_id}-{package}", packageName=package,
            apiKey=KEY,
        )  # fmt: skip
        line.say(type="subscription_update", packageName=package, subscriptions=[])
        line.say(type="subscription_update", packageName=package, subscriptions=WANTED)
        advance(self.clock, 2, 0.5)
        assert ISessions(self.house).get(user_id) is not None
        return line


def _app(package: str) -> App:
    return App(
        package_name=package,
        name=package,
        public_url=f"http://{package}.test/",
        app_type="background",
        permissions=(Permission(type="ALL"),),
    )
