"""Who is who: user ids, app session ids, and what a peer has proved to be."""

import attrs


def canonical_user_id(address: str) -> str:
    """The one spelling of a person's id: the e-mail address, trimmed and lower-case."""
    return address.strip().lower()


def app_session_id(user_id: str, package_name: str) -> str:
    """``<userId>-<packageName>``, the id an app knows a user's session by."""
    return f"{user_id}-{package_name}"


def user_of_app_session(session_id: str, package_name: str) -> str | None:
    """The user id inside an app session id; None if it is not one of *package_name*.

    The known suffix is stripped, for both addresses and package names may have hyphens.
    """
    suffix = f"-{package_name}"
    if not package_name or not session_id.endswith(suffix):
        return None
    return canonical_user_id(session_id[: -len(suffix)]) or None


@attrs.frozen
class Speaker:
    """Who talks to the voice assistant.

    :ivar user_id: as it stands on the wire; where it is an e-mail address, the canonical one.
    :ivar person: canonical e-mail address, by which the same person is known to the rest of the
        house; None for guests, and where a token has none.
    """

    user_id: str
    person: str | None = None
    is_guest: bool = False


@attrs.frozen
class Identity:
    """What a peer has proved to be.

    :ivar user_id: canonical e-mail address.
    :ivar package_name: the app's, None for glasses.
    :ivar asked_for: what glasses want besides: ``livekit``, ``udpEncryption``.
    """

    user_id: str
    package_name: str | None = None
    asked_for: frozenset[str] = attrs.field(default=frozenset(), kw_only=True)
