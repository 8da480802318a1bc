"""Where a managed stream goes as well.  Source: docs/protocol/video.rst, "restreams"."""

import re
import secrets
from collections.abc import Iterable, Sequence

import attrs
import msgspec

from mentra.errors import Refused
from mentra.glasses.streams.preconditions import is_rtmp
from mentra.glasses.streams.settings import StreamsSettings
from mentra.interfaces.streams import IMediaStream
from mentra.messages.video import RestreamDestination, StreamOutput

_SERVER = re.compile(r"^(\w+://)([^/?#@]*@)*([^/?#]*).*$", re.DOTALL)


def _without_key(url: "re.Match[str]") -> str:
    return f"{url[1]}{url[3]}/..."


@attrs.define
class Output:
    """One restream.

    :ivar is_placed: whether it is being put in place, or was.
    :ivar place: its id at the media server, None as long as it is not there.
    :ivar error: why it cannot be there.
    """

    url: str
    name: str | None
    package_name: str
    output_id: str = attrs.field(factory=lambda: secrets.token_hex(8))
    is_placed: bool = False
    place: str | None = None
    error: str | None = None


class Outputs:
    """The restreams of one stream, within bounds."""

    def __init__(self, settings: StreamsSettings) -> None:
        self._settings = settings
        self._outputs: dict[str, Output] = {}
        self._media: IMediaStream | None = None
        self._is_over = False

    def __len__(self) -> int:
        return len(self._outputs)

    def check(self, package_name: str, wanted: Sequence[RestreamDestination]) -> None:
        """Whether the app may have all of *wanted*.

        :raises Refused: not one of them will be there.
        """
        self._check_room(package_name, len(wanted))
        known = {one.url for one in self._outputs.values()}
        for one in wanted:
            if not is_rtmp(one.url, self._settings.max_url):
                raise Refused("INVALID_URL_FORMAT", "A restream goes to an rtmp:// or rtmps:// URL",
                              where="app")  # fmt: skip
            if len(one.name or "") > self._settings.max_url:
                raise Refused("INVALID_URL", "The name of a restream is too long", where="app")
            if one.url in known:
                raise Refused("DUPLICATE_URL", "The stream goes there already", where="app")
            known.add(one.url)

    def _check_room(self, package_name: str, more: int) -> None:
        most, most_of_app = self._settings.max_outputs, self._settings.max_outputs_per_app
        if more and len(self._outputs) + more > most:
            raise Refused("MAX_OUTPUTS_REACHED", f"A stream has at most {most} restreams",
                          where="app")  # fmt: skip
        own = sum(one.package_name == package_name for one in self._outputs.values())
        if more and own + more > most_of_app:
            raise Refused("MAX_APP_OUTPUTS_REACHED", f"An app adds at most {most_of_app} restreams",
                          where="app")  # fmt: skip

    def note(self, package_name: str, wanted: Sequence[RestreamDestination]) -> list[Output]:
        """Keep *wanted*, which was checked; each is still to be put in place."""
        noted = [Output(one.url, one.name, package_name) for one in wanted]
        self._outputs |= {one.output_id: one for one in noted}
        return noted

    def opened(self, media: IMediaStream) -> None:
        """There is a media server to put them in place at."""
        self._media = media

    async def put(self, several: Sequence[Output]) -> None:
        """Put *several* in place; what cannot be has its reason from then on."""
        for output in several:
            try:
                await self._put(output)
            except Refused as refusal:
                output.error = refusal.message

    def waiting(self) -> list[Output]:
        """Those that are still to be put in place."""
        return [one for one in self._outputs.values() if not one.is_placed]

    async def add(self, package_name: str, destination: RestreamDestination) -> StreamOutput:
        """One more, in place.

        :raises Refused: it cannot be had.
        """
        self.check(package_name, [destination])
        [output] = self.note(package_name, [destination])
        try:
            await self._put(output)
        except BaseException:
            # a caller that gave up counts as well
            self._outputs.pop(output.output_id, None)
            raise
        return self._shown(output)

    async def remove(self, package_name: str, output_id: str) -> None:
        """One less; its own app alone may say so.

        :raises Refused: ``OUTPUT_NOT_FOUND``, ``NOT_AUTHORIZED``, or what the media server says.
        """
        output = self._outputs.get(output_id)
        if output is None:
            raise Refused("OUTPUT_NOT_FOUND", "There is no such restream", where="app")
        if output.package_name != package_name:
            raise Refused("NOT_AUTHORIZED", "Another app added this restream", where="app")
        await self._drop(output)

    async def remove_all(self, package_name: str) -> None:
        """The app watches no more: what it added goes with it."""
        for output in [one for one in self._outputs.values() if one.package_name == package_name]:
            try:
                await self._drop(output)
            except Refused as refusal:
                output.error = refusal.message

    def close(self) -> None:
        """The stream is over, and they with it."""
        self._is_over = True
        self._outputs.clear()

    def shown(self) -> tuple[StreamOutput, ...]:
        """All of them, as apps see them."""
        return tuple(map(self._shown, self._outputs.values()))

    def seen_by(
        self, package_name: str, several: Iterable[StreamOutput]
    ) -> tuple[StreamOutput, ...]:
        """*several* as the app may see them: of what others added, the server and no key."""
        own = {key for key, one in self._outputs.items() if one.package_name == package_name}
        return tuple(
            one if one.output_id in own
            else msgspec.structs.replace(one, url=_SERVER.sub(_without_key, one.url))
            for one in several
        )  # fmt: skip

    async def _put(self, output: Output) -> None:
        if self._media is None:
            return  # once it is there, those that wait are put in place
        output.is_placed = True
        output.place = await self._media.add_output(output.url)
        if self._is_over:
            raise Refused("STREAM_NOT_FOUND", "The stream has ended", where="app")
        if output.output_id not in self._outputs:
            # taken away while it was being put there
            await self._media.remove_output(output.place)

    async def _drop(self, output: Output) -> None:
        if output.place is not None and self._media is not None:
            await self._media.remove_output(output.place)
        self._outputs.pop(output.output_id, None)

    def _shown(self, output: Output) -> StreamOutput:
        status, error = "stopped", None
        if output.error is not None:
            status, error = "error", output.error
        elif output.place is not None and self._media is not None:
            status, error = self._media.output_state(output.place)
        return StreamOutput(
            url=output.url,
            name=output.name,
            status=status,
            error=error,
            output_id=output.output_id,
        )
