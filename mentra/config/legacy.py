"""Variables that other servers of this protocol are configured with, and what they mean here."""

import math
import re
from collections.abc import Callable
from typing import Any

import attrs

SECRET_VARIABLE = "AUGMENTOS_AUTH_JWT_SECRET"
"""Holds the signing secret itself, so it is no key of the file."""

WEBVIEW_KEY_VARIABLE = "APP_AUTH_JWT_PRIVATE_KEY"
"""Holds the key that signs tokens for web pages of apps, as PEM text."""

FOREIGN_SECRET_VARIABLES = {
    "SUPABASE_JWT_SECRET": "Supabase",
    "AUTHING_APP_SECRET": "Authing",
}
"""Hold the secrets that sign tokens of identity providers, which ``exchange-token`` takes."""

_OFF, _ON = ("false", "0", "no", "off"), ("true", "1", "yes", "on")
_PORT = re.compile(r"(?P<head>(?:tcp6?|ssl|tls):(?:port=)?)\d*")


def _seconds(text: str, current: Any) -> float:
    try:
        milliseconds = float(text)
    except ValueError:
        milliseconds = math.nan
    if not math.isfinite(milliseconds):
        raise ValueError("expected milliseconds, a number such as 10000")
    return milliseconds / 1000


def _switch(text: str, current: Any) -> bool:
    word = text.lower()
    if word not in _OFF + _ON:
        raise ValueError('expected "true" or "false"')
    return word in _ON


def _words(text: str, current: Any) -> list[str]:
    return [word.strip() for word in text.split(",") if word.strip()]


def _text(text: str, current: Any) -> str:
    return text


def _whole(text: str, current: Any) -> int:
    try:
        return int(text)
    except ValueError:
        raise ValueError("expected a whole number") from None


def _inside(key: str) -> Callable[[str, Any], Any]:
    """Reads one key of a table, and leaves the others as they are."""

    def read(text: str, current: Any) -> dict[str, str]:
        held = current or {}
        if not isinstance(held, dict):
            raise ValueError("expected a table")
        return {**held, key: text}

    return read


def _port(text: str, current: Any) -> str:
    if not (text.isdecimal() and text.isascii() and int(text) <= 65_535):
        raise ValueError("expected a port from 0 to 65535")
    listen = str(current)
    if not _PORT.match(listen):
        raise ValueError(f"server.listen is {listen!r}, which has no port; unset one of them")
    return _PORT.sub(rf"\g<head>{int(text)}", listen, count=1)


@attrs.frozen
class Legacy:
    """A variable and the key it sets.

    :ivar read: makes the value out of the text and the value the key has without the variable;
        ValueError says what was expected.
    """

    variable: str
    key: str
    read: Callable[[str, Any], Any]
    unit: str = ""


LEGACY = (
    Legacy("PORT", "server.listen", _port, "the port in it"),
    Legacy("CORS_ORIGINS", "server.cors_origins", _words, "separated by commas"),
    Legacy("GLASSES_HEARTBEAT_MS", "wire.heartbeat", _seconds, "milliseconds"),
    Legacy("PONG_TIMEOUT_MS", "wire.pong_timeout", _seconds, "milliseconds"),
    Legacy("PONG_TIMEOUT_ENABLED", "wire.pong_timeout_enabled", _switch),
    Legacy("SESSION_GRACE_PERIOD_MS", "glasses.grace", _seconds, "milliseconds"),
    Legacy("SESSION_GRACE_CLEANUP_ENABLED", "glasses.grace_enabled", _switch),
    Legacy("APP_SESSION_TIMEOUT_MS", "apps.connect_timeout", _seconds, "milliseconds"),
    Legacy("APP_GRACE_PERIOD_MS", "apps.grace", _seconds, "milliseconds"),
    Legacy("APP_SUBSCRIPTION_GRACE_MS", "apps.subscription_grace", _seconds, "milliseconds"),
    Legacy("SYSTEM_DASHBOARD_PACKAGE_NAME", "apps.system_dashboard", _text),
    Legacy("ADDITIONAL_PRE_INSTALLED_APPS", "apps.preinstalled", _words, "separated by commas"),
    Legacy("UDP_HOST", "udp.host", _text),
    Legacy("UDP_PORT", "udp.port", _whole),
    Legacy("LIVEKIT_URL", "livekit.url", _text),
    Legacy("LIVEKIT_API_KEY", "livekit.api_key", _text),
    Legacy("LIVEKIT_API_SECRET", "livekit.api_secret", _text),
    Legacy("SONIOX_API_KEY", "soniox.api_key", _text),
    Legacy("SONIOX_ENDPOINT", "soniox.url", _text),
    Legacy("SONIOX_MODEL", "soniox.model", _text),
    Legacy("CLOUDFLARE_ACCOUNT_ID", "media.cloudflare", _inside("account_id"), "account_id"),
    Legacy("CLOUDFLARE_API_TOKEN", "media.cloudflare", _inside("api_token"), "api_token"),
    Legacy("CLOUD_PUBLIC_HOST_NAME", "server.public_host", _text),
    Legacy("CLOUD_LOCAL_HOST_NAME", "server.local_host", _text),
    Legacy("CLOUD_PUBLIC_URL", "photos.public_url", _text),
)
