"""Which versions of phones and SDKs are welcome here.  Source: docs/protocol/http.rst."""

from typing import Annotated

import msgspec
from msgspec import Meta

from mentra.extension import Access, ConfigSection, Section, route
from mentra.interfaces.web import ICall
from mentra.messages.stamps import iso

_PATTERN = r"^\d+\.\d+\.\d+$"


class VersionsSettings(Section, frozen=True, kw_only=True):
    """[versions]: what phones and SDKs are told of their versions."""

    phone_required: Annotated[
        str,
        Meta(
            pattern=_PATTERN,
            description="Oldest version of the phone's app that may work here; older ones ask for "
            "an update.",
        ),
    ] = "0.0.0"
    phone_recommended: Annotated[
        str, Meta(pattern=_PATTERN, description="Version of the phone's app that it should have.")
    ] = "0.0.0"
    sdk_required: Annotated[
        str, Meta(pattern=_PATTERN, description="Oldest version of the SDK that apps should use.")
    ] = "0.0.0"
    sdk_latest: Annotated[
        str, Meta(pattern=_PATTERN, description="Version of the SDK that apps are told to have.")
    ] = "2.1.29"


versions_section = ConfigSection("versions", VersionsSettings)


class PhoneVersions(msgspec.Struct, frozen=True, kw_only=True):
    """Versions of the phone's app."""

    required: str
    recommended: str


class PhoneVersionsAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """What a phone is told."""

    success: bool = True
    data: PhoneVersions
    timestamp: str


class SdkVersions(msgspec.Struct, frozen=True, kw_only=True):
    """Versions of the SDK."""

    required: str
    latest: str


class SdkVersionsAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """What an SDK is told."""

    success: bool = True
    data: SdkVersions
    timestamp: str


@route("GET", "/api/client/min-version", access=Access.PUBLIC, answer=PhoneVersionsAnswer)
def phone_versions(call: ICall) -> PhoneVersionsAnswer:
    """Which versions of the phone's app are welcome."""
    settings: VersionsSettings = call.services.settings(VersionsSettings)
    versions = PhoneVersions(
        required=settings.phone_required, recommended=settings.phone_recommended
    )
    return PhoneVersionsAnswer(data=versions, timestamp=iso(call.services.now()))


@route("GET", "/api/sdk/version", access=Access.PUBLIC, answer=SdkVersionsAnswer)
def sdk_versions(call: ICall) -> SdkVersionsAnswer:
    """Which versions of the SDK are welcome."""
    settings: VersionsSettings = call.services.settings(VersionsSettings)
    versions = SdkVersions(required=settings.sdk_required, latest=settings.sdk_latest)
    return SdkVersionsAnswer(data=versions, timestamp=iso(call.services.now()))
