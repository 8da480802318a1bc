"""The core sections: what is set here belongs to the house, not to a wing or an extension.

Every field has a default that works, and a description; both end up in ``etc/mentra.toml`` and
in the reference.  ``extra={"check": function}`` adds a check (the function raises ``ValueError``),
``extra={"secret": True}`` keeps the value out of everything that is printed.
"""

from typing import Annotated, Literal

from msgspec import Meta

from mentra.config import checks
from mentra.extension import ConfigSection, Section


class ServerSettings(Section, frozen=True, kw_only=True):
    """[server]: where it listens, and who it believes."""

    listen: Annotated[
        str,
        Meta(
            description="Where to listen, a Twisted endpoint string: tcp:, ssl:, unix:, systemd:.",
            extra={"check": checks.endpoint},
        ),
    ] = "tcp:8002:interface=127.0.0.1"
    public_url: Annotated[
        str,
        Meta(
            description="URL that apps and phones reach this server at, "
            "e.g. https://glasses.example.org; empty: made from public_host.",
            extra={"check": checks.web_url},
        ),
    ] = ""
    public_host: Annotated[
        str,
        Meta(
            description="Host name for the WebSocket URL that apps are told; a bare host means "
            "wss, a loopback one ws.",
            extra={"check": checks.host},
        ),
    ] = ""
    local_host: Annotated[
        str,
        Meta(
            description="The same for system apps, which may be nearer; empty: as public_host.",
            extra={"check": checks.host},
        ),
    ] = ""
    cors_origins: Annotated[
        tuple[str, ...],
        Meta(description='Origins whose web pages may call the API; "*" is every one.'),
    ] = ("*",)
    trusted_proxies: Annotated[
        tuple[str, ...],
        Meta(
            description="Addresses or networks of proxies whose X-Forwarded-For is believed; "
            '"unix": whoever may connect through a Unix socket that we listen on.',
            extra={"check": checks.proxies},
        ),
    ] = ()
    operator_networks: Annotated[
        tuple[str, ...],
        Meta(
            description="Addresses or networks that may read /metrics and other operator pages.",
            extra={"check": checks.networks},
        ),
    ] = ("127.0.0.0/8", "::1/128")
    drain: Annotated[
        float,
        Meta(ge=0, le=3600, description="Seconds that a stop waits for work in hand."),
    ] = 10.0
    backlog: Annotated[
        int,
        Meta(ge=1, le=65_535, description="Connections the kernel holds before we accept them."),
    ] = 2048


class AuthSettings(Section, frozen=True, kw_only=True):
    """[auth]: who may come in."""

    secret_file: Annotated[
        str,
        Meta(
            description="File with the secret that signs tokens, readable by its owner alone; "
            "empty: secrets/jwt in the state directory, made at the first start."
        ),
    ] = ""
    supabase_secret_file: Annotated[
        str,
        Meta(
            description="File with the secret that signs the tokens of your Supabase project, "
            "readable by its owner alone; empty: its tokens are not exchanged for ours."
        ),
    ] = ""
    first_message: Annotated[
        bool,
        Meta(
            description="Let glasses connect without a token and send it in their first message, "
            "within 5 seconds."
        ),
    ] = False
    create_users: Annotated[
        bool, Meta(description="Whether a valid token of a new address makes that user.")
    ] = True
    assistants: Annotated[
        tuple[str, ...],
        Meta(
            description="Packages that may list and use the other apps of users who have them, "
            "as a voice assistant does."
        ),
    ] = ()
    bare_email_routes: Annotated[
        bool,
        Meta(
            description="Serve the routes that take a user's address without any proof, because "
            "SDKs send nothing else; whoever knows an address can read that user's settings of an "
            "app."
        ),
    ] = True
    system_networks: Annotated[
        tuple[str, ...],
        Meta(
            description="Addresses or networks that system apps must connect from, besides having "
            "their key; empty: from anywhere.",
            extra={"check": checks.networks},
        ),
    ] = ()


