"""Browser pages see what OpenCode does: a store of code sessions is filled, where there is one."""

from collections import deque
from typing import Any

from twisted.application.service import Service
from twisted.internet.defer import CancelledError, Deferred, TimeoutError
from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import deferLater
from twisted.logger import Logger
from twisted.python.failure import Failure

from mentra.errors import MentraError, Refused
from mentra.interfaces.channel_stores import ICodeSessions
from mentra.interfaces.channels import IChannelDoor
from mentra.interfaces.services import IServices
from mentra.interfaces.stores import IUserStore
from mentra.messages.stamps import FAR, iso
from mentra.opencode.answers import Session
from mentra.opencode.api import OpencodeApi
from mentra.opencode.feed import Feed
from mentra.opencode.overheard import WholeMessage
from mentra.opencode.transcript import (
    REMEMBERED,
    Act,
    Memory,
    Minutes,
    SessionIs,
    Told,
    status_of,
)
from mentra.opencode.waiting import what_waits

MOST_WAITING = 1000
"""Acts that wait for the store; more are left out."""

MOST_CHARACTERS = 20_000_000
"""How long all texts that wait may be together."""

LOOK_BACK = 100
"""Messages that are read of a session that worked while events were missed."""

LISTED = 100
"""Sessions that are looked at; whoever is not among so many may just be old."""

PAUSE = 0.1
"""Seconds between two looks whether the store has room for what was missed."""

NEVER = "9999-12-31T23:59:59.999Z"

AT_WORK = ("running", "waiting_input")

LAST_WORDS = 5.0
"""Seconds that the end waits for what is not written yet."""


def recorder(
    services: IServices, api: OpencodeApi, feed: Feed, directory: str
) -> "tuple[Recorder, ...]":
    """What fills the store; nothing where there is none."""
    store = ICodeSessions(services, None)
    # the bridge alone has neither
    door = None if store is None else IChannelDoor(services, None)
    if door is None:
        return ()
    users = IUserStore(services)
    return (Recorder(store, users, door.user_id, api, feed, services.clock, directory),)


