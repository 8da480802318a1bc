"""Utterances that wait for a worker, and which of them is next."""

from collections.abc import Iterator

from mentra.speech.job import Job


class Queue:
    """Whose sound is all there comes first, in the order of coming: that is soon done, while one
    that is still being said has a worker wait for it."""

    def __init__(self) -> None:
        self._jobs: list[Job] = []

    def __len__(self) -> int:
        return len(self._jobs)

    def __iter__(self) -> Iterator[Job]:
        return iter(tuple(self._jobs))

    def add(self, job: Job) -> None:
        """It waits behind all others of its kind."""
        self._jobs.append(job)

    def put_first(self, job: Job) -> None:
        """It has waited already."""
        self._jobs.insert(0, job)

    def remove(self, job: Job) -> None:
        """It waits no longer, if it did."""
        if job in self._jobs:
            self._jobs.remove(job)

    def clear(self) -> None:
        """None waits any more."""
        self._jobs.clear()

    @property
    def has_complete(self) -> bool:
        """Whether there is one whose sound is all there."""
        return any(job.is_over for job in self._jobs)

    def next(self) -> Job:
        """Take out the one that is next.

        :raises IndexError: there is none.
        """
        place = next((at for at, job in enumerate(self._jobs) if job.is_over), 0)
        return self._jobs.pop(place)
