"""A Wyoming server that understands how long it listened, and speaks silence."""

from typing import Any

from twisted.internet.protocol import Factory, Protocol, connectionDone
from twisted.python.failure import Failure

from mentra.speech.wyoming_events import Event, Reader, encode
from mentra.testing.speech_servers import words_in

INFO: dict[str, Any] = {
    "asr": [
        {
            "name": "ears", "installed": True, "attribution": {"name": "x", "url": "x"},
            "models": [
                {"name": "small", "installed": True, "languages": ["en", "de"]},
                {"name": "absent", "installed": False, "languages": ["fr"]},
            ],
        }
    ],
    "tts": [
        {
            "name": "mouth", "installed": True,
            "voices": [
                {"name": "later", "installed": False, "languages": ["en"]},
                {"name": "ann", "installed": True, "languages": ["en"]},
            ],
        }
    ],
}  # fmt: skip


class FakeWyomingServer(Factory):
    """Answers as servers do, unless a test wants otherwise.

    :ivar lines: its connections, in order.
    :ivar is_hung: whether it takes everything and says nothing.
    :ivar is_streaming: whether it says what it understands bit by bit.
    :ivar says: events it answers the last event of a question with, instead of its own.
    :ivar info: what it says of itself.
    """

    noisy = False

    def __init__(self) -> None:
        self.lines: list[FakeWyomingLine] = []
        self.is_hung = False
        self.is_streaming = False
        self.says: list[Event] | None = None
        self.info = INFO

    def buildProtocol(self, address: object) -> "FakeWyomingLine":
        """A connection."""
        self.lines.append(FakeWyomingLine(self))
        return self.lines[-1]

    @property
    def last(self) -> "FakeWyomingLine":
        """The newest connection that asked for more than what there is."""
        return [line for line in self.lines if line.kinds != ["describe"]][-1]


class FakeWyomingLine(Protocol):
    """One connection.

    :ivar events: what came, in order.
    """

    transport: Any

    def __init__(self, server: FakeWyomingServer) -> None:
        self._server = server
        self._reader = Reader("client")
        self.events: list[Event] = []
        self.is_open = True

    @property
    def kinds(self) -> list[str]:
        """Types of the events that came."""
        return [one.type for one in self.events]

    @property
    def sound(self) -> bytes:
        """All sound that came."""
        return b"".join(one.payload for one in self.events)

    def dataReceived(self, data: bytes) -> None:
        """Events."""
        for event in self._reader.feed(data):
            self.events.append(event)
            if not self._server.is_hung:
                self._answer(event)

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """It is over."""
        self.is_open = False

    def say(self, *events: Event) -> None:
        """Send them."""
        self.transport.write(b"".join(map(encode, events)))

    def hang_up(self) -> None:
        """End it."""
        self.transport.loseConnection()

    def _answer(self, event: Event) -> None:
        if event.type == "describe":
            self.say(Event("info", self._server.info))
        elif event.type in ("audio-stop", "synthesize") and self._server.says is not None:
            self.say(*self._server.says)
        elif event.type == "audio-stop":
            self._transcribe()
        elif event.type == "synthesize":
            self._speak(len(event.data["text"]))

    def _transcribe(self) -> None:
        words = [word for word, _, _ in words_in(0, len(self.sound))]
        if self._server.is_streaming:
            self.say(Event("transcript-start"))
            for number, word in enumerate(words):
                self.say(Event("transcript-chunk", {"text": f"{' ' if number else ''}{word}"}))
        self.say(Event("transcript", {"text": " ".join(words), "language": "en"}))

    def _speak(self, length: int) -> None:
        sound = {"rate": 22_050, "width": 2, "channels": 1}
        self.say(Event("audio-start", sound))
        for _ in range(length):
            self.say(Event("audio-chunk", sound, bytes(441 * 2)))
        self.say(Event("audio-stop"))
