"""Restreams of a managed stream over HTTP.  Source: docs/protocol/video.rst, "restreams"."""

from typing import Annotated, Any

import msgspec

from mentra.errors import Denied, Refused
from mentra.extension import Access, route
from mentra.interfaces.streams import IManagedStream, IManagedStreams
from mentra.interfaces.web import ICall
from mentra.messages.video import RestreamDestination, StreamOutput

STATUSES = {
    "INVALID_URL": 400,
    "INVALID_URL_FORMAT": 400,
    "STREAM_NOT_FOUND": 404,
    "NOT_A_VIEWER": 403,
    "MAX_OUTPUTS_REACHED": 409,
    "MAX_APP_OUTPUTS_REACHED": 409,
    "DUPLICATE_URL": 409,
    "CLOUDFLARE_ERROR": 502,
    "RESTREAM_UNAVAILABLE": 503,
    "OUTPUT_NOT_FOUND": 404,
    "NOT_AUTHORIZED": 403,
}
"""Code of a refusal to its HTTP status."""


class Problem(msgspec.Struct, frozen=True, kw_only=True):
    """Why not.

    :ivar error: a code, such as ``STREAM_NOT_FOUND``.
    """

    success: bool
    error: str
    message: str


class Destination(msgspec.Struct, frozen=True, kw_only=True):
    """Where the stream is to go as well."""

    url: Annotated[
        Any, msgspec.Meta(description="Address of an RTMP server with its key, a text.")
    ] = None
    name: Annotated[str | None, msgspec.Meta(description="What to call it.")] = None


class Added(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """The new restream."""

    success: bool
    output_id: str
    output: StreamOutput


class Listing(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """All restreams of a stream."""

    success: bool
    stream_id: str
    outputs: tuple[StreamOutput, ...]


class Removed(msgspec.Struct, frozen=True, kw_only=True):
    """It is gone."""

    success: bool


_ERRORS = {400: Problem, 403: Problem, 404: Problem, 409: Problem, 502: Problem, 503: Problem}
_LOOKING = {403: Problem, 404: Problem}


@route(
    "POST",
    "/api/streams/{stream_id}/outputs",
    access=Access.APP,
    body=Destination,
    answer=Added,
    errors=_ERRORS,
)
async def add_stream_output(call: ICall) -> Added:
    """Send a managed stream that the app watches to one more RTMP server."""
    try:
        if not isinstance(call.body.url, str) or not call.body.url:
            raise Refused("INVALID_URL", "url must be a text")
        stream = _stream(call)
        destination = RestreamDestination(url=call.body.url, name=call.body.name)
        output = await stream.outputs.add(call.package_name, destination)
    except Refused as refusal:
        raise _denied(refusal) from refusal
    stream.changed()
    return Added(success=True, output_id=output.output_id or "", output=output)


@route(
    "GET",
    "/api/streams/{stream_id}/outputs",
    access=Access.APP,
    answer=Listing,
    errors=_LOOKING,
)
def list_stream_outputs(call: ICall) -> Listing:
    """The restreams of a managed stream that the app watches."""
    try:
        stream = _stream(call)
    except Refused as refusal:
        raise _denied(refusal) from refusal
    outputs = stream.outputs.seen_by(call.package_name, stream.outputs.shown())
    return Listing(success=True, stream_id=stream.stream_id, outputs=outputs)


@route(
    "DELETE",
    "/api/streams/{stream_id}/outputs/{output_id}",
    access=Access.APP,
    answer=Removed,
    errors=_LOOKING | {502: Problem},
)
async def remove_stream_output(call: ICall) -> Removed:
    """End a restream that the app added."""
    try:
        stream = _stream(call)
        await stream.outputs.remove(call.package_name, call.values["output_id"])
    except Refused as refusal:
        raise _denied(refusal) from refusal
    stream.changed()
    return Removed(success=True)


def _stream(call: ICall) -> IManagedStream:
    stream: IManagedStream | None = IManagedStreams(call.services).find(call.values["stream_id"])
    if stream is None:
        raise Refused("STREAM_NOT_FOUND", "There is no such stream")
    if call.package_name is None or not stream.is_viewer(call.package_name):
        raise Refused("NOT_A_VIEWER", "The app does not watch this stream")
    return stream


def _denied(refusal: Refused) -> Denied:
    body = {"success": False, "error": refusal.code, "message": refusal.message}
    # a plugin's media server may have codes of its own
    return Denied(STATUSES.get(refusal.code, 502), body)
