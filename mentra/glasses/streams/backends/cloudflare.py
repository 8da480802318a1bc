"""Cloudflare Stream, by its HTTP API.

Source: developers.cloudflare.com/api, "Live Inputs", and developers.cloudflare.com/stream, "Watch a
live stream".
"""

from collections.abc import Callable, Coroutine
from typing import Any, TypeVar
from urllib.parse import quote, urlsplit

import msgspec
from twisted.application.service import Service
from twisted.internet.defer import Deferred, DeferredList
from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import deferLater
from twisted.logger import Logger
from zope.interface import implementer

from mentra.errors import ConfigError, Refused
from mentra.extension import ComponentFactory
from mentra.glasses.streams.backends.settings import CloudflareSettings, MediaSettings
from mentra.interfaces.services import IHttpClient, ISecretFiles, IServices
from mentra.interfaces.streams import ICloudflareBackend, IMediaStream

SETTLE = 3.0
"""Seconds until a new live input takes a stream."""

KEEP_DAYS = 30
"""Days that recordings are kept; Cloudflare takes no fewer, and none can be watched live unless it
is recorded."""

ASK_SECONDS = 10.0
MAX_BYTES = 1_048_576
MAX_WORK = 200
"""Live inputs that may be made and deleted at a time; an app can ask for many, and give up."""

MAX_LEFT = 1000
"""Live inputs that could not be deleted and are tried again."""

ResultT = TypeVar("ResultT")


class _Place(msgspec.Struct, frozen=True, rename="camel"):
    url: str
    stream_key: str


class _Playback(msgspec.Struct, frozen=True):
    url: str = ""


class _LiveInput(msgspec.Struct, frozen=True):
    uid: str
    rtmps: _Place
    playback: _Playback | None = msgspec.field(default=None, name="webRTCPlayback")


class _State(msgspec.Struct, frozen=True):
    state: str = ""


class _Video(msgspec.Struct, frozen=True):
    status: _State | None = None


class _Output(msgspec.Struct, frozen=True):
    uid: str


class _Error(msgspec.Struct, frozen=True):
    code: int = 0


class _Answer(msgspec.Struct, frozen=True):
    success: bool = False
    errors: list[_Error] | None = None
    result: msgspec.Raw = msgspec.Raw(b"null")


class Account:
    """Asks the API on behalf of one account."""

    _log = Logger()

    def __init__(self, http: IHttpClient, account_id: str, token: str, api: str) -> None:
        self._http = http
        self._url = f"{api.rstrip('/')}/accounts/{quote(account_id, safe='')}/stream/live_inputs"
        self._headers = {"Authorization": f"Bearer {token}"}

    async def ask(
        self, kind: type[ResultT] | Any, method: str, *path: str, json: Any = None
    ) -> Any:
        """The result, of type *kind*; None asks for none.

        :raises Refused: ``CLOUDFLARE_ERROR``.
        """
        url = "/".join((self._url, *(quote(one, safe="") for one in path)))
        try:
            answer = await self._http.request(
                method, url, json=json, headers=self._headers,
                timeout=ASK_SECONDS, max_bytes=MAX_BYTES,
            )  # fmt: skip
        except Refused as refusal:
            raise _refused(f"Cloudflare cannot be reached: {refusal.message}") from refusal
        if method == "DELETE" and answer.status == 404:
            return None  # so much the better
        if answer.status // 100 != 2:
            raise _refused(f"Cloudflare answered {answer.status}{_codes(answer.body)}")
        if kind is None:
            return None
        try:
            found = msgspec.json.decode(answer.body, type=_Answer)
            if not found.success:
                raise _refused(f"Cloudflare refused{_codes(answer.body)}")
            return msgspec.json.decode(found.result, type=kind)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as problem:
            raise _refused("Cloudflare answered something unexpected") from problem


def _refused(message: str) -> Refused:
    return Refused("CLOUDFLARE_ERROR", message, where="provider", retryable=True)


def _codes(body: bytes) -> str:
    """The codes of an answer's errors; their texts may hold more than an app should read."""
    try:
        errors = msgspec.json.decode(body, type=_Answer).errors or []
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return ""
    codes = ", ".join(str(one.code) for one in errors[:5])
    return f" (error {codes})" if codes else ""


