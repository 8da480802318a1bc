"""What browser pages see of OpenCode's sessions."""

import pytest
from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from twisted.logger import capturedLogs, formatEvent

import mentra.plugins.mentra_opencode as dropin
from mentra.channels.entrance import channel_door
from mentra.errors import Refused
from mentra.extension import ConfigSection
from mentra.house import StateFolder
from mentra.interfaces.channel_stores import ICodeSessions
from mentra.interfaces.opencode import IOpencode
from mentra.interfaces.services import ISecretFiles, IStateFolder
from mentra.interfaces.stores import IUserStore
from mentra.messages.channels.code import CodeGetTranscript
from mentra.messages.opencode import DeleteSession, SendMessage
from mentra.opencode import recording
from mentra.opencode.settings import OpencodeSettings
from mentra.testing.channels import stores_in
from mentra.testing.databases import MemoryDatabase
from mentra.testing.house import WALL_TIME, house_with, success_of
from mentra.testing.opencode import FakeOpencode, client_of
from mentra.testing.opencode_prompts import Canned
from mentra.testing.wire import MemoryPort
from tests.opencode.conftest import Desktop, Scene, Secrets

WING = [
    plugin
    for name, plugin in vars(dropin).items()
    if not name.startswith("_") and not isinstance(plugin, ConfigSection)
]


class Pages:
    """A bridge with a store, and what the store has."""

    def __init__(self, clock, folder, server):
        self.database = MemoryDatabase()
        kept = stores_in(self.database, clock)
        self.store = kept[ICodeSessions]
        house = house_with(
            *WING, channel_door, clock=clock, http=client_of(server, clock),
            sections=[OpencodeSettings(enabled=True, directory="/project")],
            parts={
                IStateFolder: StateFolder(folder), ISecretFiles: Secrets(),
                ICodeSessions: self.store, IUserStore: kept[IUserStore],
            },
        )  # fmt: skip
        self.scene = Scene(clock, server, house, MemoryPort(house), folder)
        IOpencode(house)

    def sessions(self):
        return {
            one.id: (one.project_path, one.status)
            for one in success_of(self.store.sessions("local"))
        }

    def transcript(self, session_id):
        query = CodeGetTranscript(session_id=session_id, include_compacted=True)
        return success_of(self.store.transcript("local", query)).entries

    def texts(self, session_id):
        return [(one.type, one.content) for one in self.transcript(session_id)]


@pytest.fixture
def pages(clock: Clock, tmp_path):
    """Makes them."""
    made = []

    def make(server=None):
        made.append(Pages(clock, tmp_path, server or FakeOpencode()))
        return made[-1]

    yield make
    for one in made:
        one.database.close()


def says(server, session_id, text):
    """A person says something."""
    message_id = server.new_id("msg")
    info = {"id": message_id, "role": "user", "sessionID": session_id}
    server.event("message.updated", sessionID=session_id, info=info)
    part = {
        "id": server.new_id("prt"), "type": "text", "text": text, "messageID": message_id,
        "sessionID": session_id,
    }  # fmt: skip
    server.event("message.part.updated", sessionID=session_id, part=part, time=1)


def prompted(one):
    """A prompt that a client has made, and the model answers."""
    one.scene.server._respond = None
    session_id = one.scene.session()
    desktop: Desktop = one.scene.desktop()
    desktop.say(1, SendMessage(session_id=session_id, text="hello"))
    (prompt,) = one.scene.server.prompts
    prompt.begin()
    return prompt


def begun(prompt, name, given):
    """A tool begins."""
    state = {"status": "running", "input": given, "time": {"start": 1000}}
    return prompt.part("tool", tool=name, callID="call_1", state=state)


def ended(prompt, part, output, metadata=None):
    """It ends well."""
    now = {"status": "completed", "output": output, "title": "It did it"}
    now |= {"metadata": metadata or {}, "time": {"start": 1000, "end": 1250}}
    prompt.update(part, state=part["state"] | now)


def tool(prompt, name, given, metadata=None, output="done"):
    """A tool that the model uses, to its end."""
    ended(prompt, begun(prompt, name, given), output, metadata)


def test_a_session_is_seen_with_what_was_said(pages):
    one = pages()
    session_id = one.scene.server.new_session(directory="/elsewhere")["id"]

    says(one.scene.server, session_id, "tea, please")
    desktop = one.scene.desktop()
    desktop.say(1, SendMessage(session_id=session_id, text="hello you"))

    assert one.sessions() == {session_id: ("/elsewhere", "paused")}
    assert one.texts(session_id) == [
        ("user_input", "tea, please"),
        ("assistant_output", "Echo: hello you "),
    ]


