"""What is kept of browser channels, each person's for themselves.

Records are those of :mod:`mentra.messages.channels`.  Whatever writes has reached the disk when it
answers.  User ids are canonical; what is another person's is not there.  Any awaitable may fail
with :class:`mentra.errors.StoreError`, and then nothing was changed.
"""

from typing import Any

from zope.interface import Interface


class IChats(Interface):
    """Chats and their messages.  Adapt the services to it."""

    def chats(user_id: str, limit: int, offset: int) -> Any:
        """An awaitable of a list of chats, the last changed first."""

    def create(
        user_id: str,
        title: str | None,
        system_prompt: str | None,
        most: int,
        default_model: str | None = None,
    ) -> Any:
        """Begin one; an awaitable of it.

        :param most: how many a person may have.
        :raises mentra.errors.Refused: ``NO_SUCH_USER`` or ``TOO_MANY_CHATS``.
        """

    def get(user_id: str, chat_id: str) -> Any:
        """An awaitable of the chat, or of None."""

    def change(user_id: str, change: Any) -> Any:
        """Do what a :class:`mentra.messages.channels.chat.ChatUpdate` says; an awaitable of the
        chat.

        :raises mentra.errors.Refused: ``NOT_FOUND``.
        """

    def remove(user_id: str, chat_id: str) -> Any:
        """Delete one with its messages; an awaitable of whether it was there."""

    def messages(user_id: str, chat_id: str, limit: int, before: str | None) -> Any:
        """An awaitable of the page of the newest messages, of those older than *before* if it is
        given; of an empty one if there is no such chat."""

    def add(user_id: str, new: Any, most: int) -> Any:
        """Put a :class:`mentra.messages.channels.chat.ChatAddMessage` at the end of its chat; an
        awaitable of the message and of the chat as it is then.

        :param most: messages that a chat may have.
        :raises mentra.errors.Refused: ``NOT_FOUND`` or ``CHAT_FULL``.
        """

    def like(user_id: str, message_id: str, liked: bool) -> Any:
        """Like a message, or not; an awaitable of it.

        :raises mentra.errors.Refused: ``NOT_FOUND``.
        """

    def find(user_id: str, asked: Any) -> Any:
        """An awaitable of what a :class:`mentra.messages.channels.chat.ChatSearch` finds."""

    def liked(user_id: str) -> Any:
        """An awaitable of how many of a person's messages are liked, and of how many there are."""


class ICredentials(Interface):
    """Tokens of other services, encrypted at rest.  Adapt the services to it.

    Pages may put tokens in, and never get one out: only what runs inside the server does.
    """

    def keys(user_id: str) -> Any:
        """An awaitable of the keys, sorted: a list."""

    def metadata(user_id: str, key: str) -> Any:
        """An awaitable of what was said about it (a dict or None), and of whether it is there: a
        pair, ``(exists, metadata)``."""

    def put(user_id: str, key: str, token: str, metadata: Any, most: int) -> Any:
        """Keep a token in place of the one before; an awaitable.

        :param most: how many a person may have.
        :raises mentra.errors.Refused: ``NO_SUCH_USER`` or ``TOO_MANY_CREDENTIALS``.
        """

    def remove(user_id: str, key: str) -> Any:
        """Forget it; an awaitable of whether it was there."""

    def token(user_id: str, key: str) -> Any:
        """For who calls that service in the person's name: an awaitable of the token, or of None.

        It belongs in no answer, no event and no log.

        :raises mentra.errors.Refused: ``CREDENTIAL_UNREADABLE``: the key that it was encrypted with
            is gone.
        """


class IKeptSettings(Interface):
    """What people have set for their pages, without the defaults.  Adapt the services to it."""

    def read(user_id: str) -> Any:
        """An awaitable of what the person has set: a dict."""

    def change(user_id: str, edit: Any) -> Any:
        """Have *edit* make new settings of the old; an awaitable of both, ``(before, after)``.

        :param edit: a function from a dict to a dict that keeps nothing and waits for nothing; it
            is called in a thread, perhaps twice.
        :raises mentra.errors.Refused: ``NO_SUCH_USER``, or what *edit* raises.
        """


