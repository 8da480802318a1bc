"""What follows when an app's life takes a turn.  Source: docs/protocol, "app lifecycle"."""

from collections.abc import Callable
from functools import partial

import attrs
import msgspec
from twisted.internet.defer import Deferred
from twisted.logger import Logger

from mentra.events import AppAway, AppRunning, AppStarting, AppStopped
from mentra.glasses.apps.compatibility import compatibility_of
from mentra.glasses.apps.memory import AppMemory
from mentra.glasses.apps.settings import AppsSettings
from mentra.glasses.apps.standing import Greeting, How, Standing, StartError, StartResult
from mentra.glasses.apps.webhooks import Webhooks
from mentra.interfaces.glasses import IDevice, ISubscriptions
from mentra.interfaces.messaging import IPeer
from mentra.interfaces.services import IServices
from mentra.interfaces.session import IUserSession
from mentra.interfaces.stores import IAppStore
from mentra.messages import apps as frames
from mentra.records import App

STARTING = ("connecting", "resurrecting")
"""The states in which an app's socket is waited for."""


@attrs.define
class Register:
    """The apps of a session that are not stopped.

    :ivar running: sockets of the apps in state running, in order of attachment.
    """

    standings: dict[str, Standing] = attrs.field(factory=dict)
    running: dict[str, IPeer] = attrs.field(factory=dict)


