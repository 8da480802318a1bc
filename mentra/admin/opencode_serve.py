"""``mentra opencode serve``: a process with nothing in it but the bridge."""

import sys
import time
from typing import Any

import click
from twisted.internet.defer import Deferred
from twisted.logger import Logger, globalLogBeginner

from mentra.admin.workplace import now
from mentra.bridge_alone import BridgeAlone
from mentra.config import Config
from mentra.config.sections import LogSettings
from mentra.logs import make_observer
from mentra.opencode.handout import refuse_rivals

_log = Logger()


def run(config: Config) -> None:
    """Until SIGTERM or Ctrl-C.

    :raises MentraError: it cannot be.
    """
    from twisted.internet import reactor  # noqa: TID251 - a command, in a function

    settings = config.section(LogSettings)
    observer = make_observer(settings.format, settings.level, sys.stdout, reactor, now)
    globalLogBeginner.beginLoggingTo([observer], discardBuffer=True, redirectStandardIO=False)
    refuse_rivals(config.state_dir)
    bridge = BridgeAlone(config, reactor, now, time.perf_counter)
    bridge.startService()
    clock: Any = reactor
    clock.addSystemEventTrigger("before", "shutdown", lambda: Deferred.fromCoroutine(_end(bridge)))
    click.echo(
        f"the bridge runs; `mentra opencode info --state-dir {config.state_dir}` tells where"
    )
    clock.run()
    observer.close()


async def _end(bridge: BridgeAlone) -> None:
    await bridge.take_leave()
    stopped: Any = bridge.stopService()
    if stopped is not None:
        await stopped
