"""The artifact channels: installed, listed, run and refused."""

import json
import zipfile

import pytest
from zope.interface.verify import verifyObject

from mentra.channels.artifacts.runner import LAUNCHER, ArtifactRunner
from mentra.channels.section import ChannelsSettings
from mentra.interfaces.analytics import IAnalytics, ICounts
from mentra.interfaces.channel_stores import IArtifacts
from mentra.interfaces.channels import IArtifactRunner
from mentra.messages.channels import artifact as said
from mentra.stores.artifact_store import ArtifactLimits
from mentra.testing.channels import checked, page_at_door, page_of, stores_in
from mentra.testing.house import success_of
from mentra.testing.processes import FakeProcesses

SCHEMA = {"type": "object", "properties": {"topic": {"type": "string"}}, "required": ["topic"]}
HAIKU = {
    "manifest": {
        "id": "haiku", "name": "Haiku", "type": "prompt", "entry": "prompt.txt", "tags": ["fun"],
        "input": SCHEMA, "output": {"type": "string"},
    },
    "files": {"prompt.txt": "Write a haiku about {{topic}}."},
}  # fmt: skip


def tool(entry="main.py", **manifest):
    return {
        "manifest": {"id": "tool", "name": "Tool", "type": "tool", "entry": entry, **manifest},
        "files": {entry: "print(1)"},
    }


@pytest.fixture
def open_stage(open_port, database, clock, tmp_path):
    def make(**settings):
        limits = ArtifactLimits(count=3, bytes=2000, roots=(tmp_path / "imports",))
        parts = stores_in(database, clock, tmp_path / "objects", artifacts=limits)
        return open_port(parts=parts, sections=(ChannelsSettings(**settings),))

    (tmp_path / "imports").mkdir()
    return make


@pytest.fixture
def stage(open_stage):
    return open_stage()


@pytest.fixture
def processes(stage):
    from twisted.internet.interfaces import IReactorProcess

    processes = IReactorProcess(stage[0])
    assert isinstance(processes, FakeProcesses)
    return processes


@pytest.fixture
def page(stage):
    page = page_at_door(stage[1])
    page.take()
    return page


def finish(process, **line):
    process.say(json.dumps(line).encode() + b"\n")
    process.exit(0)


def test_the_interfaces_are_provided(stage):
    assert verifyObject(IArtifacts, IArtifacts(stage[0]))
    assert verifyObject(IArtifactRunner, IArtifactRunner(stage[0]))
    assert isinstance(IArtifactRunner(stage[0]), ArtifactRunner)


def test_an_artifact_is_installed_listed_and_switched(page):
    artifact = checked(said.ArtifactInstall, page.ask("artifact:install", {"source": HAIKU}))
    told = page.events()
    got = checked(said.ArtifactGet, page.ask("artifact:get", {"id": "haiku"}))
    listed = checked(said.ArtifactList, page.ask("artifact:list"))
    off = page.ask("artifact:disable", {"id": "haiku"})
    refused = page.refusal("artifact:invoke", {"id": "haiku", "input": {}})
    on = page.ask("artifact:enable", {"id": "haiku"})

    assert (artifact["status"], artifact["enabled"], artifact["timeout"]) == (
        "installed",
        True,
        30000,
    )
    assert (artifact["files"], artifact["input"]) == (["prompt.txt"], SCHEMA)
    assert [name for name, _ in told] == ["artifact:progress"] * 3 + ["artifact:installed"]
    assert [one["progress"] for _, one in told[:3]] == [25, 50, 100]
    assert told[3][1] == {"artifact": artifact}
    assert got == artifact
    assert "files" not in listed[0]
    assert (off, on) == (None, None)
    assert refused == ("HANDLER_ERROR", "the artifact is disabled")
    events = page.events()
    assert [name for name, _ in events] == ["artifact:updated"] * 2
    assert [one["artifact"]["status"] for _, one in events] == ["disabled", "installed"]


