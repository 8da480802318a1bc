"""Cloudflare Stream, by its HTTP API."""

from collections.abc import Callable, Coroutine
from typing import Any
from urllib.parse import urlsplit

from twisted.application.service import Service
from twisted.internet.defer import Deferred, DeferredList
from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import deferLater
from twisted.logger import Logger
from zope.interface import implementer

from mentra.errors import ConfigError, Refused
from mentra.extension import ComponentFactory
from mentra.glasses.streams.backends.cloudflare_api import (
    Account,
    Listed,
    Listing,
    LiveInput,
    Output,
    refused,
)
from mentra.glasses.streams.backends.settings import CloudflareSettings, MediaSettings
from mentra.glasses.streams.settings import StreamsSettings
from mentra.interfaces.network import IGuardedHttpClient
from mentra.interfaces.services import ISecretFiles, IServices
from mentra.interfaces.streams import ICloudflareBackend, IMediaStream

NAME = "mentra managed stream"
"""What our live inputs are called."""

SETTLE = 3.0
"""Seconds until a new live input takes a stream."""

KEEP_DAYS = 30
"""Days that recordings are kept; Cloudflare takes no fewer, and none can be watched live unless it
is recorded."""

MAX_WORK = 200
"""Live inputs that may be made and deleted at a time; an app can ask for many, and give up."""

MAX_LEFT = 1000
"""Live inputs that could not be deleted and are tried again."""


@implementer(IMediaStream)
class CloudflareStream:
    """One live input.

    :param delete: begins to delete it.
    """

    asked = "until_live"

    def __init__(self, account: Account, found: LiveInput, delete: Callable[[], None]) -> None:
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
        return await self._account.is_live(self._uid)

    def went_live(self) -> None:
        """Cloudflare has noticed itself."""

    async def add_output(self, url: str) -> str:
        """Have Cloudflare send it on.

        :raises Refused: ``CLOUDFLARE_ERROR``.
        """
        server, _, key = url.rpartition("/")
        wanted = {"url": server, "streamKey": key, "enabled": True}
        found: Output = await self._account.ask(Output, "POST", self._uid, "outputs", json=wanted)
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
        self._now: Callable[[], float] = services.now
        self._stale = services.settings(StreamsSettings).stale
        self._account = _account(settings.cloudflare, services)
        self._work: set[Deferred[None]] = set()
        self._used: set[str] = set()
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
            raise refused("Too many streams begin and end at a time")
        waiter: Deferred[LiveInput] = Deferred()
        self._run(self._create(waiter))
        # whoever gives up cancels the waiting, never the creating: what was made is to be deleted
        found = await waiter
        try:
            await deferLater(self._clock, SETTLE)
        except BaseException:
            self._delete(found.uid)
            raise
        return CloudflareStream(self._account, found, lambda: self._delete(found.uid))

    async def _create(self, waiter: "Deferred[LiveInput]") -> None:
        wanted = {
            "meta": {"name": NAME},
            "recording": {"mode": "automatic"},
            "deleteRecordingAfterDays": KEEP_DAYS,
        }
        try:
            found: LiveInput = await self._account.ask(LiveInput, "POST", json=wanted)
        except Refused as refusal:
            if not waiter.called:
                waiter.errback(refusal)
            return
        if waiter.called:
            self._delete(found.uid)
        else:
            self._used.add(found.uid)
            waiter.callback(found)

    def sweep(self) -> None:
        """Try once more to delete what is left, and what servers left that were killed."""
        left, self._left = self._left, set()
        for uid in left:
            self._delete(uid)
        self._run(self._sweep())

    async def _sweep(self) -> None:
        try:
            listing: Listing = await self._account.ask(Listing, "GET")
            for one in listing.live_inputs:
                # another server may be streaming to it
                if self._may_be_left(one) and not await self._account.is_live(one.uid):
                    self._delete(one.uid)
        except Refused as refusal:
            self._log.warn("live inputs cannot be swept: {reason}", reason=refusal.message)

    def _may_be_left(self, one: Listed) -> bool:
        ours = isinstance(one.meta, dict) and one.meta.get("name") == NAME
        is_old = self._now() - one.created.timestamp() > self._stale
        return ours and is_old and one.uid not in self._used

    def _delete(self, uid: str) -> None:
        self._used.discard(uid)
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
    return Account(IGuardedHttpClient(services), settings.account_id, token, settings.api)
