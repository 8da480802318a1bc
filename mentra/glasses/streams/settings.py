"""[streams]: what a sysadmin may set about live video."""

from typing import Annotated

from msgspec import Meta

from mentra.extension import ConfigSection, Section


class StreamsSettings(Section, frozen=True, kw_only=True):
    """[streams]: live video of the glasses, whichever server it goes to."""

    keep_alive: Annotated[
        float, Meta(gt=0, le=3600, description="Seconds between two keep-alives of a stream.")
    ] = 15.0
    ack_timeout: Annotated[
        float, Meta(gt=0, le=3600, description="Seconds the glasses have to answer one.")
    ] = 10.0
    missed_acks: Annotated[
        int, Meta(ge=1, le=100, description="Keep-alives missed in a row that end a stream.")
    ] = 3
    silence: Annotated[
        float,
        Meta(
            gt=0,
            le=86_400,
            description="Seconds without a word of the glasses that end an unmanaged stream, "
            "whatever its state.",
        ),
    ] = 60.0
    poll: Annotated[
        float,
        Meta(gt=0, le=600, description="Seconds between two looks whether a stream is live."),
    ] = 2.0
    live_within: Annotated[
        float, Meta(gt=0, le=3600, description="Seconds a managed stream has to become live.")
    ] = 60.0
    stale: Annotated[
        float,
        Meta(
            gt=0,
            description="Seconds without a sign of life after which the sweep ends a managed "
            "stream.",
        ),
    ] = 3600.0
    sweep: Annotated[
        float, Meta(gt=0, description="Seconds between two sweeps, while there are streams.")
    ] = 3600.0
    max_outputs: Annotated[
        int, Meta(ge=0, le=1000, description="Restreams of one managed stream.")
    ] = 10
    max_outputs_per_app: Annotated[
        int, Meta(ge=0, le=1000, description="Restreams of one managed stream that an app adds.")
    ] = 10
    max_url: Annotated[
        int, Meta(ge=64, le=65_536, description="Longest address of a stream, characters.")
    ] = 2048
    max_options: Annotated[
        int,
        Meta(ge=2, description="Longest video, audio or stream options, bytes of JSON."),
    ] = 4096


streams_section = ConfigSection("streams", StreamsSettings)
