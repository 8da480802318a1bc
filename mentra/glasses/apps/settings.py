"""[apps]: what a sysadmin may set about apps."""

from typing import Annotated

from msgspec import Meta

from mentra.extension import ConfigSection, Section


class AppsSettings(Section, frozen=True, kw_only=True):
    """[apps]: how apps are started, waited for and bounded."""

    connect_timeout: Annotated[
        float, Meta(gt=0, le=600, description="Seconds a started app has to connect.")
    ] = 5.0
    grace: Annotated[
        float,
        Meta(ge=0, le=3600, description="Seconds to wait for an app that lost its connection."),
    ] = 5.0
    subscription_grace: Annotated[
        float,
        Meta(
            ge=0,
            le=3600,
            description="Seconds after an app (re)connected in which an empty list of "
            "subscriptions is not believed.",
        ),
    ] = 8.0
    webhook_timeout: Annotated[
        float, Meta(gt=0, le=600, description="Seconds for one call of a start webhook.")
    ] = 10.0
    webhook_attempts: Annotated[
        int, Meta(ge=1, le=10, description="How often a failing start webhook is called.")
    ] = 2
    webhook_backoff: Annotated[
        float,
        Meta(ge=0, le=60, description="Seconds before the second call; doubles with every more."),
    ] = 1.0
    stop_timeout: Annotated[
        float, Meta(gt=0, le=600, description="Seconds for the call of a stop webhook.")
    ] = 5.0
    health_timeout: Annotated[
        float, Meta(gt=0, le=600, description="Seconds for the health page of an app's server.")
    ] = 5.0
    health_kept: Annotated[
        float,
        Meta(ge=0, le=3600, description="Seconds in which a server's health is not asked again."),
    ] = 5.0
    health_shown: Annotated[
        float,
        Meta(ge=0, le=86_400, description="Seconds for which lists of apps show what was found."),
    ] = 60.0
    tool_timeout: Annotated[
        float, Meta(gt=0, le=50, description="Seconds for one call of an app's tool.")
    ] = 20.0
    tool_attempts: Annotated[
        int, Meta(ge=1, le=5, description="How often a tool's server is tried to be reached.")
    ] = 2
    max_frame: Annotated[
        int, Meta(ge=1024, description="Longest message from an app, bytes (a bitmap has 1 MB).")
    ] = 4 * 1024 * 1024
    max_queue: Annotated[
        int, Meta(ge=65_536, description="Bytes queued towards an app that does not read.")
    ] = 4 * 1024 * 1024
    max_rate: Annotated[
        float, Meta(gt=0, description="Messages a second from one app socket, over 10 s.")
    ] = 200.0
    max_waiting: Annotated[
        int, Meta(ge=1, description="Messages waiting behind one that is still being handled.")
    ] = 64
    max_apps_per_session: Annotated[
        int, Meta(ge=1, description="Apps one user may have running or starting.")
    ] = 50
    system_dashboard: Annotated[
        str,
        Meta(description="Package of the dashboard app, started with every session if it exists."),
    ] = "system.augmentos.dashboard"
    preinstalled: Annotated[
        tuple[str, ...], Meta(description="Packages put on the list of a user who has none.")
    ] = ()


apps_section = ConfigSection("apps", AppsSettings)
