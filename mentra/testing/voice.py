"""Clients of the voice assistant, and the house that they talk to."""

import base64
import json
from typing import Any

import attrs
from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from zope.interface import implementer

from mentra.engines import engines
from mentra.errors import Refused
from mentra.extension import AssistantTool, ComponentFactory, EngineFactory
from mentra.hearing import Recognition
from mentra.house import House
from mentra.interfaces.engines import ISynthesiser, IUtterances
from mentra.interfaces.speech import IRecognition, IVoiceDetection
from mentra.interfaces.voice import IVoiceSession, IVoiceSessions
from mentra.messages.llm import ToolCall
from mentra.speech.sound_files import SoundFile, wav_of
from mentra.testing.engines import FakeRecogniser, FakeStream, FakeVoiceDetection
from mentra.testing.house import house_with, success_of
from mentra.testing.llm import FakeChat, FakeLanguageModel
from mentra.testing.wire import Line, MemoryPort, ServerFrame, client_frame
from mentra.voice.tools import Toolbox

TOKEN = "user:ann@x.org"
GUEST = "guest_3f2504e0-4f89-41d3-9a0c-0305e82c3301"


def guest_token(milliseconds: float) -> str:
    """A guest's, made then."""
    return f"{GUEST}_{milliseconds:.0f}"


@attrs.define
class VoiceClient:
    """One connection.

    :ivar first: the first frame that it got, None where there was none.
    :ivar frames: all that it got after that, in order.
    """

    line: Line
    first: Any = None
    frames: list[ServerFrame] = attrs.field(factory=list)

    @property
    def session_id(self) -> str:
        """The session's, as it was told."""
        session_id: str = self.first["data"]["sessionId"]
        return session_id

    def say(self, type_name: str, data: Any = None, **envelope: Any) -> None:
        """One envelope."""
        frame = {"type": type_name, "timestamp": 1, **envelope}
        if data is not None:
            frame["data"] = data
        self.send(json.dumps(frame).encode())

    def speak(self, pcm: bytes, number: int = 0, **data: Any) -> None:
        """A piece of speech."""
        encoded = base64.b64encode(pcm).decode()
        self.say("audio_chunk", {"audioData": encoded, "sequenceNumber": number, **data})

    def send(self, payload: bytes, opcode: int = 1) -> None:
        """One frame, whatever is in it."""
        self.line.send_bytes(client_frame(payload, opcode))

    def take(self, *types: str) -> list[Any]:
        """What came since the last call, as far as it is of these types; all, if none is said."""
        taken = self.line.frames()
        self.frames += taken
        found = [one.json for one in taken if one.opcode == 1]
        return [one for one in found if not types or one["type"] in types]

    @property
    def close_code(self) -> int | None:
        """With which the server has closed, None if it has not; looks at what came."""
        self.take()
        return next((one.close_code for one in self.frames if one.opcode == 8), None)

    @property
    def close_reason(self) -> str:
        """Why it has."""
        self.take()
        return next((one.payload[2:].decode() for one in self.frames if one.opcode == 8), "")


# -- engines ---------------------------------------------------------------------------------


@implementer(IRecognition)
@attrs.define(eq=False)
class FakeRecognition:
    """Speech to text, of which a test says what was understood.

    :ivar deaf: what ``why_not`` answers, and why nothing is opened.
    """

    recogniser: FakeRecogniser = attrs.field(factory=FakeRecogniser)
    deaf: str | None = None

    def why_not(self, language: str) -> str | None:
        """``deaf``."""
        return self.deaf

    def translates(self, source: str, target: str) -> bool:
        """Nothing."""
        return False

    def open(self, wanted: Recognition, listener: Any) -> FakeStream:
        """One more stream.

        :raises Refused: ``deaf`` is set.
        """
        if self.deaf is not None:
            raise Refused("UNKNOWN_LANGUAGE", self.deaf, where="provider")
        return self.recogniser.open(wanted, listener)


