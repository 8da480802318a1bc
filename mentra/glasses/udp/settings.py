"""[udp]: what a sysadmin may set about sound in datagrams."""

from typing import Annotated

from msgspec import Meta

from mentra.extension import ConfigSection, Section


class UdpSettings(Section, frozen=True, kw_only=True):
    """[udp]: sound in datagrams, for phones that can."""

    host: Annotated[
        str,
        Meta(
            description="Host name or IP address that phones are told to send datagrams to; empty: "
            "none are taken."
        ),
    ] = ""
    port: Annotated[
        int,
        Meta(ge=0, le=65_535, description="Port to take datagrams on, and that phones are told."),
    ] = 8000
    interface: Annotated[
        str, Meta(description="IP address to take datagrams on; empty: all of IPv4, :: is IPv6.")
    ] = ""
    same_address: Annotated[
        bool,
        Meta(
            description="Take datagrams that are not encrypted from the IP address of the phone's "
            "WebSocket alone; behind proxies set server.trusted_proxies first."
        ),
    ] = False
    held: Annotated[
        int, Meta(ge=1, le=1000, description="Datagrams held back for the sake of a missing one.")
    ] = 10
    patience: Annotated[
        float, Meta(ge=0, le=5, description="Seconds that a missing datagram is waited for.")
    ] = 0.02
    leap: Annotated[
        int,
        Meta(
            ge=1,
            le=32_000,
            description="Distance from the expected number that begins a new count.",
        ),
    ] = 50
    max_rate: Annotated[
        float,
        Meta(gt=0, description="Datagrams a second of one session, over 10 s; more are dropped."),
    ] = 500.0


udp_section = ConfigSection("udp", UdpSettings)
