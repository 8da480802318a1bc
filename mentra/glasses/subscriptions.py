"""Who wants what: each app's list of streams, the newest one it sent."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

import attrs
from twisted.application.service import Service
from twisted.internet.interfaces import IDelayedCall
from twisted.logger import Logger
from zope.interface import implementer

from mentra.events import SubscriptionsChanged
from mentra.extension import ManagerFactory, handler
from mentra.glasses.apps.settings import AppsSettings
from mentra.glasses.stream_names import StreamName, echo, read_list, wants
from mentra.interfaces.glasses import IApps, ISubscriptions
from mentra.interfaces.messaging import IContext
from mentra.interfaces.services import IServices
from mentra.interfaces.session import IUserSession
from mentra.interfaces.stores import IAppStore
from mentra.messages.apps import AppStateChange
from mentra.messages.streams import (
    LOCATION_RATES,
    LOCATION_STREAMS,
    STREAM_ALIASES,
    WILDCARDS,
    permission_for,
)
from mentra.messages.subscriptions import StreamRejection, SubscriptionsRejected, SubscriptionUpdate

MAX_REMEMBERED = 256
"""Events whose receivers are remembered; their languages come from peers, so there is a bound."""

Pairs = tuple[tuple[str, str], ...]
_Event = tuple[str, str | None, str | None]


@attrs.define
class _Listing:
    """What one app wants.

    :ivar believed_at: clock seconds before which an empty list is not believed.
    :ivar waiting: applies an empty list that was not believed when it came.
    """

    names: Mapping[str, StreamName] = attrs.field(factory=dict)
    rate: str | None = None
    believed_at: float = 0.0
    waiting: IDelayedCall | None = None

    def stop_waiting(self) -> None:
        if self.waiting is not None:
            self.waiting.cancel()
        self.waiting = None


@implementer(ISubscriptions)
class Subscriptions(Service):
    """Replaces whole lists; answers from memory."""

    _log = Logger()
    _complained: frozenset[str] = frozenset()

    def __init__(self, session: IUserSession, services: IServices) -> None:
        self._session = session
        self._clock = services.clock
        self._grace: float = services.settings(AppsSettings).subscription_grace
        self._apps = IAppStore(services)
        self._listings: dict[str, _Listing] = {}
        self._matches: dict[_Event, Pairs] = {}
        self._by_kind: Mapping[str, list[tuple[str, StreamName]]] | None = None
        self.version = 0

    def stopService(self) -> None:
        """Nothing is waited for any more."""
        for listing in self._listings.values():
            listing.stop_waiting()
        super().stopService()

    # -- lists

    def update(self, package_name: str, requested: list[Any]) -> tuple[StreamRejection, ...]:
        """Replace an app's list; the entries left out for want of a permission."""
        listing = self._listings.setdefault(package_name, _Listing())
        if not requested and listing.names and self._clock.seconds() < listing.believed_at:
            self._disbelieve(package_name, listing)
            return ()
        listing.stop_waiting()
        wanted = read_list(requested)
        if wanted.invalid:
            self._complain(package_name, wanted.invalid, wanted.example)
        allowed, rejected = self._judge(package_name, wanted.names)
        rate = wanted.rate or LOCATION_RATES[0]
        self._replace(package_name, listing, allowed, rate if _has_location(allowed) else None)
        return rejected

    def began(self, package_name: str) -> None:
        """The app (re)connected: an empty list is not believed for a while from now."""
        listing = self._listings.setdefault(package_name, _Listing())
        listing.believed_at = self._clock.seconds() + self._grace
        if listing.waiting is not None:
            listing.waiting.reset(self._grace)

    def remove(self, package_name: str) -> None:
        """The app is gone for good: forget its list."""
        listing = self._listings.pop(package_name, None)
        if listing is not None:
            listing.stop_waiting()
            if listing.names:
                self._changed(package_name, frozenset(listing.names), frozenset())

    def of(self, package_name: str) -> frozenset[str]:
        """The app's subscription strings."""
        listing = self._listings.get(package_name)
        return frozenset() if listing is None else frozenset(listing.names)

    def everyone(self) -> dict[str, frozenset[str]]:
        """Package name to subscription strings, for every app that has any."""
        return {
            package_name: frozenset(listing.names)
            for package_name, listing in self._listings.items()
            if listing.names
        }

    def rate(self, package_name: str) -> str | None:
        """The app's location rate, None without a location subscription."""
        listing = self._listings.get(package_name)
        return None if listing is None else listing.rate

    def _disbelieve(self, package_name: str, listing: _Listing) -> None:
        # SDKs send an empty list before their app has said what it wants
        if listing.waiting is None and self.running:
            wait = listing.believed_at - self._clock.seconds()
            listing.waiting = self._clock.callLater(wait, self._believe, package_name, listing)

    def _believe(self, package_name: str, listing: _Listing) -> None:
        listing.waiting = None
        self._replace(package_name, listing, {}, None)

    def _judge(
        self, package_name: str, wanted: Mapping[str, StreamName]
    ) -> tuple[dict[str, StreamName], tuple[StreamRejection, ...]]:
        app = self._apps.get(package_name)
        allowed: dict[str, StreamName] = {}
        rejected: list[StreamRejection] = []
        for own, name in wanted.items():
            permission = permission_for(name.kind)
            if permission is None or (app is not None and app.has_permission(permission)):
                allowed[own] = name
            else:
                rejected.append(_rejection(own, permission))
        return allowed, tuple(rejected)

    def _replace(
        self,
        package_name: str,
        listing: _Listing,
        names: Mapping[str, StreamName],
        rate: str | None,
    ) -> None:
        before, after = frozenset(listing.names), frozenset(names)
        if before == after and listing.rate == rate:
            return
        listing.names, listing.rate = names, rate
        self._changed(package_name, before, after)
        self._session.to_glasses(AppStateChange(session_id=self._session.user_id))

    def _changed(self, package_name: str, before: frozenset[str], after: frozenset[str]) -> None:
        self.version += 1
        self._matches.clear()
        self._by_kind = None
        self._session.announce(SubscriptionsChanged(package_name, before, after))

    def _complain(self, package_name: str, count: int, example: str) -> None:
        if package_name not in self._complained:
            self._complained |= {package_name}
            self._log.warn(
                "{package_name} subscribes to {count} things that are no streams, like {example}",
                package_name=package_name,
                count=count,
                example=example,
            )

    # -- who gets an event

    def matching(
        self, stream_type: str, language: str | None = None, target: str | None = None
    ) -> Pairs:
        """(package name, the app's own string) of everyone who gets an event."""
        event = (stream_type, language, target)
        found = self._matches.get(event)
        if found is None:
            if len(self._matches) >= MAX_REMEMBERED:
                self._matches.clear()
            found = self._matches[event] = self._find(*event)
        return found

    def _find(self, stream_type: str, detail: str | None, target: str | None) -> Pairs:
        kind = STREAM_ALIASES.get(stream_type, stream_type)
        pairs = dict.fromkeys(
            (package_name, echo(name, kind))
            for package_name, name in self._candidates(kind)
            if wants(name, kind, detail, target)
        )
        if kind == "touch_event":
            return _once_a_touch(pairs, f"{kind}:{detail}")
        return tuple(pairs)

    def _candidates(self, kind: str) -> Iterable[tuple[str, StreamName]]:
        if self._by_kind is None:
            self._by_kind = self._sorted_by_kind()
        kinds = {kind, *WILDCARDS}
        if kind in LOCATION_STREAMS:
            kinds |= LOCATION_STREAMS
        return (entry for one in kinds for entry in self._by_kind.get(one, ()))

    def _sorted_by_kind(self) -> Mapping[str, list[tuple[str, StreamName]]]:
        by_kind = defaultdict(list)
        for package_name, listing in self._listings.items():
            for name in listing.names.values():
                by_kind[name.kind].append((package_name, name))
        return dict(by_kind)


