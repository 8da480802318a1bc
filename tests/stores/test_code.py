"""What coding assistants did, in a database."""

import pytest
from msgspec import UNSET
from zope.interface.verify import verifyObject

from mentra.errors import Refused
from mentra.interfaces.channel_stores import ICodeSessions
from mentra.messages.channels.code import (
    CodeAddEntry,
    CodeCreateRestorePoint,
    CodeGetTranscript,
    CodeRestore,
    CodeSearchTranscript,
    FileContent,
    FileEditData,
    ToolCallData,
)
from mentra.stores.code_store import CodeLimits

ANN, BOB = "ann@x.org", "bob@x.org"


@pytest.fixture
def code(kept, tmp_path):
    kept.close()
    kept.limits = CodeLimits(sessions=3, entries=6, bytes=100, roots=(tmp_path / "root",))
    kept.open()
    for user_id in (ANN, BOB):
        kept.wait(kept.users.create(user_id))
    (tmp_path / "root").mkdir()
    return kept.code


def begin(kept, session_id=None, user_id=ANN, status="running"):
    kept.now += 1
    return kept.wait(kept.code.save_session(user_id, session_id, "/home/ann/tea", status))


def add(kept, session, content="x", kind="user_input", user_id=ANN, entry_id=None, **fields):
    kept.now += 1
    new = CodeAddEntry(session_id=session.id, type=kind, content=content, **fields)
    return kept.wait(kept.code.add_entry(user_id, new, entry_id))


def transcript(kept, session, user_id=ANN, **fields):
    query = CodeGetTranscript(session_id=session.id, **fields)
    return kept.wait(kept.code.transcript(user_id, query))


def find(kept, session, query, user_id=ANN):
    asked = CodeSearchTranscript(session_id=session.id, query=query)
    return kept.wait(kept.code.find(user_id, asked))


def keep(kept, session, user_id=ANN, **files):
    new = CodeCreateRestorePoint(
        session_id=session.id, description="before",
        files=[FileContent(path=path, content=content) for path, content in files.items()],
    )  # fmt: skip
    kept.now += 1
    return kept.wait(kept.code.add_restore_point(user_id, new))


def test_the_interface_is_provided(code):
    assert verifyObject(ICodeSessions, code)


def test_a_session_is_begun_changed_and_kept(kept, code):
    made = begin(kept)
    other = begin(kept, "ses_1")

    changed = begin(kept, made.id, status="stopped")

    kept.reopen()
    assert kept.wait(kept.code.sessions(ANN)) == [changed, other]
    assert kept.wait(kept.code.session(ANN, made.id)) == changed
    assert (changed.status, changed.created_at) == ("stopped", made.created_at)
    assert changed.updated_at > made.updated_at


def test_so_many_sessions_and_no_more(kept, code):
    for _ in range(3):
        begin(kept)

    with pytest.raises(Refused) as refused:
        begin(kept)

    assert refused.value.code == "TOO_MANY_SESSIONS"


@pytest.mark.parametrize("session_id", ["", "\0", "x" * 129])
def test_an_id_that_is_none_is_refused(kept, code, session_id):
    with pytest.raises(Refused) as refused:
        begin(kept, session_id)

    assert refused.value.code == "BAD_ID"


def test_entries_are_numbered_and_paged(kept, code):
    session, other = begin(kept), begin(kept)
    for number in range(3):
        add(kept, session, str(number))
        add(kept, other)

    first = transcript(kept, session, limit=2)
    rest = transcript(kept, session, limit=2, since_seq=first.next_seq)

    assert [(one.seq, one.content) for one in first.entries] == [(1, "0"), (2, "1")]
    assert (first.has_more, first.next_seq) == (True, 2)
    assert [one.seq for one in rest.entries] == [3]
    assert (rest.has_more, rest.next_seq) == (False, UNSET)


def test_an_entry_is_kept_with_what_belongs_to_it(kept, code):
    session = begin(kept)
    call = ToolCallData(name="read", input={"a": 1}, output=None, status="completed", duration=1.5)
    edit = FileEditData(path="a.py", operation="modify", additions=1)

    entry = add(
        kept, session, "nul \0 \u2713", "tool_call", tool_call_data=call, file_edit_data=edit,
        restore_point_id="restore_1",
    )  # fmt: skip

    kept.reopen()
    assert transcript(kept, session).entries == [entry]
    assert (entry.tool_call_data, entry.file_edit_data) == (call, edit)
    assert (entry.content, entry.restore_point_id) == ("nul   \u2713", "restore_1")


def test_an_entry_that_is_told_again_is_written_anew_in_its_place(kept, code):
    session = begin(kept)
    first = add(kept, session, "hel", entry_id="part_1")
    add(kept, session, "other")

    again = add(kept, session, "hello", entry_id="part_1")

    assert (again.seq, again.id, again.timestamp) == (1, "part_1", first.timestamp)
    assert [one.content for one in transcript(kept, session).entries] == ["hello", "other"]
    assert [one.entry for one in find(kept, session, "hello")] == [again]
    assert find(kept, session, "hel") == []


