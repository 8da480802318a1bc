"""Sound for the wearer: played by the phone, which tells when it is over.

Source: docs/protocol/sound, "sound".
"""

from typing import Annotated

import msgspec
from msgspec import Meta
from twisted.application.service import Service
from zope.interface import implementer

from mentra.events import AppStopped
from mentra.extension import ConfigSection, ManagerFactory, Section, handler, listener
from mentra.glasses.pending import Pending
from mentra.interfaces.glasses import IApps, ISpeaker
from mentra.interfaces.messaging import IContext
from mentra.interfaces.services import IServices
from mentra.interfaces.session import IUserSession
from mentra.messages.speaker import (
    AudioPlayRequest,
    AudioPlayResponse,
    AudioStopRequest,
    PlayAudio,
    StopAudio,
)


class SpeakerSettings(Section, frozen=True, kw_only=True):
    """[speaker]: sounds that apps have played."""

    timeout: Annotated[
        float, Meta(gt=0, le=3600, description="Seconds in which a phone may say that it is over.")
    ] = 60.0
    max_pending: Annotated[
        int, Meta(ge=1, le=1000, description="Sounds waited for at a time, of one session.")
    ] = 32
    max_text: Annotated[
        int, Meta(ge=1, le=100_000, description="Longest text that is spoken, characters.")
    ] = 5000
    max_speeches: Annotated[
        int,
        Meta(ge=1, description="Texts that are made into speech at a time, in the whole server."),
    ] = 32
    max_stream: Annotated[
        float,
        Meta(gt=0, le=86_400, description="Seconds that live speech of an app may last."),
    ] = 600.0
    max_buffer: Annotated[
        int,
        Meta(ge=65_536, description="Bytes of live speech that the phone may be behind."),
    ] = 4 * 1024 * 1024
    linger: Annotated[
        float,
        Meta(ge=0, le=3600, description="Seconds that live speech can be fetched after its end."),
    ] = 60.0


speaker_section = ConfigSection("speaker", SpeakerSettings)


@implementer(ISpeaker)
class Speaker(Service):
    """Remembers who asked for which sound."""

    def __init__(self, session: IUserSession, services: IServices) -> None:
        self._session = session
        self._settings: SpeakerSettings = services.settings(SpeakerSettings)
        self._pending: Pending[str] = Pending(
            services.clock, self._settings.max_pending, lambda request_id, package_name: None
        )

    def stopService(self) -> None:
        """Nobody waits any more."""
        self._pending.clear()
        super().stopService()

    def play(self, package_name: str, message: AudioPlayRequest) -> AudioPlayResponse | None:
        """Have it played; the answer if it cannot be."""
        refused = self._objection(message)
        if refused is None and not self._pending.add(
            message.request_id, package_name, self._settings.timeout
        ):
            refused = "Too many sounds are waited for, or one of this id is"
        if refused is not None:
            return AudioPlayResponse(request_id=message.request_id, success=False, error=refused)
        volume = message.volume
        self._session.to_glasses(
            PlayAudio(
                session_id=self._session.user_id,
                request_id=message.request_id,
                app_id=package_name,
                package_name=package_name,
                audio_url=message.audio_url,
                volume=None if volume is None else min(max(volume, 0), 1),
                stop_other_audio=message.stop_other_audio,
                track_id=message.track_id,
            )
        )
        return None

    def _objection(self, message: AudioPlayRequest) -> str | None:
        if not message.audio_url.lower().startswith(("http://", "https://")):
            return "The address of the sound is none of the web"
        return None if self._session.glasses is not None else "Glasses not connected"

    def played(self, message: AudioPlayResponse) -> bool:
        """It is over; False if nobody waits for it."""
        package_name = self._pending.take(message.request_id)
        if package_name is None:
            return False
        peer = IApps(self._session).running().get(package_name)
        return peer is not None and bool(peer.send(message))

    def stop(self, package_name: str, track_id: int | None) -> None:
        """End the app's sound."""
        self._session.to_glasses(
            StopAudio(session_id=self._session.user_id, app_id=package_name, track_id=track_id)
        )

    def app_stopped(self, package_name: str) -> None:
        """It waits for nothing any more."""
        self._pending.drop(lambda waiting: waiting == package_name)


speaker_manager = ManagerFactory(ISpeaker, Speaker)


@handler("app", AudioPlayRequest)
def audio_play_request(message: AudioPlayRequest, context: IContext) -> AudioPlayResponse | None:
    """An app has a sound played; it is told at once if that cannot be."""
    speaker = ISpeaker(context.session)
    refused: AudioPlayResponse | None = speaker.play(context.peer.identity.package_name, message)
    return refused


@handler("app", AudioStopRequest)
def audio_stop_request(message: AudioStopRequest, context: IContext) -> None:
    """An app ends its sound."""
    ISpeaker(context.session).stop(context.peer.identity.package_name, message.track_id)


@handler("glasses", AudioPlayResponse)
def audio_play_response(message: AudioPlayResponse, context: IContext) -> None:
    """The phone has played a sound, or why not."""
    # a text of any length is the phone's to say, not ours to carry
    if message.error is not None:
        message = msgspec.structs.replace(message, error=message.error[:1000])
    ISpeaker(context.session).played(message)


@listener(AppStopped)
def app_stop_for_speaker(event: AppStopped, session: IUserSession) -> None:
    """An app that is gone waits for nothing."""
    speaker = session.built(ISpeaker)
    if speaker is not None:
        speaker.app_stopped(event.package_name)
