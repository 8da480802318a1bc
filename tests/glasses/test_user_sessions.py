"""Sessions: facets, events, endings, and nothing left behind."""

import gc
import weakref
from types import SimpleNamespace
from typing import Any

import pytest
from twisted.application.service import Service
from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.task import Clock
from zope.interface import Attribute, Interface, alsoProvides, implementer
from zope.interface.exceptions import Invalid

import mentra.plugins.mentra_glasses as dropin
from mentra.errors import Refused, StoreError
from mentra.events import (
    AppRunning,
    AppStopped,
    GlassesAttached,
    GlassesLeft,
    SessionEnding,
    SessionStarted,
)
from mentra.extension import ConfigSection, ManagerFactory, listener
from mentra.glasses.entrance import acknowledgement
from mentra.glasses.session import GlassesSettings
from mentra.identity import Identity
from mentra.interfaces.dashboard import IDashboard
from mentra.interfaces.glasses import IApps, ILights, ILiveSpeech, IMicrophone, ISpeaker
from mentra.interfaces.location import ILocation
from mentra.interfaces.photos import IPhotos
from mentra.interfaces.session import IManagerFactory, ISessions, IUserSession
from mentra.interfaces.stores import IUserStore
from mentra.interfaces.streams import IStreams
from mentra.messages.session import Pong
from mentra.records import User
from mentra.testing.house import house_with, session_in, session_with, success_of
from mentra.testing.peers import FakePeer
from mentra.testing.stores import MemoryAppStore, MemoryUserStore

WING = [
    plugin
    for name, plugin in vars(dropin).items()
    if not name.startswith("_") and not isinstance(plugin, ConfigSection) and name != "sessions"
]


class IThing(Interface):
    """Something that hangs off a session."""

    number: int = Attribute("A number.")


@implementer(IThing)
class Thing(Service):
    """It."""

    number = 7
    made = 0

    def __init__(self, session: Any, services: Any) -> None:
        Thing.made += 1


def test_a_facet_is_built_when_first_asked_for_and_ends_with_the_session():
    session = session_with(ManagerFactory(IThing, Thing))
    before = Thing.made

    thing = IThing(session)
    again = IThing(session)

    assert (before, Thing.made) == (0, 1)
    assert thing is again
    assert thing.running
    success_of(session.stopService() or _nothing())
    assert not thing.running


async def _nothing() -> None:
    return None


def test_an_interface_nobody_provides_cannot_be_had():
    session = session_with()

    with pytest.raises(TypeError, match="Could not adapt"):
        IThing(session)
    assert IThing(session, None) is None


def test_a_facet_that_breaks_its_promise_is_refused_at_once():
    session = session_with(ManagerFactory(IThing, lambda session, services: object()))

    with pytest.raises(Invalid):
        IThing(session)


def test_a_facet_is_compared_with_its_interface_once_for_all_sessions():
    looked = []

    @implementer(IThing)
    class Watched:
        @property
        def number(self) -> int:
            looked.append(self)
            return 7

    house = house_with(ManagerFactory(IThing, lambda session, services: Watched()))

    things = [IThing(session_in(house, user)) for user in ("ann@x.org", "bob@x.org", "cy@x.org")]

    assert looked == things[:1]


@implementer(IThing)
class Numberless:
    """Says it is a thing, and is none."""


@pytest.mark.parametrize("wrong", [Numberless, object])
def test_a_wrong_facet_is_refused_each_time_and_after_right_ones_too(wrong):
    built = iter([Thing(None, None), wrong(), wrong(), Thing(None, None)])
    house = house_with(ManagerFactory(IThing, lambda session, services: next(built)))
    ann, bob, cy = (session_in(house, user) for user in ("ann@x.org", "bob@x.org", "cy@x.org"))
    IThing(ann)

    for _ in range(2):
        with pytest.raises(Invalid, match="IThing"):
            IThing(bob)

    assert isinstance(IThing(cy), Thing)


def test_a_facet_of_a_good_class_must_say_itself_what_it_provides():
    class Plain:
        number = 7

    told, untold = Plain(), Plain()
    alsoProvides(told, IThing)
    built = iter([told, untold])
    house = house_with(ManagerFactory(IThing, lambda session, services: next(built)))
    IThing(session_in(house))

    with pytest.raises(Invalid, match="Does not declaratively implement the interface"):
        IThing(session_in(house, "bob@x.org"))


