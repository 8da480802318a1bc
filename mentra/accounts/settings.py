"""[accounts] and [webviews]: what a sysadmin may set about proving who one is."""

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


class WebviewSettings(Section, frozen=True, kw_only=True):
    """[webviews]: how the web pages of apps learn who their user is."""

    temporary_seconds: Annotated[
        float, Meta(gt=0, le=3600, description="Seconds that a page's token is good, for one use.")
    ] = 60.0
    signed_seconds: Annotated[
        int, Meta(ge=1, le=86_400, description="Seconds that a signed token is good.")
    ] = 600
    key_file: Annotated[
        str,
        Meta(
            description="File with the RSA private key (PEM) that signs them, readable by its "
            "owner alone; empty: secrets/webviews.pem in the state directory, made when needed."
        ),
    ] = ""
    issuer: Annotated[
        str, Meta(description="What signed tokens say of who made them: SDKs expect this.")
    ] = "https://prod.augmentos.cloud"
    urls: Annotated[
        tuple[str, ...],
        Meta(
            description="URLs that phones reach this server at, besides server.public_url: the "
            "pages of apps are told to believe no others.",
        ),
    ] = ()
    store_package: Annotated[
        str,
        Meta(
            description="Package whose page gets a user's token for a temporary one, without a "
            "key of its own; empty: none."
        ),
    ] = "org.augmentos.store"
    most: Annotated[
        int, Meta(ge=1, description="Temporary tokens at a time; of more the oldest is worthless.")
    ] = 10_000
    most_of_user: Annotated[int, Meta(ge=1, description="The same of one user.")] = 50


webviews_section = ConfigSection("webviews", WebviewSettings)
accounts_section = ConfigSection("accounts", AccountsSettings)