class AppEffects:
    """Carries out what the life of an app asks for.

    :param start: starts an app anew.
    """

    _log = Logger()

    def __init__(
        self,
        session: IUserSession,
        services: IServices,
        register: Register,
        start: Callable[[str], Deferred[StartResult]],
    ) -> None:
        self._session = session
        self._clock = services.clock
        self._settings: AppsSettings = services.settings(AppsSettings)
        self._store = IAppStore(services)
        self._register = register
        self._start = start
        self.webhooks = Webhooks(session.user_id, services)
        self.memory = AppMemory(session, services)

    def check(self, package_name: str) -> App | StartResult:
        """The app if it can be started, else why not."""
        app: App | None = self._store.get(package_name)
        if app is None:
            return StartResult.failed("WEBHOOK", f"App {package_name} not found")
        if not app.enabled:
            return StartResult.failed("WEBHOOK", f"App {package_name} is disabled")
        device = IDevice(self._session)
        if app.hardware_requirements and device.capabilities() is None:
            self._log.warn("whether {package} fits the glasses is not known", package=package_name)
        fit = compatibility_of(app, device)
        if not fit.is_compatible:
            details = msgspec.to_builtins(fit)
            return StartResult.failed("HARDWARE_CHECK", fit.message, details)
        return app

    # -- starting

    def prepare(self, standing: Standing, renew: bool) -> None:
        """Look whether and make room, then call the webhook."""
        internal = StartResult.failed("CONNECTION", "Error starting app")
        standing.work.run(
            self._prepare(standing, renew),
            partial(self._prepared, standing),
            partial(standing.life.failed, internal),
        )

    async def _prepare(self, standing: Standing, renew: bool) -> App | StartResult:
        if renew:
            await self._call_stop(standing)
            self._clear_away(standing, None)
            standing.was_running = False
        found = self.check(standing.package_name)
        if isinstance(found, App):
            standing.app = found
            await self._make_room(found)
        return found

    async def _make_room(self, app: App) -> None:
        """There is one app in the foreground."""
        if app.app_type != "standard":
            return
        waiters: list[Deferred[None]] = []
        for other in tuple(self._register.standings.values()):
            if other.app is not None and other.app.app_type == "standard":
                if other.package_name == app.package_name:
                    continue
                waiters.append(Deferred())
                other.life.stop(waiters[-1])
        for waiter in waiters:
            await waiter

    def _prepared(self, standing: Standing, found: App | StartResult) -> None:
        if isinstance(found, StartResult):
            standing.life.failed(found)
            return
        self._announce_start(standing, found)
        if standing.state not in STARTING:
            return  # a listener thought better of it
        seconds = self._settings.connect_timeout
        standing.timer = self._clock.callLater(seconds, self._timed_out, standing)
        self.memory.touch(found.package_name)
        internal = StartResult.failed("WEBHOOK", "Webhook failed: internal error")
        standing.webhook.run(
            self.webhooks.start(found, lambda: standing.state in STARTING),
            partial(self._called, standing),
            partial(standing.life.failed, internal),
        )

    def _announce_start(self, standing: Standing, app: App) -> None:
        standing.known = standing.called = True
        name = app.name or app.package_name
        self._session.announce(AppStarting(app.package_name, name, app.app_type))

    def _timed_out(self, standing: Standing) -> None:
        standing.timer = None
        milliseconds = round(self._settings.connect_timeout * 1000)
        text = f"Connection timeout after {milliseconds}ms"
        standing.life.failed(StartResult.failed("TIMEOUT", text))

    def _called(self, standing: Standing, problem: str | None) -> None:
        if problem is not None:
            standing.life.failed(StartResult.failed("WEBHOOK", f"Webhook failed: {problem}"))

    def start_again(self, standing: Standing) -> None:
        """It has stopped; somebody wants it back."""
        self._start(standing.package_name).addCallback(standing.tell_queued)

    # -- sockets

    def welcome(self, standing: Standing, greeting: Greeting, how: How) -> None:
        """Greet it, count it as running, tell everybody."""
        peer, package_name = standing.peer, standing.package_name
        if peer is None:
            return
        if how == "started" and not standing.called:
            how = self._early(standing)
        for message in greeting.messages:
            peer.send(message)
        self._register.running.pop(package_name, None)
        self._register.running[package_name] = peer
        self._guarded(ISubscriptions(self._session).began, package_name)
        self.memory.runs(package_name)
        self._session.announce(AppRunning(package_name, how))
        if how != "replaced":
            self.tell_phone()

    def _early(self, standing: Standing) -> How:
        """It came by itself, before it was called."""
        if standing.known:
            return "reconnected"
        if standing.app is not None:
            self._announce_start(standing, standing.app)
        return "started"

    def away(self, standing: Standing) -> None:
        """Give it time to come back."""
        self._register.running.pop(standing.package_name, None)
        standing.timer = self._clock.callLater(self._settings.grace, self._grace_over, standing)
        self._session.announce(AppAway(standing.package_name))

    def _grace_over(self, standing: Standing) -> None:
        standing.timer = None
        if self._session.glasses is None:
            standing.life.abandoned()
        else:
            standing.life.grace_over()

    # -- stopping

    def dismiss(self, standing: Standing) -> None:
        """Tell its server; whatever that says, the stop goes on."""
        self._register.running.pop(standing.package_name, None)
        standing.work.run(
            self._call_stop(standing),
            lambda ignored: standing.life.halted(),
            standing.life.halted,
        )

    async def _call_stop(self, standing: Standing) -> None:
        app = self._store.get(standing.package_name) or standing.app
        if app is not None:
            await self.webhooks.stop(app)

    def over(self, standing: Standing, error: StartError | None, forget: bool) -> None:
        """Take it off every list, close its socket and tell everybody."""
        package_name = standing.package_name
        self._register.standings.pop(package_name, None)
        if forget:
            self.memory.is_over(package_name)
        self._clear_away(standing, error)
        if error is None:
            self.memory.touch(package_name)
            return
        self._log.warn("{package} did not start: {stage}, {reason}",
                       package=package_name, stage=error.stage, reason=error.message)  # fmt: skip
        if standing.renewed:
            self._session.to_glasses(frames.AppGone(package_name=package_name))

    def _clear_away(self, standing: Standing, error: StartError | None) -> None:
        package_name = standing.package_name
        self._register.running.pop(package_name, None)
        self._guarded(ISubscriptions(self._session).remove, package_name)
        self._close(standing, frames.AppStopped(reason="user_disabled"), "App stopped")
        failure = None if error is None else error.message
        if standing.known:
            standing.known = False
            self._session.announce(AppStopped(package_name, standing.was_running, failure))
        self.tell_phone(failure)

    def end(self, standing: Standing) -> None:
        """Its session ends; it is started again with the next one unless it was being stopped."""
        self._register.standings.pop(standing.package_name, None)
        self._register.running.pop(standing.package_name, None)
        if standing.stops:
            self.memory.is_over(standing.package_name)
        self._close(standing, frames.AppStopped(reason="system_stop"), "User session ended")

    def _close(self, standing: Standing, message: frames.AppStopped, reason: str) -> None:
        peer, standing.peer = standing.peer, None
        if peer is not None:
            peer.send(message)
            peer.close(1000, reason)

    # -- telling

    def tell_phone(self, error: str | None = None) -> None:
        """Have the phone fetch its list of apps."""
        self._session.to_glasses(frames.AppStateChange(session_id=self._session.user_id,
                                                       error=error))  # fmt: skip

    def _guarded(self, tell: Callable[[str], None], package_name: str) -> None:
        try:
            tell(package_name)
        except Exception:  # noqa: BLE001 - another subject's bug must not strand the app half-way
            self._log.failure("{tell} failed for {package}", tell=str(tell), package=package_name)
