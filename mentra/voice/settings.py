"""What a sysadmin may set of the voice assistant."""

from typing import Annotated

from msgspec import Meta

from mentra.extension import ConfigSection, Section


class VoiceSettings(Section, frozen=True, kw_only=True):
    """[voice]: the voice assistant."""

    secret_file: Annotated[
        str,
        Meta(
            description="File with the secret that signs tokens of the assistant, relative to this "
            "one; empty: that of the glasses."
        ),
    ] = ""
    guests: Annotated[
        bool, Meta(description="Whether clients may come in with a token that they made.")
    ] = True
    guest_lifetime: Annotated[
        float, Meta(gt=0, description="Seconds that a guest's token is good.")
    ] = 86_400.0
    max_guests: Annotated[int, Meta(ge=0, description="Sessions of guests at a time.")] = 20
    max_sessions: Annotated[int, Meta(ge=1, description="Sessions at a time, guests' too.")] = 1000
    max_connections: Annotated[int, Meta(ge=1, description="Connections of one session.")] = 8
    create_timeout: Annotated[
        float, Meta(gt=0, le=10, description="Seconds until a session has to stand.")
    ] = 2.0
    ping_interval: Annotated[
        float, Meta(gt=0, description="Seconds between two questions for a sign of life.")
    ] = 25.0
    timeout: Annotated[
        float, Meta(gt=0, description="Seconds without a sign of life until close 4002.")
    ] = 60.0
    grace: Annotated[
        float, Meta(ge=0, description="Seconds that a session waits for a connection.")
    ] = 60.0
    lifetime: Annotated[
        float, Meta(gt=0, description="Seconds without speech or text until a session expires.")
    ] = 7200.0
    max_frame: Annotated[
        int, Meta(ge=1024, description="Longest message from a client, bytes.")
    ] = 524_288
    max_queue: Annotated[
        int, Meta(ge=65_536, description="Bytes queued towards a client that does not read.")
    ] = 4 * 1024 * 1024
    max_rate: Annotated[
        float,
        Meta(
            gt=0,
            description="Messages a second from one connection, over 10 s; what is more is refused "
            "(RATE_LIMITED), and with five times as much the connection is closed (1008).",
        ),
    ] = 100.0


voice_section = ConfigSection("voice", VoiceSettings)