def test_installed_again_it_is_updated_and_stays_switched_off(page):
    page.ask("artifact:install", {"source": HAIKU})
    page.ask("artifact:disable", {"id": "haiku"})
    page.take()

    again = page.ask("artifact:install", {"source": HAIKU})

    assert again["enabled"] is False
    assert [name for name, _ in page.events()][-1] == "artifact:updated"


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ({"type": "prompt"}, 1), ({"type": "tool"}, 0), ({"enabled": True}, 1),
        ({"enabled": False}, 0), ({"search": "HAI"}, 1), ({"search": "fun"}, 1),
        ({"search": "x"}, 0),
    ],
)  # fmt: skip
def test_some_are_chosen(page, wanted, found):
    page.ask("artifact:install", {"source": HAIKU})

    assert len(page.ask("artifact:list", wanted)) == found


@pytest.mark.parametrize("channel", ["invoke", "enable", "disable"])
def test_an_unknown_one_is_refused(page, channel):
    assert page.refusal(f"artifact:{channel}", {"id": "none"})[0] == "HANDLER_ERROR"
    assert page.ask("artifact:get", {"id": "none"}) is None


@pytest.mark.parametrize(
    "change",
    [
        {"id": "Not A Slug"}, {"id": ""}, {"type": "virus"}, {"timeout": 0}, {"entry": 5},
        {"name": ""},
    ],
)  # fmt: skip
def test_a_wrong_manifest_is_said_to_be_wrong(page, change):
    source = {**HAIKU, "manifest": {**HAIKU["manifest"], **change}}

    assert page.refusal("artifact:install", {"source": source})[0] == "INVALID_MESSAGE"


@pytest.mark.parametrize(
    "source",
    [
        {**HAIKU, "files": {}},
        {**HAIKU, "files": {"prompt.txt": "x" * 3000}},
        {**HAIKU, "files": {"prompt.txt": "x", "../out": "x"}},
        {**HAIKU, "files": {"prompt.txt": "x", "/abs": "x"}},
        {**HAIKU, "files": {"prompt.txt": "x", "a//b": "x"}},
        {**HAIKU, "files": {"prompt.txt": "x"} | {f"f{n}": "" for n in range(300)}},
        {**HAIKU, "manifest": {**HAIKU["manifest"], "ui": "none.html"}},
        {**HAIKU, "manifest": {**HAIKU["manifest"], "input": {"type": "nonsense"}}},
        {**HAIKU, "manifest": {**HAIKU["manifest"], "input": {"description": "x" * 70_000}}},
    ],
)
def test_what_is_no_artifact_is_refused_and_not_kept(page, source):
    assert page.refusal("artifact:install", {"source": source})[0] == "HANDLER_ERROR"
    assert page.ask("artifact:list") == []
    assert [name for name, _ in page.events() if name != "artifact:progress"] == []


def test_one_is_removed_with_its_files(page):
    page.ask("artifact:install", {"source": HAIKU})
    page.take()

    gone = [page.ask("artifact:remove", {"id": "haiku"}) for _ in range(2)]

    assert gone == [True, False]
    assert page.events() == [("artifact:removed", {"id": "haiku"})]
    assert page.ask("artifact:list") == []
    assert page.refusal("artifact:invoke", {"id": "haiku"}) == (
        "HANDLER_ERROR",
        "there is no such artifact",
    )
    assert page.ask("artifact:install", {"source": HAIKU})["enabled"] is True
    assert [name for name, _ in page.events()][-1] == "artifact:installed"


def test_a_removed_one_makes_room(page):
    for number in range(4):
        source = {**HAIKU, "manifest": {**HAIKU["manifest"], "id": f"a{number}"}}
        page.ask("artifact:install", {"source": source})
        page.ask("artifact:remove", {"id": f"a{number}"})

    assert page.ask("artifact:list") == []


def test_there_is_a_bound(page):
    for number in range(3):
        source = {**HAIKU, "manifest": {**HAIKU["manifest"], "id": f"a{number}"}}
        page.ask("artifact:install", {"source": source})

    assert page.refusal("artifact:install", {"source": HAIKU})[0] == "HANDLER_ERROR"


def test_code_is_installed_only_where_that_is_allowed(page, open_stage):
    texts = [page.refusal("artifact:install", {"source": tool(e)})[1] for e in ("a.wat", "a.py")]
    odd = page.refusal("artifact:install", {"source": tool("a.sh")})[1]
    allowed = page_at_door(open_stage(artifact_wasm=True)[1])

    assert ["artifact_wasm" in texts[0], "artifact_python" in texts[1]] == [True, True]
    assert "no .wasm" in odd
    assert allowed.ask("artifact:install", {"source": tool("a.wat")})["type"] == "tool"
    assert allowed.refusal("artifact:install", {"source": tool("a.py")})[0] == "HANDLER_ERROR"