@handler("app", SubscriptionUpdate)
def subscription_update(
    message: SubscriptionUpdate, context: IContext
) -> SubscriptionsRejected | None:
    """Replace an app's list; tell it what it may not have."""
    package_name = context.peer.identity.package_name
    if IApps(context.session).running().get(package_name) is not context.peer:
        # the last words of a replaced socket: the newest list is the newer socket's
        return None
    rejected = ISubscriptions(context.session).update(package_name, message.subscriptions)
    if not rejected:
        return None
    return SubscriptionsRejected(
        message="Some subscriptions were rejected due to missing permissions",
        details=list(rejected),
    )


subscriptions_manager = ManagerFactory(ISubscriptions, Subscriptions)


def _has_location(names: Mapping[str, StreamName]) -> bool:
    return any(name.kind in LOCATION_STREAMS for name in names.values())


def _rejection(own: str, permission: str) -> StreamRejection:
    return StreamRejection(
        stream=own,
        required_permission=permission,
        message=f"To subscribe to {own}, add the {permission} permission in the developer console",
    )


def _once_a_touch(pairs: Iterable[tuple[str, str]], gesture: str) -> Pairs:
    """An app that named the gesture is told once, under that name."""
    named = {package_name for package_name, own in pairs if own == gesture}
    return tuple((one, own) for one, own in pairs if one not in named or own == gesture)
