"""A session whose apps are real and whose neighbours are not."""

from collections.abc import Iterable
from typing import Any

import attrs
import msgspec
from twisted.internet.defer import Deferred
from twisted.internet.task import Clock

from mentra.events import AppAway, AppRunning, AppStarting, AppStopped, Event, GlassesAttached
from mentra.extension import listener
from mentra.glasses.apps.manager import AppManager, apps
from mentra.glasses.apps.standing import StartResult
from mentra.glasses.apps.wishes import drop_unfit_apps, restore_apps, wake_apps
from mentra.glasses.session import UserSession
from mentra.house import House
from mentra.identity import Identity
from mentra.interfaces.glasses import IApps, ISubscriptions
from mentra.interfaces.services import IPublicAddress
from mentra.interfaces.session import ISessions
from mentra.interfaces.stores import IAppStore, IUserStore
from mentra.messages.webhooks import SessionRequest, StopRequest
from mentra.records import App
from mentra.testing.glasses import NEIGHBOURS, FakeAddress, FakeSubscriptions
from mentra.testing.house import FakeRequest, house_with, session_in, success_of
from mentra.testing.peers import FakePeer

ANN = "ann@x.org"


def app_named(package_name: str, **fields: Any) -> App:
    """An app of its own server, in the background unless said otherwise."""
    fields.setdefault("app_type", "background")
    fields.setdefault("public_url", f"https://{package_name}.test/")
    return App(package_name=package_name, **fields)


@attrs.define(eq=False)
class AppStage:
    """One user with glasses on, and apps to play with.

    :ivar events: what was announced of apps, in order.
    """

    clock: Clock
    house: House
    session: UserSession
    address: FakeAddress
    events: list[Event]
    _seen: int = 0

    @property
    def apps(self) -> AppManager:
        """The manager."""
        manager: Any = IApps(self.session)
        assert isinstance(manager, AppManager)
        return manager

    @property
    def subscriptions(self) -> FakeSubscriptions:
        """The neighbour that hears of apps' coming and going."""
        fake: Any = ISubscriptions(self.session)
        assert isinstance(fake, FakeSubscriptions)
        return fake

    def webhooks(self, kind: type[msgspec.Struct] | None = None) -> list[FakeRequest]:
        """Calls made since ``forget``: of start webhooks, of stop webhooks, or all."""
        new = self._calls(None)[self._seen :]
        return [one for one in new if kind is None or type(one.json) is kind]

    def _calls(self, kind: type[msgspec.Struct] | None) -> list[FakeRequest]:
        http: Any = self.house.http
        return [one for one in http.requests if kind is None or type(one.json) is kind]

    def forget(self) -> None:
        """Look only at what happens from now on."""
        self._seen = len(self._calls(None))
        self.events.clear()
        self.subscriptions.told.clear()
        for peer in (self.session.glasses, *self.apps.running().values()):
            if isinstance(peer, FakePeer):
                peer.sent.clear()

    def answer(self, kind: type[msgspec.Struct] | None = None, status: int = 200) -> None:
        """Answer every call that has no answer yet."""
        for request in self._calls(kind):
            if not request.answer.called:
                request.succeed(status)

    def refuse(self, kind: type[msgspec.Struct] | None = None) -> None:
        """Let every call that has no answer yet fail."""
        for request in self._calls(kind):
            if not request.answer.called:
                request.fail()

    def attach(self, package_name: str) -> FakePeer:
        """A socket of the app proves its key; that socket."""
        peer = FakePeer("app", Identity(ANN, package_name))
        self.apps.attach(package_name, peer)
        return peer

    def run(self, package_name: str) -> FakePeer:
        """Have the app running; its socket."""
        self.apps.start(package_name)
        peer = self.attach(package_name)
        self.answer(SessionRequest)
        return peer

    def lose(self, package_name: str) -> None:
        """The app's current socket closes."""
        peer = self.apps.running()[package_name]
        self.apps.detach(package_name, peer)

    def phone_leaves(self) -> None:
        """The glasses are away."""
        ISessions(self.house).glasses_closed(self.session, self.session.glasses)

    def phone_returns(self) -> FakePeer:
        """They are back, on a new socket."""
        peer = FakePeer("glasses", Identity(ANN))
        success_of(ISessions(self.house).glasses_opened(ANN, peer))
        self.session.announce(GlassesAttached(reconnected=True))
        return peer

    def end(self) -> None:
        """End the session."""
        success_of(ISessions(self.house).end(self.session, "the test is over"))

    def remembered(self) -> tuple[str, ...]:
        """What the store would start with the next session."""
        return tuple(success_of(IUserStore(self.house).load(ANN)).running_apps)

    def bring_to(self, state: str, package_name: str) -> None:
        """Have the app in *state*, as the protocol gets it there."""
        if state == "stopped":
            return
        if state == "connecting":
            self.apps.start(package_name)
            return
        self.run(package_name)
        if state == "stopping":
            self.apps.stop(package_name)
        elif state in ("grace_period", "resurrecting"):
            self.lose(package_name)
        elif state == "dormant":
            self.phone_leaves()
            self.lose(package_name)
        if state in ("resurrecting", "dormant"):
            self.clock.advance(5.0)
        if state == "resurrecting":
            self.answer(StopRequest)


def stage_with(
    *known: App,
    ran_before: Iterable[str] = (),
    plugins: Iterable[object] = (),
    sections: Iterable[msgspec.Struct] = (),
) -> AppStage:
    """Ann's glasses are on, *known* apps exist, each with the key ``key-of-PACKAGE``.

    :param ran_before: packages that ran when her last session ended.
    """
    clock, address, events = Clock(), FakeAddress(), []  # type: ignore[var-annotated] # just below
    house = house_with(
        apps, restore_apps, wake_apps, drop_unfit_apps, *NEIGHBOURS, *_recorders(events), *plugins,
        clock=clock, sections=sections, parts={IPublicAddress: address},
    )  # fmt: skip
    for app in known:
        success_of(IAppStore(house).save(app))
        success_of(IAppStore(house).add_key(app.package_name, f"key-of-{app.package_name}"))
    users = IUserStore(house)
    success_of(users.create(ANN))
    for package_name in ran_before:
        success_of(users.set_running(ANN, package_name, True))
    stage = AppStage(clock, house, session_in(house, ANN), address, events)
    clock.advance(0)
    return stage


def _recorders(events: list[Event]) -> list[object]:
    kinds = (AppStarting, AppRunning, AppAway, AppStopped)
    return [listener(kind)(lambda event, session: events.append(event)) for kind in kinds]


def outcome_of(waiter: "Deferred[StartResult]") -> tuple[str, str]:
    """Stage and message of a start that failed, or ``("", "")``."""
    error = success_of(waiter).error
    return ("", "") if error is None else (error.stage, error.message)
