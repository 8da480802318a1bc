"""Where glasses bring the pictures that an app asked for: ``/photo-upload`` of its server."""

from collections.abc import Iterable

import aiohttp
import attrs
import msgspec
from aiohttp import web

from mentra.sdk.photos import LONGEST, Photo, Photos

LONGEST_FIELD = 4096


@attrs.define
class _Form:
    """What a form has said so far."""

    fields: dict[str, str] = attrs.field(factory=dict)
    data: bytearray | None = None
    mime_type: str = ""
    filename: str = ""


async def take_upload(request: web.Request, all_photos: Iterable[Photos]) -> web.Response:
    """Give a picture, or the word that there is none, to whoever of *all_photos* waits for it."""
    if not request.content_type.startswith("multipart/"):
        return _answer(400, "this is no form")
    try:
        form = await _read(await request.multipart())
    except (ValueError, aiohttp.ClientError) as problem:
        return _answer(400, f"the form is broken: {problem}")
    request_id = form.fields.get("requestId", "")
    if not request_id:
        return _answer(400, "requestId is missing")
    waiting = next((one for one in all_photos if one.is_waiting(request_id)), None)
    if waiting is None:
        return _answer(404, "nobody waits for this photo")
    if form.fields.get("type") == "photo_error" or form.fields.get("success") == "false":
        code = form.fields.get("errorCode") or "UNKNOWN_ERROR"
        waiting.refused(request_id, code, form.fields.get("errorMessage") or "no photo")
        return _answer(200, "noted", request_id)
    if form.data is None:
        return _answer(400, "the photo is missing")
    photo = Photo(request_id, bytes(form.data), form.mime_type, form.filename)
    waiting.arrived(photo)
    return _answer(200, "received", request_id)


async def _read(reader: aiohttp.MultipartReader) -> _Form:
    form = _Form()
    while (part := await reader.next()) is not None:
        if not isinstance(part, aiohttp.BodyPartReader):
            raise ValueError("a form within a form")
        is_photo = part.filename is not None
        data = await _bytes(part, LONGEST if is_photo else LONGEST_FIELD)
        if is_photo:
            form.data, form.filename = data, part.filename or ""
            form.mime_type = part.headers.get("Content-Type", "image/jpeg")
        elif part.name is not None:
            form.fields[part.name] = data.decode("utf-8", "replace")
    return form


async def _bytes(part: aiohttp.BodyPartReader, most: int) -> bytearray:
    data = bytearray()
    while chunk := await part.read_chunk():
        data += chunk
        if len(data) > most:
            raise ValueError(f"over {most} bytes")
    return data


def _answer(status: int, message: str, request_id: str | None = None) -> web.Response:
    body = {"success": status == 200, "message": message, "requestId": request_id}
    return web.Response(
        status=status, body=msgspec.json.encode(body), content_type="application/json"
    )
