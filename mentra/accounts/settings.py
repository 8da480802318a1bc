"""[accounts]: what a sysadmin may set about logging in."""

from typing import Annotated

from msgspec import Meta

from mentra.extension import ConfigSection, Section


class AccountsSettings(Section, frozen=True, kw_only=True):
    """[accounts]: how people log in with a password or a pairing code."""

    token_seconds: Annotated[
        int,
        Meta(ge=60, le=315_360_000, description="Seconds that a token from logging in is good."),
    ] = 2_592_000
    attempts_per_account: Annotated[
        int,
        Meta(ge=1, description="Wrong passwords (or codes) of one account within the window."),
    ] = 5
    attempts_per_address: Annotated[
        int,
        Meta(
            ge=1,
            description="Wrong passwords (or codes) from one IP address, or one IPv6 network of 64 "
            "bits, within the window.",
        ),
    ] = 20
    attempts_window: Annotated[
        float, Meta(gt=0, le=86_400, description="Seconds until a wrong attempt is forgotten.")
    ] = 300.0
    failure_delay: Annotated[
        float,
        Meta(ge=0, le=30, description="Seconds from a wrong attempt to its answer."),
    ] = 1.0


accounts_section = ConfigSection("accounts", AccountsSettings)
