"""When a language is being recognised, and when that is tried again.

``resting``    nobody speaks, or recognition was given up until somebody speaks again
``hearing``    sound goes to a recogniser
``finishing``  nobody speaks any more, and its last words are waited for
``waiting``    it failed, and is tried again in a moment; sound is kept meanwhile
``hopeless``   it cannot work now; a look at what is well begins anew
``muted``      the phone recognises the language itself
``over``       nobody wants it any more
"""

from collections.abc import Iterable
from typing import Any, Protocol

from automat import TypeMachineBuilder

from mentra.errors import Refused


class Life(Protocol):
    """What can happen to the recognition of a language."""

    def begin(self, sound: Iterable[bytes]) -> None:
        """Somebody speaks; *sound* is what came before that was known."""

    def hear(self, pcm: bytes) -> None:
        """They go on."""

    def end(self) -> None:
        """Nobody speaks any more."""

    def finished(self) -> None:
        """The last words are there, or too late."""

    def fail(self, problem: Refused) -> None:
        """The recogniser's stream is over."""

    def retry(self) -> None:
        """The wait after a failure is over."""

    def give_up(self) -> None:
        """There is no wait after this failure."""

    def despair(self) -> None:
        """There is no use in trying for a while."""

    def rested(self) -> None:
        """The while is over."""

    def mute(self) -> None:
        """The phone recognises the language itself."""

    def unmute(self) -> None:
        """It has not done so for a while."""

    def close(self) -> None:
        """Nobody wants it any more."""


class Work(Protocol):
    """What is done about it."""

    def open(self, sound: Iterable[bytes]) -> None:
        """Have a recogniser hear, *sound* first; ``fail`` if there is none."""

    def write(self, pcm: bytes) -> None:
        """Sound for it."""

    def finalize(self) -> None:
        """Ask for its last words; ``finished`` when they are there, or too late."""

    def resume(self, sound: Iterable[bytes]) -> None:
        """Its last words were not the last."""

    def shut(self) -> None:
        """It is done; what was not final is now.  Nothing is waited for any more."""

    def wait(self, problem: Refused) -> None:
        """It failed: ``retry`` after a while, ``give_up`` or ``despair``."""

    def keep(self, sound: Iterable[bytes]) -> None:
        """Sound for the next attempt."""

    def reopen(self) -> None:
        """The next attempt, with what was kept."""

    def was_said(self) -> None:
        """Nobody speaks any more; the next attempt is for what was kept alone."""

    def count(self, problem: Refused) -> None:
        """It failed at its last words."""


_builder = TypeMachineBuilder(Life, Work)  # type: ignore[type-abstract] # only told what to do
resting = _builder.state("resting")
hearing = _builder.state("hearing")
finishing = _builder.state("finishing")
waiting = _builder.state("waiting")
hopeless = _builder.state("hopeless")
muted = _builder.state("muted")
over = _builder.state("over")


def _nothing_happens(state: Any, *causes: Any) -> None:
    for cause in causes:
        state.upon(cause).loop().returns(None)


_TIMES = (Life.finished, Life.retry, Life.give_up, Life.despair)
_nothing_happens(
    resting, Life.hear, Life.end, Life.fail, Life.rested, Life.unmute, *_TIMES
)  # fmt: skip
_nothing_happens(hearing, Life.rested, Life.unmute, *_TIMES)
_nothing_happens(
    finishing, Life.hear, Life.end, Life.rested, Life.unmute, Life.retry, Life.give_up,
    Life.despair,
)  # fmt: skip
_nothing_happens(waiting, Life.finished, Life.fail, Life.rested, Life.unmute)
_nothing_happens(
    hopeless, Life.begin, Life.hear, Life.end, Life.fail, Life.unmute, *_TIMES
)  # fmt: skip
_nothing_happens(
    muted, Life.begin, Life.hear, Life.end, Life.fail, Life.rested, Life.mute, *_TIMES
)  # fmt: skip
_nothing_happens(
    over, Life.begin, Life.hear, Life.end, Life.fail, Life.rested, Life.mute, Life.unmute,
    Life.close, *_TIMES,
)  # fmt: skip


# -- somebody speaks


@resting.upon(Life.begin).to(hearing)
def open_(life: Life, work: Work, sound: Iterable[bytes]) -> None:
    """A recogniser is wanted."""
    work.open(sound)


@hearing.upon(Life.begin).loop()
def go_on(life: Life, work: Work, sound: Iterable[bytes]) -> None:
    """It hears already."""
    for pcm in sound:
        work.write(pcm)


@finishing.upon(Life.begin).to(hearing)
def resume(life: Life, work: Work, sound: Iterable[bytes]) -> None:
    """They spoke again before it had finished."""
    work.resume(sound)


@waiting.upon(Life.begin).loop()
def keep_all(life: Life, work: Work, sound: Iterable[bytes]) -> None:
    """They speak while nobody hears."""
    work.keep(sound)


@hearing.upon(Life.hear).loop()
def write(life: Life, work: Work, pcm: bytes) -> None:
    """The usual case."""
    work.write(pcm)


@waiting.upon(Life.hear).loop()
def keep(life: Life, work: Work, pcm: bytes) -> None:
    """They go on while nobody hears."""
    work.keep((pcm,))


@hearing.upon(Life.end).to(finishing)
def finish(life: Life, work: Work) -> None:
    """Its last words are wanted."""
    work.finalize()


@waiting.upon(Life.end).loop()
def was_said(life: Life, work: Work) -> None:
    """What was kept is all there is."""
    work.was_said()


@finishing.upon(Life.finished).to(resting)
def rest(life: Life, work: Work) -> None:
    """All was said."""
    work.shut()


# -- what goes wrong


@hearing.upon(Life.fail).to(waiting)
def wait(life: Life, work: Work, problem: Refused) -> None:
    """Perhaps it works in a moment."""
    work.wait(problem)


@finishing.upon(Life.fail).to(resting)
def rest_all_the_same(life: Life, work: Work, problem: Refused) -> None:
    """It was done anyway."""
    work.count(problem)


@waiting.upon(Life.retry).to(hearing)
def try_again(life: Life, work: Work) -> None:
    """It is tried with what was kept."""
    work.reopen()


@waiting.upon(Life.give_up).to(resting)
@waiting.upon(Life.despair).to(hopeless)
def stop_trying(life: Life, work: Work) -> None:
    """Not now."""
    work.shut()


hopeless.upon(Life.rested).to(resting).returns(None)


# -- who recognises at all


@resting.upon(Life.mute).to(muted)
@hearing.upon(Life.mute).to(muted)
@finishing.upon(Life.mute).to(muted)
@waiting.upon(Life.mute).to(muted)
@hopeless.upon(Life.mute).to(muted)
def leave_it_to_the_phone(life: Life, work: Work) -> None:
    """Nobody is to be told the same twice."""
    work.shut()


muted.upon(Life.unmute).to(resting).returns(None)


@resting.upon(Life.close).to(over)
@hearing.upon(Life.close).to(over)
@finishing.upon(Life.close).to(over)
@waiting.upon(Life.close).to(over)
@hopeless.upon(Life.close).to(over)
@muted.upon(Life.close).to(over)
def close(life: Life, work: Work) -> None:
    """Nobody listens any more."""
    work.shut()


life_machine = _builder.build()
