"""What an app says while the phone listens: binary frames become the body of an answer.

Source: docs/protocol/sound, "live speech".
"""

import re
import secrets
from collections import deque
from typing import Any

import attrs
from twisted.application.service import Service
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IConsumer, IDelayedCall
from twisted.web.iweb import UNKNOWN_LENGTH, IBodyProducer
from zope.interface import implementer

from mentra.errors import NotThere, Refused
from mentra.events import AppStopped
from mentra.extension import (
    Access,
    ComponentFactory,
    HttpAnswer,
    ManagerFactory,
    handler,
    listener,
    route,
)
from mentra.glasses.speaker import SpeakerSettings
from mentra.interfaces.glasses import ILiveSpeech, ISpoken
from mentra.interfaces.messaging import IContext
from mentra.interfaces.services import IPublicAddress, IServices
from mentra.interfaces.session import IUserSession
from mentra.interfaces.web import ICall
from mentra.messages.audio import AudioChunk
from mentra.messages.speaker import AudioStreamEnd, AudioStreamReady, AudioStreamStart

PATH = "/api/audio/stream/"
_SOUND = re.compile(r"audio/[\w.+-]+", re.ASCII)

ID_BYTES = 36
"""Length of the id that each binary frame begins with."""


class Stream:
    """Sound that grows until it ends; kept as long as there is room, for phones may ask twice.

    :param most: bytes that are kept.
    :ivar ended: nothing more comes.
    """

    def __init__(self, content_type: str, most: int) -> None:
        self.content_type = content_type
        self.ended = False
        self._most = most
        self._chunks: deque[bytes] = deque()
        self._size = 0
        self._first = 0
        self._reader: StreamBody | None = None

    def open(self) -> "StreamBody":
        """A body that begins with the oldest sound kept."""
        return StreamBody(self, self._first)

    def read_by(self, reader: "StreamBody") -> None:
        """*reader* is the one that counts: who asked before has given up."""
        older, self._reader = self._reader, reader
        if older is not None and older is not reader:
            older.finish()

    def write(self, data: bytes) -> bool:
        """Add sound; False if there is no room: the stream is over then."""
        if self.ended:
            return True
        self._chunks.append(data)
        self._size += len(data)
        self._give()
        taken = 0 if self._reader is None else self._reader.at
        while self._size > self._most and self._first < taken:
            self._size -= len(self._chunks.popleft())
            self._first += 1
        if self._size <= self._most:
            return True
        self.end()
        return False

    def end(self) -> None:
        """Nothing more comes."""
        self.ended = True
        self._give()

    def chunk(self, number: int) -> bytes | None:
        """The chunk of that number, None if it is not there yet."""
        index = number - self._first
        return self._chunks[index] if 0 <= index < len(self._chunks) else None

    def _give(self) -> None:
        if self._reader is not None:
            self._reader.more()


@implementer(IBodyProducer)
class StreamBody:
    """A stream as the body of an answer.

    :ivar at: number of the chunk that is written next.
    """

    length = UNKNOWN_LENGTH

    def __init__(self, stream: Stream, at: int) -> None:
        self.at = at
        self._stream = stream
        self._consumer: Any = None
        self._done: Deferred[None] = Deferred()
        self._paused = False
        self._finished = False

    def startProducing(self, consumer: IConsumer) -> Deferred[None]:
        """Write what is there, and what comes; fires after the end."""
        self._consumer = consumer
        self._stream.read_by(self)
        self.more()
        return self._done

    def more(self) -> None:
        """Write what has come, unless nobody takes it."""
        while not (self._paused or self._finished):
            chunk = self._stream.chunk(self.at)
            if chunk is None:
                break
            self.at += 1
            self._consumer.write(chunk)
        if self._stream.ended and self._stream.chunk(self.at) is None:
            self.finish()

    def pauseProducing(self) -> None:
        """Wait."""
        self._paused = True

    def resumeProducing(self) -> None:
        """Go on."""
        self._paused = False
        self.more()

    def stopProducing(self) -> None:
        """Nobody listens any more."""
        self._finished = True

    def finish(self) -> None:
        """This was all."""
        if not self._finished:
            self._finished = True
            self._done.callback(None)


@implementer(ISpoken)
class Spoken:
    """What can be fetched."""

    def __init__(self, services: IServices) -> None:
        self._streams: dict[str, Stream] = {}

    def publish(self, stream: Stream) -> str:
        """Let it be fetched; its name, which nobody can guess."""
        name = secrets.token_urlsafe(24)
        self._streams[name] = stream
        return name

    def find(self, name: str) -> Stream | None:
        """The stream, or None."""
        return self._streams.get(name)

    def withdraw(self, name: str) -> None:
        """It can be fetched no more."""
        self._streams.pop(name, None)