class WireSettings(Section, frozen=True, kw_only=True):
    """[wire]: WebSocket connections: their signs of life and their bounds."""

    fast_path: Annotated[
        bool,
        Meta(
            description="Cut small frames from the buffer ourselves; false leaves all to Autobahn."
        ),
    ] = True
    lean_loop: Annotated[
        bool,
        Meta(description="Use our leaner event loop; false takes Twisted's for this platform."),
    ] = True
    echo: Annotated[
        bool, Meta(description="Add /echo-ws, which sends everything back, for conformance suites.")
    ] = False
    compression: Annotated[
        bool, Meta(description="Offer permessage-deflate: less traffic for more time and memory.")
    ] = False
    heartbeat: Annotated[
        float, Meta(gt=0, le=3600, description="Seconds between two pings of a connection.")
    ] = 10.0
    pong_timeout: Annotated[
        float,
        Meta(gt=0, le=86_400, description="Seconds without a pong until a connection closes."),
    ] = 30.0
    pong_timeout_enabled: Annotated[
        bool, Meta(description="Whether a connection closes for want of a pong.")
    ] = True
    idle_timeout: Annotated[
        float,
        Meta(gt=0, le=86_400, description="Seconds without any byte until a connection closes."),
    ] = 120.0
    handshake_timeout: Annotated[
        float,
        Meta(gt=0, le=600, description="Seconds from the first byte to the end of the handshake."),
    ] = 10.0
    max_connections: Annotated[
        int, Meta(ge=1, description="WebSocket connections in all; one more gets a 503.")
    ] = 20_000
    max_connections_per_user: Annotated[
        int, Meta(ge=1, description="Connections of one user, glasses and apps together.")
    ] = 20
    max_connections_per_address: Annotated[
        int, Meta(ge=0, description="Connections from one IP address; 0 is no bound.")
    ] = 0
    admissions_per_second: Annotated[
        float,
        Meta(
            gt=0,
            description="New connections a second; more are asked to come back a little later.",
        ),
    ] = 500.0


class StoreSettings(Section, frozen=True, kw_only=True):
    """[store]: where users, apps and settings are kept."""

    url: Annotated[
        str,
        Meta(
            description="Database, e.g. postgresql://mentra@localhost/mentra; "
            "empty: SQLite in the state directory."
        ),
    ] = ""


class PluginsSettings(Section, frozen=True, kw_only=True):
    """[plugins]: handlers and managers from outside."""

    path: Annotated[
        tuple[Annotated[str, Meta(min_length=1)], ...],
        Meta(
            description="Folders whose Python files are plugin modules; relative to this file. "
            "None may be writable by strangers, for what lies there is run."
        ),
    ] = ()
    prefer: Annotated[
        dict[str, str],
        Meta(
            description="Which handler wins where two own one message: "
            '{ "app display_event" = "acme.handlers:show" }.'
        ),
    ] = {}  # noqa: RUF012 - msgspec gives every instance its own


class LogSettings(Section, frozen=True, kw_only=True):
    """[log]: what is written, and how."""

    format: Annotated[
        Literal["text", "json"],
        Meta(description="text for people; json is one JSON object a line."),
    ] = "text"
    level: Annotated[
        Literal["debug", "info", "warn", "error", "critical"],
        Meta(description="The least that is written."),
    ] = "info"


class PrivacySettings(Section, frozen=True, kw_only=True):
    """[privacy]: who may be told what."""

    air_gap: Annotated[
        bool,
        Meta(
            description="Whether engines (for speech, translation, language and pictures), the "
            "OpenCode bridge, the store and the media server's client may only talk to this "
            "machine and to private networks; each of their connections is checked."
        ),
    ] = False


CORE = (
    ConfigSection("server", ServerSettings),
    ConfigSection("auth", AuthSettings),
    ConfigSection("wire", WireSettings),
    ConfigSection("store", StoreSettings),
    ConfigSection("plugins", PluginsSettings),
    ConfigSection("log", LogSettings),
    ConfigSection("privacy", PrivacySettings),
)
"""The core sections, in the order of the file."""
