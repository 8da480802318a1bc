"""What happens inside a user's session, for whoever listens (see ``extension.listener``).

Events are announced synchronously and in order, each exactly once.
"""

from typing import Literal

import attrs


@attrs.frozen
class Event:
    """Base of everything a session announces."""


@attrs.frozen
class SessionStarted(Event):
    """A user's session exists, its user record is loaded; its glasses are about to be attached."""


@attrs.frozen
class SessionEnding(Event):
    """The session is about to end: apps are still attached, its services still run."""


@attrs.frozen
class GlassesAttached(Event):
    """A glasses socket took over.

    :ivar reconnected: False for the very first one of the session.
    """

    reconnected: bool


@attrs.frozen
class GlassesLeft(Event):
    """The current glasses socket closed; the session's grace has begun."""


@attrs.frozen
class AppStarting(Event):
    """An app is being started; its webhook is about to be called.

    :ivar name: the app's display name, or its package name.
    :ivar app_type: ``standard``, ``background`` or ``system_dashboard``.
    """

    package_name: str
    name: str
    app_type: str


@attrs.frozen
class AppRunning(Event):
    """An app's socket completed its handshake.

    :ivar how: ``started`` by a webhook, ``reconnected`` within its grace, or with its socket
        ``replaced`` by a newer one.
    """

    package_name: str
    how: Literal["started", "reconnected", "replaced"]


@attrs.frozen
class AppAway(Event):
    """A running app's socket closed; its grace has begun."""

    package_name: str


@attrs.frozen
class AppStopped(Event):
    """An app is no longer running or starting; one that is brought back starts anew.

    :ivar was_running: whether it had been connected since its start.
    :ivar failure: why a start failed, None after an ordinary stop.
    """

    package_name: str
    was_running: bool
    failure: str | None = None


@attrs.frozen
class SubscriptionsChanged(Event):
    """An app's list of subscriptions is different now.

    :ivar before: subscription strings as the app wrote them, the ones it may have.
    :ivar after: the same, now.
    """

    package_name: str
    before: frozenset[str]
    after: frozenset[str]


@attrs.frozen
class UserSettingsChanged(Event):
    """The user's own settings changed; the store has them already.

    :ivar changed: key, as phones store it, to its new value; None where it was deleted.
    """

    changed: dict[str, object]


@attrs.frozen
class DeviceChanged(Event):
    """The glasses' state changed.

    :ivar changed: field name (as on the wire) to new value, the changed ones only.
    :ivar connected: whether glasses are connected to the phone now.
    :ivar arrived: whether they just became connected, or changed model while connected.
    """

    changed: dict[str, object]
    connected: bool
    arrived: bool


@attrs.frozen
class VoiceActivity(Event):
    """The phone's voice detection changed its mind.

    :ivar speaking: whether somebody speaks now.
    """

    speaking: bool