def test_a_session_runs_waits_for_consent_and_rests(pages):
    one = pages()
    prompt = prompted(one)
    found = [one.sessions()[prompt.session_id]]

    prompt.event("permission.asked", id="per_1", permission="bash")
    found.append(one.sessions()[prompt.session_id])
    prompt.event("permission.replied", requestID="per_1", reply="once")
    found.append(one.sessions()[prompt.session_id])
    prompt.end()
    found.append(one.sessions()[prompt.session_id])

    assert [status for _, status in found] == ["running", "waiting_input", "running", "paused"]
    assert {path for path, _ in found} == {"/project"}


def test_a_question_that_nobody_wants_to_answer_waits_no_more(pages):
    one = pages()
    prompt = prompted(one)

    prompt.event("question.asked", id="que_1", questions=[])
    asked = one.sessions()[prompt.session_id]
    prompt.event("question.rejected", requestID="que_1")

    assert asked == ("/project", "waiting_input")
    assert one.sessions()[prompt.session_id] == ("/project", "running")


def test_a_session_that_asked_while_no_events_came_waits(pages):
    server = FakeOpencode()
    one = pages(server)
    prompt = prompted(one)
    server.break_streams()
    server.waiting["permission"] = [{"id": "per_1", "sessionID": prompt.session_id}]

    one.scene.clock.advance(0.3)

    assert one.sessions()[prompt.session_id] == ("/project", "waiting_input")


def test_a_session_that_is_deleted_has_stopped_and_is_read_still(pages):
    server = FakeOpencode()
    one = pages(server)
    session_id = one.scene.session()
    says(server, session_id, "tea")

    one.scene.desktop().say(1, DeleteSession(session_id=session_id))
    server.event("session.deleted", sessionID=session_id, info={"id": session_id})

    assert one.sessions() == {session_id: ("/project", "stopped")}
    assert one.texts(session_id) == [("user_input", "tea")]


def test_a_tool_call_is_one_entry_from_its_beginning_to_its_end(pages):
    one = pages()
    prompt = prompted(one)
    part = begun(prompt, "bash", {"command": "ls"})
    (before,) = one.transcript(prompt.session_id)

    ended(prompt, part, "tea")

    (after,) = one.transcript(prompt.session_id)
    assert (before.id, before.seq, before.tool_call_data.status) == (after.id, 1, "running")
    assert (after.type, after.content, after.seq) == ("tool_call", "It did it", 1)
    called = after.tool_call_data
    assert (called.name, called.input, called.output) == ("bash", {"command": "ls"}, "tea")
    assert (called.status, called.duration) == ("completed", 250)


def test_a_text_that_ends_after_a_tool_has_begun_comes_before_it(pages):
    one = pages()
    prompt = prompted(one)
    part = prompt.part("text", text="", time={"start": 1})
    tool(prompt, "bash", {"command": "ls"})

    prompt.update(part, text="Let me see.", time={"start": 1, "end": 2})

    assert one.texts(prompt.session_id) == [
        ("assistant_output", "Let me see."),
        ("tool_call", "It did it"),
    ]


def test_a_tool_that_fails_tells_why(pages):
    one = pages()
    prompt = prompted(one)

    prompt.part("tool", tool="bash", state={"status": "error", "input": {}, "error": "no"})

    (entry,) = one.transcript(prompt.session_id)
    assert (entry.tool_call_data.status, entry.tool_call_data.output) == ("error", "no")


EDITS = {
    "edit": (
        "edit", {"filePath": "/project/a", "oldString": "x", "newString": "y"},
        {"diff": "-x\n+y", "filediff": {"additions": 1, "deletions": 1}},
        [("/project/a", "modify", "-x\n+y", 1, 1)],
    ),
    "edit of nothing": (
        "edit", {"filePath": "/project/a", "oldString": ""}, {"diff": "+y"},
        [("/project/a", "create", "+y", None, None)],
    ),
    "write": (
        "write", {"filePath": "/project/a", "content": "y"}, {"exists": False},
        [("/project/a", "create", None, None, None)],
    ),
    "overwrite": (
        "write", {"filePath": "/project/a", "content": "y"}, {"exists": True},
        [("/project/a", "modify", None, None, None)],
    ),
    "patch": (
        "apply_patch", {"patchText": "..."},
        {"files": [
            {"filePath": "/project/a", "type": "add", "patch": "+y", "additions": 1},
            {"filePath": "/project/b", "type": "move", "movePath": "/project/c"},
            {"filePath": "/project/d", "type": "delete"},
        ]},
        [
            ("/project/a", "create", "+y", 1, None),
            ("/project/c", "rename", None, None, None),
            ("/project/d", "delete", None, None, None),
        ],
    ),
    "another tool": ("read", {"filePath": "/project/a"}, {}, []),
    "another form": ("edit", {"filePath": 7}, {"filediff": 8}, []),
}  # fmt: skip


