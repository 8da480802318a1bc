"""The apps of a session: started, awaited, stopped.  Source: docs/protocol, "app lifecycle"."""

from collections.abc import Callable, Mapping
from types import MappingProxyType

from twisted.application.service import Service
from twisted.internet.defer import Deferred, succeed
from twisted.internet.interfaces import IDelayedCall
from twisted.logger import Logger
from zope.interface import implementer

from mentra.errors import Refused
from mentra.extension import ManagerFactory
from mentra.glasses.apps.effects import STARTING, AppEffects, Register
from mentra.glasses.apps.errands import Errands
from mentra.glasses.apps.life import new_standing, not_started
from mentra.glasses.apps.settings import AppsSettings
from mentra.glasses.apps.standing import Greeting, Standing, StartResult
from mentra.identity import app_session_id
from mentra.interfaces.glasses import IApps, IDevice, ISettings
from mentra.interfaces.messaging import IPeer
from mentra.interfaces.services import IServices
from mentra.interfaces.session import IUserSession
from mentra.interfaces.stores import IAppStore
from mentra.messages import Message
from mentra.messages.device import DeviceStateUpdate
from mentra.messages.session import AppConnectionAck
from mentra.records import App

_UNREACHABLE = {
    "stopping": "App is being stopped",
    "grace_period": "Connection lost, waiting for reconnection",
    "resurrecting": "App is restarting",
    "connecting": "App is still connecting",
}
_SWITCHING = "switching_clouds"
"""What SDKs say when they are called although they have a connection."""
_PASSING = ("grace_period", "resurrecting", "connecting")


