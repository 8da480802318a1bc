"""What is remembered of people and apps: frozen data, as stores keep it and the API shows it."""

from typing import Any, Literal

import msgspec

AppType = Literal["standard", "background", "system_dashboard"]
AppStoreStatus = Literal["DEVELOPMENT", "SUBMITTED", "REJECTED", "PUBLISHED"]


class Record(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Base of everything a store keeps."""


class Permission(Record, frozen=True, kw_only=True):
    """Something an app may do.

    :ivar type: e.g. ``MICROPHONE``; ``ALL`` grants everything.
    """

    type: str
    description: str | None = None


class HardwareRequirement(Record, frozen=True, kw_only=True):
    """Hardware an app wants.

    :ivar type: e.g. ``CAMERA``.
    :ivar level: ``REQUIRED`` or ``OPTIONAL``.
    """

    type: str
    level: str = "REQUIRED"
    description: str | None = None


class App(Record, frozen=True, kw_only=True):
    """An installed or installable app; without its keys, which only the store sees.

    :ivar package_name: reverse-DNS name, unique.
    :ivar public_url: where its server is; ``/webhook`` is appended.
    :ivar settings: declared settings, as written on the wire.
    :ivar tools: what assistants may have it do, as written on the wire.
    :ivar app_store_status: ``DEVELOPMENT``, ``SUBMITTED``, ``REJECTED`` or ``PUBLISHED``.
    :ivar is_public: published for everybody to find, not for its organisation alone.
    :ivar uninstallable: whether wearers may take it off their list.
    :ivar developer_id: canonical e-mail address of who may change its permissions.
    :ivar system: belongs to the house: told the local host name, and (where address ranges are
        configured) only let in from them.
    :ivar enabled: False keeps it from being started.
    :ivar onboarding_instructions: shown to a user who starts it for the first time.
    """

    package_name: str
    name: str = ""
    description: str = ""
    version: str = ""
    public_url: str = ""
    webview_url: str | None = None
    logo_url: str | None = None
    app_type: AppType = "standard"
    permissions: tuple[Permission, ...] = ()
    settings: tuple[dict[str, Any], ...] = ()
    tools: tuple[dict[str, Any], ...] = ()
    hardware_requirements: tuple[HardwareRequirement, ...] = ()
    app_store_status: AppStoreStatus = "DEVELOPMENT"
    is_public: bool = False
    uninstallable: bool = True
    onboarding_instructions: str | None = None
    organization_id: str | None = None
    developer_id: str | None = None
    system: bool = False
    enabled: bool = True

    def has_permission(self, permission: str) -> bool:
        """Whether *permission* was given; ``ALL`` grants every one, the legacy
        ``NOTIFICATIONS`` means ``READ_NOTIFICATIONS``."""
        held = {granted.type for granted in self.permissions}
        if "ALL" in held or permission in held:
            return True
        return permission == "READ_NOTIFICATIONS" and "NOTIFICATIONS" in held


class Install(Record, frozen=True, kw_only=True):
    """An app on a user's list.

    :ivar installed_at: POSIX seconds.
    :ivar last_active_at: POSIX seconds of the last start or stop.
    """

    package_name: str
    installed_at: float
    last_active_at: float | None = None


class Position(Record, frozen=True, kw_only=True):
    """Where somebody was.

    :ivar lat: degrees north.
    :ivar lng: degrees east.
    :ivar accuracy: metres.
    :ivar known_at: POSIX seconds of when it came.
    """

    lat: float
    lng: float
    accuracy: float | None = None
    known_at: float


class Whereabouts(Record, frozen=True, kw_only=True):
    """A person's last known position, and who wanted it how exactly.

    :ivar rates: package name to its location rate.
    :ivar tier: what the phone was told last.
    """

    position: Position | None = None
    rates: dict[str, str] = {}
    tier: str = "reduced"


class Feedback(Record, frozen=True, kw_only=True):
    """What somebody had to say.

    :ivar created_at: POSIX seconds.
    """

    user_id: str
    created_at: float
    text: str


class User(Record, frozen=True, kw_only=True):
    """A person, as loaded when the session starts.

    :ivar user_id: canonical e-mail address.
    :ivar created_at: POSIX seconds.
    :ivar running_apps: packages to start with the next session, in the order they were started.
    :ivar settings: the user's own settings, stored keys only.
    :ivar app_settings: package name to its stored ``{key: value}``.
    :ivar glasses_models: names of the models that were ever connected, in order.
    :ivar onboarded: packages whose onboarding was seen.
    """

    user_id: str
    created_at: float
    installs: tuple[Install, ...] = ()
    running_apps: tuple[str, ...] = ()
    settings: dict[str, Any] = {}
    app_settings: dict[str, dict[str, Any]] = {}
    whereabouts: Whereabouts = Whereabouts()
    glasses_models: tuple[str, ...] = ()
    onboarded: tuple[str, ...] = ()


class Photo(Record, frozen=True, kw_only=True):
    """A picture that the server keeps.

    :ivar user_id: whose it is.
    :ivar file: name of its file, which nobody can guess.
    :ivar request_id: of the request it was taken for, as its sender named it.
    :ivar package_name: the app it was taken for; None if the wearer took it.
    :ivar uploaded_at: POSIX seconds.
    :ivar original_filename: what its sender called it.
    :ivar size: bytes.
    :ivar mime_type: e.g. ``image/jpeg``.
    :ivar in_gallery: False for one that is deleted after a while.
    """

    photo_id: str
    user_id: str
    file: str
    request_id: str
    package_name: str | None = None
    uploaded_at: float
    original_filename: str = ""
    size: int
    mime_type: str
    in_gallery: bool


class AppServer(Record, frozen=True, kw_only=True):
    """A server that registered itself for an app.

    :ivar registered_at: POSIX seconds.
    """

    package_name: str
    webhook_url: str
    server_urls: tuple[str, ...] = ()
    registration_id: str
    registered_at: float


class Happened(msgspec.Struct, frozen=True, kw_only=True):
    """Something that is counted for the person whom it happened to.

    :ivar kind: ``ai`` a language model was asked, ``images`` a batch of pictures was made, ``tool``
        a tool or an artifact was called, ``error`` a request failed, ``chat`` one was begun,
        ``message`` one was written, ``search`` somebody looked for something, ``session`` a page
        was there and is gone.
    :ivar name: of the tool, or of the channel that failed.
    :ivar provider: of the model, and
    :ivar model: which; empty where none was involved.
    :ivar code: upper-case word for what failed.
    :ivar retryable: whether trying again made sense.
    :ivar cost: millionths of a US dollar.
    :ivar seconds: how long it took.
    :ivar active_seconds: of a session: how much of it somebody did something.
    :ivar first_token_seconds: until the first piece of a streamed answer.
    :ivar tools: how often a model called one.
    """

    kind: Literal["ai", "images", "tool", "error", "chat", "message", "search", "session"]
    name: str = ""
    provider: str = ""
    model: str = ""
    ok: bool = True
    code: str = ""
    retryable: bool = False
    input_tokens: int = 0
    output_tokens: int = 0
    cost: int = 0
    seconds: float = 0.0
    active_seconds: float = 0.0
    first_token_seconds: float | None = None
    streaming: bool = False
    tools: int = 0
    images: int = 0
