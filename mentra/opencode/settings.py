"""[opencode]: what a sysadmin may set about the bridge."""

import re
from pathlib import Path
from typing import Annotated

from msgspec import Meta

from mentra.extension import ConfigSection, Outgoing, Section


def local_url(value: str) -> None:
    """The value is the URL of an HTTP server, and nothing more.

    :raises ValueError: it is not.
    """
    if not re.fullmatch(r"https?://[^/\s?#@]+(?:/[^\s?#]*)?", value):
        raise ValueError(f"{value!r} is no URL of a server; the form is http://127.0.0.1:4096")


def absolute(value: str) -> None:
    """The value is empty, absolute, or in somebody's home.

    :raises ValueError: it is not.
    """
    if value and not value.startswith("~") and not Path(value).is_absolute():
        raise ValueError(f"{value!r} depends on where one stands; write the whole path")


def web_origins(values: tuple[str, ...]) -> None:
    """Each value is what browsers send as Origin.

    :raises ValueError: one is not.
    """
    for value in values:
        if not re.fullmatch(r"[a-z][a-z0-9+.-]*://[^/\s]+", value):
            raise ValueError(f"{value!r} is no origin; the form is https://ui.example.org")


class OpencodeSettings(Section, frozen=True, kw_only=True):
    """[opencode]: a bridge on this machine alone, from desktop programs to an OpenCode server."""

    enabled: Annotated[
        bool, Meta(description="Whether the bridge is there; it needs the extra mentra[opencode].")
    ] = False
    port: Annotated[
        int,
        Meta(
            ge=0,
            le=65_526,
            description="Port of 127.0.0.1 to listen on; while it is in use the next one is taken, "
            "ten at most.  0: any free one.",
        ),
    ] = 50_051
    origins: Annotated[
        tuple[str, ...],
        Meta(
            description="Origins of web pages that may connect, besides those of this machine.",
            extra={"check": web_origins},
        ),
    ] = ()
    url: Annotated[
        str,
        Meta(
            description="Where the OpenCode server is; with a command set, where it is started.",
            extra={"check": local_url},
        ),
    ] = "http://127.0.0.1:4096"
    directory: Annotated[
        str,
        Meta(
            description="Project directory to work in; empty: the one the server was started in.",
            extra={"check": absolute},
        ),
    ] = ""
    username: Annotated[
        str, Meta(min_length=1, description="User name that the OpenCode server wants.")
    ] = "opencode"
    password_file: Annotated[
        str,
        Meta(
            description="File with the password that the OpenCode server wants, readable by its "
            "owner alone; empty: none."
        ),
    ] = ""
    auth_file: Annotated[
        str,
        Meta(
            description="The OpenCode server's auth.json, for requests that read credentials; "
            "empty: opencode/auth.json in $XDG_DATA_HOME or in ~/.local/share.",
            extra={"check": absolute},
        ),
    ] = ""
    command: Annotated[
        tuple[str, ...],
        Meta(
            description='What starts an OpenCode server, e.g. ["opencode", "serve"]: it is started '
            "with us, watched, and stopped with us.  Empty: one runs already.",
        ),
    ] = ()


opencode_section = ConfigSection("opencode", OpencodeSettings)


def _server(settings: OpencodeSettings) -> dict[str, str]:
    return {"opencode.url": settings.url} if settings.enabled else {}


opencode_server = Outgoing("the OpenCode bridge", OpencodeSettings, _server)
