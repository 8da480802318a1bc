"""The life of one app in one session: what can happen to it, and what follows.

The states are those of the protocol: ``stopped``, ``connecting``, ``running``, ``grace_period``,
``resurrecting``, ``dormant``, ``stopping``.  What follows a change is the work of
:class:`mentra.glasses.apps.standing.Effects`, called after the state has changed.
"""

from collections.abc import Callable
from typing import Any

from automat import TypeMachineBuilder
from twisted.internet.defer import Deferred

from mentra.errors import Dismissed
from mentra.glasses.apps.standing import (
    STARTED,
    AppLife,
    Effects,
    Greeting,
    Standing,
    StartResult,
)
from mentra.interfaces.messaging import IPeer

_builder = TypeMachineBuilder(AppLife, Standing)
stopped = _builder.state("stopped")
connecting = _builder.state("connecting")
running = _builder.state("running")
grace_period = _builder.state("grace_period")
resurrecting = _builder.state("resurrecting")
dormant = _builder.state("dormant")
stopping = _builder.state("stopping")

EVERYWHERE = (stopped, connecting, running, grace_period, resurrecting, dormant, stopping)

Output = Callable[..., None]


def _to(target: Any, *causes: Any) -> Callable[[Output], Output]:
    """Make a function what follows any of *causes* as the app becomes *target*."""

    def decorate(function: Output) -> Output:
        def entered(life: AppLife, standing: Standing, *details: Any) -> None:
            standing.state = target.name
            function(life, standing, *details)

        entered.__name__ = function.__name__
        for cause in causes:
            cause.to(target)(entered)
        return function

    return decorate


# -- start


@_to(
    connecting,
    stopped.upon(AppLife.start),
    grace_period.upon(AppLife.start),
    dormant.upon(AppLife.start),
)
def begin(life: AppLife, standing: Standing, waiter: "Deferred[StartResult]") -> None:
    """An ordinary start; an app that was away is called anew, at once."""
    standing.drop()
    standing.renewed = standing.called = False
    standing.starts.append(waiter)
    standing.effects.prepare(standing, False)


@connecting.upon(AppLife.start).loop()
@resurrecting.upon(AppLife.start).loop()
def share(life: AppLife, standing: Standing, waiter: "Deferred[StartResult]") -> None:
    """The start under way is everybody's."""
    standing.starts.append(waiter)


@running.upon(AppLife.start).loop()
def running_already(life: AppLife, standing: Standing, waiter: "Deferred[StartResult]") -> None:
    """Nothing to do."""
    waiter.callback(STARTED)


@stopping.upon(AppLife.start).loop()
def start_later(life: AppLife, standing: Standing, waiter: "Deferred[StartResult]") -> None:
    """First it has to stop."""
    standing.queued.append(waiter)


# -- the socket


@_to(running, connecting.upon(AppLife.came), resurrecting.upon(AppLife.came))
def connect(life: AppLife, standing: Standing, peer: IPeer, greeting: Greeting) -> None:
    """It came as it was asked to."""
    _take(standing, peer)
    standing.effects.welcome(standing, greeting, "started")
    standing.tell_starters(STARTED)


@_to(running, grace_period.upon(AppLife.came), dormant.upon(AppLife.came))
def reconnect(life: AppLife, standing: Standing, peer: IPeer, greeting: Greeting) -> None:
    """It came back by itself."""
    _take(standing, peer)
    standing.effects.welcome(standing, greeting, "reconnected")


@running.upon(AppLife.came).loop()
def take_over(life: AppLife, standing: Standing, peer: IPeer, greeting: Greeting) -> None:
    """A new socket replaces the old one, whose close starts nothing."""
    older = standing.peer
    _take(standing, peer)
    if older is not None and older is not peer:
        older.close(1000, "Replaced by a newer connection")
    standing.effects.welcome(standing, greeting, "replaced")


@stopping.upon(AppLife.came).loop()
@stopped.upon(AppLife.came).loop()
def refuse(life: AppLife, standing: Standing, peer: IPeer, greeting: Greeting) -> None:
    """Nobody asked for it.

    :raises Dismissed: always.
    """
    raise not_started()


def not_started() -> Dismissed:
    """What an app is told that nobody started."""
    text = "App not started for this session"
    return Dismissed(1008, text, code="APP_NOT_STARTED")


