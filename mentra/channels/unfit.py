"""What a payload says can be read, and cannot be: told with the place, as the dialect does it."""

from collections.abc import Awaitable, Callable
from functools import wraps
from typing import Any

from mentra.errors import Refused
from mentra.extension import Answer
from mentra.interfaces.messaging import IContext
from mentra.messages.channels import INVALID_MESSAGE, Declined, Problem, Wrong

Act = Callable[[Any, IContext], Awaitable[Answer]]


class Unfit(Refused):
    """A part of a payload is not what it must be.

    :ivar wrong: which, and why.
    """

    def __init__(self, wrong: Wrong) -> None:
        text = f"{wrong.path}: {wrong.message}" if wrong.path else wrong.message
        super().__init__(INVALID_MESSAGE, text)
        self.wrong = wrong

    def answer(self) -> Declined:
        """What the page is told."""
        problem = Problem(code=INVALID_MESSAGE, message=self.message, details=[self.wrong])
        return Declined(problem=problem)


def placed(act: Act) -> Act:
    """A handler's function, of which a page is told the place where it finds something unfit."""

    @wraps(act)
    async def acting(message: Any, context: IContext) -> Answer:
        try:
            return await act(message, context)
        except Unfit as unfit:
            return unfit.answer()

    return acting
