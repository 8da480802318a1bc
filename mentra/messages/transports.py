"""Other ways for sound than the glasses' socket.  Source: docs/protocol."""

from typing import ClassVar

from mentra.messages import GivesWay, Message


class UdpRegister(Message, frozen=True, kw_only=True, tag="udp_register"):
    """Datagrams will come.

    :ivar user_id_hash: FNV-1a of the user id, 32 bits.
    """

    user_id_hash: int


class UdpUnregister(Message, frozen=True, kw_only=True, tag="udp_unregister"):
    """No more datagrams will come."""

    user_id_hash: int


class UdpPingAck(Message, frozen=True, kw_only=True, tag="udp_ping_ack"):
    """A datagram with a ping arrived."""

    sent_to: ClassVar[tuple[str, ...]] = ("glasses",)
    gives_way: ClassVar[GivesWay] = GivesWay.KEEP_NEWEST


class LivekitInit(Message, frozen=True, kw_only=True, tag="livekit_init"):
    """Ask for a room.

    :ivar mode: ``publish``, or ``subscribe`` to hear as well.
    """

    mode: str = "publish"


class LivekitInfo(Message, frozen=True, kw_only=True, tag="livekit_info"):
    """Where the room is.

    :ivar token: opens it for five minutes.
    """

    sent_to: ClassVar[tuple[str, ...]] = ("glasses",)
    url: str
    room_name: str
    token: str
