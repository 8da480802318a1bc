"""What apps have the glasses do, in sentences for whoever wears them.  Source: docs/protocol."""

from collections.abc import Callable
from typing import Any

from mentra.errors import Malformed
from mentra.messages.lights import RgbLedControlResponse
from mentra.messages.video import RtmpStreamStatus
from mentra.sdk import seen
from mentra.sdk.frames import Vocabulary
from mentra.sdk.glasses import GlassesClient

_vocabulary = Vocabulary(
    seen.Light, seen.Play, seen.StartVideo, seen.StopPlaying, seen.StopVideo, seen.TakePhoto
)


class Asked:
    """Tells of requests as they come, and answers those for a light or live video.

    Photos and sounds are seen to by the glasses.

    :param note: told each sentence.
    """

    def __init__(self, glasses: GlassesClient, note: Callable[[str], None]) -> None:
        self._glasses = glasses
        self._note = note
        self._delivered = 0
        self._failed = 0
        self._reactions: dict[type, Callable[[Any], None]] = {
            seen.Light: self._light,
            seen.Play: self._play,
            seen.StartVideo: self._video,
            seen.StopPlaying: self._stop_playing,
            seen.StopVideo: self._stop_video,
            seen.TakePhoto: self._photo,
        }
        glasses.overhear(self._hear)
        glasses.watch(self._changed)

    def _hear(self, frame: str | bytes) -> None:
        if isinstance(frame, bytes):
            return
        try:
            message = _vocabulary.read(frame)
        except Malformed:
            return  # the glasses themselves complain
        reaction = self._reactions.get(type(message))
        if reaction is not None:
            reaction(message)

    def _photo(self, order: seen.TakePhoto) -> None:
        self._note(f"{order.app_id} has a photo taken")

    def _changed(self) -> None:
        camera = self._glasses.camera
        for _ in camera.delivered[self._delivered :]:
            self._note(f"photo taken and delivered: {len(camera.picture):,} bytes")
        for _, code in camera.failed[self._failed :]:
            self._note(f"no photo: {code}")
        self._delivered, self._failed = len(camera.delivered), len(camera.failed)

    def _play(self, order: seen.Play) -> None:
        self._note(f"{order.package_name or 'an app'} plays {order.audio_url}")

    def _stop_playing(self, order: seen.StopPlaying) -> None:
        self._note(f"{order.app_id} plays no more")

    def _light(self, order: seen.Light) -> None:
        how = order.color or "on"
        if order.ontime is not None:
            how += f" for {order.ontime:g} ms"
        if (order.count or 1) > 1:
            how += f", {order.count} times"
        self._note(f"{order.app_id} has the light {how if order.action == 'on' else 'off'}")
        self._glasses.send(RgbLedControlResponse(request_id=order.request_id, success=True))

    def _video(self, order: seen.StartVideo) -> None:
        self._note(f"{order.app_id} wants live video at {order.rtmp_url}: there is none here")
        # whoever asked need not wait for it
        self._glasses.send(
            RtmpStreamStatus(
                stream_id=order.stream_id,
                status="error",
                error_details="simulated glasses have no live video",
            )
        )

    def _stop_video(self, order: seen.StopVideo) -> None:
        self._note(f"{order.app_id} wants no more live video")
