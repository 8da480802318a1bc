"""Carries messages between users of one app, and the news of who comes and goes.

Source: docs/protocol/company.rst.  What is carried never leaves the circle of its app: members are
found by the package name and user id that a socket has proved, never by what is in a message.
"""

from collections import deque
from collections.abc import Iterable

import msgspec
from zope.interface import implementer

from mentra.errors import Refused
from mentra.extension import ComponentFactory
from mentra.glasses.app_to_app.circles import Circle, Letter, Member, Room
from mentra.glasses.app_to_app.section import AppToAppSettings
from mentra.identity import canonical_user_id
from mentra.interfaces.services import IServices
from mentra.interfaces.session import IUserSession
from mentra.interfaces.shared import IAppToApp
from mentra.messages import Message
from mentra.messages.app_to_app import (
    AppBroadcast,
    AppDirect,
    AppDirectResponse,
    AppMessageReceived,
    AppRoomJoin,
    AppRoomUpdated,
    AppUserJoined,
    AppUserLeft,
    RoomConfig,
    RoomUpdate,
)
from mentra.messages.stamps import iso

ABSENT = "The user has no running app"
AWAY = "The user's app is away"


@implementer(IAppToApp)
class Exchange:
    """Knows the users of every app that runs for anybody."""

    def __init__(self, services: IServices) -> None:
        self._services = services
        self._settings: AppToAppSettings = services.settings(AppToAppSettings)
        self._circles: dict[str, Circle] = {}

    # -- who is there

    def came(self, session: IUserSession, package_name: str) -> None:
        """The app runs for the user, or runs again."""
        if session.ending:
            return
        member = self.member(session, package_name)
        if member is None:
            self._enter(session, package_name)
        else:
            self._deliver_waiting(member)

    def _enter(self, session: IUserSession, package_name: str) -> None:
        circle = self._circles.get(package_name)
        if circle is not None and session.user_id in circle.members:
            # of an older session; whoever leaves last takes the circle along
            self._leave(circle, circle.members[session.user_id])
        circle = self._circles.get(package_name) or Circle(deque(maxlen=self._settings.history))
        member = Member(session, package_name, self._services.now())
        self._announce(circle, member, self._joined(member))
        circle.members[session.user_id] = member
        self._circles[package_name] = circle

    def gone(self, session: IUserSession, package_name: str) -> None:
        """The app has stopped for the user; of an older session nothing is known any more."""
        member = self.member(session, package_name)
        if member is not None:
            self._leave(self._circles[package_name], member)

    def over(self, session: IUserSession) -> None:
        """The user's session ends."""
        for package_name in tuple(self._circles):
            self.gone(session, package_name)

    def member(self, session: IUserSession, package_name: str) -> Member | None:
        """The user's part in it, None if the app does not run for them."""
        circle = self._circles.get(package_name)
        found = None if circle is None else circle.members.get(session.user_id)
        return found if found is not None and found.session is session else None

    def others(self, package_name: str, user_id: str) -> tuple[Member, ...]:
        """All other users of the app, in order of their coming."""
        circle = self._circles.get(package_name)
        members = () if circle is None else tuple(circle.members.values())
        return tuple(one for one in members if one.user_id != user_id)

    def history(self, package_name: str) -> tuple[AppMessageReceived, ...]:
        """What was broadcast last, the newest at the end."""
        circle = self._circles.get(package_name)
        return () if circle is None else tuple(circle.history)

    def _leave(self, circle: Circle, member: Member) -> None:
        for room_id in tuple(member.rooms):
            self.leave_room(member, room_id)
        for letter in tuple(member.sent):
            letter.drop()
        for letter in tuple(member.waiting):
            letter.settle(ABSENT)
        del circle.members[member.user_id]
        self._announce(circle, member, self._left(member))
        if not circle.members:
            del self._circles[member.package_name]

    def _announce(self, circle: Circle, member: Member, news: Message) -> None:
        few = len(circle.members) <= self._settings.max_announced
        _tell((one for one in circle.members.values() if few or one.active), news, member)

    def _joined(self, member: Member, room_id: str | None = None) -> AppUserJoined:
        at = iso(member.joined_at if room_id is None else self._services.now())
        return AppUserJoined(user_id=member.user_id, session_id=member.session_id,
                             joined_at=at, room_id=room_id)  # fmt: skip

    def _left(self, member: Member, room_id: str | None = None) -> AppUserLeft:
        return AppUserLeft(user_id=member.user_id, session_id=member.session_id,
                           left_at=iso(self._services.now()), room_id=room_id)  # fmt: skip

    # -- messages

    def broadcast(self, member: Member, message: AppBroadcast) -> int:
        """To all others, or to those in a room; how many got it.

        :raises Refused: ``PAYLOAD_TOO_LARGE`` or ``NOT_IN_ROOM``.
        """
        circle = self._circles[member.package_name]
        carried = self._carried(member, message.payload, message.message_id, message.room_id)
        receivers: Iterable[Member] = circle.members.values()
        if message.room_id is not None:
            room = member.rooms.get(message.room_id)
            if room is None:
                raise Refused("NOT_IN_ROOM", "Join the room before you talk there", where="app")
            receivers = room.members.values()
        circle.history.append(carried)
        return _tell(receivers, carried, member)

    def direct(self, member: Member, message: AppDirect) -> AppDirectResponse | None:
        """To one user; what the sender is to hear, or None if that is to be seen later."""
        target = self._circles[member.package_name].members.get(
            canonical_user_id(message.target_user_id)
        )
        try:
            carried = self._carried(member, message.payload, message.message_id, None)
        except Refused as refusal:
            return _undelivered(message, refusal.message)
        if target is None:
            return _undelivered(message, ABSENT)
        letter = Letter(carried, member, target, message.target_user_id)
        if target.tell(carried):
            return letter.answer()
        if len(target.waiting) >= self._settings.max_waiting or not self._settings.direct_timeout:
            return letter.answer(AWAY)
        seconds = self._settings.direct_timeout
        letter.wait(self._services.clock.callLater(seconds, letter.settle, AWAY))
        return None

    def _deliver_waiting(self, member: Member) -> None:
        for letter in tuple(member.waiting):
            if not member.tell(letter.message):
                return
            letter.settle()

    def _carried(
        self, member: Member, payload: object, message_id: str, room_id: str | None
    ) -> AppMessageReceived:
        member.active = True
        if _size(payload) > self._settings.max_payload:
            most = self._settings.max_payload
            raise Refused("PAYLOAD_TOO_LARGE", f"A payload has at most {most} bytes", where="app")
        return AppMessageReceived(
            payload=payload,
            message_id=message_id,
            sender_user_id=member.user_id,
            sender_session_id=member.session_id,
            room_id=room_id,
        )

    # -- rooms

    def join_room(self, member: Member, message: AppRoomJoin) -> None:
        """Enter a room, made if need be; a full one is not entered.

        :raises Refused: ``TOO_MANY_ROOMS`` or ``PAYLOAD_TOO_LARGE`` (its metadata).
        """
        member.active = True
        circle, config = self._circles[member.package_name], message.room_config
        if config is not None and _size(config.metadata) > self._settings.max_metadata:
            most = self._settings.max_metadata
            raise Refused("PAYLOAD_TOO_LARGE", f"Metadata has at most {most} bytes", where="app")
        room = circle.rooms.get(message.room_id)
        if room is not None and room.members.get(member.user_id) is member:
            self._configure(room, config)
            return
        if room is not None and room.is_full:
            return
        is_one_more = room is None and len(circle.rooms) >= self._settings.max_rooms
        if is_one_more or len(member.rooms) >= self._settings.max_rooms_per_user:
            raise Refused("TOO_MANY_ROOMS", "There are too many rooms", where="app")
        if room is None:
            room = circle.rooms[message.room_id] = Room(message.room_id, config or RoomConfig())
        room.members[member.user_id] = member
        member.rooms[room.room_id] = room
        _tell(room.members.values(), self._joined(member, room.room_id), member)
        _update(room, "user_joined")

    def _configure(self, room: Room, config: RoomConfig | None) -> None:
        if config is not None and config != room.config:
            room.config = config
            _update(room, "config_changed")

    def leave_room(self, member: Member, room_id: str) -> None:
        """Leave a room; the last one closes it."""
        room = member.rooms.pop(room_id, None)
        if room is None:
            return
        del room.members[member.user_id]
        if not room.members:
            del self._circles[member.package_name].rooms[room_id]
            return
        _tell(room.members.values(), self._left(member, room_id), member)
        _update(room, "user_left")


def _tell(receivers: Iterable[Member], message: Message, sender: Member) -> int:
    # one object for all: it is encoded once
    return sum(one.tell(message) for one in tuple(receivers) if one is not sender)


def _update(room: Room, what: RoomUpdate) -> None:
    update = AppRoomUpdated(room_id=room.room_id, update_type=what, room_data=room.data())
    for one in tuple(room.members.values()):
        one.tell(update)


def _undelivered(message: AppDirect, error: str) -> AppDirectResponse:
    return AppDirectResponse(
        message_id=message.message_id,
        success=False,
        error=error,
        target_user_id=message.target_user_id,
    )


def _size(content: object) -> float:
    try:
        return len(msgspec.json.encode(content))
    except (OverflowError, RecursionError, ValueError):
        return float("inf")


exchange = ComponentFactory(IAppToApp, Exchange)
