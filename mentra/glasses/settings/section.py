"""[settings]: what a sysadmin may set about them."""

from typing import Annotated

from msgspec import Meta

from mentra.extension import ConfigSection, Section


class SettingsSettings(Section, frozen=True, kw_only=True):
    """[settings]: how much may be kept in settings, and how the servers of apps hear of them."""

    max_user: Annotated[
        int, Meta(ge=1024, description="Most that one user's own settings may take, bytes of JSON.")
    ] = 262_144
    max_app: Annotated[
        int,
        Meta(ge=1024, description="Most that one user's settings of one app may take, bytes."),
    ] = 262_144
    post_timeout: Annotated[
        float,
        Meta(gt=0, le=600, description="Seconds for telling an app's server of new settings."),
    ] = 10.0
    max_posts: Annotated[
        int, Meta(ge=1, description="Servers of apps that are being told at a time; more are not.")
    ] = 200


settings_section = ConfigSection("settings", SettingsSettings)