def test_a_session_provides_what_it_says():
    from zope.interface.verify import verifyObject

    house = house_with()

    assert verifyObject(IUserSession, session_in(house))
    assert verifyObject(ISessions, ISessions(house))


def test_events_are_told_in_order_and_one_listeners_bug_costs_itself_alone(logged_failures):
    heard: list[Any] = []

    @listener(SessionStarted, order=1)
    def broken(event: Any, session: Any) -> None:
        raise KeyError

    @listener(SessionStarted, order=2)
    def fine(event: Any, session: Any) -> None:
        heard.append((type(event), session.user_id))

    session_with(broken, fine)

    assert heard == [(SessionStarted, "ann@x.org")]
    assert "broken" in logged_failures[0]["listener"]
    logged_failures.clear()


def test_ending_an_old_session_never_ends_a_newer_one_of_the_same_user():
    house = house_with()
    sessions = ISessions(house)
    old = session_in(house)
    success_of(sessions.end(old, "test"))
    new = session_in(house)

    success_of(sessions.end(old, "again"))

    assert new is not old
    assert new.number > old.number
    assert sessions.get("ann@x.org") is new
    assert not new.ending


def test_an_ending_is_announced_once_and_closes_the_glasses():
    heard: list[Any] = []

    @listener(SessionEnding)
    def hear(event: Any, session: Any) -> None:
        heard.append(event)

    house = house_with(hear)
    session = session_in(house)
    peer = session.glasses

    success_of(ISessions(house).end(session, "grace period over"))
    success_of(ISessions(house).end(session, "again"))

    assert len(heard) == 1
    assert (peer.close_code, peer.close_reason) == (1000, "grace period over")
    assert session.to_glasses(Pong()) is False


def test_only_the_current_socket_counts():
    heard: list[Any] = []

    @listener(GlassesLeft)
    def hear(event: Any, session: Any) -> None:
        heard.append(event)

    clock = Clock()
    house = house_with(hear, clock=clock)
    session = session_in(house)
    old = session.glasses
    session_in(house)

    ISessions(house).glasses_closed(session, old)
    clock.advance(100)

    assert heard == []
    assert ISessions(house).get("ann@x.org") is session


def test_grace_can_be_switched_off_and_then_a_session_stays():
    clock = Clock()
    house = house_with(clock=clock, sections=[GlassesSettings(grace_enabled=False)])
    session = session_in(house)

    ISessions(house).glasses_closed(session, session.glasses)
    clock.advance(10_000)

    assert ISessions(house).get("ann@x.org") is session


def test_a_socket_that_is_gone_before_its_session_was_made_makes_none():
    house = house_with()
    peer = FakePeer(identity=Identity("ann@x.org"), alive=False)

    with pytest.raises(Refused):
        success_of(ISessions(house).glasses_opened("ann@x.org", peer))
    assert ISessions(house).all() == ()


class SlowUserStore(MemoryUserStore):
    """Makes users when it is told to."""

    def __init__(self) -> None:
        super().__init__(MemoryAppStore())
        self.asked: list[str] = []
        self.answer: Deferred[None] = Deferred()
        self.gave_up = False

    def create(self, user_id: str) -> Deferred[User]:
        """The user, made once ``answer`` fires."""
        self.asked.append(user_id)
        self.answer = Deferred(lambda _: setattr(self, "gave_up", True))
        return self.answer.addCallback(lambda _: super(SlowUserStore, self).create(user_id))


@pytest.fixture
def slow() -> Any:
    """A slow store, and glasses that come."""
    store = SlowUserStore()
    house = house_with(parts={IUserStore: store})

    def come(user_id: str = "ann@x.org") -> tuple[FakePeer, Deferred[Any]]:
        peer = FakePeer(identity=Identity(user_id))
        coming = Deferred.fromCoroutine(ISessions(house).glasses_opened(user_id, peer))
        return peer, coming

    def reset(peer: FakePeer, coming: Deferred[Any]) -> None:
        peer.alive = False
        coming.addErrback(lambda failure: failure.trap(CancelledError))
        coming.cancel()

    return SimpleNamespace(store=store, come=come, reset=reset, sessions=ISessions(house))


