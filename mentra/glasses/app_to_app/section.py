"""[app_to_app]: what a sysadmin may set about messages between users of an app."""

from typing import Annotated

from msgspec import Meta

from mentra.extension import ConfigSection, Section


class AppToAppSettings(Section, frozen=True, kw_only=True):
    """[app_to_app]: messages between users of one app, and their bounds."""

    direct_timeout: Annotated[
        float,
        Meta(
            ge=0,
            le=3600,
            description="Seconds that a message to one user waits for an app that lost its "
            "connection.",
        ),
    ] = 15.0
    max_waiting: Annotated[
        int, Meta(ge=1, description="Messages waiting for one user's app; more are refused.")
    ] = 100
    max_payload: Annotated[
        int, Meta(ge=64, description="Longest payload of a message, bytes of JSON.")
    ] = 65_536
    history: Annotated[
        int, Meta(ge=0, le=10_000, description="Broadcasts of an app that are kept in memory.")
    ] = 100
    max_announced: Annotated[
        int,
        Meta(
            ge=0,
            description="Users of an app up to which each is told who comes and goes; beyond, only "
            "those are whose app sent a message, joined a room or asked who is there.",
        ),
    ] = 100
    max_rooms: Annotated[int, Meta(ge=1, description="Rooms of one app at a time.")] = 1_000
    max_rooms_per_user: Annotated[
        int, Meta(ge=1, description="Rooms of one app that one user is in.")
    ] = 50
    max_metadata: Annotated[
        int, Meta(ge=2, description="Most that a room's metadata may take, bytes of JSON.")
    ] = 4_096


app_to_app_section = ConfigSection("app_to_app", AppToAppSettings)
