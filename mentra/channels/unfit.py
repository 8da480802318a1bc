"""What a payload says can be read, and cannot be: told with the place, as the dialect does it."""

from mentra.errors import Refused
from mentra.messages.channels import INVALID_MESSAGE, Declined, Problem, Wrong


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
