"""What outlives the process.

Everything read on a message's path answers from memory; everything that writes is awaited and
has reached the disk when it answers.

Any awaitable may fail with :class:`mentra.errors.StoreError`, and then nothing was changed.  Names
of users and apps are 1 to 512 bytes of UTF-8 without NUL: what is not cannot be saved, and is not
there when it is asked for.
"""

from typing import Any

from zope.interface import Attribute, Interface


class IAppStore(Interface):
    """Apps and their keys.  Reads are from memory."""

    revision: int = Attribute("Another number after each change of an app's record.")

    def get(package_name: str) -> Any:
        """The :class:`mentra.records.App`, or None."""

    def all() -> Any:
        """Every app, a tuple, by package name."""

    def key_is_valid(package_name: str, api_key: str) -> bool:
        """Whether *api_key* is one of the app's (at most two) live keys; constant time."""

    def newest_key_hash(package_name: str) -> str | None:
        """Hex SHA-256 of the app's newest key, None without one."""

    def save(app: Any) -> Any:
        """Add or replace an app; its keys stay.  An awaitable of the app as it was kept: permission
        ``NOTIFICATIONS`` is rewritten to ``READ_NOTIFICATIONS``, each permission is there once."""

    def remove(package_name: str) -> Any:
        """Forget an app, its keys, installs and settings; an awaitable of whether it was there."""

    def add_key(package_name: str, api_key: str) -> Any:
        """Make *api_key* the newest key; the one before stays alive, older ones die.  An awaitable.

        Only its SHA-256 is stored.

        :raises mentra.errors.NotThere: no such app.
        """

    def app_server(package_name: str) -> Any:
        """The :class:`mentra.records.AppServer` registered last, or None."""

    def register_server(server: Any) -> Any:
        """Remember an :class:`mentra.records.AppServer`; an awaitable.

        :raises mentra.errors.NotThere: no such app.
        """

    def refresh() -> Any:
        """Somebody else wrote: read everything again; an awaitable."""


class IUserStore(Interface):
    """People, their installs, settings and running apps.  Nothing here is for a message's path."""

    def load(user_id: str) -> Any:
        """An awaitable of the :class:`mentra.records.User`, or of None."""

    def create(user_id: str) -> Any:
        """An awaitable of the user, made if need be."""

    def all() -> Any:
        """An awaitable of all user ids, sorted: a tuple."""

    def remove(user_id: str) -> Any:
        """Delete a person's data and revoke every token issued until now (known to us or not); an
        awaitable of whether there was any data."""

    def revoked_before(user_id: str) -> float | None:
        """POSIX seconds up to which the user's tokens are revoked, from memory; None: none are."""

    def install(user_id: str, package_name: str) -> Any:
        """Put an app on the user's list; an awaitable of whether it was new.

        :raises mentra.errors.NotThere: no such user or app.
        """

    def uninstall(user_id: str, package_name: str) -> Any:
        """Take it off the list, delete its settings and no longer start it; an awaitable of whether
        it was on the list."""

    def set_running(user_id: str, package_name: str, running: bool) -> Any:
        """Whether to start the app with the user's next session; an awaitable.

        :raises mentra.errors.NotThere: *running*, and no such user or app.
        """

    def touch(user_id: str, package_name: str) -> Any:
        """The app was started or stopped just now (its install's ``last_active_at``); an
        awaitable."""

    def save_settings(user_id: str, changes: Any) -> Any:
        """Merge *changes* (key to JSON value; None deletes) into the user's settings; an awaitable
        of all of them.

        :raises mentra.errors.NotThere: no such user.
        """

    def save_app_settings(user_id: str, package_name: str, changes: Any) -> Any:
        """The same for the user's settings of one app.

        :raises mentra.errors.NotThere: no such user or app.
        """

    def save_whereabouts(user_id: str, whereabouts: Any) -> Any:
        """Replace the user's :class:`mentra.records.Whereabouts`; an awaitable.

        :raises mentra.errors.NotThere: no such user.
        """

    def add_glasses_model(user_id: str, model_name: str) -> Any:
        """The user had glasses of this model on, of which the last hundred are kept; an awaitable.

        :raises mentra.errors.NotThere: no such user.
        """

    def complete_onboarding(user_id: str, package_name: str) -> Any:
        """The user has seen an app's onboarding; an awaitable.

        :raises mentra.errors.NotThere: no such user or app.
        """

    def add_feedback(user_id: str, text: str) -> Any:
        """Keep what the user had to say, the last hundred times; an awaitable.

        :raises mentra.errors.NotThere: no such user.
        """

    def refresh() -> Any:
        """Somebody else wrote: read again what is kept in memory; an awaitable."""


class ISimpleStorage(Interface):
    """What apps keep about their users: texts under literal keys.  Nothing here is for a message's
    path."""

    def read(user_id: str, package_name: str) -> Any:
        """An awaitable of everything an app keeps about a user, key to text: a dict; empty if there
        is nothing, or no such user or app."""

    def merge(user_id: str, package_name: str, changes: Any, most: int) -> Any:
        """Put *changes* (key to text; None deletes) into it; an awaitable.

        :param most: characters that keys and texts may have together afterwards.
        :raises mentra.errors.NotThere: no such user or app.
        :raises mentra.errors.Refused: ``STORAGE_FULL``: that would be more than *most*, and more
            than before; nothing was changed.
        """

    def clear(user_id: str, package_name: str) -> Any:
        """Delete all of it; an awaitable."""
