"""People and what is theirs, in a database."""

from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import Any

from sqlalchemy import Connection
from twisted.internet.defer import Deferred
from twisted.logger import Logger
from zope.interface import implementer

from mentra.interfaces.stores import IUserStore
from mentra.records import User, Whereabouts
from mentra.stores import experiences, gallery, photos, users
from mentra.stores.database import Transactions


@implementer(IUserStore)
class UserStore:
    """Knows the revocations by heart, from its first ``refresh`` on; reads the rest.

    Writes of one person are done in the order they were asked for.

    :param now: wall time, POSIX seconds.
    :param remove_files: deletes the pictures of somebody who was removed, by their files' names.
    """

    _log = Logger()

    def __init__(
        self,
        database: Transactions,
        now: Callable[[], float],
        remove_files: Callable[[Iterable[str]], Deferred[None]],
    ) -> None:
        self._database = database
        self._now = now
        self._remove_files = remove_files
        self._revoked: dict[str, float] = {}

    def load(self, user_id: str) -> Deferred[User | None]:
        """The user, or None."""
        return self._database.read(partial(users.load, user_id=user_id))

    def create(self, user_id: str) -> Deferred[User]:
        """The user, made if need be."""
        return self._database.write(
            partial(users.create, user_id=user_id, now=self._now()), lane=user_id
        )

    def all(self) -> Deferred[tuple[str, ...]]:
        """All user ids, sorted."""
        return self._database.read(users.all_ids)

    def remove(self, user_id: str) -> Deferred[bool]:
        """Delete a person's data and revoke the tokens; whether there was anything."""

        now = self._now()

        def remove(connection: Connection) -> tuple[tuple[str, ...], bool, float | None]:
            files = photos.files_of(connection, user_id) + gallery.files_of(connection, user_id)
            return files, *users.remove(connection, user_id, now)

        def committed(done: tuple[tuple[str, ...], bool, float | None]) -> None:
            if done[2] is not None:
                self._learn({user_id: done[2]})

        removed = self._database.write(remove, lane=user_id, committed=committed)
        return removed.addCallback(self._removed)

    def _removed(self, done: tuple[tuple[str, ...], bool, float | None]) -> Any:
        files, was_there, _ = done
        if not files:
            return was_there
        gone = self._remove_files(files)
        # the sweeps come by again
        gone.addErrback(lambda failure: self._log.failure("pictures are left over", failure))
        return gone.addCallback(lambda ignored: was_there)

    def revoked_before(self, user_id: str) -> float | None:
        """POSIX seconds up to which the user's tokens are revoked, or None."""
        return self._revoked.get(user_id)

    def install(self, user_id: str, package_name: str) -> Deferred[bool]:
        """Put an app on the user's list; whether it was new."""
        return self._write(users.install, user_id, package_name=package_name, now=self._now())

    def uninstall(self, user_id: str, package_name: str) -> Deferred[bool]:
        """Take it off the list and delete its settings; whether it was there."""
        return self._write(users.uninstall, user_id, package_name=package_name)

    def set_running(self, user_id: str, package_name: str, running: bool) -> Deferred[None]:
        """Whether to start the app with the user's next session."""
        return self._write(users.set_running, user_id, package_name=package_name, running=running)

    def touch(self, user_id: str, package_name: str) -> Deferred[None]:
        """The app was started or stopped just now."""
        return self._write(users.touch, user_id, package_name=package_name, now=self._now())

    def save_settings(self, user_id: str, changes: Mapping[str, Any]) -> Deferred[dict[str, Any]]:
        """Merge *changes* into the user's settings; all of them."""
        return self._write(users.save_settings, user_id, changes=dict(changes))

    def save_app_settings(
        self, user_id: str, package_name: str, changes: Mapping[str, Any]
    ) -> Deferred[dict[str, Any]]:
        """The same for the user's settings of one app."""
        return self._write(
            users.save_app_settings, user_id, package_name=package_name, changes=dict(changes)
        )

    def save_whereabouts(self, user_id: str, whereabouts: Whereabouts) -> Deferred[None]:
        """Replace what is known of where the user is."""
        return self._write(experiences.save_whereabouts, user_id, whereabouts=whereabouts)

    def add_glasses_model(self, user_id: str, model_name: str) -> Deferred[None]:
        """The user had glasses of this model on."""
        return self._write(experiences.add_glasses_model, user_id, model_name=model_name)

    def complete_onboarding(self, user_id: str, package_name: str) -> Deferred[None]:
        """The user has seen an app's onboarding."""
        return self._write(experiences.complete_onboarding, user_id, package_name=package_name)

    def add_feedback(self, user_id: str, text: str) -> Deferred[None]:
        """Keep what the user had to say."""
        return self._write(experiences.add_feedback, user_id, text=text, now=self._now())

    def refresh(self) -> Deferred[dict[str, float]]:
        """Somebody else wrote: read the revocations again."""
        return self._database.write(users.read_revocations, committed=self._learn)

    def _write(self, function: Callable[..., Any], user_id: str, **arguments: Any) -> Deferred[Any]:
        return self._database.write(partial(function, user_id=user_id, **arguments), lane=user_id)

    def _learn(self, revoked: Mapping[str, float]) -> None:
        # what is revoked stays revoked, and a later time wins, in whatever order they come
        for user_id, moment in revoked.items():
            self._revoked[user_id] = max(moment, self._revoked.get(user_id, 0.0))
