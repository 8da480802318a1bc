"""What is asked of Cloudflare's API, on behalf of one account.

Source: developers.cloudflare.com/api, "Live Inputs", and developers.cloudflare.com/stream, "Watch a
live stream".
"""

from datetime import datetime
from typing import Any, TypeVar
from urllib.parse import quote

import msgspec

from mentra.errors import Refused
from mentra.interfaces.services import IHttpClient

ASK_SECONDS = 10.0
MAX_BYTES = 1_048_576

ResultT = TypeVar("ResultT")


class Place(msgspec.Struct, frozen=True, rename="camel"):
    """Where to send a stream."""

    url: str
    stream_key: str


class Playback(msgspec.Struct, frozen=True):
    """Where WebRTC players find it."""

    url: str = ""


class LiveInput(msgspec.Struct, frozen=True):
    """A new live input."""

    uid: str
    rtmps: Place
    playback: Playback | None = msgspec.field(default=None, name="webRTCPlayback")


class _State(msgspec.Struct, frozen=True):
    state: str = ""


class _Video(msgspec.Struct, frozen=True):
    status: _State | None = None


class Output(msgspec.Struct, frozen=True):
    """A new output."""

    uid: str


class Listed(msgspec.Struct, frozen=True):
    """A live input, as the list has it."""

    uid: str
    created: datetime
    meta: Any = None


class Listing(msgspec.Struct, frozen=True, rename="camel"):
    """All live inputs of the account, as far as one answer has them."""

    live_inputs: list[Listed] = []


class _Error(msgspec.Struct, frozen=True):
    code: int = 0


class _Answer(msgspec.Struct, frozen=True):
    success: bool = False
    errors: list[_Error] | None = None
    result: msgspec.Raw = msgspec.Raw(b"null")


class Account:
    """Asks the API on behalf of one account."""

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
            raise refused(f"Cloudflare cannot be reached: {refusal.message}") from refusal
        if method == "DELETE" and answer.status == 404:
            return None  # so much the better
        if answer.status // 100 != 2:
            raise refused(f"Cloudflare answered {answer.status}{_codes(answer.body)}")
        if kind is None:
            return None
        try:
            found = msgspec.json.decode(answer.body, type=_Answer)
            if not found.success:
                raise refused(f"Cloudflare refused{_codes(answer.body)}")
            return msgspec.json.decode(found.result, type=kind)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as problem:
            raise refused("Cloudflare answered something unexpected") from problem

    async def is_live(self, uid: str) -> bool:
        """Whether one of a live input's videos is in progress.

        :raises Refused: ``CLOUDFLARE_ERROR``.
        """
        videos: list[_Video] = await self.ask(list[_Video], "GET", uid, "videos")
        return any(one.status is not None and one.status.state == _LIVE for one in videos)


_LIVE = "live-inprogress"


def refused(message: str) -> Refused:
    """``CLOUDFLARE_ERROR``, because of *message*."""
    return Refused("CLOUDFLARE_ERROR", message, where="provider", retryable=True)


def _codes(body: bytes) -> str:
    """The codes of an answer's errors; their texts may hold more than an app should read."""
    try:
        errors = msgspec.json.decode(body, type=_Answer).errors or []
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return ""
    codes = ", ".join(str(one.code) for one in errors[:5])
    return f" (error {codes})" if codes else ""
