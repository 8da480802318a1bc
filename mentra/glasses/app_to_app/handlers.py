"""What apps say to other users of theirs."""

from mentra.extension import Answer, handler
from mentra.glasses.app_to_app.circles import Member
from mentra.interfaces.glasses import IApps, IFellows
from mentra.interfaces.messaging import IContext
from mentra.interfaces.shared import IAppToApp
from mentra.messages.app_to_app import (
    AppBroadcast,
    AppDirect,
    AppRoomJoin,
    AppRoomLeave,
    AppUserDiscovery,
)


@handler("app", AppBroadcast)
def app_broadcast(message: AppBroadcast, context: IContext) -> None:
    """Pass it on to the app's other users, or to those in a room."""
    member = _member(context)
    if member is not None:
        IAppToApp(context.services).broadcast(member, message)


@handler("app", AppDirect)
def app_direct(message: AppDirect, context: IContext) -> Answer:
    """Pass it on to one of them."""
    member = _member(context)
    if member is None:
        return None
    answer: Answer = IAppToApp(context.services).direct(member, message)
    return answer


@handler("app", AppUserDiscovery)
def app_user_discovery(message: AppUserDiscovery, context: IContext) -> None:
    """The app cares for who is there; the list itself is asked for over HTTP."""
    member = _member(context)
    if member is not None:
        member.active = True


@handler("app", AppRoomJoin)
def app_room_join(message: AppRoomJoin, context: IContext) -> None:
    """Enter a room."""
    member = _member(context)
    if member is not None:
        IAppToApp(context.services).join_room(member, message)


@handler("app", AppRoomLeave)
def app_room_leave(message: AppRoomLeave, context: IContext) -> None:
    """Leave it."""
    member = _member(context)
    if member is not None:
        IAppToApp(context.services).leave_room(member, message.room_id)


def _member(context: IContext) -> Member | None:
    package_name = context.peer.identity.package_name
    if IApps(context.session).running().get(package_name) is not context.peer:
        return None  # the last words of a replaced socket
    member: Member | None = IFellows(context.session).member(package_name)
    return member
