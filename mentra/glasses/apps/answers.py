"""What routes about apps answer.  Source: docs/protocol/http.rst, "apps"."""

from typing import Any, NotRequired, TypedDict

from mentra.glasses.apps.compatibility import Compatibility
from mentra.glasses.apps.standing import StartError
from mentra.records import AppStoreStatus, AppType, HardwareRequirement, Permission


class PublicRow(TypedDict):
    """An app for whoever asks."""

    packageName: str
    name: str
    description: str
    version: str
    webviewURL: str | None
    logoURL: str | None
    appType: AppType
    permissions: list[Permission]
    settings: list[dict[str, Any]]
    tools: list[dict[str, Any]]
    hardwareRequirements: list[HardwareRequirement]
    appStoreStatus: AppStoreStatus
    isPublic: bool
    uninstallable: bool
    onboardingInstructions: str | None
    organizationId: str | None


class StoreRow(PublicRow):
    """An app as the store pages read it; ``isOnline`` is null where nobody looked.

    ``isInstalled`` stands in the list of what could be had.
    """

    publicUrl: str
    is_running: bool
    is_foreground: bool
    isOnline: bool | None
    compatibility: Compatibility
    installedDate: NotRequired[str]
    lastActiveAt: NotRequired[str]
    isInstalled: NotRequired[bool]


class ClientRow(TypedDict):
    """An app as phones read it."""

    packageName: str
    name: str
    webviewUrl: str
    logoUrl: str
    type: AppType
    permissions: list[Permission]
    running: bool
    healthy: bool
    hardwareRequirements: list[HardwareRequirement]
    installedDate: NotRequired[str]
    lastActiveAt: NotRequired[str]


class Move(TypedDict):
    """What became of an app that was started or stopped.

    ``error`` says why one does not run that was started.
    """

    status: str
    packageName: str
    isRunning: bool
    appState: NotRequired[str]
    error: NotRequired[StartError]


class Registered(TypedDict):
    """An app's server is known under that id from now on."""

    success: bool
    registrationId: str


class Version(TypedDict):
    """The server's version."""

    version: str


class Permissions(TypedDict):
    """What an app may do."""

    permissions: list[Permission]


class PublicPermissions(Permissions):
    """The same with its name."""

    success: bool
    packageName: str


class Tool(TypedDict):
    """A tool as its app declares it, and whose it is in the list of all."""

    appPackageName: NotRequired[str]
