"""What a person has set for their pages."""

from typing import Annotated, Any, ClassVar, Literal

import msgspec
from msgspec import Meta

from mentra.messages.channels import PATH, Event, Record, Request

Key = Annotated[str, Meta(min_length=1, max_length=256)]


class ChatSettings(Record, frozen=True, kw_only=True):
    """How chats behave.

    :ivar default_model: null: the page chooses.
    """

    stream_responses: bool = True
    auto_save_chats: bool = True
    auto_generate_title: bool = True
    default_model: str | None = None
    max_tokens: Annotated[int, Meta(ge=1, le=10_000_000)] = 4096
    temperature: Annotated[float, Meta(ge=0, le=2)] = 0.7


class ProviderSettings(Record, frozen=True, kw_only=True):
    """A provider of models.

    :ivar base_url: kept for pages; the server asks where its own configuration says.
    """

    enabled: bool = True
    base_url: str | None = None


class ImageGenSettings(Record, frozen=True, kw_only=True):
    """How pictures are made.

    :ivar auto_run: whether a new entry of the queue is begun at once.
    """

    auto_run: bool = True
    default_model: str | None = None


class Retention(Record, frozen=True, kw_only=True):
    """How long what was counted is kept, days; what is counted by the month stays."""

    raw_days: Annotated[int, Meta(ge=1, le=3660)] = 7
    hourly_days: Annotated[int, Meta(ge=1, le=3660)] = 30
    daily_days: Annotated[int, Meta(ge=1, le=36_600)] = 365


class AnalyticsSettings(Record, frozen=True, kw_only=True):
    """How it is counted."""

    retention: Retention = msgspec.field(default_factory=Retention)


class Settings(Record, frozen=True, kw_only=True):
    """The settings that are known here; pages and plugins may keep others beside them.

    :ivar font_size: pixels.
    :ivar providers: by name.
    """

    theme: Literal["dark", "light", "system"] = "dark"
    font_size: Annotated[float, Meta(ge=4, le=200)] = 14
    font_family: str = "system-ui"
    accent_color: str = "#8B5CF6"
    chat: ChatSettings = msgspec.field(default_factory=ChatSettings)
    providers: dict[str, ProviderSettings] = msgspec.field(default_factory=dict)
    shortcuts: dict[str, Any] = msgspec.field(default_factory=dict)
    layout: dict[str, Any] = msgspec.field(default_factory=dict)
    image_gen: ImageGenSettings = msgspec.field(default_factory=ImageGenSettings)
    analytics: AnalyticsSettings = msgspec.field(default_factory=AnalyticsSettings)


class Setting(Record, frozen=True, kw_only=True):
    """One setting.

    :ivar key: its path, with dots.
    """

    key: str
    value: Any


class SettingsChanged(Event, frozen=True, kw_only=True, tag="settings:changed"):
    """Something was set."""

    sent_to: ClassVar[tuple[str, ...]] = (PATH,)
    payload: Setting


NO_KEY = "the key is none (empty pieces, names that programs give a meaning)"
SECRET = "it looks like a secret, which belongs to the credentials"
FULL = "all settings together are too long"


class SettingsGetAll(Request, frozen=True, kw_only=True, tag="settings:get-all"):
    """All settings: what was set, over what the server says, over the defaults."""

    answers: ClassVar[Any] = Settings


class SettingsGet(Request, frozen=True, kw_only=True, tag="settings:get"):
    """One setting; null where there is none of that key.

    :ivar key: its path, such as ``chat.temperature``.
    """

    answers: ClassVar[Any] = Any
    bare: ClassVar[str | None] = "key"
    key: Key


class SettingsSet(Request, frozen=True, kw_only=True, tag="settings:set"):
    """Set one.

    :ivar key: its path; what is not there on the way is made.
    """

    events: ClassVar[tuple[type[Event], ...]] = (SettingsChanged,)
    refusals: ClassVar[tuple[str, ...]] = (SECRET, FULL)
    key: Key
    value: Any


class SettingsUpdate(Request, frozen=True, kw_only=True, tag="settings:update"):
    """Set many: objects are merged, everything else is replaced."""

    answers: ClassVar[Any] = Settings
    events: ClassVar[tuple[type[Event], ...]] = (SettingsChanged,)
    refusals: ClassVar[tuple[str, ...]] = (SECRET, FULL)
    whole: ClassVar[str | None] = "changes"
    changes: dict[str, Any]


class SettingsReset(Request, frozen=True, kw_only=True, tag="settings:reset"):
    """Take back what was set: everything, or one setting.

    :ivar key: its path; null: everything.
    """

    answers: ClassVar[Any] = Settings
    events: ClassVar[tuple[type[Event], ...]] = (SettingsChanged,)
    key: Key | None = None
