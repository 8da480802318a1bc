"""Invariant 22 for what browser channels keep: what was answered survives ``kill -9``."""

import json
import random
import subprocess
import sys
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from mentra.messages.channels.code import CodeGetTranscript
from mentra.stores import artifacts, chats, code, credentials, page_settings
from mentra.stores.objects import FOLDER, Objects
from mentra.stores.opening import open_for_command
from mentra.stores.restore_points import files_of
from mentra.tokens import credential_keys, load_or_make_secret, new_credential_key

ROUNDS = 5
MOST_ANSWERS = 150
ANN = "ann@x.org"

WRITER = """
import json, os, sys, time
from functools import partial
from pathlib import Path
from twisted.internet.defer import Deferred
from twisted.internet.task import react
from mentra.messages.channels.artifact import Inline, Manifest
from mentra.messages.channels.chat import ChatAddMessage
from mentra.messages.channels.code import CodeAddEntry, CodeCreateRestorePoint, FileContent
from mentra.stores.opening import open_stores
from mentra.tokens import credential_keys, load_or_make_secret, new_credential_key

STATE_DIR, ROUND, ANN = Path(sys.argv[1]), sys.argv[2], "ann@x.org"

def answered(*fact):
    os.write(1, json.dumps(fact).encode() + b"\\n")

async def main(reactor):
    keys = partial(load_or_make_secret, credential_keys(STATE_DIR), new_credential_key)
    stores = open_stores(None, STATE_DIR, reactor, time.time, keys)
    stores.startService()
    await stores.ready()
    await stores.users.create(ANN)
    number = 0
    while True:
        number += 1
        name = f"{ROUND}-{number}"
        chat = await stores.chats.create(ANN, name, None, 100000)
        answered("chat", chat.id, name)
        new = ChatAddMessage(chat_id=chat.id, role="user", content=name)
        message, _ = await stores.chats.add(ANN, new, 100000)
        answered("message", chat.id, message.id)
        await stores.page_settings.change(ANN, lambda old: {**old, name: number})
        answered("setting", name, number)
        await stores.credentials.put(ANN, name, f"token of {name}", None, 100000)
        answered("credential", name)
        session = await stores.code.save_session(ANN, f"session {name}", "/tea", "running")
        entry = CodeAddEntry(session_id=session.id, type="user_input", content=name)
        await stores.code.add_entry(ANN, entry)
        answered("entry", session.id, name)
        files = [FileContent(path="a", content=name.encode())]
        point = CodeCreateRestorePoint(session_id=session.id, description="d", files=files)
        kept = await stores.code.add_restore_point(ANN, point)
        answered("restore point", kept.id, name)
        manifest = Manifest(id=name, name=name, type="prompt", entry="p")
        source = await stores.artifacts.read(Inline(manifest=manifest, files={"p": name}))
        if number < 20:
            await stores.artifacts.save(ANN, source)
            answered("artifact", name)

react(lambda reactor: Deferred.fromCoroutine(main(reactor)))
"""


def run_and_kill(state_dir: Path, number: int, answers_wanted: int) -> list[list[Any]]:
    """What a writer said was done, until it was killed while it went on."""
    writer = subprocess.Popen(
        [sys.executable, "-c", WRITER, str(state_dir), f"r{number}"],
        stdout=subprocess.PIPE, cwd=Path(__file__).parents[2],
    )  # fmt: skip
    assert writer.stdout is not None
    lines = [writer.stdout.readline() for _ in range(answers_wanted)]
    writer.kill()
    lines += writer.stdout.read().splitlines()
    writer.stdout.close()
    assert writer.wait(60) == -9, "the writer ended by itself"
    return [json.loads(line) for line in lines]


def missing(state_dir: Path, facts: list[list[Any]]) -> list[list[Any]]:
    """Facts that are no longer so."""
    keys = partial(load_or_make_secret, credential_keys(state_dir), new_credential_key)
    objects = Objects(state_dir / FOLDER)
    with open_for_command(None, state_dir) as store:
        settings = store.run(page_settings.read, ANN)

        def holds(kind: str, *fact: Any) -> bool:
            match kind:
                case "chat":
                    chat = store.run(chats.get, ANN, fact[0])
                    return chat is not None and chat.title == fact[1]
                case "message":
                    page = store.run(chats.messages, ANN, fact[0], 10, None)
                    return [one.id for one in page.messages] == [fact[1]]
                case "setting":
                    return bool(settings.get(fact[0]) == fact[1])
                case "credential":
                    return store.run(credentials.token, ANN, fact[0], keys) == f"token of {fact[0]}"
                case "entry":
                    page = store.run(code.transcript, ANN, CodeGetTranscript(session_id=fact[0]))
                    return [one.content for one in page.entries] == [fact[1]]
                case "restore point":
                    (file,) = store.run(files_of, ANN, fact[0])
                    return objects.get(file.object_hash) == fact[1].encode()
                case _:
                    return store.run(artifacts.contents, ANN, fact[0]) == {"p": fact[0].encode()}

        return [fact for fact in facts if not holds(*fact)]


@pytest.mark.slow
def test_what_channels_were_told_survives_a_kill(tmp_path: Path) -> None:
    seed = random.randrange(2**32)
    moments = random.Random(seed)
    facts: list[list[Any]] = []

    for number in range(ROUNDS):
        facts += run_and_kill(tmp_path, number, moments.randint(1, MOST_ANSWERS))

        assert missing(tmp_path, facts) == [], seed

    assert len({kind for kind, *_ in facts}) == 7
