"""What a sysadmin may set of pictures."""

from typing import Annotated

from msgspec import Meta

from mentra.extension import ConfigSection, Section

LARGEST_FORM = 50 * 1024 * 1024
"""Bytes of an upload that are read at all."""


class PhotosSettings(Section, frozen=True, kw_only=True):
    """[photos]: pictures that apps ask for, and those that the server keeps."""

    public_url: Annotated[
        str,
        Meta(
            pattern=r"^(https?://[^/\s]\S*)?$",
            description="URL that kept pictures are found at, without /uploads; empty: that of the "
            "server itself.",
        ),
    ] = ""
    timeout: Annotated[
        float,
        Meta(gt=0, le=600, description="Seconds until an app is told that no picture came."),
    ] = 30.0
    system_timeout: Annotated[
        float,
        Meta(gt=0, le=3600, description="Seconds in which a picture that the wearer took by button "
             "may be uploaded."),
    ] = 120.0  # fmt: skip
    max_pending: Annotated[
        int, Meta(ge=1, le=1000, description="Pictures waited for at a time, of one session.")
    ] = 16
    max_size: Annotated[
        int,
        Meta(ge=1024, le=LARGEST_FORM - 1024 * 1024, description="Longest picture that can be "
             "uploaded here, bytes."),
    ] = 20 * 1024 * 1024  # fmt: skip
    max_per_user: Annotated[int, Meta(ge=1, description="Pictures kept for one person.")] = 5000
    max_bytes_per_user: Annotated[
        int, Meta(ge=1024, description="What these may take together, bytes.")
    ] = 2 * 1024 * 1024 * 1024
    keep: Annotated[
        float,
        Meta(gt=0, description="Seconds that an uploaded picture is kept which is in no gallery."),
    ] = 86_400.0
    sweep: Annotated[
        float,
        Meta(gt=0, description="Seconds between two searches for pictures to be deleted."),
    ] = 3600.0
    inline: Annotated[
        int,
        Meta(ge=0, le=8 * 1024 * 1024, description="Longest picture that subscribers of "
             "photo_taken are sent as data, bytes; of a longer one they get the address alone."),
    ] = 512 * 1024  # fmt: skip


photos_section = ConfigSection("photos", PhotosSettings)
