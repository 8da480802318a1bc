"""The client's side of the voice assistant: ask it in text or speech, have its answers.

::

    async with VoiceClient("http://127.0.0.1:8002", token) as voice:
        answer = await voice.ask("What time is it?")
        print(answer.text)
"""

import asyncio
import time
import uuid
from collections.abc import Callable
from typing import Any
from urllib.parse import quote, urlsplit, urlunsplit

import aiohttp
import attrs
import msgspec

from mentra.errors import Malformed, Refused
from mentra.messages import Enveloped, Message, Unknown
from mentra.messages import assistant as said
from mentra.messages.voice import (
    EndUtterance,
    Interruption,
    SpeechChunk,
    SpeechData,
    TextData,
    TextInput,
    VoicePong,
)
from mentra.sdk.frames import Vocabulary
from mentra.sdk.line import Line, Unreachable
from mentra.sdk.microphone import Pace

RATE = 16_000
"""Samples a second of what the assistant says."""

CREATED_SECONDS = 10.0
"""How long a session is waited for."""

PIECE_MS = 100

ANSWERING = ("processing", "speaking")
"""States in which an answer is on its way."""

_vocabulary = Vocabulary(
    said.AskForLife,
    said.AuthError,
    said.ConversationInterrupted,
    said.LlmResponse,
    said.ResponseEnd,
    said.SessionCreated,
    said.SessionExpired,
    said.SpeechActivity,
    said.SpokenChunk,
    said.StateChanged,
    said.Transcript,
    said.VoiceError,
)


def voice_url(server: str, session_id: str | None = None) -> str:
    """The socket of *server* for the assistant, joining a session if one is named."""
    parts = urlsplit(server if "://" in server else f"ws://{server}")
    scheme = {"http": "ws", "https": "wss"}.get(parts.scheme, parts.scheme)
    query = f"sessionId={quote(session_id, safe='')}" if session_id else ""
    path = parts.path.rstrip("/") or "/socket.io"
    return urlunsplit((scheme, parts.netloc, f"{path}/", query, ""))


def guest_token() -> str:
    """A guest's token, made now."""
    return f"guest_{uuid.uuid4()}_{_milliseconds()}"


@attrs.define
class Answer:
    """What became of a question.

    :ivar question: as it was understood.
    :ivar text: of the answer, as far as it came.
    :ivar sound: of the answer: mono PCM, int16 little endian, 16 kHz.
    :ivar notice: what is wrong with it all the same, e.g. that it cannot be spoken.
    :ivar interrupted: whether somebody stopped it.
    :ivar metrics: how long it took, None where it was interrupted.
    """

    question: str = ""
    text: str = ""
    sound: bytearray = attrs.field(factory=bytearray)
    notice: str | None = None
    interrupted: bool = False
    metrics: said.TurnMetrics | None = None