def _take(standing: Standing, peer: IPeer) -> None:
    standing.settle()
    standing.peer = peer
    standing.was_running = True
    standing.leaving = standing.recovering = False


@_to(grace_period, running.upon(AppLife.left))
def lose(life: AppLife, standing: Standing) -> None:
    """It may come back."""
    standing.peer = None
    standing.effects.away(standing)


@_to(stopped, running.upon(AppLife.released))
def let_go(life: AppLife, standing: Standing) -> None:
    """It said that it would not come back; another server may have it now."""
    standing.peer = None
    standing.drop()
    standing.effects.over(standing, None, False)


@stopping.upon(AppLife.left).loop()
@stopping.upon(AppLife.released).loop()
def left_in_time(life: AppLife, standing: Standing) -> None:
    """It closed its socket when it heard of the stop."""
    standing.peer = None


# -- what comes to nothing


@_to(stopped, connecting.upon(AppLife.failed))
def fail(life: AppLife, standing: Standing, result: StartResult) -> None:
    """It did not come; whether that is remembered depends on the reason."""
    standing.drop()
    error = result.error
    late = error is not None and error.stage in ("TIMEOUT", "AUTHENTICATION")
    standing.effects.over(standing, error, late)
    standing.tell_starters(result)


@_to(stopped, resurrecting.upon(AppLife.failed))
def fail_again(life: AppLife, standing: Standing, result: StartResult) -> None:
    """It could not be brought back."""
    standing.drop()
    standing.effects.over(standing, result.error, True)
    standing.tell_starters(result)


for _state in (running, grace_period, dormant, stopping):
    # the answer of a webhook whose start is decided
    _state.upon(AppLife.failed).loop().returns(None)


@_to(resurrecting, grace_period.upon(AppLife.grace_over))
def resurrect(life: AppLife, standing: Standing) -> None:
    """Call it anew."""
    standing.drop()
    standing.renewed, standing.called = True, False
    standing.effects.prepare(standing, True)


@_to(dormant, grace_period.upon(AppLife.abandoned))
def sleep(life: AppLife, standing: Standing) -> None:
    """Nobody is there to see it; it is called anew when the glasses are back."""
    standing.drop()


@_to(resurrecting, dormant.upon(AppLife.woken))
def wake(life: AppLife, standing: Standing, waiter: "Deferred[StartResult]") -> None:
    """The glasses are back."""
    standing.starts.append(waiter)
    resurrect(life, standing)


# -- stop


@_to(stopping, *(state.upon(AppLife.stop) for state in
                 (connecting, running, grace_period, resurrecting, dormant)))  # fmt: skip
def stop(life: AppLife, standing: Standing, waiter: "Deferred[None]") -> None:
    """Whatever it was doing: it is not to come back."""
    standing.drop()
    standing.stops.append(waiter)
    standing.effects.dismiss(standing)
    standing.tell_starters(StartResult.failed("CONNECTION", "App stopped"))


@stopping.upon(AppLife.stop).loop()
def stop_twice(life: AppLife, standing: Standing, waiter: "Deferred[None]") -> None:
    """It is stopping already, and is not to be started again either."""
    standing.stops.append(waiter)
    standing.tell_queued(StartResult.failed("CONNECTION", "App stopped"))


@stopped.upon(AppLife.stop).loop()
def stopped_already(life: AppLife, standing: Standing, waiter: "Deferred[None]") -> None:
    """Nothing to do."""
    waiter.callback(None)


@_to(stopped, stopping.upon(AppLife.halted))
def halt(life: AppLife, standing: Standing) -> None:
    """The stop is done, its socket steps last."""
    standing.drop()
    standing.effects.over(standing, None, True)
    standing.tell_stoppers()
    if standing.queued:
        standing.effects.start_again(standing)


# -- the end of the session


@_to(stopped, *(state.upon(AppLife.ended) for state in EVERYWHERE))
def end(life: AppLife, standing: Standing) -> None:
    """The session takes its apps along."""
    standing.drop()
    standing.effects.end(standing)
    ended = StartResult.failed("CONNECTION", "Session ended")
    standing.tell_starters(ended)
    standing.tell_queued(ended)
    standing.tell_stoppers()


app_machine = _builder.build()


def new_standing(package_name: str, effects: Effects) -> Standing:
    """A stopped app."""
    standing = Standing(package_name, effects)
    standing.life = app_machine(standing)
    return standing
