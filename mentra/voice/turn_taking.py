"""Whose turn it is: the states of a conversation, and the moves between them.

Source: docs/protocol/voice, "turns".
"""

from collections.abc import Callable
from typing import Protocol

import attrs
from automat import TypeMachineBuilder


class TurnTaking(Protocol):
    """What can happen in a conversation."""

    def hears(self) -> None:
        """Speech is coming in."""

    def is_asked(self) -> None:
        """What was said, or typed, is complete."""

    def gives_up(self) -> None:
        """What was said so far does not count."""

    def answers(self) -> None:
        """The answer is heard."""

    def is_done(self) -> None:
        """The answer is complete."""

    def is_interrupted(self) -> None:
        """Somebody wants it to stop."""

    def fails(self) -> None:
        """Something went wrong."""

    def settles(self) -> None:
        """After an interruption or a failure everything is as before."""


@attrs.define
class Floor:
    """Who has the word.

    :ivar moved: told the state before and the state now.
    :ivar state: the name of the state.
    """

    moved: Callable[[str, str], None]
    state: str = "idle"

    def move(self, state: str) -> None:
        """The state is another one now."""
        before, self.state = self.state, state
        self.moved(before, state)


MOVES: dict[str, dict[Callable[..., None], str]] = {
    "idle": {TurnTaking.hears: "listening", TurnTaking.fails: "error"},
    "listening": {
        TurnTaking.is_asked: "processing",
        TurnTaking.gives_up: "idle",
        TurnTaking.is_interrupted: "interrupted",
        TurnTaking.fails: "error",
    },
    "processing": {
        TurnTaking.answers: "speaking",
        TurnTaking.gives_up: "idle",
        TurnTaking.is_done: "idle",
        TurnTaking.is_interrupted: "interrupted",
        TurnTaking.fails: "error",
    },
    "speaking": {
        TurnTaking.is_done: "idle",
        TurnTaking.is_interrupted: "interrupted",
        TurnTaking.fails: "error",
    },
    "interrupted": {TurnTaking.settles: "idle", TurnTaking.fails: "error"},
    "error": {TurnTaking.settles: "idle"},
}
"""State to what may happen in it, and the state after that; whatever is not here raises."""


def _moving_to(state: str) -> Callable[[TurnTaking, Floor], None]:
    def move(turn_taking: TurnTaking, floor: Floor) -> None:
        floor.move(state)

    return move


_builder = TypeMachineBuilder(TurnTaking, Floor)
_states = {name: _builder.state(name) for name in MOVES}
for _name, _moves in MOVES.items():
    for _input, _target in _moves.items():
        _states[_name].upon(_input).to(_states[_target])(_moving_to(_target))

turn_taking_machine = _builder.build()
