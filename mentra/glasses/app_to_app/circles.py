"""Who has an app running, and the rooms they are in."""

from collections import deque
from typing import Any

import attrs
import msgspec
from twisted.internet.interfaces import IDelayedCall

from mentra.identity import app_session_id
from mentra.interfaces.glasses import IApps
from mentra.interfaces.messaging import IPeer
from mentra.interfaces.session import IUserSession
from mentra.messages import Message
from mentra.messages.app_to_app import (
    AppDirectResponse,
    AppMessageReceived,
    RoomConfig,
    RoomData,
)


@attrs.define(eq=False)
class Member:
    """One user's app.

    :ivar joined_at: POSIX seconds.
    :ivar rooms: that the user is in, by their ids.
    :ivar active: whether the app ever used what is offered here.
    :ivar waiting: letters to this user, while the app is away.
    :ivar sent: letters from this user that wait for others.
    """

    session: IUserSession
    package_name: str
    joined_at: float
    rooms: "dict[str, Room]" = attrs.field(factory=dict)
    active: bool = False
    waiting: "list[Letter]" = attrs.field(factory=list)
    sent: "set[Letter]" = attrs.field(factory=set)

    @property
    def user_id(self) -> str:
        """Canonical user id."""
        user_id: str = self.session.user_id
        return user_id

    @property
    def session_id(self) -> str:
        """What the app knows the user's session by."""
        return app_session_id(self.user_id, self.package_name)

    def tell(self, message: Message) -> bool:
        """Send to the app; False while it is away."""
        peer: IPeer | None = IApps(self.session).running().get(self.package_name)
        return peer is not None and peer.send(message)


@attrs.define(eq=False)
class Letter:
    """A message to one user.

    :ivar target_user_id: as the sender wrote it.
    :ivar timer: runs out when the receiver does not come for it.
    """

    message: AppMessageReceived
    sender: Member
    target: Member
    target_user_id: str
    timer: IDelayedCall | None = None

    def answer(self, error: str | None = None) -> AppDirectResponse:
        """What its sender is to hear."""
        return AppDirectResponse(
            message_id=self.message.message_id,
            success=error is None,
            error=error,
            target_user_id=self.target_user_id,
        )

    def wait(self, timer: IDelayedCall) -> None:
        """Be there when the receiver comes back."""
        self.timer = timer
        self.sender.sent.add(self)
        self.target.waiting.append(self)

    def settle(self, error: str | None = None) -> None:
        """It arrived, or never will: the sender hears of it."""
        self.drop()
        self.sender.tell(self.answer(error))

    def drop(self) -> None:
        """Nobody waits for it any more."""
        if self.timer is not None and self.timer.active():
            self.timer.cancel()
        self.timer = None
        self.sender.sent.discard(self)
        if self in self.target.waiting:
            self.target.waiting.remove(self)


@attrs.define(eq=False)
class Room:
    """Some of an app's users."""

    room_id: str
    config: RoomConfig
    members: dict[str, Member] = attrs.field(factory=dict)

    @property
    def is_full(self) -> bool:
        """Whether one more is too many."""
        most = self.config.max_users
        return most is not None and len(self.members) >= most

    def data(self) -> RoomData:
        """What its members are told of it."""
        said: dict[str, Any] = {
            name: value
            for name, value in msgspec.structs.asdict(self.config).items()
            if value is not None
        }
        return RoomData(member_count=len(self.members), **said)


@attrs.define(eq=False)
class Circle:
    """The users of one app.

    :ivar history: what was broadcast last, the newest at the end.
    """

    history: deque[AppMessageReceived]
    members: dict[str, Member] = attrs.field(factory=dict)
    rooms: dict[str, Room] = attrs.field(factory=dict)
