"""To whom captions go: each subscriber once, under its own string."""

from collections.abc import Iterable

import msgspec

from mentra.glasses.captions.data import Spoken
from mentra.interfaces.glasses import IRelay, ISubscriptions
from mentra.interfaces.session import IUserSession


class Delivery:
    """Sends to a session's apps; permissions are looked at by the relay, each time."""

    def __init__(self, session: IUserSession) -> None:
        self._relay = IRelay(session)
        self._subscriptions = ISubscriptions(session)

    def send(self, kind: str, spoken: Iterable[tuple[str, str | None, Spoken]]) -> int:
        """The same thing said, as subscribers of several languages are told; how many frames were
        sent.

        :param kind: ``transcription`` or ``translation``.
        :param spoken: language, target language, and what its subscribers get.
        """
        (first, *others) = spoken
        language, target, data = first
        sent: int = self._relay.relay(kind, msgspec.json.encode(data), language, target)
        if not others:
            return sent
        # whoever wants any language has had it
        served = set(self._subscriptions.matching(kind, language, target))
        for language, target, data in others:
            raw = msgspec.json.encode(data)
            for package_name, own in self._subscriptions.matching(kind, language, target):
                if (package_name, own) not in served:
                    served.add((package_name, own))
                    sent += self._relay.to_app(package_name, own, raw)
        return sent