class Recorder(Service):
    """Writes one thing after another, and is never waited for.

    :param store: an ``ICodeSessions``.
    :param users: an ``IUserStore``.
    :param user_id: whose sessions these are.
    :param directory: the project; empty is the server's own.
    """

    _log = Logger()

    def __init__(
        self,
        store: Any,
        users: Any,
        user_id: str,
        api: OpencodeApi,
        feed: Feed,
        clock: IReactorTime,
        directory: str,
    ) -> None:
        self._store = store
        self._users = users
        self._user_id = user_id
        self._api = api
        self._feed = feed
        self._clock = clock
        self._directory = directory or "."
        self._minutes = Minutes()
        self._known: Memory[SessionIs] = Memory()
        self._heard: Memory[SessionIs] = Memory()
        self._waiting: deque[Act] = deque()
        self._characters = 0
        self._writing: Deferred[None] | None = None
        self._looking: Deferred[None] | None = None
        self._owner_is_known = False
        self._complaints: set[str] = set()

    def startService(self) -> None:
        """From now on."""
        super().startService()
        self._feed.follow(self)

    def stopService(self) -> Deferred[None] | None:
        """Write what waits, unless that takes too long."""
        super().stopService()
        self._feed.unfollow(self)
        if self._looking is not None:
            self._looking.cancel()
        writing = self._writing
        if writing is None:
            return None
        ended: Deferred[None] = Deferred(lambda _: writing.cancel())
        writing.addBoth(lambda _: None if ended.called else ended.callback(None))
        ended.addTimeout(LAST_WORDS, self._clock)
        ended.addErrback(lambda failure: failure.trap(TimeoutError) and None)
        return ended

    # -- what happens

    def overhear(self, kind: str, text: str) -> None:
        """Something happened in some session."""
        try:
            acts = self._minutes.hear(kind, text)
        except ValueError:
            self._complain(kind, "an event {what} is not as expected, and not kept")
            return
        for act in acts:
            if isinstance(act, SessionIs):
                self._heard.keep(act.session_id, act)
        self._put(acts)

    def begun(self) -> None:
        """Events come again; what came before them is looked for."""
        if self._looking is not None:
            self._looking.cancel()
        self._heard.clear()
        looking = self._looking = Deferred.fromCoroutine(self._look())
        looking.addErrback(self._failed, "looking at sessions")

    # -- what was missed

    async def _look(self) -> None:
        listed, statuses = await self._api.sessions(LISTED), await self._api.statuses()
        asking = {one.session_id for one in await what_waits(self._api)}
        found = await self._store.sessions(self._user_id)
        kept = {one.id: one for one in found}
        # of what was there before anything was kept there is no transcript
        last_kept = found[0].updated_at if found else NEVER
        # those that were changed last are written last
        for session in reversed(listed):
            status = statuses.get(session.id)
            now = status_of("idle" if status is None else status.type)
            if session.id in asking:
                now = "waiting_input"
            before = kept.get(session.id)
            # what was heard meanwhile is newer
            is_news = before is None or before.status != now
            if is_news and session.id not in self._heard:
                self._session_is(SessionIs(session.id, now, session.directory))
            since = last_kept if before is None else before.updated_at
            is_behind = before is not None and before.status in AT_WORK
            if now in AT_WORK or is_behind or _changed(session) > since:
                await self._catch_up(session.id)
        if len(listed) < LISTED:
            self._those_gone(kept, {one.id: one.directory for one in listed})

    async def _catch_up(self, session_id: str) -> None:
        try:
            messages = await self._api.messages(session_id, LOOK_BACK, WholeMessage)
        except Refused:
            # it may have been deleted in this moment; the others are looked at all the same
            self._failed(Failure(), "a session's messages")
            return
        for message in messages:
            # what happens now has its place too
            while len(self._waiting) > MOST_WAITING // 2:
                await deferLater(self._clock, PAUSE)
            self._put(self._minutes.catch_up(session_id, [message]))

    def _those_gone(self, kept: dict[str, Any], listed: dict[str, str | None]) -> None:
        here = {self._directory, *listed.values()}
        for session_id, session in kept.items():
            # one that was heard of meanwhile is not on the list yet
            if session_id in listed or session_id in self._heard or not _is_theirs(session_id):
                continue
            if session.project_path in here and session.status != "stopped":
                self._put([SessionIs(session_id, "stopped", session.project_path)])

    # -- the store

    def _put(self, acts: list[Act]) -> None:
        for act in acts:
            if isinstance(act, SessionIs):
                self._session_is(act)
            else:
                if act.entry.session_id not in self._known:
                    self._session_is(SessionIs(act.entry.session_id, "running"))
                self._queue(act)

    def _session_is(self, act: SessionIs) -> None:
        before = self._known.get(act.session_id)
        directory = act.directory or (before.directory if before else None) or self._directory
        now = SessionIs(act.session_id, act.status, directory)
        if now != before:
            self._known.keep(act.session_id, now)
            self._queue(now)

    def _queue(self, act: Act) -> None:
        if len(self._waiting) >= MOST_WAITING or self._characters >= MOST_CHARACTERS:
            self._complain("queue", "the store is too slow: not all of sessions is kept")
            return
        self._waiting.append(act)
        self._characters += _size(act)
        if self._writing is None:
            writing = self._writing = Deferred.fromCoroutine(self._write())
            writing.addErrback(self._failed, "writing")
            if writing.called:
                self._writing = None

    async def _write(self) -> None:
        try:
            while self._waiting:
                act = self._waiting.popleft()
                self._characters -= _size(act)
                try:
                    await self._do(act)
                except CancelledError:
                    raise
                except Exception:  # noqa: BLE001 - one entry that cannot be kept is not the end
                    self._failed(Failure(), "an entry")
        finally:
            self._writing = None

    async def _do(self, act: Act) -> None:
        if not self._owner_is_known:
            await self._users.create(self._user_id)
            self._owner_is_known = True
        if isinstance(act, Told):
            await self._store.add_entry(self._user_id, act.entry, act.entry_id)
            return
        path, status = act.directory or self._directory, act.status
        await self._store.save_session(self._user_id, act.session_id, path, status)

    # -- what goes wrong

    def _failed(self, failure: Failure, what: str) -> None:
        if failure.check(CancelledError):
            return
        if failure.check(MentraError):
            why = failure.getErrorMessage()
            self._complain(why[:200], "not all of sessions is kept: {what}")
        elif what not in self._complaints:
            self._complaints.add(what)
            self._log.failure("not all of sessions is kept", failure)

    def _complain(self, what: str, sentence: str) -> None:
        """Once."""
        if what not in self._complaints and len(self._complaints) < REMEMBERED:
            self._complaints.add(what)
            self._log.warn(sentence, what=what)


def _is_theirs(session_id: str) -> bool:
    """Whether OpenCode names sessions so."""
    return session_id.startswith("ses_")


def _changed(session: Session) -> str:
    """When it changed last, as stores write it."""
    updated = session.updated_at if session.time is None else session.time.updated
    return iso(min(max(updated / 1000, 0.0), FAR))


def _size(act: Act) -> int:
    return act.size if isinstance(act, Told) else 0