def test_glasses_that_go_at_once_leave_the_making_of_their_user_to_be_finished(slow):
    slow.reset(*slow.come())

    slow.store.answer.callback(None)

    assert not slow.store.gave_up
    assert success_of(slow.store.all()) == ("ann@x.org",)
    assert slow.sessions.all() == ()


def test_glasses_that_come_again_meanwhile_find_the_user_in_the_making(slow):
    slow.reset(*slow.come())
    peer, coming = slow.come()

    slow.store.answer.callback(None)

    assert slow.store.asked == ["ann@x.org"]
    assert success_of(coming).glasses is peer


def test_two_sockets_of_one_person_at_once_are_one_look_and_one_session(slow):
    (older, first), (newer, second) = slow.come(), slow.come()

    slow.store.answer.callback(None)

    assert slow.store.asked == ["ann@x.org"]
    session = success_of(first)
    assert session is success_of(second)
    assert session.glasses is newer
    assert older.close_code == 1000


def test_people_are_looked_up_each_on_their_own_and_anew_each_time(slow):
    slow.come("ann@x.org")
    slow.come("bob@x.org")
    slow.store.answer.callback(None)
    slow.reset(*slow.come("cy@x.org"))
    slow.store.answer.callback(None)

    slow.come("cy@x.org")

    assert slow.store.asked == ["ann@x.org", "bob@x.org", "cy@x.org", "cy@x.org"]


def test_a_store_that_fails_is_told_to_whoever_still_waits(slow):
    slow.reset(*slow.come())
    _, coming = slow.come()

    slow.store.answer.errback(StoreError("the disk is full"))

    with pytest.raises(StoreError, match="disk is full"):
        success_of(coming)


def test_a_store_that_fails_for_somebody_who_left_is_logged(slow, logged_failures):
    slow.reset(*slow.come())

    slow.store.answer.errback(StoreError("the disk is full"))

    assert "disk is full" in str(logged_failures.pop()["log_failure"])


@pytest.mark.parametrize("plugins", [[], WING], ids=["bare", "the whole wing"])
def test_an_ended_session_is_dead_after_one_collection_and_has_no_timer_left(plugins):
    clock = Clock()
    house = house_with(*plugins, clock=clock)
    session = session_in(house)
    for factory in plugins:
        if isinstance(factory, ManagerFactory):
            factory.provides(session)
    clock.advance(1)
    ISessions(house).glasses_closed(session, session.glasses)

    clock.advance(61)
    alive = weakref.ref(session)
    del session
    gc.collect()

    assert alive() is None
    assert clock.getDelayedCalls() == []


# -- ten thousand of them


def built(session: Any) -> set[Any]:
    return {one for one in session_facets() if session.built(one) is not None}


def session_facets() -> list[Any]:
    return [one.provides for one in WING if IManagerFactory.providedBy(one)]


def test_glasses_that_merely_connect_have_only_what_every_session_needs():
    house = house_with(*WING)
    session = session_in(house)

    acknowledgement(session, house)
    session.announce(GlassesAttached(reconnected=False))

    assert built(session) == {IApps}


def test_glasses_that_come_back_have_their_microphone_looked_after_besides():
    session = session_with(*WING)

    session.announce(GlassesAttached(reconnected=True))

    assert built(session) == {IApps, IMicrophone}


def test_a_session_that_did_nothing_needs_nothing_more_to_end():
    session = session_with(*WING)
    before = built(session)

    session.announce(SessionEnding())

    assert built(session) == before


def test_an_app_that_comes_and_goes_leaves_nothing_built_that_it_never_used():
    session = session_with(*WING)

    session.announce(AppRunning("com.acme", "started"))
    session.announce(AppStopped("com.acme", was_running=True))

    unused = {IDashboard, ILights, ILiveSpeech, ILocation, IPhotos, ISpeaker, IStreams}
    assert not built(session) & unused


def test_a_session_that_restores_nothing_keeps_nothing_of_having_looked():
    clock = Clock()
    session = session_with(*WING, clock=clock)
    calls = [weakref.ref(one) for one in clock.getDelayedCalls()]
    assert calls
    assert built(session) == {IApps}

    clock.advance(0)

    gc.collect()
    assert [one() for one in calls] == [None] * len(calls)