spoken = ComponentFactory(ISpoken, Spoken)


@attrs.define
class _Speaking:
    """The stream that a session has."""

    package_name: str
    stream_id: str
    name: str
    stream: Stream
    timer: IDelayedCall


@implementer(ILiveSpeech)
class LiveSpeech(Service):
    """One stream at a time; the newest is what the wearer hears."""

    def __init__(self, session: IUserSession, services: IServices) -> None:
        self._services = services
        self._clock = services.clock
        self._settings: SpeakerSettings = services.settings(SpeakerSettings)
        self._spoken = ISpoken(services)
        self._now: _Speaking | None = None

    def stopService(self) -> None:
        """Nobody speaks any more."""
        self._drop()
        super().stopService()

    def start(self, package_name: str, message: AudioStreamStart) -> AudioStreamReady:
        """Make room for sound; where it can be fetched."""
        self._drop()
        # it stands in a header, and never makes a page of what the app says
        is_sound = _SOUND.fullmatch(message.content_type)
        content_type = message.content_type if is_sound else "audio/mpeg"
        stream = Stream(content_type, self._settings.max_buffer)
        name = self._spoken.publish(stream)
        timer = self._clock.callLater(self._settings.max_stream, self._end)
        self._now = _Speaking(package_name, message.stream_id, name, stream, timer)
        base: str = IPublicAddress(self._services).base_url()
        return AudioStreamReady(stream_id=message.stream_id, stream_url=base + PATH + name)

    def heard(self, package_name: str, frame: bytes) -> None:
        """Sound of the app.

        :raises Refused: ``STREAM_OVERFLOW``.
        """
        now = self._now
        stream_id, sound = frame[:ID_BYTES], frame[ID_BYTES:]
        if now is None or (now.package_name, now.stream_id.encode()) != (package_name, stream_id):
            return
        if sound and not now.stream.write(sound):
            self._drop()
            raise Refused("STREAM_OVERFLOW", "the phone does not keep up with what is said",
                          where="phone")  # fmt: skip

    def end(self, package_name: str, stream_id: str) -> None:
        """The app has said it all."""
        now = self._now
        if now is not None and (now.package_name, now.stream_id) == (package_name, stream_id):
            self._end()

    def app_stopped(self, package_name: str) -> None:
        """The app says nothing any more."""
        if self._now is not None and self._now.package_name == package_name:
            self._drop()

    def _end(self) -> None:
        now = self._now
        if now is not None and not now.stream.ended:
            now.stream.end()
            # the phone may not have begun
            _cancel(now.timer)
            now.timer = self._clock.callLater(self._settings.linger, self._drop)

    def _drop(self) -> None:
        now, self._now = self._now, None
        if now is not None:
            _cancel(now.timer)
            self._spoken.withdraw(now.name)
            now.stream.end()


def _cancel(timer: IDelayedCall) -> None:
    if timer.active():
        timer.cancel()


live_speech = ManagerFactory(ILiveSpeech, LiveSpeech)


@handler("app", AudioStreamStart)
def audio_stream_start(message: AudioStreamStart, context: IContext) -> AudioStreamReady:
    """An app begins to speak."""
    speech = ILiveSpeech(context.session)
    ready: AudioStreamReady = speech.start(context.peer.identity.package_name, message)
    return ready


@handler("app", AudioChunk)
def app_audio_chunk(message: AudioChunk, context: IContext) -> None:
    """What it says."""
    ILiveSpeech(context.session).heard(context.peer.identity.package_name, message.data)


@handler("app", AudioStreamEnd)
def audio_stream_end(message: AudioStreamEnd, context: IContext) -> None:
    """It has said it all."""
    ILiveSpeech(context.session).end(context.peer.identity.package_name, message.stream_id)


@listener(AppStopped)
def app_stop_for_live_speech(event: AppStopped, session: IUserSession) -> None:
    """An app that is gone says nothing."""
    speech = session.built(ILiveSpeech)
    if speech is not None:
        speech.app_stopped(event.package_name)


@route(
    "GET",
    PATH + "{name}",
    access=Access.PUBLIC,
    answer_type="audio/mpeg",
    errors={404: "Nobody speaks under this name, or not any more."},
)
def live_audio(call: ICall) -> HttpAnswer:
    """What an app says, as it says it.

    Phones fetch this without a token; the name cannot be guessed.
    """
    stream = ISpoken(call.services).find(call.values["name"])
    if stream is None:
        raise NotThere("nobody speaks under this name")
    # a proxy that waits for more would make the phone wait too
    headers = {
        "Content-Security-Policy": "sandbox; default-src 'none'",
        "X-Accel-Buffering": "no",
    }
    return HttpAnswer(body=stream.open(), content_type=stream.content_type, headers=headers)