class ICodeSessions(Interface):
    """What coding assistants did.  Adapt the services to it.

    Channels show it; whoever runs an assistant fills it.  Records and requests are those of
    :mod:`mentra.messages.channels.code`.
    """

    def sessions(user_id: str) -> Any:
        """An awaitable of a list of sessions, the last changed first."""

    def session(user_id: str, session_id: str) -> Any:
        """An awaitable of the session, or of None."""

    def save_session(user_id: str, session_id: str | None, project_path: str, status: str) -> Any:
        """Begin a session, or change the one of that id; an awaitable of it.

        :param session_id: the assistant's own id of it; None makes one up.
        :raises mentra.errors.Refused: ``NO_SUCH_USER``, ``BAD_ID`` or ``TOO_MANY_SESSIONS``.
        """

    def remove_session(user_id: str, session_id: str) -> Any:
        """Forget a session with its transcript and files; an awaitable of whether it was there."""

    def add_entry(user_id: str, entry: Any, entry_id: str | None = None) -> Any:
        """Put a ``CodeAddEntry`` at the end of its session's transcript; an awaitable of the entry.

        :param entry_id: the assistant's own id of it.  An entry of the session that has it already
            is written anew in its place, and keeps its number: so a message that grows, or a tool
            that ends, can be told again.
        :raises mentra.errors.Refused: ``NOT_FOUND``, ``BAD_ID`` or ``TRANSCRIPT_FULL``.
        """

    def transcript(user_id: str, query: Any) -> Any:
        """An awaitable of the ``TranscriptPage`` that a ``CodeGetTranscript`` asks for."""

    def find(user_id: str, query: Any) -> Any:
        """An awaitable of what a ``CodeSearchTranscript`` finds: a list."""

    def restore_points(user_id: str, session_id: str) -> Any:
        """An awaitable of a list of restore points, the newest first."""

    def add_restore_point(user_id: str, new: Any) -> Any:
        """Keep the files of a ``CodeCreateRestorePoint``; an awaitable of the restore point.

        :raises mentra.errors.Refused: ``NOT_FOUND`` or ``NO_ROOM``.
        """

    def restore(user_id: str, asked: Any) -> Any:
        """Write the files that a ``CodeRestore`` wants; an awaitable of a ``RestoreResult``.

        :raises mentra.errors.Refused: ``NOT_FOUND``, or ``FORBIDDEN_FOLDER``.
        """

    def sweep() -> Any:
        """Delete contents of files that no restore point refers to any more; an awaitable of how
        many."""


class IArtifacts(Interface):
    """Artifacts and their files.  Adapt the services to it.  Records are those of
    :mod:`mentra.messages.channels.artifact`."""

    def artifacts(user_id: str) -> Any:
        """An awaitable of a person's artifacts, by name: a list."""

    def get(user_id: str, artifact_id: str) -> Any:
        """An awaitable of the artifact, or of None."""

    def read(source: Any) -> Any:
        """An awaitable of the :class:`mentra.stores.artifact_sources.Source` that *source* (an
        ``Inline``, or an absolute path) is, or is at; nothing is kept yet.

        :raises mentra.errors.Refused: ``FORBIDDEN_FOLDER`` or ``BAD_ARTIFACT``.
        """

    def save(user_id: str, source: Any) -> Any:
        """Keep what ``read`` brought, in place of the one of its id; an awaitable of the artifact
        and of whether it is new.

        :raises mentra.errors.Refused: ``NO_SUCH_USER`` or ``TOO_MANY_ARTIFACTS``.
        """

    def enable(user_id: str, artifact_id: str, enabled: bool) -> Any:
        """Let it work, or not; an awaitable of the artifact.

        :raises mentra.errors.Refused: ``NOT_FOUND``.
        """

    def remove(user_id: str, artifact_id: str) -> Any:
        """Delete it with its files; an awaitable of whether it was there."""

    def unpack(user_id: str, artifact_id: str) -> Any:
        """Its files in a new folder; an awaitable of the folder's path.  Whoever asks gives it to
        ``discard``.

        :raises mentra.errors.Refused: ``NOT_FOUND``.
        """

    def discard(folder: Any) -> Any:
        """Delete such a folder; an awaitable."""