@implementer(IApps)
class AppManager:
    """Keeps the standings of one session's apps."""

    _log = Logger()

    def __init__(self, session: IUserSession, services: IServices) -> None:
        self._session = session
        self._clock = services.clock
        self._settings: AppsSettings = services.settings(AppsSettings)
        self._store = IAppStore(services)
        self._register = Register()
        self._running = MappingProxyType(self._register.running)
        self._effects = AppEffects(session, services, self._register, self.start)
        self._errands = Errands("work for a session's apps")
        self._restoring: IDelayedCall | None = None
        self._has_restored = False
        self._waking = False
        self._over = False
        _Ending(self.end).setServiceParent(session)

    # -- what people want

    def start(self, package_name: str) -> "Deferred[StartResult]":
        """Start an app; the result, which never is a failure of the Deferred."""
        standing = self._register.standings.get(package_name)
        if standing is None:
            refusal = self._refusal(package_name)
            if refusal is not None:
                return succeed(self._refused(package_name, refusal))
            standing = new_standing(package_name, self._effects)
            self._register.standings[package_name] = standing
        waiter: Deferred[StartResult] = Deferred()
        standing.life.start(waiter)
        return waiter

    def _refusal(self, package_name: str) -> StartResult | None:
        if self._over:
            return StartResult.failed("CONNECTION", "Session ended")
        if len(self._register.standings) >= self._settings.max_apps_per_session:
            most = self._settings.max_apps_per_session
            return StartResult.failed("CONNECTION", f"No more than {most} apps can run at a time")
        found = self._effects.check(package_name)
        return found if isinstance(found, StartResult) else None

    def _refused(self, package_name: str, refusal: StartResult) -> StartResult:
        reason = "" if refusal.error is None else refusal.error.message
        self._log.warn("{package} is not started: {reason}", package=package_name, reason=reason)
        self._effects.tell_phone(reason)
        return refusal

    def stop(self, package_name: str) -> "Deferred[None]":
        """Stop an app, whatever its state."""
        standing = self._register.standings.get(package_name)
        if standing is None:
            return succeed(None)
        waiter: Deferred[None] = Deferred()
        standing.life.stop(waiter)
        return waiter

    # -- what sockets do

    def attach(self, package_name: str, peer: IPeer) -> None:
        """An app's socket has proved its key: take it.

        :raises Dismissed: the app is in no state to be connected.
        """
        standing = self._register.standings.get(package_name)
        if standing is None:
            raise not_started()
        standing.life.came(peer, self._greeting(package_name))

    def key_refused(self, package_name: str) -> None:
        """A socket came with a wrong key: a start waiting for it fails at once."""
        standing = self._register.standings.get(package_name)
        if standing is not None:
            standing.life.failed(StartResult.failed("AUTHENTICATION", "Invalid API key"))

    def detach(self, package_name: str, peer: IPeer) -> None:
        """An app's socket is gone; only the current one counts."""
        standing = self._current(package_name, peer)
        if standing is None:
            return
        if standing.leaving and not standing.recovering:
            standing.life.released()
        else:
            standing.life.left()

    def release(self, package_name: str, peer: IPeer, reason: str = "") -> None:
        """The app said ``ownership_release``: the close to come is meant, unless it only obeys our
        own call to connect anew."""
        standing = self._current(package_name, peer)
        if standing is not None:
            # SDKs that came back by themselves while they were called leave in order to come again
            called = reason == _SWITCHING and standing.webhook.under_way
            standing.leaving = not called

    def recover(self, package_name: str) -> None:
        """The app's server is back: have it connect again if the app is running or in grace."""
        standing = self._register.standings.get(package_name)
        app = self._store.get(package_name)
        if standing is None or app is None or standing.recovering:
            return
        if standing.state not in ("running", "grace_period"):
            return
        standing.recovering = True

        def done(problem: str | None = None) -> None:
            standing.recovering = False
            if problem is not None:
                self._log.info("{package} was not recovered: {problem}",
                               package=package_name, problem=problem)  # fmt: skip

        standing.webhook.run(self._effects.webhooks.recover(app), done, done)

    def _current(self, package_name: str, peer: IPeer) -> Standing | None:
        standing = self._register.standings.get(package_name)
        return standing if standing is not None and standing.peer is peer else None

    def _greeting(self, package_name: str) -> Greeting:
        session_id = app_session_id(self._session.user_id, package_name)
        settings, device = ISettings(self._session), IDevice(self._session)
        mentraos = settings.mentraos()
        app = self._store.get(package_name)
        ack = AppConnectionAck(
            session_id=session_id,
            settings=settings.of_app(package_name),
            mentraos_settings=mentraos,
            augmentos_settings=mentraos,
            config=None if app is None else _config(app),
            capabilities=device.capabilities(),
        )
        state = DeviceStateUpdate(session_id=session_id, state=device.state(), full_snapshot=True)
        return Greeting((ack, state))

    # -- how they stand

    def state(self, package_name: str) -> str:
        """The state's name in the protocol."""
        standing = self._register.standings.get(package_name)
        return "stopped" if standing is None else standing.state

    def is_running(self, package_name: str) -> bool:
        """Whether the state is exactly ``running``."""
        return package_name in self._running

    def running(self) -> Mapping[str, IPeer]:
        """Sockets of the running apps, live."""
        return self._running

    def loading(self) -> tuple[str, ...]:
        """Packages whose socket is waited for."""
        return tuple(self._in_state(*STARTING))

    def _in_state(self, *states: str) -> list[str]:
        standings = self._register.standings
        return [name for name, standing in standings.items() if standing.state in states]

    def send(self, package_name: str, message: Message) -> None:
        """Send to a running app.

        :raises Refused: code ``APP_NOT_REACHABLE``.
        """
        peer = self._running.get(package_name)
        if peer is not None and peer.send(message):
            return
        state = self.state(package_name)
        reason = _UNREACHABLE.get(state, "Connection not available for messaging")
        if peer is not None:
            # its close has not been noticed yet
            self.detach(package_name, peer)
        raise Refused("APP_NOT_REACHABLE", reason, where="app",
                      retryable=peer is not None or state in _PASSING)  # fmt: skip

    # -- with the session

    def restore(self) -> None:
        """Start what ran when the last session ended, after the glasses have heard that this one
        stands."""
        if not (self._has_restored or self._over):
            self._has_restored = True
            self._restoring = self._clock.callLater(0, self._begin_restoring)

    def _begin_restoring(self) -> None:
        # most sessions have nothing to restore, and would keep the call for as long as they last
        self._restoring = None
        self._errands.run(self._restore())

    async def _restore(self) -> None:
        await self._effects.memory.preinstall()
        dashboard = self._settings.system_dashboard
        if self._store.get(dashboard) is not None:
            self._errands.run(self._restart(dashboard))
        for package_name in self._session.user.running_apps:
            if package_name == dashboard:
                continue
            if self._store.get(package_name) is None:
                self._log.warn("{package} ran before and is gone", package=package_name)
                self._effects.memory.is_over(package_name)
                continue
            # each on its own, so that none hinders another
            self._errands.run(self._restart(package_name))

    async def _restart(self, package_name: str) -> None:
        await self.start(package_name)

    def wake(self) -> None:
        """Restart, one after another, the apps that were lost while the glasses were away."""
        if not self._waking and self._in_state("dormant"):
            self._waking = True
            self._errands.run(self._wake())

    async def _wake(self) -> None:
        try:
            while self._session.glasses is not None and (lost := self._in_state("dormant")):
                waiter: Deferred[StartResult] = Deferred()
                self._register.standings[lost[0]].life.woken(waiter)
                await waiter
        finally:
            self._waking = False

    def drop_unfit(self) -> None:
        """Stop what needs hardware that the glasses lack."""
        device = IDevice(self._session)
        for package_name in self._in_state(*STARTING, "running", "grace_period"):
            app = self._store.get(package_name)
            if app is not None and device.missing(app):
                self._log.warn("{package} does not fit the new glasses", package=package_name)
                self.stop(package_name)

    def end(self) -> "Deferred[None]":
        """The session ends: so do its apps, their timers and their calls.

        Fires when what is to be remembered of them has been written.
        """
        self._over = True
        if self._restoring is not None:
            self._restoring.cancel()
            self._restoring = None
        self._errands.cancel()
        for standing in tuple(self._register.standings.values()):
            standing.life.ended()
        return self._effects.memory.written()


class _Ending(Service):
    """Ends the apps with the session; the manager itself is no service, for every service has a
    ``running`` of its own."""

    def __init__(self, end: Callable[[], "Deferred[None]"]) -> None:
        self._end = end

    def stopService(self) -> "Deferred[None]":
        super().stopService()
        return self._end()


def _config(app: App) -> dict[str, object]:
    return {
        "name": app.name,
        "description": app.description,
        "version": app.version,
        "settings": list(app.settings),
        "tools": list(app.tools),
    }


apps = ManagerFactory(IApps, AppManager)