@implementer(IUtterances, ISynthesiser)
@attrs.define(eq=False)
class FakeUtterances:
    """Says every sentence in the same time.

    :ivar milliseconds: that time.
    :ivar said: sentences, in order.
    :ivar problem: what is raised instead.
    :ivar slow: whether a test has to let each one end: see ``pending``.
    """

    milliseconds: int = 500
    said: list[str] = attrs.field(factory=list)
    voices: list[str | None] = attrs.field(factory=list)
    problem: Exception | None = None
    slow: bool = False
    pending: list[Deferred[SoundFile]] = attrs.field(factory=list)
    cancelled: int = 0

    def why_not(self) -> str | None:
        """Nothing."""
        return None

    def sound(self, number: int = 1) -> SoundFile:
        """What a sentence sounds like: samples that are its number."""
        return SoundFile(wav_of(number.to_bytes(2, "little") * (16 * self.milliseconds)))

    async def say(self, text: str, voice: str | None, model: str | None, settings: Any) -> Any:
        """Sound for *text*.

        :raises Exception: ``problem``.
        """
        self.said.append(text)
        self.voices.append(voice)
        if self.problem is not None:
            raise self.problem
        if not self.slow:
            return self.sound(len(self.said))
        waiting: Deferred[SoundFile] = Deferred(self._cancelled)
        self.pending.append(waiting)
        return await waiting

    speak = say

    def _cancelled(self, waiting: object) -> None:
        self.cancelled += 1


@attrs.define
class FakeEngines:
    """Everything that the assistant needs of engines, by fakes.

    :ivar model: its name is ``fake``.
    """

    recognition: FakeRecognition = attrs.field(factory=FakeRecognition)
    utterances: FakeUtterances = attrs.field(factory=FakeUtterances)
    model: FakeLanguageModel = attrs.field(factory=FakeLanguageModel)

    def plugins(self) -> tuple[object, ...]:
        """What makes them."""
        return (
            engines,
            self.model.factory(),
            EngineFactory(IVoiceDetection, "webrtc", lambda services: FakeVoiceDetection()),
            ComponentFactory(IRecognition, lambda services: self.recognition),
            ComponentFactory(IUtterances, lambda services: self.utterances),
            ComponentFactory(ISynthesiser, lambda services: self.utterances),
        )

    @property
    def stream(self) -> FakeStream:
        """What was opened last to recognise speech."""
        return self.recognition.recogniser.streams[-1]

    @property
    def chat(self) -> FakeChat:
        """What the model was asked last."""
        return self.model.chats[-1]


def called(tool: AssistantTool, arguments: dict[str, Any], *plugins: object) -> str:
    """What a model hears of a *tool* that it calls with *arguments*, in a house of the tool and
    *plugins*, on behalf of ``ann@x.org``."""
    house = house_with(tool, *plugins)
    session = FakeVoiceSession()
    call = ToolCall(id="1", name=tool.name, input=arguments)
    (block,) = success_of(Toolbox(session, house, 10.0).results([call]))
    return str(block["output"])


@implementer(IVoiceSession)
@attrs.define
class FakeVoiceSession:
    """A conversation that nobody listens to.

    :ivar sent: what was said in it.
    """

    session_id: str = "s-1"
    user_id: str = "ann@x.org"
    person: str | None = "ann@x.org"
    is_guest: bool = False
    ended: bool = False
    sent: list[Any] = attrs.field(factory=list)

    def send(self, message: Any) -> int:
        """Keep it."""
        self.sent.append(message)
        return 1

    def connection(self, peer: Any) -> Any:
        """There is none.

        :raises KeyError: always.
        """
        raise KeyError(peer)


@attrs.define
class VoiceStage:
    """The house, its clock and its port."""

    clock: Clock
    house: House
    port: MemoryPort
    engines: FakeEngines = attrs.field(factory=FakeEngines)

    def connect(
        self,
        token: str | None = TOKEN,
        *,
        headers: dict[str, str] | None = None,
        path: str = "/socket.io/",
        host: str = "127.0.0.1",
        **query: str,
    ) -> VoiceClient:
        """A client, with what it got first taken apart."""
        asked = dict(query) if token is None else {"token": token, **query}
        text = "&".join(f"{name}={value}" for name, value in asked.items())
        client = VoiceClient(self.port.call(host).upgrade(f"{path}?{text}", headers))
        found = client.take()
        client.first = found[0] if found else None
        return client

    @property
    def sessions(self) -> Any:
        """The assistant's."""
        return IVoiceSessions(self.house)