class VoiceClient:
    """One connection, open as long as it is entered.

    :param server: address of the server, e.g. ``http://127.0.0.1:8002``.
    :param token: a user's, or a guest's.
    :param session_id: of the session to join.
    :ivar session_id: of the session that it has.
    :ivar user_id: who it is for the server.
    :ivar hears: whether speech is understood there.
    :ivar speaks: whether answers are spoken.
    :ivar notice: why not, for people.
    :ivar state: what the assistant does: ``idle``, ``listening``, ``processing``, ``speaking``.
    """

    def __init__(self, server: str, token: str, *, session_id: str | None = None) -> None:
        self.url = voice_url(server, session_id)
        self.session_id = ""
        self.user_id = ""
        self.hears = self.speaks = False
        self.notice: str | None = None
        self.state = "idle"
        self._token = token
        self._http: aiohttp.ClientSession | None = None
        self._line: Line | None = None
        self._reader: asyncio.Task[None] | None = None
        self._listeners: list[Callable[[Message], object]] = []
        self._entered: asyncio.Future[None] | None = None
        self._asked: asyncio.Future[Answer] | None = None
        self._answer = Answer()
        self._reactions: dict[type, Callable[[Any], None]] = {
            said.AskForLife: self._alive,
            said.AuthError: self._refused,
            said.ConversationInterrupted: self._interrupted,
            said.LlmResponse: self._grown,
            said.ResponseEnd: self._ended,
            said.SessionCreated: self._created,
            said.SessionExpired: self._expired,
            said.SpokenChunk: self._sounded,
            said.StateChanged: self._moved,
            said.Transcript: self._understood,
            said.VoiceError: self._failed,
        }

    # -- the connection

    async def __aenter__(self) -> "VoiceClient":
        """Connect.

        :raises Refused: the token is not taken; the code is the protocol's.
        :raises Unreachable: nobody there, or no session in ten seconds.
        """
        self._entered = asyncio.get_running_loop().create_future()
        self._http = aiohttp.ClientSession()
        try:
            headers = {"Authorization": f"Bearer {self._token}"}
            self._line = await Line.open(self._http, self.url, headers)
            self._reader = asyncio.create_task(self._read(self._line))
            async with asyncio.timeout(CREATED_SECONDS):
                await self._entered
        except TimeoutError:
            await self.close()
            raise Unreachable(f"{self.url} makes no session") from None
        except BaseException:
            await self.close()
            raise
        return self

    async def __aexit__(self, *unused: object) -> None:
        """Leave."""
        await self.close()

    async def close(self) -> None:
        """Leave; whoever waits for an answer is told."""
        if self._reader is not None:
            self._reader.cancel()
            await asyncio.wait([self._reader])
        if self._line is not None:
            await self._line.close()
        if self._http is not None:
            await self._http.close()
        self._lost("the connection was closed")

    def listen(self, listener: Callable[[Message], object]) -> None:
        """Have *listener* called with each message of :mod:`mentra.messages.assistant`."""
        self._listeners.append(listener)

    # -- what is said

    async def ask(self, text: str) -> Answer:
        """Ask in text.

        :raises Refused: there is no answer; the code is the protocol's.
        :raises Unreachable: the connection is lost.
        """
        waiting = self._begin()
        self._answer.question = text
        self._send(TextInput(data=TextData(text=text)))
        return await waiting

    async def say(
        self, pcm: bytes, rate: int = RATE, *, pace: float = 1.0, end: bool = True
    ) -> Answer:
        """Ask in speech: mono PCM, int16 little endian, at *rate*; it takes as long as the sound.

        :param pace: how many times faster than that it is sent; 0: at once.
        :param end: whether the server is told that it was all, and does not listen for silence.
        :raises Refused: there is no answer; the code is the protocol's.
        :raises Unreachable: the connection is lost.
        """
        waiting = self._begin()
        size = 2 * rate * PIECE_MS // 1000
        paces = Pace(PIECE_MS / 1000 / pace if pace else 0.0)
        for number, start in enumerate(range(0, len(pcm), size)):
            if waiting.done():
                break  # the server has heard enough
            piece = SpeechData(
                audio_data=pcm[start : start + size], sequence_number=number, sample_rate=rate
            )
            self._send(SpeechChunk(data=piece))
            await paces.wait()
        if end and not waiting.done() and self.state in ("idle", "listening"):
            self._send(EndUtterance())
        return await waiting

    def interrupt(self) -> bool:
        """Stop what is being answered; False if the connection is down."""
        return self._send(Interruption())

    def send_text(self, frame: str) -> bool:
        """Send a text frame, as it is."""
        return self._line is not None and self._line.send(frame)

    def _send(self, message: Enveloped) -> bool:
        spelt: dict[str, Any] = msgspec.to_builtins(message)
        frame = {**spelt, "sessionId": self.session_id, "timestamp": _milliseconds()}
        return self.send_text(msgspec.json.encode(frame).decode())

    def _begin(self) -> "asyncio.Future[Answer]":
        if self._asked is not None and not self._asked.done():
            raise RuntimeError("one question at a time: interrupt the last one first")
        self._answer = Answer()
        # that the answer before is over may be on its way, and says nothing of this question
        self.state = "idle"
        self._asked = asyncio.get_running_loop().create_future()
        if self._line is None or self._reader is None or self._reader.done():
            self._lost("there is no connection")
        return self._asked

    # -- what is heard

    async def _read(self, line: Line) -> None:
        async for frame in line.frames():
            if isinstance(frame, bytes):
                continue
            try:
                message = _vocabulary.read(frame)
            except Malformed:
                continue  # of a newer server
            if isinstance(message, Unknown):
                continue  # likewise
            reaction = self._reactions.get(type(message))
            if reaction is not None:
                reaction(message)
            for listener in self._listeners:
                listener(message)
        self._lost(f"the connection was lost: {line.reason or f'code {line.close_code}'}")

    def _lost(self, why: str) -> None:
        self._end_with(Unreachable(why))

    def _end_with(self, problem: Exception) -> None:
        for waiting in (self._entered, self._asked):
            if waiting is not None and not waiting.done():
                waiting.set_exception(problem)
                # whoever asked may have gone
                waiting.exception()

    def _created(self, message: said.SessionCreated) -> None:
        data = message.data
        self.session_id, self.user_id = data.session_id, data.user_id
        self.hears, self.speaks, self.notice = data.hears, data.speaks, data.notice
        if self._entered is not None and not self._entered.done():
            self._entered.set_result(None)

    def _refused(self, message: said.AuthError) -> None:
        self._end_with(Refused(message.data.code, message.data.message))

    def _expired(self, message: said.SessionExpired) -> None:
        self._end_with(Refused("SESSION_EXPIRED", message.data.reason))

    def _failed(self, message: said.VoiceError) -> None:
        data = message.data
        if self.state in ANSWERING and data.code == "PROCESSING_ERROR":
            self._answer.notice = data.message  # the state of a turn that failed is "error"
            return
        if self._asked is not None and not self._asked.done():
            self._asked.set_exception(Refused(data.code, data.message, retryable=data.recoverable))

    def _alive(self, message: said.AskForLife) -> None:
        self._send(VoicePong())

    def _moved(self, message: said.StateChanged) -> None:
        self.state = message.data.current_state

    def _understood(self, message: said.Transcript) -> None:
        self._answer.question = message.data.text

    def _grown(self, message: said.LlmResponse) -> None:
        self._answer.text = message.data.text

    def _sounded(self, message: said.SpokenChunk) -> None:
        self._answer.sound += message.data.audio_data

    def _ended(self, message: said.ResponseEnd) -> None:
        self._answer.metrics = message.data.metrics
        self._answered()

    def _interrupted(self, message: said.ConversationInterrupted) -> None:
        self._answer.interrupted = True
        self._answered()

    def _answered(self) -> None:
        if self._asked is not None and not self._asked.done():
            self._asked.set_result(self._answer)


def _milliseconds() -> int:
    return int(time.time() * 1000)  # noqa: TID251 - the SDK runs in its user's own process