def test_everybody_has_their_own(stage):
    ann, bob = page_of(stage[1], "ann@x.org"), page_of(stage[1], "bob@x.org")
    bob.take()

    ann.ask("artifact:install", {"source": HAIKU})

    assert bob.ask("artifact:list") == bob.events() == []
    assert bob.refusal("artifact:invoke", {"id": "haiku"})[0] == "HANDLER_ERROR"
    assert bob.ask("artifact:remove", {"id": "haiku"}) is False
    assert ann.ask("artifact:get", {"id": "haiku"})["files"] == ["prompt.txt"]


# -- from disk -------------------------------------------------------------------------------------


def folder_of(root, name="haiku"):
    folder = root / name
    folder.mkdir()
    (folder / "manifest.json").write_text(json.dumps(HAIKU["manifest"]))
    (folder / "prompt.txt").write_text("from disk")
    (folder / "sub").mkdir()
    (folder / "sub" / "more.txt").write_text("more")
    return folder


def test_a_folder_and_a_zip_file_of_the_allowed_place_are_installed(page, tmp_path):
    folder = folder_of(tmp_path / "imports")
    (folder / "link").symlink_to("/etc/passwd")
    packed = tmp_path / "imports" / "packed.zip"
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("manifest.json", json.dumps({**HAIKU["manifest"], "id": "zipped"}))
        archive.writestr("prompt.txt", "packed")

    unpacked = page.ask("artifact:install", {"source": str(folder)})
    zipped = page.ask("artifact:install", {"source": str(packed)})

    assert unpacked["files"] == ["prompt.txt", "sub/more.txt"]
    assert (zipped["id"], zipped["files"]) == ("zipped", ["prompt.txt"])


def test_nothing_comes_from_anywhere_else(page, tmp_path):
    outside = folder_of(tmp_path)
    (tmp_path / "imports" / "link").symlink_to(outside)
    bad = ("haiku", str(outside), f"{tmp_path}/imports/../haiku", f"{tmp_path}/imports/link",
           f"{tmp_path}/imports/none", "/", f"{tmp_path}\0")  # fmt: skip

    for source in bad:
        code, text = page.refusal("artifact:install", {"source": source})
        assert (code, "artifact_roots" in text) == ("HANDLER_ERROR", True)


