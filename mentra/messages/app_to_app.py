"""Messages between users of one app.  Source: docs/protocol/company.rst."""

from typing import Annotated, Any, ClassVar, Literal

import msgspec
from msgspec import Meta

from mentra.messages import Message

RoomUpdate = Literal["user_joined", "user_left", "config_changed", "room_closed"]
Name = Annotated[str, Meta(max_length=200)]


# -- what apps say


class AppBroadcast(Message, frozen=True, kw_only=True, tag="app_broadcast_message"):
    """To all other users of the app, or to those in a room."""

    payload: Any = None
    message_id: Name = ""
    room_id: Name | None = None


class AppDirect(Message, frozen=True, kw_only=True, tag="app_direct_message"):
    """To one of them."""

    target_user_id: Annotated[str, Meta(max_length=320)]
    payload: Any = None
    message_id: Name = ""


class AppUserDiscovery(Message, frozen=True, kw_only=True, tag="app_user_discovery"):
    """The app wants to know who is there; it hears who comes and goes from now on."""


class RoomConfig(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What a room is like.

    :ivar max_users: one more is not let in.
    :ivar metadata: whatever the app likes.
    """

    max_users: Annotated[int, Meta(ge=1)] | None = None
    is_private: bool | None = None
    metadata: dict[str, Any] | None = None


class AppRoomJoin(Message, frozen=True, kw_only=True, tag="app_room_join"):
    """The user enters a room, which is made if need be."""

    room_id: Annotated[str, Meta(min_length=1, max_length=200)]
    room_config: RoomConfig | None = None


class AppRoomLeave(Message, frozen=True, kw_only=True, tag="app_room_leave"):
    """The user leaves it."""

    room_id: Name


# -- what they are told


class AppMessageReceived(Message, frozen=True, kw_only=True, tag="app_message_received"):
    """Another user of the app said something.

    :ivar sender_session_id: app session id.
    """

    sent_to: ClassVar[tuple[str, ...]] = ("app",)
    payload: Any
    message_id: str
    sender_user_id: str
    sender_session_id: str
    room_id: str | None = None


class AppUserJoined(Message, frozen=True, kw_only=True, tag="app_user_joined"):
    """Another user is there.

    :ivar session_id: app session id.
    :ivar joined_at: ISO 8601.
    """

    sent_to: ClassVar[tuple[str, ...]] = ("app",)
    user_id: str
    session_id: str
    joined_at: str
    room_id: str | None = None


class AppUserLeft(Message, frozen=True, kw_only=True, tag="app_user_left"):
    """Another user is gone.

    :ivar session_id: app session id.
    :ivar left_at: ISO 8601.
    """

    sent_to: ClassVar[tuple[str, ...]] = ("app",)
    user_id: str
    session_id: str
    left_at: str
    room_id: str | None = None


class RoomData(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What a room is like now."""

    member_count: int
    max_users: int | msgspec.UnsetType = msgspec.UNSET
    is_private: bool | msgspec.UnsetType = msgspec.UNSET
    metadata: dict[str, Any] | msgspec.UnsetType = msgspec.UNSET


class AppRoomUpdated(Message, frozen=True, kw_only=True, tag="app_room_updated"):
    """A room that the user is in changed."""

    sent_to: ClassVar[tuple[str, ...]] = ("app",)
    room_id: str
    update_type: RoomUpdate
    room_data: RoomData


class AppDirectResponse(Message, frozen=True, kw_only=True, tag="app_direct_message_response"):
    """What became of a message to one user."""

    sent_to: ClassVar[tuple[str, ...]] = ("app",)
    message_id: str
    success: bool
    error: str | None = None
    target_user_id: str