def test_types_are_chosen_and_what_a_marker_stands_for_is_left_out(kept, code):
    session = begin(kept)
    add(kept, session, "old")
    add(kept, session, "summary", "compact_marker", compact_data={"tokens": 9})
    add(kept, session, "new", "assistant_output")

    shown = transcript(kept, session).entries
    everything = transcript(kept, session, include_compacted=True).entries
    chosen = transcript(kept, session, types=["assistant_output"]).entries

    assert [one.content for one in shown] == ["summary", "new"]
    assert [one.is_compacted for one in everything] == [True, False, False]
    assert shown[0].compact_data == {"tokens": 9}
    assert [one.content for one in chosen] == ["new"]


def test_a_full_transcript_takes_no_more(kept, code):
    session = begin(kept)
    for _ in range(6):
        add(kept, session)

    with pytest.raises(Refused) as refused:
        add(kept, session)

    assert refused.value.code == "TRANSCRIPT_FULL"


def test_words_are_found_in_one_session(kept, code):
    session, other = begin(kept), begin(kept)
    wanted = add(kept, session, "the kettle was brewing")
    add(kept, other, "brewing")

    (found,) = find(kept, session, "brew")

    assert (found.entry, found.snippet) == (wanted, "the kettle was brewing")
    assert isinstance(found.rank, float)
    assert find(kept, session, '"') == []


def test_nobody_reaches_what_is_anothers(kept, code):
    session = begin(kept, "ses_1")
    add(kept, session, "secret")
    point = keep(kept, session, a=b"1")

    for attempt in (
        lambda: add(kept, session, user_id=BOB),
        lambda: begin(kept, "ses_1", BOB),
        lambda: keep(kept, session, BOB, a=b"1"),
        lambda: restore(kept, point, user_id=BOB),
    ):
        with pytest.raises(Refused):
            attempt()

    assert kept.wait(code.sessions(BOB)) == []
    assert kept.wait(code.session(BOB, "ses_1")) is None
    assert transcript(kept, session, BOB).entries == find(kept, session, "secret", BOB) == []
    assert kept.wait(code.restore_points(BOB, "ses_1")) == []
    assert kept.wait(code.remove_session(BOB, "ses_1")) is False
    assert kept.wait(code.remove_session(ANN, "ses_1")) is True


# -- restore points --------------------------------------------------------------------------------


def restore(kept, point, target=None, user_id=ANN, **fields):
    asked = CodeRestore(
        restore_point_id=point if isinstance(point, str) else point.id,
        target_dir=str(target or kept.limits.roots[0]), **fields,
    )  # fmt: skip
    return kept.wait(kept.code.restore(user_id, asked))


def test_files_are_kept_once_and_brought_back(kept, code):
    session = begin(kept)
    first = keep(kept, session, **{"a.txt": b"one", "b/c.txt": b"two"})
    second = keep(kept, session, **{"a.txt": b"one"})
    root = kept.limits.roots[0]

    listed = kept.wait(code.restore_points(ANN, session.id))
    tried = restore(kept, first, dry_run=True)
    some = restore(kept, first, files=["a.txt", "none"])
    done = restore(kept, first)

    assert listed == [second, first]
    assert (first.file_count, first.total_size, first.description) == (2, 6, "before")
    assert tried.restored_files == ["a.txt", "b/c.txt"]
    assert some.restored_files == ["a.txt"]
    assert (done.restored_files, done.skipped_files) == (["b/c.txt"], ["a.txt"])
    assert (root / "b/c.txt").read_bytes() == b"two"
    objects = [path for path in (kept.state_dir / "objects").rglob("*") if path.is_file()]
    assert len(objects) == 2


def test_a_missing_content_and_a_bad_path_are_skipped(kept, code):
    session = begin(kept)
    point = keep(kept, session, **{"a": b"1", "../out": b"2", "/abs": b"3"})
    for path in (kept.state_dir / "objects").rglob("*"):
        if path.is_file() and path.read_bytes() == b"1":
            path.unlink()

    done = restore(kept, point)

    assert (done.restored_files, done.skipped_files) == ([], ["a", "../out", "/abs"])


def test_only_configured_folders_are_written_to(kept, code, tmp_path):
    point = keep(kept, begin(kept), a=b"1")

    with pytest.raises(Refused) as refused:
        restore(kept, point, tmp_path / "elsewhere")

    assert refused.value.code == "FORBIDDEN_FOLDER"
    with pytest.raises(Refused) as refused:
        restore(kept, "restore_none")
    assert refused.value.code == "NOT_FOUND"


def test_so_much_and_no_more(kept, code):
    session = begin(kept)
    keep(kept, session, a=b"x" * 60)

    with pytest.raises(Refused) as refused:
        keep(kept, session, a=b"x" * 60)

    assert refused.value.code == "NO_ROOM"


def test_what_nothing_refers_to_any_more_is_swept(kept, code):
    gone, stays = begin(kept), begin(kept)
    keep(kept, gone, a=b"1", b=b"2")
    point = keep(kept, stays, b=b"2")
    kept.wait(code.remove_session(ANN, gone.id))
    kept.now = 4e9

    swept = kept.wait(code.sweep())

    assert swept == 1
    assert restore(kept, point).restored_files == ["b"]


def test_it_goes_with_its_user(kept, code):
    session = begin(kept, "ses_1")
    add(kept, session, "peppermint")
    keep(kept, session, a=b"1")
    kept.wait(kept.users.remove(ANN))
    kept.wait(kept.users.create(ANN))

    assert kept.wait(code.sessions(ANN)) == []
    again = begin(kept, "ses_1")
    assert find(kept, again, "peppermint") == []
