"""A session with everything that streams, among neighbours that only keep what they are told."""

from collections.abc import Callable
from typing import Any

import attrs
import msgspec
from twisted.internet.interfaces import IReactorProcess
from twisted.internet.task import Clock

from mentra.errors import Refused
from mentra.extension import ComponentFactory
from mentra.glasses.session import UserSession
from mentra.glasses.streams import handlers
from mentra.glasses.streams.backends.chosen import media_backend
from mentra.glasses.streams.backends.restreams import Ffmpegs
from mentra.glasses.streams.backends.templates import TemplatesBackend, templates_backend
from mentra.glasses.streams.directory import managed_streams
from mentra.glasses.streams.manager import streams_manager
from mentra.house import House
from mentra.interfaces.glasses import IApps, IDevice, IRelay, ISubscriptions
from mentra.interfaces.services import IPublicAddress, IServices
from mentra.interfaces.session import ISessions
from mentra.interfaces.stores import IAppStore
from mentra.interfaces.streams import IMediaBackend
from mentra.messages import Message
from mentra.messages.video import (
    ManagedStreamRequest,
    ManagedStreamStatus,
    RtmpStreamRequest,
    RtmpStreamStatus,
    StreamKeepAliveAck,
)
from mentra.records import App, Permission
from mentra.testing.glasses import NEIGHBOURS, FakeAddress
from mentra.testing.house import FakeContext, house_with, session_in, success_of
from mentra.testing.peers import FakePeer
from mentra.testing.processes import FakeProcesses
from mentra.testing.running_apps import fake_apps

CAM, TV = "com.acme.cam", "org.tv"
URL = "rtmp://video.test/live/key"
OURS = [one for one in vars(handlers).values() if type(one).__name__ in ("Handler", "Listener")]


@attrs.define
class Stage:
    """Ann's glasses are on; two apps that may use the camera run."""

    house: House
    session: UserSession
    clock: Clock

    @property
    def glasses(self) -> Any:
        return self.session.glasses

    @property
    def device(self) -> Any:
        return IDevice(self.session)

    @property
    def relayed(self) -> list[tuple[str, bytes]]:
        relay: Any = IRelay(self.session)
        return relay.relayed

    @property
    def processes(self) -> FakeProcesses:
        found: Any = IReactorProcess(self.house)
        return found

    def app(self, package_name: str) -> FakePeer:
        """Its socket."""
        return IApps(self.session).running()[package_name]

    def run(self, package_name: str, *permissions: str) -> FakePeer:
        """One more app; its socket."""
        granted = tuple(Permission(type=one) for one in permissions)
        success_of(IAppStore(self.house).save(App(package_name=package_name, permissions=granted)))
        apps: Any = IApps(self.session)
        return apps.run(package_name)

    def subscribe(self, package_name: str, *streams: str) -> None:
        ISubscriptions(self.session).update(package_name, streams)

    def say(self, package_name: str, message: Message) -> Refused | None:
        """An app says something; why it is refused, if it is."""
        return self.handle("app", message, self.app(package_name))

    def report(self, status: str, stream_id: str | None = None, **fields: Any) -> None:
        """The glasses report on their stream."""
        said = {"type": "rtmp_stream_status", "status": status, **fields}
        message = msgspec.convert(said, RtmpStreamStatus)
        message = msgspec.structs.replace(
            message, stream_id=stream_id, raw=msgspec.json.encode(said)
        )
        self.handle("glasses", message, self.glasses)

    def ack(self, stream_id: str, ack_id: str) -> None:
        """The glasses answer a keep-alive."""
        message = StreamKeepAliveAck(stream_id=stream_id, ack_id=ack_id)
        self.handle("glasses", message, self.glasses)

    def handle(self, path: str, message: Message, peer: Any) -> Refused | None:
        """A peer says something; why it is refused, if it is."""
        [handler] = [
            one
            for one in OURS
            if getattr(one, "path", "") == path and one.message_type is type(message)
        ]
        try:
            answer = handler.handle(message, FakeContext(self.house, self.session, peer))
        except Refused as refusal:
            return refusal
        if answer is not None:
            peer.send(answer)
        return None

    def begin(self, package_name: str = CAM, url: str = URL, **fields: Any) -> str:
        """An unmanaged stream; its id."""
        assert self.say(package_name, RtmpStreamRequest(rtmp_url=url, **fields)) is None
        return self.glasses.sent[-1].stream_id

    def begin_managed(self, package_name: str = CAM, **fields: Any) -> str:
        """A managed stream; its id."""
        assert self.say(package_name, ManagedStreamRequest(**fields)) is None
        return self.app(package_name).sent[-1].stream_id

    def statuses(self, package_name: str) -> list[str]:
        """What the app was told of streams since the last call."""
        kinds = (RtmpStreamStatus, ManagedStreamStatus)
        return [one.status for one in self.app(package_name).take() if isinstance(one, kinds)]

    def end(self) -> None:
        """The session ends."""
        success_of(ISessions(self.house).end(self.session, "the test is over"))


def with_ffmpeg(services: IServices) -> TemplatesBackend:
    """Our own backend on a machine that has ffmpeg, which is never started."""
    processes = IReactorProcess(services)
    ffmpegs = Ffmpegs(processes, services.clock, "ffmpeg", 50, lambda name: f"/usr/bin/{name}")
    return TemplatesBackend(services, ffmpegs)


def stage_with(
    *sections: msgspec.Struct, backend: Any = None, build: Callable[[IServices], Any] | None = None
) -> Stage:
    """A stage; *backend*, or what *build* makes, takes the place of ours."""
    clock = Clock()
    media = [media_backend, templates_backend]
    if backend is not None or build is not None:
        media = [ComponentFactory(IMediaBackend, build or (lambda services: backend))]
    house = house_with(
        streams_manager, managed_streams, *media, fake_apps, *NEIGHBOURS, *OURS,
        clock=clock, sections=sections, parts={IPublicAddress: FakeAddress()},
    )  # fmt: skip
    stage = Stage(house, session_in(house), clock)
    stage.device.update({"connected": True, "modelName": "Mentra Live"})
    for package_name in (CAM, TV):
        stage.run(package_name, "CAMERA")
    return stage
