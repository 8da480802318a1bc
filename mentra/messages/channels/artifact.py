"""Artifacts: small tools and prompts that people install for their pages."""

from typing import Annotated, Any, ClassVar, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType

from mentra.messages.channels import PATH, Event, Id, Record, Request

Slug = Annotated[str, Meta(pattern=r"^[a-z0-9-]{1,64}$", examples=["haiku"])]
ArtifactType = Literal["tool", "view", "service", "prompt"]
Status = Literal["installed", "disabled", "error", "installing", "running"]
FileName = Annotated[str, Meta(min_length=1, max_length=255)]
Words = Annotated[str, Meta(max_length=4000)]

LONGEST_RUN = 300_000
"""Milliseconds."""


class Manifest(Record, frozen=True, kw_only=True):
    """What an artifact says of itself, in ``manifest.json``.

    :ivar entry: the file that it begins with: the prompt's text, a WebAssembly module (``.wasm`` or
        ``.wat``), or a Python program (``.py``).
    :ivar ui: a file for pages to show.
    :ivar input: JSON Schema of what it is given, likewise *output* of what it gives.
    :ivar timeout: milliseconds.
    """

    id: Slug
    name: Annotated[str, Meta(min_length=1, max_length=200)]
    description: Words = ""
    type: ArtifactType
    version: Annotated[str, Meta(min_length=1, max_length=64)] = "1.0.0"
    entry: FileName
    tags: Annotated[list[Annotated[str, Meta(max_length=64)]], Meta(max_length=50)] = msgspec.field(
        default_factory=list
    )
    icon: Words | UnsetType = UNSET
    ui: FileName | UnsetType = UNSET
    input: dict[str, Any] | UnsetType = UNSET
    output: dict[str, Any] | UnsetType = UNSET
    timeout: Annotated[int, Meta(ge=1, le=LONGEST_RUN)] = 30_000
    apis: list[Annotated[str, Meta(max_length=64)]] | UnsetType = UNSET


class Inline(Record, frozen=True, kw_only=True):
    """An artifact as it is sent.

    :ivar files: name to text.
    """

    manifest: Manifest
    files: dict[FileName, str]


class ArtifactMetadata(Record, frozen=True, kw_only=True):
    """What is listed.  Times are ISO 8601, UTC."""

    id: str
    name: str
    description: str
    type: ArtifactType
    version: str
    status: Status
    enabled: bool
    tags: list[str]
    icon: str | UnsetType = UNSET
    created_at: str
    updated_at: str


class Artifact(Record, frozen=True, kw_only=True):
    """An artifact.

    :ivar input: JSON Schema, likewise *output*.
    :ivar timeout: milliseconds.
    :ivar files: their names.
    """

    id: str
    name: str
    description: str
    type: ArtifactType
    version: str
    status: Status
    enabled: bool
    tags: list[str]
    icon: str | UnsetType = UNSET
    created_at: str
    updated_at: str
    entry: str
    ui: str | UnsetType = UNSET
    input: dict[str, Any] | UnsetType = UNSET
    output: dict[str, Any] | UnsetType = UNSET
    timeout: int
    apis: list[str] | UnsetType = UNSET
    files: list[str]


class Holding(Record, frozen=True, kw_only=True):
    """An artifact."""

    artifact: Artifact


class Progress(Record, frozen=True, kw_only=True):
    """How far it is.

    :ivar progress: percent.
    """

    id: str
    progress: int
    message: str | UnsetType = UNSET


class ArtifactProgress(Event, frozen=True, kw_only=True, tag="artifact:progress"):
    """An artifact is being installed."""

    sent_to: ClassVar[tuple[str, ...]] = (PATH,)
    payload: Progress


class ArtifactInstalled(Event, frozen=True, kw_only=True, tag="artifact:installed"):
    """There is a new artifact."""

    sent_to: ClassVar[tuple[str, ...]] = (PATH,)
    payload: Holding


