"""The way of every chunk of sound.  Source: docs/protocol/glasses, "Sound"."""

from collections.abc import Callable

import attrs
from twisted.application.service import Service
from twisted.internet.interfaces import IDelayedCall
from twisted.logger import Logger
from zope.interface import implementer

from mentra.events import VoiceActivity
from mentra.extension import ManagerFactory, handler
from mentra.glasses.audio.recent import SECOND, STRIDE, Recent
from mentra.glasses.audio.settings import AudioSettings
from mentra.glasses.audio.unpacking import Unpacker
from mentra.interfaces.audio import IAudio
from mentra.interfaces.engines import ILc3
from mentra.interfaces.glasses import IMicrophone, IRelay
from mentra.interfaces.messaging import IContext
from mentra.interfaces.services import IServices
from mentra.interfaces.session import IUserSession
from mentra.messages.audio import AudioChunk
from mentra.speech.pieces import Pieces

APART = "apart"
"""Names the source of sound that did not come through a socket."""

Hear = Callable[[bytes], None]


@attrs.frozen(eq=False)
class _Listener:
    """Somebody inside the server who wants the sound."""

    hear: Hear
    pieces: Pieces | None


@implementer(IAudio)
class Audio(Service):
    """Keeps and passes on; what costs more is done only if it is needed.

    The usual chunk is PCM in whole samples that nobody in here listens to: it takes the short way
    through :meth:`heard`.  Once in a stride of sound (``_left`` bytes from now) it pays for more:
    the chunk is measured.
    """

    _log = Logger()

    def __init__(self, session: IUserSession, services: IServices) -> None:
        settings: AudioSettings = services.settings(AudioSettings)
        self._session = session
        self._services = services
        self._clock = services.clock
        self._burst = settings.lc3_burst
        self._recent = Recent(settings.keep)
        self._left = 0
        self._strides = 0
        self._fan_out = IRelay(session).audio
        self._microphone_heard = IMicrophone(session).heard
        # LC3, half a sample is waiting, or somebody listens
        self._closely = False
        self._unpacker: Unpacker | None = None
        self._odd: tuple[str, bytes] | None = None
        self._listeners: tuple[_Listener, ...] = ()
        self._patience = settings.keep
        self._forgetting: IDelayedCall | None = None
        observer = services.metrics.observer
        self._received, self._decoded, self._fanned_out = map(
            observer, ("received", "decoded", "fanned_out")
        )
        self.speaking: bool | None = None
        self.came = 0.0

    def stopService(self) -> None:
        """Nobody hears anything any more."""
        if self._forgetting is not None:
            self._forgetting.cancel()
            self._forgetting = None
        self._listeners = ()
        self._recent.clear()
        super().stopService()

    # -- the way of a chunk

    def heard(self, chunk: AudioChunk) -> int:
        """A chunk came through the glasses' socket; how many apps it was sent to."""
        data = chunk.data
        size = len(data)
        if not size or size & 1 or self._closely:
            glasses = self._session.glasses
            return self._take(data, "" if glasses is None else glasses.peer_id, None)
        # into locals first, for to call an attribute where it is looked up costs as much again
        keep, fan_out, tell_microphone = self._recent.write, self._fan_out, self._microphone_heard
        try:
            keep(data)
        except ValueError:
            self._recent.append(data)
        self._left = left = self._left - size
        sent = fan_out(chunk) if left >= 0 else self._measured(chunk, None)
        tell_microphone()
        return sent

    def heard_apart(self, data: bytes, came: float) -> int:
        """Sound came another way, at *came* by the clock; how many apps it was sent to."""
        return self._take(data, APART, came)

    def _take(self, data: bytes, source: str, came: float | None) -> int:
        if self._unpacker is not None:
            began = self._clock.seconds()
            data = self._unpacker.unpack(data)
            self._decoded(max(0.0, self._clock.seconds() - began))
        data = self._in_whole_samples(data, source)
        sent = 0
        if data:
            chunk = AudioChunk(data=data)
            self._recent.append(data)
            self._left -= len(data)
            sent = self._fan_out(chunk) if self._left >= 0 else self._measured(chunk, came)
            if self._listeners:
                self._tell_all(data, came)
        self._microphone_heard()
        return sent

    def _in_whole_samples(self, data: bytes, source: str) -> bytes:
        if source is APART:
            return data[: len(data) & ~1]
        whose, odd = self._odd or (source, b"")
        # half a sample from a socket that is gone belongs to nothing
        if odd and whose == source:
            data = odd + data
        whole = len(data) & ~1
        self._odd = (source, data[whole:]) if len(data) & 1 else None
        self._look()
        return data[:whole]

    def _measured(self, chunk: AudioChunk, came: float | None) -> int:
        """Pass *chunk* on, and do what need not be done every time."""
        self._left = STRIDE
        self._strides += 1
        if self._forgetting is None and self._patience and self.running:
            self._forgetting = self._clock.callLater(self._patience, self._forget, self._mark())
        seconds, glasses = self._clock.seconds, self._session.glasses
        if came is None and glasses is not None:
            came = glasses.last_seen
        before = seconds()
        if came is not None:
            self._received(max(0.0, before - came))
        sent = self._fan_out(chunk)
        self._fanned_out(max(0.0, seconds() - before))
        return sent

    def _mark(self) -> tuple[int, int]:
        """Differs as soon as more has come."""
        return self._strides, self._left

    def _forget(self, mark: tuple[int, int]) -> None:
        """Sound that nothing followed is not kept either."""
        if self._mark() != mark:
            self._forgetting = self._clock.callLater(self._patience, self._forget, self._mark())
            return
        self._forgetting = None
        self._recent.clear()
        self._left = 0  # the next chunk begins anew

    # -- for those inside

    def configure(self, lc3_frame: int | None) -> bool:
        """What the glasses send from now on; False: it cannot be decoded here."""
        unpacker = None
        if lc3_frame is not None:
            lc3 = ILc3(self._services, None)
            decode = None if lc3 is None else lc3.decoder(lc3_frame)
            if decode is None:
                return False
            unpacker = Unpacker(decode, lc3_frame, self._clock, self._burst)
        self._unpacker = unpacker
        self._odd = None
        self._look()
        return True

    def recent(self) -> bytes:
        """The last seconds of sound."""
        return self._recent.sound()

    def listen(self, listener: Hear, milliseconds: int | None = None) -> Callable[[], None]:
        """Have *listener* called with all sound from now on; what ends it."""
        pieces = None if milliseconds is None else Pieces(SECOND * milliseconds // 2000 * 2)
        one = _Listener(listener, pieces)
        self._listeners += (one,)
        self._look()

        def end() -> None:
            self._listeners = tuple(other for other in self._listeners if other is not one)
            self._look()

        return end

    def voice(self, speaking: bool) -> None:
        """Somebody speaks, or no longer."""
        if speaking is not self.speaking:
            self.speaking = speaking
            self._session.announce(VoiceActivity(speaking))

    def _tell_all(self, data: bytes, came: float | None) -> None:
        glasses = self._session.glasses
        if came is None:
            came = self._clock.seconds() if glasses is None else glasses.last_seen
        self.came = came
        for listener in self._listeners:
            self._tell(listener, data)

    def _tell(self, listener: _Listener, data: bytes) -> None:
        try:
            for piece in (data,) if listener.pieces is None else listener.pieces.cut(data):
                listener.hear(piece)
        except Exception:  # noqa: BLE001 - a listener's bug must cost neither the apps nor the others
            self._log.failure("a listener to sound failed")

    def _look(self) -> None:
        self._closely = bool(self._odd or self._listeners or self._unpacker)


audio_manager = ManagerFactory(IAudio, Audio)


@handler("glasses", AudioChunk)
def audio_chunk(message: AudioChunk, context: IContext) -> None:
    """Take the wearer's voice in."""
    IAudio(context.session).heard(message)
