"""[imagegen]: what a sysadmin may set about pictures that are made."""

from typing import Annotated

from msgspec import Meta

from mentra.extension import ConfigSection, Section


class ImageGenSettings(Section, frozen=True, kw_only=True):
    """[imagegen]: pictures that pages have made."""

    engine: Annotated[
        str, Meta(description="Who makes them where neither the entry nor the person says.")
    ] = "sketch"
    engines: Annotated[
        tuple[str, ...],
        Meta(description="Engines that pages may ask, by name; none here: all of them."),
    ] = ()
    at_a_time: Annotated[
        int, Meta(ge=1, le=64, description="Jobs at a time, of different people.")
    ] = 2
    batch_within: Annotated[
        float, Meta(gt=0, le=3600, description="Seconds that an attempt at a batch may take.")
    ] = 300.0
    attempts: Annotated[
        int, Meta(ge=1, le=10, description="Attempts at a batch before it has failed.")
    ] = 3
    max_pixels: Annotated[
        int, Meta(ge=4096, le=67_108_864, description="Width times height of the largest picture.")
    ] = 4_194_304
    max_groups: Annotated[int, Meta(ge=1, description="Groups that one person may have.")] = 200
    max_entries: Annotated[int, Meta(ge=1, description="Entries that one person may have.")] = (
        10_000
    )
    max_jobs: Annotated[int, Meta(ge=1, description="Jobs of one person that may wait or run.")] = (
        500
    )
    max_shown: Annotated[
        int, Meta(ge=65_536, description="Bytes of the largest picture that a page is given.")
    ] = 4 * 1024 * 1024


imagegen_section = ConfigSection("imagegen", ImageGenSettings)
