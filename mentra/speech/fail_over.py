"""One wearer's speech on its way through one engine after another."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Protocol

import attrs
from twisted.logger import Logger
from zope.interface import implementer

from mentra.errors import Refused
from mentra.hearing import Heard, Recognition
from mentra.interfaces.speech import IOwingStream, IRecogniserListener
from mentra.speech.leg import Engine, Leg
from mentra.speech.patience import Patience
from mentra.speech.replay import MILLISECOND, Replay

MOST_ROUNDS = 4
"""How often patience is doubled, when no engine finds speech in what sounds like it."""

MOST_CRASHES = 5
"""Failures within one utterance after which its sound is given up: it may be the reason."""

RESTING = Refused(
    "ENGINE_UNAVAILABLE",
    "every recogniser of this language failed lately and is left alone for a while",
    where="provider",
    retryable=True,
)


class Told(Protocol):
    """Who counts what happens."""

    def took_over(self, before: str, reason: str) -> None:
        """Somebody else took over from the engine *before*: ``failed``, ``stalled``, or, for the
        preferred one is back, ``returned``."""

    def lost(self, length: int) -> None:
        """So many bytes of sound were too much to be kept."""


@implementer(IOwingStream)
class FailOver:
    """Goes through the first engine that works; from one that fails or stalls the next takes over,
    and is told again what was said since the last finished utterance.

    Whether an engine stalls or nobody speaks cannot be known: it is blamed once another one finds
    speech where it found none.

    :param engines: those that speak the language, the preferred one first.
    """

    _log = Logger()

    def __init__(
        self,
        wanted: Recognition,
        listener: IRecogniserListener,
        engines: Sequence[Engine],
        *,
        seconds: float,
        patience: Callable[[Callable[[], None]], Patience],
        told: Told,
    ) -> None:
        self._wanted = wanted
        self._listener: Any = listener
        self._engines = list(engines)
        self._seconds = seconds
        self._replay = Replay(seconds)
        self._patience = patience(self._stalled)
        self._budget = self._patience.budget
        self._told = told
        self._leg: Leg | None = None
        self._suspects: list[Engine] = []
        self._rounds = 0
        self._crashes = 0
        self._has_waited = False
        self._needed = 0
        self._is_complete = True
        self._final_ms = 0

    def begin(self) -> None:
        """Choose an engine.

        :raises Refused: none can be used now.
        """
        problem = self._open_one_of(self._engines)
        if problem is not None:
            raise problem

    # -- what the speaker's side says

    def write(self, pcm: bytes) -> None:
        """Sound that follows what came before."""
        leg = self._leg
        if leg is None or not pcm:
            return
        self._is_complete = False
        self._replay.append(pcm)
        self._patience.hear(pcm, at_once=leg.engine.gives_interims and self._wanted.interim)
        leg.write(pcm)

    def finalize(self) -> None:
        """Nobody speaks any more."""
        if self._leg is not None:
            self._is_complete = True
            self._patience.ended()
            self._leg.finalize()

    def close(self) -> None:
        """No more sound comes."""
        leg, self._leg = self._leg, None
        self._patience.stop()
        if leg is not None:
            leg.close()

    def owes(self) -> bool:
        """Whether the engine says that it has yet to answer something."""
        return self._leg is not None and self._leg.owes()

    def waiting(self) -> float:
        """Seconds of speech that wait for the engine."""
        return 0.0 if self._leg is None else self._leg.waiting()

    # -- what the engines say

    def leg_heard(self, leg: Leg, result: Heard) -> None:
        """The engine of *leg* recognised something."""
        engine = leg.engine
        leg.spoke = True
        engine.breaker.worked()
        engine.gives_interims = engine.gives_interims or not result.is_final
        self._answered_by(engine)
        result = self._as_one(result, leg)
        if result.is_final:
            self._final_ms = result.end_ms
            self._crashes = 0
            self._replay.forget(result.end_ms * MILLISECOND)
            self._needed = self._replay.begins
        self._tell(result)
        if result.is_final and self._leg is leg and not leg.is_beginning:
            self._return_from(leg)

    def leg_failed(self, leg: Leg) -> None:
        """The engine of *leg* failed."""
        if leg is self._leg and leg.problem is not None:
            problem, engine = leg.problem, leg.engine
            others = self._others(engine)
            self._blame(leg)
            self._move(
                [*others, *(one for one in self._engines if one is engine)], "failed", problem
            )

    def _answered_by(self, engine: Engine) -> None:
        self._patience.answered()
        self._patience.budget = self._budget
        self._rounds = 0
        self._has_waited = False
        for suspect in self._suspects:
            if suspect is not engine:
                suspect.breaker.failed(for_good=True)
        self._suspects.clear()

    # -- who takes over

    def _stalled(self) -> None:
        """What sounds like speech was not answered in time."""
        leg = self._leg
        if leg is None:
            return
        others = self._others(leg.engine)
        is_behind = leg.waiting() > 0
        if (is_behind or not self._has_waited) and all(one.breaker.is_open for one in others):
            # it may just have much to do, and to begin anew would be more of it
            self._has_waited = not is_behind
            self._patience.wait_on(max(self._budget, self._seconds - 2 * self._budget))
            return
        self._has_waited = False
        self._suspects.append(leg.engine)
        if not others or others[0] is self._engines[0]:
            self._rounds = min(self._rounds + 1, MOST_ROUNDS)
            self._patience.budget = self._budget * 2**self._rounds
        self._log.info("{engine} answers nothing to what may be speech", engine=leg.engine.name)
        problem = Refused("NO_ANSWER", "it answers nothing", where="provider", retryable=True)
        self._move([*others, leg.engine], "stalled", problem)

    def _others(self, engine: Engine) -> list[Engine]:
        """Who may take over from *engine*, those after it first."""
        place = self._engines.index(engine)
        return self._engines[place + 1 :] + self._engines[:place]

    def _return_from(self, leg: Leg) -> None:
        """An utterance has ended: a preferred engine goes on, if it works again."""
        for engine in self._engines[: self._engines.index(leg.engine)]:
            if self._begin(engine) is None:
                self._told.took_over(leg.engine.name, "returned")
                leg.close()
                return
        self._leg = leg

    def _move(self, order: Iterable[Engine], reason: str, problem: Refused) -> None:
        before, self._leg = self._leg, None
        if before is not None:
            before.close()
        if self._replay.begins > self._needed:
            self._told.lost(self._replay.begins - self._needed)
            self._needed = self._replay.begins
        last = self._open_one_of(order, problem)
        if last is not None:
            self._told.lost(self._replay.ends - self._replay.begins)
            self.close()
            self._end(last)
        elif before is not None:
            self._told.took_over(before.engine.name, reason)

    def _open_one_of(self, order: Iterable[Engine], problem: Refused = RESTING) -> Refused | None:
        """The first of *order* that works is asked from now on; None, or why there is none."""
        for engine in order:
            why_not = self._begin(engine)
            if why_not is None:
                return None
            if why_not is not RESTING:
                problem = why_not
        return problem

    def _begin(self, engine: Engine) -> Refused | None:
        """Have *engine* hear all that it has to; None, or why it does not."""
        if not engine.breaker.admit():
            return RESTING
        replay = self._replay
        leg = self._leg = Leg(self, engine, replay.begins)
        is_complete = self._is_complete and replay.ends > replay.begins
        leg.begin(self._wanted, replay.sound(), is_complete=is_complete)
        if leg.problem is None:
            return None
        self._blame(leg)
        self._leg = None
        leg.close()
        return leg.problem

    def _blame(self, leg: Leg) -> None:
        problem = leg.problem
        if problem is None:
            return
        if problem.code == "ENGINE_BUSY":
            # it works well, for as many as it can
            leg.engine.breaker.abandoned()
            return
        self._crashes += 1
        if self._crashes > MOST_CRASHES:
            self._give_up_sound()
        leg.engine.breaker.failed(for_good=not problem.retryable or problem.code == "RATE_LIMITED")
        if not problem.retryable and leg.engine in self._engines:
            self._engines.remove(leg.engine)
        self._log.warn(
            "the recogniser {engine} failed: {problem}",
            engine=leg.engine.name,
            problem=problem.message,
        )

    def _give_up_sound(self) -> None:
        replay = self._replay
        self._told.lost(replay.ends - replay.begins)
        replay.forget(replay.ends)
        self._needed = replay.begins
        self._crashes = 0

    # -- what the listener is told

    def _as_one(self, result: Heard, leg: Leg) -> Heard:
        """*result* on the scale of the first sample that was ever written, never going back."""
        base = leg.since // MILLISECOND
        start = max(result.start_ms + base, self._final_ms)
        words = result.words
        if base:
            words = tuple(
                attrs.evolve(word, start_ms=word.start_ms + base, end_ms=word.end_ms + base)
                for word in words
            )
        return attrs.evolve(
            result,
            start_ms=start,
            end_ms=max(result.end_ms + base, start),
            words=words,
            engine=leg.engine.name,
        )

    def _tell(self, result: Heard) -> None:
        try:
            self._listener.heard(result)
        except Exception:  # noqa: BLE001 - a listener's bug must not cost the engine its stream
            self._log.failure("a listener to speech failed")

    def _end(self, problem: Refused) -> None:
        try:
            self._listener.failed(problem)
        except Exception:  # noqa: BLE001 - as in _tell
            self._log.failure("a listener to speech failed")