def test_what_is_packed_to_burst_or_broken_is_refused(page, tmp_path):
    imports = tmp_path / "imports"
    with zipfile.ZipFile(imports / "bomb.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("manifest.json", json.dumps(HAIKU["manifest"]))
        archive.writestr("prompt.txt", b"\0" * 10_000_000)
    with zipfile.ZipFile(imports / "climbs.zip", "w") as archive:
        archive.writestr("manifest.json", json.dumps(HAIKU["manifest"]))
        archive.writestr("prompt.txt", "x")
        archive.writestr("../../out", "x")
    (imports / "broken.zip").write_bytes(b"PK\3\4 nonsense")
    (imports / "empty").mkdir()
    (imports / "bad").mkdir()
    (imports / "bad" / "manifest.json").write_text('{"id": 5}')

    for name in ("bomb.zip", "climbs.zip", "broken.zip", "empty", "bad"):
        assert (
            page.refusal("artifact:install", {"source": str(imports / name)})[0] == "HANDLER_ERROR"
        )
    assert not (tmp_path.parent / "out").exists()


# -- running ---------------------------------------------------------------------------------------


def begin(page, processes):
    page.ask("artifact:install", {"source": HAIKU})
    request = page.request("artifact:invoke", {"id": "haiku", "input": {"topic": "tea"}})
    (process,) = processes.started[-1:]
    return request, process


def test_a_process_without_our_environment_gets_the_job_and_gives_the_answer(
    page, processes, clock
):
    request, process = begin(page, processes)
    job = json.loads(process.written)

    finish(process, output={"a": [1]})

    assert page.answer(request)["payload"] == {"a": [1]}
    assert (process.env, process.has_all) == ({}, True)
    assert process.args[1:] == ("-I", str(LAUNCHER))
    assert (job["mode"], job["input"], job["schema"]) == ("prompt", {"topic": "tea"}, SCHEMA)
    assert job["outputSchema"] == {"type": "string"}
    assert [one for one in clock.getDelayedCalls() if "end" in repr(one.func)] == []


def test_what_goes_wrong_in_it_is_told(page, processes):
    request, process = begin(page, processes)

    finish(process, error="what it gives does not fit: 5", code="BAD_OUTPUT")

    error = page.answer(request)["error"]
    assert (error["code"], error["message"]) == ("HANDLER_ERROR", "what it gives does not fit: 5")
    assert error["details"]["code"] == "BAD_OUTPUT"


def test_an_input_that_does_not_fit_is_told_with_its_place(page, processes):
    request, process = begin(page, processes)

    finish(process, error="the input has no 'topic'", code="INVALID_INPUT", path="input.topic")

    error = page.answer(request)["error"]
    assert error["code"] == "INVALID_MESSAGE"
    assert error["details"] == [{"path": "input.topic", "message": "the input has no 'topic'"}]


@pytest.mark.parametrize("written", [b"", b"nonsense\n", b'{"output": 1'])
def test_a_process_that_ends_without_an_answer_was_ended(page, processes, written):
    request, process = begin(page, processes)

    process.say(written)
    process.exit(1)

    assert page.answer(request)["error"]["details"]["code"] == "FAILED"


def test_one_that_takes_too_long_is_ended(page, processes, clock):
    request, process = begin(page, processes)

    clock.advance(41)

    assert process.signals == ["KILL"]
    assert page.answer(request)["error"]["details"]["code"] == "TOO_SLOW"


def test_one_that_writes_too_much_is_ended(page, processes):
    _, process = begin(page, processes)

    for _ in range(3):
        process.say(b"x" * 1024 * 1024)

    assert process.signals == ["KILL"]


def test_when_the_page_goes_it_is_ended(page, processes, clock):
    _, process = begin(page, processes)

    page.line.lose()

    assert process.signals == ["KILL"]
    assert [one for one in clock.getDelayedCalls() if "end" in repr(one.func)] == []


def test_only_so_many_run_at_a_time(open_stage):
    from twisted.internet.interfaces import IReactorProcess

    house, port = open_stage(artifacts_at_a_time=1)
    page, processes = page_at_door(port), IReactorProcess(house)
    page.ask("artifact:install", {"source": HAIKU})
    first, second = (page.request("artifact:invoke", {"id": "haiku"}) for _ in range(2))
    alone = len(processes.started)

    finish(processes.started[0], output=1)
    finish(processes.started[1], output=2)

    assert alone == 1
    assert [page.answer(one)["payload"] for one in (first, second)] == [1, 2]


def test_one_that_is_removed_while_it_waits_for_its_turn_is_not_there(open_stage):
    from twisted.internet.interfaces import IReactorProcess

    house, port = open_stage(artifacts_at_a_time=1)
    page, processes = page_at_door(port), IReactorProcess(house)
    page.ask("artifact:install", {"source": HAIKU})
    first, second = (page.request("artifact:invoke", {"id": "haiku"}) for _ in range(2))
    page.ask("artifact:remove", {"id": "haiku"})

    finish(processes.started[0], output="a")

    assert page.answer(first)["payload"] == "a"
    assert page.answer(second)["error"]["details"]["code"] == "NOT_FOUND"
    assert len(processes.started) == 1


def test_it_is_counted_as_a_tool(stage, page, processes):
    house, _ = stage
    IAnalytics(house)
    _, process = begin(page, processes)
    finish(process, output=1)
    success_of(IAnalytics(house).flush())

    assert success_of(ICounts(house).totals("local"))["tools"] == 1


def test_what_was_installed_when_more_was_allowed_does_not_run(open_stage):
    page = page_at_door(open_stage(artifact_python=True)[1])
    page.ask("artifact:install", {"source": tool()})

    later = page_at_door(open_stage()[1])

    assert "artifact_python" in later.refusal("artifact:invoke", {"id": "tool"})[1]