@pytest.mark.parametrize("which", EDITS)
def test_files_that_a_tool_has_changed_are_entries(pages, which):
    name, given, metadata, expected = EDITS[which]
    one = pages()
    prompt = prompted(one)

    tool(prompt, name, given, metadata)

    call, *edits = one.transcript(prompt.session_id)
    assert call.type == "tool_call"
    assert all(edit.type == "file_edit" for edit in edits)
    told = [edit.file_edit_data for edit in edits]
    fields = ("path", "operation", "diff", "additions", "deletions")
    assert [tuple(getattr(one, field) or None for field in fields) for one in told] == [
        tuple(value or None for value in row) for row in expected
    ]


def test_what_commands_have_changed_is_told_and_not_twice_what_tools_did(pages):
    one = pages()
    prompt = prompted(one)
    tool(prompt, "write", {"filePath": "a"}, {"exists": True})

    prompt.part("patch", hash="1", files=["/project/a", "/project/b"])

    _, *edits = one.transcript(prompt.session_id)
    assert [edit.file_edit_data.path for edit in edits] == ["a", "/project/b"]


def test_what_the_server_sums_up_is_a_marker(pages):
    one = pages()
    prompt = prompted(one)
    prompt.speak("long")
    prompt.message_id = "msg_9"
    prompt.event("message.updated", info=prompt.info(summary=True))

    prompt.speak("short")

    first, marker = one.transcript(prompt.session_id)
    assert (first.is_compacted, marker.type, marker.content) == (True, "compact_marker", "short")


def test_thoughts_what_is_not_said_yet_and_what_the_server_adds_are_left_out(pages):
    one = pages()
    prompt = prompted(one)

    prompt.speak("hm", kind="reasoning")
    prompt.part("text", text="not yet", time={"start": 1})
    prompt.part("text", text="added", synthetic=True, time={"start": 1, "end": 2})

    assert one.texts(prompt.session_id) == []


def test_what_is_too_long_is_cut(pages):
    one = pages()
    prompt = prompted(one)

    tool(prompt, "bash", {"command": "x" * 300_000}, output="y" * 300_000)

    (entry,) = one.transcript(prompt.session_id)
    assert entry.tool_call_data.output == "y" * 200_000 + "\n[...]"
    assert len(entry.tool_call_data.input) < 200_100


# -- gaps ------------------------------------------------------------------------------------------


def test_sessions_from_before_are_seen_as_they_are(pages):
    server = FakeOpencode()
    idle, busy = server.new_session(directory="/here")["id"], server.new_session()["id"]
    server.busy[busy] = {"type": "retry", "attempt": 1}
    info = {"id": "msg_1", "role": "assistant"}
    part = {
        "id": "prt_1",
        "type": "text",
        "text": "so far",
        "messageID": "msg_1",
        "time": {"end": 1},
    }
    server.keep(busy, info, [part])

    one = pages(server)

    assert one.sessions() == {idle: ("/here", "paused"), busy: ("/project", "running")}
    assert one.texts(busy) == [("assistant_output", "so far")]


def test_what_was_missed_is_read_when_events_come_again(pages, clock):
    one = pages()
    server, prompt = one.scene.server, prompted(one)
    gone = one.scene.session()
    server.break_streams()
    part = prompt.speak("meanwhile")
    del server.sessions[gone]
    prompt.end()

    clock.advance(0.25)
    one.scene.server.after_write()

    assert one.sessions() == {
        prompt.session_id: ("/project", "paused"),
        gone: ("/project", "stopped"),
    }
    assert [entry.id for entry in one.transcript(prompt.session_id)] == [part["id"]]


