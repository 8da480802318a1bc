"""Two people on one server: on no channel does one see or change what is the other's."""

import base64
import json

import pytest

from mentra.channels.imagegen.section import ImageGenSettings
from mentra.channels.section import ChannelsSettings
from mentra.engines import engines
from mentra.interfaces.analytics import IAnalytics
from mentra.interfaces.images import IImageWork
from mentra.llm.echo import echo
from mentra.llm.prices import prices
from mentra.messages.channels import Request
from mentra.plugins import mentra_channels
from mentra.stores.code_store import CodeLimits
from mentra.testing.channels import page_of, stores_in
from mentra.testing.images import FakeImageEngine

MARK = "zebrafinch"
"""A word that Ann alone uses."""

KINDS = sorted(
    (
        one.message_type
        for one in vars(mentra_channels).values()
        if issubclass(getattr(one, "message_type", type), Request)
    ),
    key=lambda kind: kind.tag(),
)
ARTIFACT = {
    "manifest": {"id": "haiku", "name": "Haiku", "type": "prompt", "entry": "p.txt"},
    "files": {"p.txt": "Write."},
}
READING = (
    "chat:list", "chat:get", "chat:get-messages", "chat:search", "code:list-sessions",
    "code:get-session", "code:get-transcript", "code:search-transcript",
    "code:list-restore-points", "imagegen:list-groups", "imagegen:list-entries",
    "imagegen:list-images", "imagegen:list-jobs", "imagegen:get-image", "settings:get-all",
    "credentials:list", "credentials:get", "artifact:list", "artifact:get",
)  # fmt: skip


@pytest.fixture
def root(tmp_path):
    root = tmp_path / "root"
    root.mkdir()
    return root


@pytest.fixture
def engine():
    return FakeImageEngine()


@pytest.fixture
def port(open_port, database, clock, tmp_path, root, engine):
    parts = stores_in(database, clock, tmp_path / "objects", CodeLimits(roots=(root,)))
    house, port = open_port(
        engines, echo, prices, engine.factory(), parts=parts,
        sections=(ImageGenSettings(engine="fake"), ChannelsSettings(rate=10_000)),
    )  # fmt: skip
    IImageWork(house)
    IAnalytics(house)
    return port


class Person:
    """A person's page, and the ids of what they have made.

    :ivar word: stands in every text of theirs.
    """

    def __init__(self, port, user_id, word, root):
        self.page = page_of(port, user_id)
        self.page.take()
        self.word = word
        self.root = root
        self.ids = {}

    def fill(self, engine):
        """Have something of every kind."""
        ids = self.ids
        ids["chat"] = self.ask("chat:create")["id"]
        ids["message"] = self.ask("chat:add-message")["id"]
        ids["session"] = self.ask("code:create-session")["id"]
        ids["entry"] = self.ask("code:add-entry")["id"]
        ids["point"] = self.ask("code:create-restore-point")["id"]
        ids["group"] = self.ask("imagegen:create-group")["id"]
        ids["queued"] = self.ask("imagegen:create-entry")["id"]
        engine.batches[-1].finish()
        # one is done, one is at work
        self.ask("imagegen:run")
        job, _ = self.ask("imagegen:list-jobs")
        [image] = self.ask("imagegen:list-images")["images"]
        ids["job"], ids["image"] = job["id"], image["id"]
        for channel in ("settings:set", "credentials:set", "artifact:install"):
            self.ask(channel)

    def ask(self, channel):
        return self.page.ask(channel, self.payload(channel, self.ids))

    def payload(self, channel, ids):
        """What that channel wants, about the things of those *ids*."""
        group = channel.partition(":")[0]
        word = self.word
        own = {"chat": "chat", "code": "session", "imagegen": "image"}.get(group)
        by_channel = {"chat:update-message": ids.get("message")}
        for act in ("update", "delete"):
            by_channel |= {f"imagegen:{act}-group": ids.get("group")}
            by_channel |= {f"imagegen:{act}-entry": ids.get("queued")}
        named = ids.get(own) if own else "haiku"
        entry_id = ids.get("queued")
        values = {
            "id": by_channel.get(channel, named), "chatId": ids.get("chat"), "query": word,
            "title": word, "systemPrompt": word, "role": "user", "content": word,
            "isLiked": True, "sessionId": ids.get("session"), "projectPath": f"/{word}",
            "type": "user_input" if group == "code" else None, "description": word,
            "files": [{"path": f"{word}.py", "content": base64.b64encode(word.encode()).decode()}]
            if channel == "code:create-restore-point" else None,
            "restorePointId": ids.get("point"), "targetDir": str(self.root),
            "groupId": ids.get("group"), "name": word, "prompt": word, "entryId": entry_id,
            "jobId": ids.get("job"), "notes": word, "tags": [word] if "update" in channel else None,
            "requestId": "r1", "key": word, "value": word, "token": f"{word}-token",
            "metadata": {"about": word}, "source": ARTIFACT, "provider": "echo", "model": "echo-1",
            "messages": [{"role": "user", "content": word}], "input": {},
            "timeRange": "all_time", "granularity": "day",
        }  # fmt: skip
        [kind] = [one for one in KINDS if one.tag() == channel]
        if kind.whole is not None:
            return {word: word}
        wanted = {name: values.get(name) for name in kind.__struct_encode_fields__}
        return {name: value for name, value in wanted.items() if value is not None}

    def look(self):
        """All that there is to be seen, but for figures."""
        return {channel: self.ask(channel) for channel in READING}


