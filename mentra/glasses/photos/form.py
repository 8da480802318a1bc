"""A picture as it is uploaded: a form (``multipart/form-data``), read bit by bit in a thread."""

from collections.abc import Iterator
from typing import Any, BinaryIO

import attrs
import msgspec
from multipart import MultipartError, MultipartSegment, PushMultipartParser, parse_options_header

from mentra.errors import Denied
from mentra.messages.photos import RequestId

CHUNK = 65_536
"""Bytes of the form in memory at a time."""

PICTURES = ("file", "photo")
"""Fields that a picture may come in; the first one that is there counts."""

MAX_PARTS = 16
MAX_FIELD = 65_536
MAX_FILENAME = 255

_FTYP_BRANDS = {b"avif": ("image/avif", ".avif"), b"heic": ("image/heic", ".heic"),
                b"heix": ("image/heic", ".heic"), b"mif1": ("image/heif", ".heif")}  # fmt: skip
_BEGINNINGS = (
    (b"\xff\xd8\xff", "image/jpeg", ".jpg"),
    (b"\x89PNG\r\n\x1a\n", "image/png", ".png"),
    (b"GIF8", "image/gif", ".gif"),
    (b"BM", "image/bmp", ".bmp"),
)
MIME_TYPES = {suffix: mime_type for _, mime_type, suffix in _BEGINNINGS} | {
    ".webp": "image/webp", **{suffix: mime_type for mime_type, suffix in _FTYP_BRANDS.values()}
}  # fmt: skip
"""Suffix of a kept file to what it is served as."""


class Metadata(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """The field ``metadata``."""

    request_id: RequestId
    save_to_gallery: bool = False


@attrs.frozen
class Upload:
    """A picture that has been read into a file.

    :ivar file: its name; empty until it has one.
    :ivar request_id: as its sender named it.
    :ivar saved: its sender wants it in the gallery.
    :ivar size: bytes.
    :ivar suffix: of the file's name.
    """

    request_id: str
    saved: bool
    original_filename: str
    size: int
    mime_type: str
    suffix: str
    file: str = ""


class Form:
    """Reads one form; the picture goes to a file, the fields are small.

    :param max_size: longest picture, bytes.
    :raises Denied: 400: it is no form.
    """

    def __init__(self, content_type: str, max_size: int) -> None:
        kind, options = parse_options_header(content_type)
        if kind != "multipart/form-data" or not options.get("boundary"):
            raise _denied("No photo uploaded", "NO_PHOTO")
        self._boundary = options["boundary"]
        self._max_size = max_size
        self._fields: dict[str, bytearray] = {}
        self._size = 0
        self._beginning = b""
        self._filename: str | None = None

    def read(self, body: BinaryIO, file: BinaryIO) -> Upload:
        """Read *body* and write its picture to *file*.  Blocks.

        :raises Denied: it is no such form, or its picture is too large or none.
        """
        try:
            for part, data in self._pieces(body):
                self._take(part, data, file)
        except MultipartError as wrong:
            raise _failed("the form is broken", "BAD_FORM") from wrong
        return self._upload()

    def _pieces(self, body: BinaryIO) -> Iterator[tuple[Any, bytes]]:
        # in strict mode the line break after the end is an error if it comes in a piece of its own
        parser = PushMultipartParser(self._boundary, max_segment_count=MAX_PARTS)
        part: MultipartSegment | None = None
        with parser:
            while not parser.closed:
                for event in parser.parse(body.read(CHUNK)):
                    if isinstance(event, MultipartSegment):
                        part = event
                        yield part, b""
                    elif event is not None:
                        yield part, event

    def _take(self, part: Any, data: bytes, file: BinaryIO) -> None:
        if part.name in PICTURES and part.filename is not None:
            if self._filename is None:
                self._filename = part.filename
                self._picture = part
            if part is not self._picture:
                return
            self._size += len(data)
            if self._size > self._max_size:
                raise _denied_as(413, "File upload failed", "TOO_LARGE",
                                 f"over {self._max_size} bytes")  # fmt: skip
            self._beginning = (self._beginning + data[:16])[:16]
            file.write(data)
        elif part.name in ("metadata", "requestId", "saveToGallery"):
            field = self._fields.setdefault(part.name, bytearray())
            field += data
            if len(field) > MAX_FIELD:
                raise _failed(f"{part.name} is too long", "TOO_LARGE")

    def _upload(self) -> Upload:
        metadata = self._metadata()
        if self._filename is None or not self._size:
            raise _denied("No photo uploaded", "NO_PHOTO")
        found = kind_of(self._beginning)
        if found is None:
            raise _failed("this is no picture", "NO_PICTURE")
        return Upload(
            request_id=metadata.request_id,
            saved=metadata.save_to_gallery,
            original_filename=printable(self._filename)[:MAX_FILENAME],
            size=self._size,
            mime_type=found[0],
            suffix=found[1],
        )

    def _metadata(self) -> Metadata:
        """What the field ``metadata`` says, or fields of their own."""
        fields: Any = {
            name: bytes(text).decode("utf-8", "replace") for name, text in self._fields.items()
        }
        if "metadata" in fields:
            try:
                said = msgspec.json.decode(fields["metadata"])
            except (msgspec.DecodeError, RecursionError) as wrong:
                raise _denied("Invalid metadata format", "INVALID_METADATA") from wrong
            if not isinstance(said, dict):
                raise _denied("Invalid metadata format", "INVALID_METADATA")
            fields |= said
        fields["saveToGallery"] = fields.get("saveToGallery") in (True, "true")
        request_id = fields.get("requestId")
        if not isinstance(request_id, str) or printable(request_id) != request_id:
            raise _denied("Request ID is required", "NO_REQUEST_ID")
        try:
            return msgspec.convert(fields, Metadata)
        except msgspec.ValidationError as wrong:
            raise _denied("Request ID is required", "NO_REQUEST_ID") from wrong


def kind_of(beginning: bytes) -> tuple[str, str] | None:
    """MIME type and file suffix of a picture by its first 16 bytes; None if it is none."""
    for magic, mime_type, suffix in _BEGINNINGS:
        if beginning.startswith(magic):
            return mime_type, suffix
    if beginning[:4] == b"RIFF" and beginning[8:12] == b"WEBP":
        return "image/webp", ".webp"
    if beginning[4:8] == b"ftyp":
        return _FTYP_BRANDS.get(beginning[8:12])
    return None


def printable(text: str) -> str:
    """*text* without what is no character to be seen."""
    return "".join(one for one in text if one.isprintable())


def _failed(details: str, code: str) -> Denied:
    return _denied_as(400, "File upload failed", code, details)


def _denied(error: str, code: str) -> Denied:
    return _denied_as(400, error, code, error)


def _denied_as(status: int, error: str, code: str, details: str) -> Denied:
    return Denied(status, {"error": error, "code": code, "message": details, "details": details})
