"""Who is told, once, that nothing is to come, and why."""

from collections.abc import Callable, Iterator

from mentra.errors import Refused
from mentra.glasses.captions.wishes import Wish, base_of
from mentra.glasses.stream_names import ANY_LANGUAGE, ANY_SOURCE, StreamName, parse
from mentra.interfaces.glasses import IApps, ISubscriptions
from mentra.interfaces.session import IUserSession
from mentra.messages import Fault

Told = tuple[str, str]
"""A package and its subscription."""


class Refusals:
    """Remembers who knows; who subscribes anew is told anew."""

    def __init__(self, session: IUserSession) -> None:
        self._apps = IApps(session)
        self._subscriptions = ISubscriptions(session)
        self._told: set[Told] = set()

    def tell(self, wish: Wish, problem: Refused) -> None:
        """Nothing that is said in the language of *wish* can be recognised."""
        self._tell(lambda name: _is_source(name, wish.base), problem)

    def tell_translation(self, wish: Wish, target: str, problem: Refused) -> None:
        """What is said in the language of *wish* cannot be translated.

        :param target: base language.
        """
        self._tell(
            lambda name: (
                name.target is not None
                and base_of(name.target) == target
                and _is_source(name, wish.base)
            ),
            problem,
        )

    def worked(self, wish: Wish) -> None:
        """It is recognised again: the next time that it is not is worth a word."""
        if self._told:
            self._told.difference_update(self._concerned(wish.base))

    def subscribed(self) -> None:
        """Lists have changed: what is gone from them is forgotten."""
        if self._told:
            everyone = self._subscriptions.everyone()
            self._told = {
                (package_name, own)
                for package_name, own in self._told
                if own in everyone.get(package_name, ())
            }

    def _tell(self, concerns: Callable[[StreamName], bool], problem: Refused) -> None:
        fault = Fault(
            code=problem.code,
            message=problem.message,
            where=problem.where,
            retryable=problem.retryable,
        )
        running = self._apps.running()
        for package_name, names in self._names():
            peer = running.get(package_name)
            news = {(package_name, name.own) for name in names if concerns(name)}
            if peer is not None and not news <= self._told and peer.send(fault):
                self._told |= news

    def _concerned(self, base: str) -> Iterator[Told]:
        for package_name, names in self._names():
            for name in names:
                if _is_source(name, base):
                    yield package_name, name.own

    def _names(self) -> Iterator[tuple[str, list[StreamName]]]:
        for package_name, own in self._subscriptions.everyone().items():
            names = (parse(one) for one in sorted(own))
            yield package_name, [one for one in names if one is not None]


def _is_source(name: StreamName, base: str) -> bool:
    """Whether *name* wants what is said in *base*."""
    if name.kind not in ("transcription", "translation") or name.detail is None:
        return False
    return name.detail in (ANY_LANGUAGE, ANY_SOURCE) or base_of(name.detail) == base
