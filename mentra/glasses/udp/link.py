"""One session's datagrams.  Source: docs/protocol/glasses, "Sound over UDP"."""

from functools import partial
from typing import Any

from twisted.application.service import Service
from twisted.logger import Logger
from zope.interface import implementer

from mentra.extension import ManagerFactory, handler
from mentra.glasses.udp.reordering import Reordering
from mentra.glasses.udp.secrecy import SecretBox, secret_box
from mentra.glasses.udp.settings import UdpSettings
from mentra.interfaces.audio import IAudio, IUdp
from mentra.interfaces.messaging import IContext
from mentra.interfaces.services import IServices
from mentra.interfaces.session import IUserSession
from mentra.interfaces.transports import IUdpPort
from mentra.messages.transports import UdpPingAck, UdpRegister, UdpUnregister

PING = b"PING"

PING_PAUSE = 0.05
"""Seconds between two pings that are answered: the answer is longer than the ping."""

RATE_OVER = 10.0
"""Seconds over which datagrams are counted."""


@implementer(IUdp)
class UdpLink(Service):
    """Answers pings, opens, orders, and gives sound to the session.

    Anybody can send a datagram with anybody's hash.  So once one came from the address of the
    phone's socket, those from elsewhere are not taken any more; but a phone may well have another
    address for datagrams, and whoever is quicker than it must not make it deaf.
    """

    _log = Logger()

    def __init__(self, session: IUserSession, services: IServices) -> None:
        self._session = session
        self._clock = services.clock
        self._port = IUdpPort(services)
        self._settings: UdpSettings = services.settings(UdpSettings)
        self._hash = user_hash(session.user_id)
        self._box: SecretBox | None = None
        self._is_encrypted = False
        self._at_home = False
        self._pinged = self._counted_since = -RATE_OVER
        self._count = 0
        self._reordering = self._new_order()

    def stopService(self) -> None:
        """Datagrams are a stranger's from now on."""
        self.unregister()
        super().stopService()

    def secrecy(self, wanted: bool) -> dict[str, str] | None:
        """Whether datagrams are encrypted from now on, and how."""
        if wanted and self._box is None:
            # one key for the session: what is on its way when a phone asks again can still be read
            self._box = secret_box()
        self._is_encrypted = wanted and self._box is not None
        return self._box.offer if self._box is not None and self._is_encrypted else None

    def register(self, user_hash: int) -> bool:
        """The phone will send datagrams; False: none would be taken."""
        self._at_home = False
        self._reordering = self._new_order()
        # the socket says who it is: another user's hash would bring another user's voice
        mine = self._hash == user_hash & 0xFFFFFFFF
        return mine and bool(self.running) and self._port.register(self._hash, self)

    def unregister(self) -> None:
        """It will not any more."""
        self._port.unregister(self._hash, self)

    def received(self, sequence: int, payload: bytes, host: str) -> None:
        """A datagram with our hash came from *host*."""
        now = self._clock.seconds()
        is_ping = payload.startswith(PING)
        # what opens is the phone's, wherever it comes from
        opens = self._is_encrypted and not is_ping
        if not opens and self._is_foreign(host):
            self._port.dropped("elsewhere")
            return
        if opens and self._box is not None:
            opened = self._box.open(payload)
            if opened is None:
                self._port.dropped("sealed")
                return
            payload = opened
        if not self._within_rate(now):
            self._port.dropped("rate")
        elif is_ping:
            self._answer(now)
        else:
            self._take(sequence, payload, now)

    def _is_foreign(self, host: str) -> bool:
        glasses = self._session.glasses
        if glasses is not None and _plain(host) == _plain(glasses.address):
            self._at_home = True
            return False
        return self._at_home or self._settings.same_address

    def _answer(self, now: float) -> None:
        if now - self._pinged >= PING_PAUSE:
            self._pinged = now
            self._session.to_glasses(UdpPingAck())

    def _take(self, sequence: int, payload: bytes, now: float) -> None:
        audio = IAudio(self._session)
        for one in self._reordering.take(sequence, payload, now):
            audio.heard_apart(one.payload, one.came)

    def _new_order(self) -> Reordering:
        settings, late = self._settings, partial(self._port.dropped, "late")
        return Reordering(settings.held, settings.patience, settings.leap, late)

    def _within_rate(self, now: float) -> bool:
        if now - self._counted_since >= RATE_OVER:
            self._counted_since, self._count = now, 0
        self._count += 1
        return self._count <= self._settings.max_rate * RATE_OVER


def _plain(address: str) -> str:
    """An IPv4 address looks different where both kinds arrive."""
    return address.removeprefix("::ffff:")


def user_hash(user_id: str) -> int:
    """FNV-1a of the user id in UTF-8, 32 bits."""
    value = 0x811C9DC5
    for byte in user_id.encode():
        value = (value ^ byte) * 0x01000193 & 0xFFFFFFFF
    return value


udp_manager = ManagerFactory(IUdp, UdpLink)

_log = Logger()


@handler("glasses", UdpRegister)
def udp_register(message: UdpRegister, context: IContext) -> None:
    """Take the phone's datagrams.  Where that is not possible it hears nothing: its pings find no
    answer, and it goes on with its socket."""
    session: Any = context.session
    if not IUdp(session).register(message.user_id_hash):
        _log.info("session {number} gets no sound by UDP", number=session.number)


@handler("glasses", UdpUnregister)
def udp_unregister(message: UdpUnregister, context: IContext) -> None:
    """Take no more of them."""
    IUdp(context.session).unregister()