@pytest.fixture
def ann(port, engine, root):
    ann = Person(port, "ann@x.org", MARK, root)
    ann.fill(engine)
    ann.page.take()
    return ann


def errors(answers):
    found = [one["error"] for one in answers if "error" in one]
    for one in found:
        one["details"].pop("correlationId", None)
    return found


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.tag())
def test_nothing_of_ones_is_seen_or_changed_by_another(port, ann, engine, root, kind):
    bob = Person(port, "bob@x.org", "bittern", root)
    before, counted = ann.look(), ann.ask("analytics:lifetime-totals")
    ann.page.take()

    # by Ann's ids; last with a word of his own, which would show in what is hers
    for word in (MARK, "bittern"):
        bob.word = word
        bob.page.request(kind.tag(), bob.payload(kind.tag(), ann.ids))
    heard = bob.page.take()
    bob.page.request(kind.tag(), bob.payload(kind.tag(), dict.fromkeys(ann.ids, "made-up")))
    made_up = bob.page.take()[-1]
    for channel in READING:
        bob.word = "bittern"
        bob.page.request(channel, bob.payload(channel, {}))
    seen = json.dumps(bob.page.take())

    assert ann.page.take() == []
    assert ann.ask("analytics:lifetime-totals") == counted
    assert ann.look() == before
    assert list(root.iterdir()) == []
    answers = [one for one in heard if one["type"] == "response"]
    assert len(answers) == 2
    # what is hers looks as if it were not there
    assert errors(answers) in ([], errors([made_up]) * 2)
    assert {one["code"] for one in errors(answers)} <= {"HANDLER_ERROR"}
    asked_with = json.dumps([bob.payload(kind.tag(), ann.ids) for _ in range(2)])
    for name, made in ann.ids.items():
        assert made not in seen
        assert made not in json.dumps(heard) or made in asked_with, name
    # by his own words he finds what he has just written himself, by her words nothing of hers
    if kind.tag() in READING:
        assert MARK not in json.dumps(heard).replace(f'"key": "{MARK}"', "")


def test_nobody_is_told_what_others_do(port, engine, root):
    ann, bob = (Person(port, f"{name}@x.org", name, root) for name in ("ann", "bob"))

    ann.fill(engine)
    for kind in KINDS:
        ann.page.request(kind.tag(), ann.payload(kind.tag(), ann.ids))

    assert bob.page.take() == []
    assert ann.page.events() != []


def test_what_others_have_is_not_even_counted(port, ann, root):
    bob = Person(port, "bob@x.org", "bittern", root)

    empty = [
        bob.ask(one)
        for one in ("chat:list", "code:list-sessions", "imagegen:list-jobs", "credentials:list",
                    "artifact:list")
    ]  # fmt: skip
    found = bob.page.ask("chat:search", {"query": MARK})
    pictures = bob.page.ask("imagegen:list-images", {"search": MARK})
    numbers = bob.ask("analytics:lifetime-totals")

    assert (empty, found) == ([[]] * 5, [])
    assert pictures == {"images": [], "total": 0, "hasMore": False}
    assert {name for name, value in numbers.items() if name.startswith("total") and value} == {
        "totalSessionCount",
        "totalSearches",
    }


def test_a_code_search_within_anothers_session_finds_nothing(port, ann, root):
    bob = Person(port, "bob@x.org", MARK, root)
    payload = {"sessionId": ann.ids["session"], "query": MARK}

    assert bob.page.ask("code:search-transcript", payload) == []
    assert ann.page.ask("code:search-transcript", payload) != []
