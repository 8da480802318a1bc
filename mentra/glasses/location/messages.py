"""What phones and apps say of locations, and what follows from the rest.

Source: docs/protocol/location.rst.
"""

import msgspec

from mentra.errors import Refused
from mentra.events import AppStopped, GlassesAttached, SubscriptionsChanged
from mentra.extension import handler, listener
from mentra.glasses.location.positions import position_of
from mentra.interfaces.location import ILocation
from mentra.interfaces.messaging import IContext
from mentra.interfaces.session import IUserSession
from mentra.messages.location import LocationPollRequest, LocationUpdate
from mentra.messages.streams import LOCATION_STREAMS, kind_of
from mentra.records import Whereabouts

NOWHERE = Whereabouts()
"""What is known of a wearer of whom nothing is known."""


@handler("glasses", LocationUpdate)
def location_update(message: LocationUpdate, context: IContext) -> None:
    """The phone says where it is, or answers a poll.

    :raises Refused: ``INVALID_LOCATION``.
    """
    wrapped = message.location is not None
    said = {"location": message.location} if wrapped else msgspec.structs.asdict(message)
    position = position_of(said, context.services.now())
    if position is None:
        text = "A location has lat from -90 to 90 and lng from -180 to 180"
        raise Refused("INVALID_LOCATION", text, where="phone")
    location = ILocation(context.session)
    answers = message.correlation_id
    if answers is None and wrapped and message.location is not None:
        answers = message.location.get("correlationId")
    if not isinstance(answers, str) or not location.answer(answers, position):
        location.update(position, b"" if wrapped else message.raw)


@handler("app", LocationPollRequest)
def location_poll_request(message: LocationPollRequest, context: IContext) -> None:
    """Tell an app where the wearer is, from memory or from the phone.

    :raises Refused: ``PERMISSION_DENIED``, ``TOO_MANY_POLLS`` or ``INVALID_POLL``.
    """
    accuracy = message.accuracy if isinstance(message.accuracy, str) else ""
    package_name = context.peer.identity.package_name
    ILocation(context.session).poll(package_name, accuracy, message.correlation_id)


@listener(SubscriptionsChanged)
def subscriptions_for_location(event: SubscriptionsChanged, session: IUserSession) -> None:
    """An app wants locations, at another rate, or not any more."""
    fresh = sorted(one for one in event.after - event.before if kind_of(one) in LOCATION_STREAMS)
    ILocation(session).subscriptions_changed(event.package_name, fresh)


@listener(AppStopped)
def app_stopped_for_location(event: AppStopped, session: IUserSession) -> None:
    """Nobody waits for its polls."""
    location = session.built(ILocation)
    if location is not None:
        location.forget(event.package_name)


@listener(GlassesAttached)
def glasses_for_location(event: GlassesAttached, session: IUserSession) -> None:
    """A phone that was away may have missed what it was asked, and a new one may be asked too
    much."""
    # most that come have nothing to do with places, and connect in thousands
    if session.built(ILocation) is not None or session.user.whereabouts != NOWHERE:
        ILocation(session).phone_came(event.reconnected)
