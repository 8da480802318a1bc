"""The code channels, frame by frame."""

import base64

import pytest

from mentra.messages.channels import code as said
from mentra.stores.code_store import CodeLimits
from mentra.testing.channels import checked, page_at_door, page_of, stores_in


@pytest.fixture
def port(open_port, database, clock, tmp_path):
    (tmp_path / "root").mkdir()
    limits = CodeLimits(roots=(tmp_path / "root",))
    return open_port(parts=stores_in(database, clock, tmp_path / "objects", limits))[1]


@pytest.fixture
def page(port):
    page = page_at_door(port)
    page.take()
    return page


def test_a_session_from_beginning_to_end(page, tmp_path):
    session = checked(
        said.CodeCreateSession, page.ask("code:create-session", {"projectPath": "/tea"})
    )
    here = {"sessionId": session["id"]}
    entry = checked(
        said.CodeAddEntry,
        page.ask(
            "code:add-entry",
            {
                **here, "type": "file_edit", "content": "changed the kettle",
                "fileEditData": {"path": "a.py", "operation": "modify", "diff": "+1"},
            },
        ),
    )  # fmt: skip
    files = [{"path": "a.py", "content": base64.b64encode(b"x = 1").decode()}]
    point = checked(
        said.CodeCreateRestorePoint,
        page.ask("code:create-restore-point", {**here, "description": "d", "files": files}),
    )
    got = checked(said.CodeGetSession, page.ask("code:get-session", {"id": session["id"]}))
    transcript = checked(said.CodeGetTranscript, page.ask("code:get-transcript", here))
    found = checked(
        said.CodeSearchTranscript,
        page.ask("code:search-transcript", {**here, "query": "kettles"}),
    )
    points = checked(said.CodeListRestorePoints, page.ask("code:list-restore-points", here))
    restored = checked(
        said.CodeRestore,
        page.ask(
            "code:restore", {"restorePointId": point["id"], "targetDir": str(tmp_path / "root")}
        ),
    )

    assert (session["status"], got["id"]) == ("starting", session["id"])
    assert checked(said.CodeListSessions, page.ask("code:list-sessions")) == [got]
    assert transcript == {"entries": [entry], "hasMore": False}
    assert (entry["seq"], entry["isCompacted"]) == (1, False)
    assert found[0]["entry"] == entry
    assert points == [point]
    assert restored == {"restoredFiles": ["a.py"], "skippedFiles": []}
    assert (tmp_path / "root" / "a.py").read_bytes() == b"x = 1"


def test_an_unknown_session_is_empty_and_an_unknown_restore_point_refused(page, tmp_path):
    here = {"sessionId": "none"}

    assert page.ask("code:get-session", {"id": "none"}) is None
    assert page.ask("code:get-transcript", here) == {"entries": [], "hasMore": False}
    assert page.ask("code:search-transcript", {**here, "query": "x"}) == []
    assert page.ask("code:list-restore-points", here) == []
    restore = {"restorePointId": "none", "targetDir": str(tmp_path / "root")}
    assert page.refusal("code:restore", restore)[0] == "HANDLER_ERROR"
    entry = {**here, "type": "user_input", "content": "x"}
    assert page.refusal("code:add-entry", entry)[0] == "HANDLER_ERROR"


@pytest.mark.parametrize(
    ("channel", "payload"),
    [
        ("code:create-session", {}), ("code:create-session", {"projectPath": "x", "status": "odd"}),
        ("code:add-entry", {"sessionId": "s", "type": "odd", "content": "x"}),
        ("code:get-transcript", {"sessionId": "s", "limit": 0}),
        ("code:get-transcript", {"sessionId": "s", "types": "user_input"}),
        ("code:restore", {"restorePointId": "r"}), ("code:restore", {"targetDir": "/"}),
        ("code:create-restore-point", {"sessionId": "s", "description": "d",
                                       "files": [{"path": "a", "content": "no base64!"}]}),
        ("code:create-restore-point", {"sessionId": "s", "description": "d",
                                       "files": [{"path": "a", "content": "", "mode": 4095}]}),
    ],
)  # fmt: skip
def test_a_wrong_payload_is_said_to_be_wrong(page, channel, payload):
    assert page.refusal(channel, payload)[0] == "INVALID_MESSAGE"


def test_where_nothing_is_configured_nothing_is_written(open_port, database, clock, tmp_path):
    page = page_at_door(open_port(parts=stores_in(database, clock, tmp_path / "objects"))[1])
    session = page.ask("code:create-session", {"projectPath": "/tea"})
    files = {"sessionId": session["id"], "description": "d", "files": []}
    point = page.ask("code:create-restore-point", files)

    restore = {"restorePointId": point["id"], "targetDir": str(tmp_path)}
    code, text = page.refusal("code:restore", restore)

    assert (code, "restore_roots" in text) == ("HANDLER_ERROR", True)


def test_everybody_has_their_own(port):
    ann, bob = page_of(port, "ann@x.org"), page_of(port, "bob@x.org")
    session = ann.ask("code:create-session", {"projectPath": "/tea"})

    assert bob.ask("code:list-sessions") == []
    assert bob.ask("code:get-session", {"id": session["id"]}) is None