@pytest.mark.parametrize("lag", [-1, 1])
def test_a_run_that_came_and_went_while_nobody_listened_is_read(pages, clock, lag):
    one = pages()
    server = one.scene.server
    session_id = one.scene.session()
    server.break_streams()
    info = {"id": "msg_1", "role": "assistant"}
    part = {"id": "prt_1", "type": "text", "text": "so far", "messageID": "msg_1"}
    server.keep(session_id, info, [part | {"time": {"end": 1}}])
    times = {"created": 1, "updated": (WALL_TIME + clock.seconds() + lag) * 1000}
    server.sessions[session_id]["time"] = times

    clock.advance(0.25)
    server.after_write()

    assert len(one.transcript(session_id)) == (lag > 0)


def test_a_session_that_is_gone_in_the_midst_of_it_does_not_keep_the_others(pages):
    server = FakeOpencode()
    first, second = server.new_session()["id"], server.new_session()["id"]
    server.busy |= {first: {"type": "busy"}, second: {"type": "busy"}}
    server.canned[f"GET /session/{first}/message"] = Canned(404, b"{}")
    info = {"id": "msg_1", "role": "user"}
    server.keep(second, info, [{"id": "1", "type": "text", "text": "tea", "messageID": "msg_1"}])

    one = pages(server)

    assert one.texts(second) == [("user_input", "tea")]


def test_where_there_is_no_server_nothing_is_kept_until_it_comes(pages, clock):
    server = FakeOpencode()
    server.canned["GET /event"] = Canned(503, b"", "text/plain")
    server.new_session()
    one = pages(server)
    before = one.sessions()
    del server.canned["GET /event"]

    clock.pump([1] * 10)

    assert before == {}
    assert list(one.sessions()) == list(server.sessions)


# -- the store -------------------------------------------------------------------------------------


class SlowStore:
    """Answers when it is told to."""

    def __init__(self):
        self.asked = []

    def sessions(self, user_id):
        return Deferred()

    def save_session(self, user_id, session_id, project_path, status):
        return self._ask(status)

    def add_entry(self, user_id, entry, entry_id=None):
        return self._ask(entry.content)

    def _ask(self, what):
        waiting = Deferred()
        self.asked.append((what, waiting))
        return waiting


def sentences(logs):
    """What was logged."""
    return [formatEvent(one) for one in logs]


def recorder(store, clock, server):
    """Of a house with that store."""
    house = house_with(
        *WING, channel_door, clock=clock, http=client_of(server, clock),
        sections=[OpencodeSettings(enabled=True, directory="/project")],
        parts={IStateFolder: StateFolder(None), ISecretFiles: Secrets(), ICodeSessions: store},
    )  # fmt: skip
    IOpencode(house)
    return house


def test_one_thing_is_written_after_another_and_a_failure_is_told_once(clock):
    store, server = SlowStore(), FakeOpencode()
    recorder(store, clock, server)
    session_id = server.new_session()["id"]
    for text in "one", "two", "three":
        says(server, session_id, text)
    store.asked[0][1].callback(None)

    with capturedLogs() as logs:
        store.asked[1][1].errback(Refused("TRANSCRIPT_FULL", "full"))
        store.asked[2][1].errback(Refused("TRANSCRIPT_FULL", "full"))

    assert [what for what, _ in store.asked] == ["paused", "one", "two", "three"]
    assert sentences(logs) == ["not all of sessions is kept: full"]


def test_no_more_waits_for_a_slow_store_than_may(clock):
    store, server = SlowStore(), FakeOpencode()
    recorder(store, clock, server)
    session_id = server.new_session()["id"]
    with capturedLogs() as logs:
        for number in range(recording.MOST_WAITING + 2):
            says(server, session_id, str(number))

    for _, waiting in store.asked:
        waiting.callback(None)

    written = [what for what, _ in store.asked]
    assert written == ["paused", *map(str, range(recording.MOST_WAITING))]
    assert len([one for one in sentences(logs) if "too slow" in one]) == 1


def test_the_end_waits_a_while_for_what_is_being_written(clock):
    store, server = SlowStore(), FakeOpencode()
    house = recorder(store, clock, server)
    says(server, server.new_session()["id"], "one")

    ended = house.stopService()
    ended_before = ended.called
    clock.advance(recording.LAST_WORDS)

    assert not ended_before
    assert ended.called
    assert clock.getDelayedCalls() == []


def test_without_a_store_nobody_follows(scene):
    one = scene()
    one.session()

    assert one.server.streams == []