@implementer(IMediaStream)
class CloudflareStream:
    """One live input.

    :param delete: begins to delete it.
    """

    asked = "until_live"

    def __init__(self, account: Account, found: _LiveInput, delete: Callable[[], None]) -> None:
        self._account = account
        self._uid = found.uid
        self._delete = delete
        playback = "" if found.playback is None else found.playback.url
        host = _host_of_the_account(playback)
        self.ingest = f"{found.rtmps.url.rstrip('/')}/{found.rtmps.stream_key}"
        self.hls = f"https://{host}/{found.uid}/manifest/video.m3u8"
        self.dash = f"https://{host}/{found.uid}/manifest/video.mpd"
        self.webrtc = playback or None
        self.preview = (
            f"https://iframe.videodelivery.net/{found.uid}?autoplay=true&muted=true&controls=true"
        )
        self.thumbnail = f"https://videodelivery.net/{found.uid}/thumbnails/thumbnail.jpg"

    async def is_live(self) -> bool:
        """Whether one of its videos is in progress.

        :raises Refused: Cloudflare does not say.
        """
        videos: list[_Video] = await self._account.ask(list[_Video], "GET", self._uid, "videos")
        return any(one.status is not None and one.status.state == _LIVE for one in videos)

    def went_live(self) -> None:
        """Cloudflare has noticed itself."""

    async def add_output(self, url: str) -> str:
        """Have Cloudflare send it on.

        :raises Refused: ``CLOUDFLARE_ERROR``.
        """
        server, _, key = url.rpartition("/")
        wanted = {"url": server, "streamKey": key, "enabled": True}
        found: _Output = await self._account.ask(_Output, "POST", self._uid, "outputs", json=wanted)
        return found.uid

    def output_state(self, output_id: str) -> tuple[str, str | None]:
        """As far as we know."""
        return "active", None

    async def remove_output(self, output_id: str) -> None:
        """Have Cloudflare send it there no more.

        :raises Refused: ``CLOUDFLARE_ERROR``.
        """
        await self._account.ask(None, "DELETE", self._uid, "outputs", output_id)

    def close(self) -> None:
        """Delete it, and with it its outputs."""
        self._delete()


_LIVE = "live-inprogress"


def _host_of_the_account(playback: str) -> str:
    """Where its videos are: the host that the API's own addresses have."""
    host = urlsplit(playback).hostname or ""
    return host if host.endswith(".cloudflarestream.com") else "videodelivery.net"


@implementer(ICloudflareBackend)
class CloudflareBackend(Service):
    """Makes a live input for each stream, and deletes it afterwards.

    :raises ConfigError: account or token are missing.
    """

    _log = Logger()

    def __init__(self, services: IServices) -> None:
        settings: MediaSettings = services.settings(MediaSettings)
        self._clock: IReactorTime = services.clock
        self._account = _account(settings.cloudflare, services)
        self._work: set[Deferred[None]] = set()
        self._left: set[str] = set()

    def stopService(self) -> "Deferred[Any]":
        """Fires when what is being deleted has been."""
        super().stopService()
        return DeferredList(list(self._work))

    async def open(self, changed: Callable[[], None]) -> CloudflareStream:
        """A new live input that takes a stream.

        :raises Refused: ``CLOUDFLARE_ERROR``.
        """
        if len(self._work) >= MAX_WORK:
            raise _refused("Too many streams begin and end at a time")
        waiter: Deferred[_LiveInput] = Deferred()
        self._run(self._create(waiter))
        # whoever gives up cancels the waiting, never the creating: what was made is to be deleted
        found = await waiter
        try:
            await deferLater(self._clock, SETTLE)
        except BaseException:
            self._delete(found.uid)
            raise
        return CloudflareStream(self._account, found, lambda: self._delete(found.uid))

    async def _create(self, waiter: "Deferred[_LiveInput]") -> None:
        wanted = {
            "meta": {"name": "mentra"},
            "recording": {"mode": "automatic"},
            "deleteRecordingAfterDays": KEEP_DAYS,
        }
        try:
            found: _LiveInput = await self._account.ask(_LiveInput, "POST", json=wanted)
        except Refused as refusal:
            if not waiter.called:
                waiter.errback(refusal)
            return
        if waiter.called:
            self._delete(found.uid)
        else:
            waiter.callback(found)

    def sweep(self) -> None:
        """Try once more to delete what is left."""
        left, self._left = self._left, set()
        for uid in left:
            self._delete(uid)

    def _delete(self, uid: str) -> None:
        self._run(self._try_to_delete(uid))

    async def _try_to_delete(self, uid: str) -> None:
        try:
            await self._account.ask(None, "DELETE", uid)
        except Refused as refusal:
            self._log.warn("a live input could not be deleted: {reason}", reason=refusal.message)
            if len(self._left) < MAX_LEFT:
                self._left.add(uid)

    def _run(self, work: Coroutine[Any, Any, None]) -> None:
        running = Deferred.fromCoroutine(work)
        self._work.add(running)

        def done(outcome: object) -> object:
            self._work.discard(running)
            return outcome

        running.addBoth(done)
        running.addErrback(lambda failure: self._log.failure("a live input", failure=failure))


cloudflare_backend = ComponentFactory(ICloudflareBackend, CloudflareBackend)


def _account(settings: CloudflareSettings, services: IServices) -> Account:
    token = settings.api_token
    if not token and settings.api_token_file:
        token = ISecretFiles(services).read(settings.api_token_file, "Cloudflare's API token")
    if not settings.account_id or not token:
        raise ConfigError(
            "[media] backend is cloudflare, which takes account_id and api_token_file in "
            "[media.cloudflare], or CLOUDFLARE_ACCOUNT_ID and CLOUDFLARE_API_TOKEN"
        )
    return Account(services.http, settings.account_id, token, settings.api)
