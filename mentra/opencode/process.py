"""An OpenCode server of our own: started with us, watched, and stopped with us."""

import shutil
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

from twisted.application.service import Service
from twisted.internet.defer import Deferred
from twisted.internet.error import ProcessExitedAlready
from twisted.internet.interfaces import IDelayedCall, IReactorProcess, IReactorTime
from twisted.internet.protocol import ProcessProtocol
from twisted.logger import Logger
from twisted.python.failure import Failure

from mentra.errors import ConfigError

FIRST_PAUSE, LONGEST_PAUSE = 1.0, 60.0
"""Seconds until it is started anew; each time twice as long, until it has run for a while."""

A_WHILE = 60.0
"""Seconds."""

START_WITHIN = 20.0
"""Seconds until it answers; then nobody waits for that any more."""

LONGEST_WORDS = 300
"""Characters that are told of what it printed before it ended."""

KILL_AFTER = 5.0
"""Seconds that it has to end once it was told to."""

NOT_ITS_BUSINESS = (
    "MENTRA", "AUGMENTOS", "APP_AUTH", "SUPABASE", "AUTHING", "LIVEKIT", "CLOUDFLARE",
    "NOTIFY_SOCKET", "WATCHDOG_", "LISTEN_", "STATE_DIRECTORY",
)  # fmt: skip
"""Beginnings of the names of variables that hold our secrets, or say how we were started."""


TIE = """\
import ctypes, os, signal, sys
ctypes.CDLL(None).prctl(1, signal.SIGTERM)
os.execv(sys.argv[1], sys.argv[2:])
"""
"""Becomes a program that is told to end when we are killed: else it would stay, with a password
that nobody knows any more.  Source: prctl(2), PR_SET_PDEATHSIG."""


class OpencodeProcess(Service):
    """Keeps the program running.

    :param command: its words; where it listens is appended.
    :param url: where that is.
    :param directory: its working directory; empty is ours.
    :param login: user name and password that it wants of its clients.
    :param environ: ours.
    :param platform: where we run; on Linux it does not outlive us, whatever happens to us.
    :raises ConfigError: there is no such program.
    """

    _log = Logger()

    def __init__(
        self,
        command: Sequence[str],
        url: str,
        *,
        directory: str,
        login: tuple[str, str],
        processes: IReactorProcess,
        clock: IReactorTime,
        environ: Mapping[str, str],
        which: Callable[[str], str | None] = shutil.which,
        platform: str = sys.platform,
    ) -> None:
        path = which(command[0])
        if path is None:
            raise ConfigError(
                f"[opencode] command: there is no program {command[0]!r}; install OpenCode, or "
                "write its whole path"
            )
        self._path = path
        self._words = [*command, *where(url)]
        self._program = path
        if platform == "linux":
            self._program = sys.executable
            self._words = [sys.executable, "-I", "-c", TIE, path, *self._words]
        self._directory = directory or None
        self._environ = environment(environ, login)
        self._processes = processes
        self._clock = clock
        self._pause = FIRST_PAUSE
        self._timer: IDelayedCall | None = None
        self._running: _Running | None = None
        self.trouble: str | None = None

    def startService(self) -> None:
        """Start it."""
        super().startService()
        self._start()

    def stopService(self) -> "Deferred[None] | None":
        """Stop it; done when it is gone."""
        super().stopService()
        if self._timer is not None and self._timer.active():
            self._timer.cancel()
        return None if self._running is None else self._running.stop()

    @property
    def is_starting(self) -> bool:
        """Whether the program runs, and has not answered yet."""
        return self._running is not None and self._running.is_starting

    def answered(self) -> None:
        """It is there."""
        if self._running is not None:
            self._running.answered()

    def ended(self, how: str, seconds: float) -> None:
        """The program is no more, after so many seconds.

        :param how: for people.
        """
        self._running = None
        if not self.running:
            return
        if seconds >= A_WHILE:
            self._pause = FIRST_PAUSE
        self.trouble = f"OpenCode {how}; it is started anew in {self._pause:g} s"
        self._log.warn("{trouble}", trouble=self.trouble)
        self._timer = self._clock.callLater(self._pause, self._start)
        self._pause = min(2 * self._pause, LONGEST_PAUSE)

    def _start(self) -> None:
        self._timer = self.trouble = None
        running = self._running = _Running(self, self._clock)
        try:
            self._processes.spawnProcess(
                running, self._program, self._words, env=self._environ, path=self._directory
            )
        except OSError as problem:
            self.ended(f"cannot be started: {problem.strerror}", 0.0)
        else:
            self._log.info("OpenCode is started: {program}", program=self._path)


class _Running(ProcessProtocol):
    """The program; once it has answered, what it prints may say what people said, and is only told
    when debugging.

    :ivar is_starting: it has not answered yet, and may soon.
    """

    _log = Logger()

    def __init__(self, owner: OpencodeProcess, clock: IReactorTime) -> None:
        self._owner = owner
        self._clock = clock
        self._began = clock.seconds()
        self._has_answered = False
        self._last_words = ""
        self._kill: IDelayedCall | None = None
        self._gone: Deferred[None] = Deferred()

    @property
    def is_starting(self) -> bool:
        waited = self._clock.seconds() - self._began
        return not self._has_answered and waited < START_WITHIN

    def answered(self) -> None:
        """It is there."""
        self._has_answered = True
        self._last_words = ""

    def stop(self) -> "Deferred[None]":
        """End it, gently at first; fires when it is gone."""
        self._kill = self._clock.callLater(KILL_AFTER, self._signal, "KILL")
        self._signal("TERM")
        return self._gone

    def outReceived(self, data: bytes) -> None:
        """It prints something."""
        text = data.decode("utf-8", "replace")
        self._log.debug("OpenCode: {text}", text=text.rstrip())
        if not self._has_answered:
            self._last_words = (self._last_words + text)[-LONGEST_WORDS:]

    errReceived = outReceived

    def processEnded(self, reason: Failure) -> None:
        """It is no more."""
        if self._kill is not None and self._kill.active():
            self._kill.cancel()
        status, signal = (getattr(reason.value, name, None) for name in ("exitCode", "signal"))
        how = f"ended with status {status}" if signal is None else f"was ended by signal {signal}"
        words = " ".join(self._last_words.split())
        if words:
            how = f"{how}, and said: {words}"
        self._owner.ended(how, self._clock.seconds() - self._began)
        self._gone.callback(None)

    def _signal(self, name: str) -> None:
        transport: Any = self.transport
        try:
            transport.signalProcess(name)
        except ProcessExitedAlready:
            return  # processEnded is on its way


def where(url: str) -> list[str]:
    """Where to listen, as the program wants to be told."""
    parts = urlsplit(url)
    return [f"--hostname={parts.hostname}", f"--port={parts.port or 80}"]


def environment(environ: Mapping[str, str], login: tuple[str, str]) -> dict[str, str]:
    """*environ* without what is ours, and with what clients have to say."""
    kept = {name: value for name, value in environ.items() if not name.startswith(NOT_ITS_BUSINESS)}
    username, password = login
    return kept | {
        "OPENCODE_SERVER_USERNAME": username,
        "OPENCODE_SERVER_PASSWORD": password,
    }
