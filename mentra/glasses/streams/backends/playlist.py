"""Whether a playlist goes on: a server may publish the last one long after its stream ended."""

from urllib.parse import urljoin

from twisted.internet.interfaces import IReactorTime

from mentra.interfaces.services import IHttpClient

FETCH_SECONDS = 5.0
MAX_BYTES = 262_144


class Playlist:
    """Looks at one HLS playlist now and then.

    :param patience: seconds its newest segment may stay the same.
    """

    def __init__(self, url: str, http: IHttpClient, clock: IReactorTime, patience: float) -> None:
        self._url = url
        self._http = http
        self._clock = clock
        self._patience = patience
        self._newest: tuple[str, ...] | None = None
        self._changed_at = 0.0

    async def goes_on(self) -> bool:
        """Whether a new segment was seen within the last *patience* seconds.

        :raises mentra.errors.Refused: it cannot be fetched.
        """
        text = await self._fetch(self._url)
        variant = _variant(text)
        if variant is not None:
            text = await self._fetch(urljoin(self._url, variant))
        newest = _newest(text)
        now = self._clock.seconds()
        if newest is not None and newest != self._newest:
            self._newest, self._changed_at = newest, now
        if self._newest is None or "#EXT-X-ENDLIST" in text:
            return False
        return now - self._changed_at < self._patience

    async def _fetch(self, url: str) -> str:
        answer = await self._http.request("GET", url, timeout=FETCH_SECONDS, max_bytes=MAX_BYTES)
        return answer.body.decode("utf-8", "replace") if answer.status == 200 else ""


def _addresses(text: str) -> list[str]:
    return [line for line in map(str.strip, text.splitlines()) if line and line[0] != "#"]


def _variant(text: str) -> str | None:
    """The first of several playlists, where this one only lists others."""
    if "#EXT-X-STREAM-INF" not in text:
        return None
    return next(iter(_addresses(text)), None)


def _newest(text: str) -> tuple[str, ...] | None:
    """What tells the newest segment from others: its address, and its number where names recur."""
    if not text.startswith("#EXTM3U"):
        return None
    addresses = _addresses(text)
    if not addresses:
        return None
    numbers = [line for line in text.splitlines() if line.startswith("#EXT-X-MEDIA-SEQUENCE")]
    return (*numbers[:1], str(len(addresses)), addresses[-1])
