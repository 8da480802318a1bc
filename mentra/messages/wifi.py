"""Glasses and their network.  Source: docs/protocol."""

from typing import Annotated, ClassVar

from msgspec import Meta

from mentra.messages import Message


class RequestWifiSetup(Message, frozen=True, kw_only=True, tag="request_wifi_setup"):
    """An app needs the glasses to be in a network.

    :ivar reason: for the wearer.
    """

    reason: Annotated[str, Meta(max_length=1000)] | None = None


class ShowWifiSetup(Message, frozen=True, kw_only=True, tag="show_wifi_setup"):
    """Tell the phone to show how to get the glasses into a network."""

    sent_to: ClassVar[tuple[str, ...]] = ("glasses",)
    reason: str | None = None
    app_package_name: str