class ArtifactUpdated(Event, frozen=True, kw_only=True, tag="artifact:updated"):
    """An artifact was replaced, enabled or disabled."""

    sent_to: ClassVar[tuple[str, ...]] = (PATH,)
    payload: Holding


class ArtifactRemoved(Event, frozen=True, kw_only=True, tag="artifact:removed"):
    """An artifact is gone, with its files."""

    sent_to: ClassVar[tuple[str, ...]] = (PATH,)
    payload: Id


UNKNOWN_ARTIFACT = "there is no such artifact"


class ArtifactList(Request, frozen=True, kw_only=True, tag="artifact:list"):
    """Artifacts, by name.

    :ivar search: what name, description or a tag must contain.
    """

    answers: ClassVar[Any] = list[ArtifactMetadata]
    type: ArtifactType | None = None
    enabled: bool | None = None
    search: Annotated[str, Meta(max_length=200)] | None = None


class ArtifactGet(Request, frozen=True, kw_only=True, tag="artifact:get"):
    """An artifact; null where there is none of that id."""

    answers: ClassVar[Any] = Artifact | None
    id: Annotated[str, Meta(min_length=1, max_length=64)]


class ArtifactInstall(Request, frozen=True, kw_only=True, tag="artifact:install"):
    """Install an artifact, or replace the one of its id.

    :ivar source: the artifact itself; or a folder or ``.zip`` file inside of what the server's
        configuration allows, as an absolute path.
    """

    answers: ClassVar[Any] = Artifact
    events: ClassVar[tuple[type[Event], ...]] = (
        ArtifactProgress,
        ArtifactInstalled,
        ArtifactUpdated,
    )
    refusals: ClassVar[tuple[str, ...]] = (
        "it is not where artifacts may come from",
        "its manifest, its schema or its files are not what they must be",
        "it has code, and the configuration allows none",
        "there are too many",
    )
    patience: ClassVar[float | None] = 120.0
    source: Annotated[str, Meta(min_length=1, max_length=4096)] | Inline


class ArtifactInvoke(Request, frozen=True, kw_only=True, tag="artifact:invoke"):
    """Have an artifact work; the answer is what it gives, checked against its schema.

    :ivar input: checked against its schema first; what does not fit is ``INVALID_MESSAGE``, with
        its place.
    """

    answers: ClassVar[Any] = Any
    refusals: ClassVar[tuple[str, ...]] = (
        UNKNOWN_ARTIFACT,
        "it is disabled",
        "it failed, or took too long",
        "what it gives does not fit its schema",
    )
    patience: ClassVar[float | None] = LONGEST_RUN / 1000 + 60.0
    id: Annotated[str, Meta(min_length=1, max_length=64)]
    input: Any = None


class ArtifactEnable(Request, frozen=True, kw_only=True, tag="artifact:enable"):
    """Let an artifact work again."""

    events: ClassVar[tuple[type[Event], ...]] = (ArtifactUpdated,)
    refusals: ClassVar[tuple[str, ...]] = (UNKNOWN_ARTIFACT,)
    id: Annotated[str, Meta(min_length=1, max_length=64)]


class ArtifactDisable(Request, frozen=True, kw_only=True, tag="artifact:disable"):
    """Keep an artifact, and let it do nothing."""

    events: ClassVar[tuple[type[Event], ...]] = (ArtifactUpdated,)
    refusals: ClassVar[tuple[str, ...]] = (UNKNOWN_ARTIFACT,)
    id: Annotated[str, Meta(min_length=1, max_length=64)]


class ArtifactRemove(Request, frozen=True, kw_only=True, tag="artifact:remove"):
    """Remove an artifact and its files; false where there is none of that id.

    One that is at work finishes.
    """

    answers: ClassVar[Any] = bool
    events: ClassVar[tuple[type[Event], ...]] = (ArtifactRemoved,)
    id: Annotated[str, Meta(min_length=1, max_length=64)]
