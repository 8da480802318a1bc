"""The composition root: ``twistd mentra`` and what it puts together."""

import gc
import os
import resource
import signal
import sys
import time
from typing import Any

from twisted.application.service import IService, IServiceCollection, MultiService
from twisted.internet.defer import Deferred
from twisted.internet.error import CannotListenError
from twisted.logger import ILogObserver, Logger
from twisted.python import usage
from twisted.python.components import Componentized
from twisted.python.failure import Failure

from mentra.building import Building
from mentra.config import Config, load
from mentra.config.sections import LogSettings, ServerSettings, WireSettings
from mentra.doorway import Doorway, with_backlog
from mentra.errors import MentraError
from mentra.logs import make_observer
from mentra.supervisor import Supervisor
from mentra.wire import poll_loop


class Options(usage.Options):
    """Flags of ``twistd mentra``; the configuration file has the rest."""

    optParameters = [  # noqa: RUF012 - twisted's way to declare flags
        [
            "config",
            "c",
            None,
            "Configuration file; without it mentra.toml in the working directory",
        ],
        ["listen", "l", None, "Where to listen, a Twisted endpoint string, e.g. tcp:8002"],
        ["state-dir", "s", None, "Directory for the store, secrets and the control socket"],
    ]
    longdesc = "Session service for smart glasses. `mentra init` writes a configuration file."

    config: Config

    def postOptions(self) -> None:
        """Read the configuration.

        :raises usage.UsageError: something in it is wrong.
        """
        try:
            self.config = load(
                self["config"],
                state_dir=self["state-dir"],
                flags={"server.listen": self["listen"]},
            )
        except MentraError as problem:
            raise usage.UsageError(str(problem)) from problem


def makeService(options: Options) -> IService:
    """The whole server, not yet started."""
    from twisted.internet import reactor  # noqa: TID251 - the composition root, in a function

    return Server(options.config, reactor)


class Server(MultiService):
    """Binds its port first, then builds and opens the house.

    Nothing is made or written before :meth:`startService`, which runs after twistd changed to
    the user it shall run as.

    :param reactor: the real one; nobody below knows another.
    """

    _log = Logger()

    def __init__(self, config: Config, reactor: Any) -> None:
        super().__init__()
        self._config = config
        self._reactor = reactor
        self._doorway = Doorway()
        self._port: Any = None
        self._building: Building | None = None
        settings = config.section(LogSettings)
        self._observer = make_observer(
            settings.format, settings.level, sys.stdout, reactor, _wall_time
        )
        self._supervisor = Supervisor(reactor, os.environ)
        self._supervisor.setServiceParent(self)

    def setServiceParent(self, parent: IServiceCollection) -> None:
        """Twistd asks its application for a log observer; ``--logger`` wins over ours."""
        if isinstance(parent, Componentized):
            parent.setComponent(ILogObserver, self._observer)
        super().setServiceParent(parent)

    def privilegedStartService(self) -> None:
        """Bind the port: the only thing that may need more rights than the rest.

        :raises SystemExit: it cannot be had.
        """
        super().privilegedStartService()
        from twisted.internet.endpoints import serverFromString

        settings = self._config.section(ServerSettings)
        listen = with_backlog(settings.listen, settings.backlog)
        problems: list[Failure] = []
        try:
            endpoint = serverFromString(self._reactor, listen)
            endpoint.listen(self._doorway).addCallbacks(self._bound, problems.append)
        except Exception:  # noqa: BLE001 - every endpoint plugin raises what it likes
            problems.append(Failure())
        if problems:
            raise SystemExit(f"mentra: {_why_not(settings.listen, problems[0])}")

    def startService(self) -> None:
        """Build the house and open it.

        :raises SystemExit: something is wrong with store, secret or plugins.
        """
        _raise_open_files()
        try:
            building = Building(self._config, self._reactor, _wall_time, time.perf_counter)
            building.prepare(self._listening)
            if self._config.section(WireSettings).lean_loop:
                poll_loop.install(self._reactor, building.edge.batch)
            building.setServiceParent(self)
            super().startService()
        except MentraError as problem:
            raise SystemExit(f"mentra: {problem}") from problem
        self._building = building
        self._reactor.callWhenRunning(self._stop_on_sigterm)
        Deferred.fromCoroutine(self._open(building)).addErrback(self._give_up)

    def stopService(self) -> Deferred[None]:
        """Take leave of everybody, finish what is in hand, and let go."""
        return Deferred.fromCoroutine(self._stop())

    def _stop_on_sigterm(self) -> None:
        """A stop that was asked for ends with 0; twistd's own handler ends by the signal."""

        def stop(*_: object) -> None:
            self._log.info("told to stop")
            self._reactor.callFromThread(self._reactor.stop)

        signal.signal(signal.SIGTERM, stop)

    def _bound(self, port: Any) -> None:
        self._port = port
        self._doorway.bound(port)

    def _listening(self) -> str:
        host = self._port.getHost()
        if not hasattr(host, "port"):
            return "localhost"  # a Unix socket: whoever is in front must be told in [server]
        name = "127.0.0.1" if host.host in ("0.0.0.0", "::", "") else host.host
        return f"[{name}]:{host.port}" if ":" in name else f"{name}:{host.port}"

    async def _open(self, building: Building) -> None:
        site = await building.open()
        # what is there now lasts: no collection needs to look at it again, and a full one keeps
        # everybody's captions waiting
        gc.collect()
        gc.freeze()
        self._doorway.open(site)
        building.readiness.has("listening")
        self._supervisor.ready()
        self._log.info(
            "mentra is ready on {listen}: http://{address}/",
            listen=self._config.value("server.listen"),
            address=self._listening(),
        )

    def _give_up(self, failure: Failure) -> None:
        if failure.check(MentraError):
            self._log.critical("mentra cannot start: {problem}", problem=failure.getErrorMessage())
        else:
            self._log.failure("mentra cannot start", failure=failure)
        # twistd ends with 0 however it was stopped, and a supervisor must see that this was no stop
        self._reactor.addSystemEventTrigger("after", "shutdown", os._exit, 1)
        self._reactor.stop()

    async def _stop(self) -> None:
        self._supervisor.stopping()
        if self._port is not None:
            await _done(self._port.stopListening())
        if self._building is not None:
            await self._building.take_leave(self._config.section(ServerSettings).drain)
        await _done(super().stopService())
        self._observer.close()


async def _done(outcome: Any) -> None:
    if outcome is not None:
        await outcome


_wall_time = time.time  # noqa: TID251 - the one place where wall time comes from


def _raise_open_files() -> None:
    """Every connection is an open file; the soft limit is often a thousand."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def _why_not(listen: str, failure: Failure) -> str:
    problem = failure.value
    if isinstance(problem, CannotListenError):
        why = getattr(problem.socketError, "strerror", None) or problem.socketError
        return f"cannot listen on {listen}: {why}; name another with --listen or [server] listen"
    if isinstance(problem, IndexError) and listen.startswith("systemd:"):
        return f"cannot listen on {listen}: no socket was passed; start the socket unit instead"
    return f"cannot listen on {listen}: {problem}"
