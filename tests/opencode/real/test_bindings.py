"""Classes for other languages: the commands of the manual make them, and they fit ours."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from mentra.messages.opencode import (
    AgentInfo,
    AgentList,
    CreateSession,
    SendMessage,
)
from mentra.protobuf.envelopes import client_envelope, server_envelope
from tests.docs.manual import ROOT, pages
from tests.opencode.real.package import npm_install

pytestmark = pytest.mark.slow

NAMES = ("ClientMessage", "ServerMessage", "ChatToken", "PermissionRequest", "OAuthAuth")

ROUND_TRIP = """
const { ClientMessage, ServerMessage } = require("./messages.js");
const sendMessage = { sessionId: "ses_1", text: "häl", agent: "plan" };
const asked = ClientMessage.fromPartial({ requestId: 7, sendMessage });
const answer = ServerMessage.decode(Buffer.from(process.argv[2], "hex"));
console.log(JSON.stringify({
  asked: Buffer.from(ClientMessage.encode(asked).finish()).toString("hex"),
  answer: ServerMessage.toJSON(answer),
}));
"""


def command_of_the_manual(word: str) -> str:
    (page,) = [page for page in pages() if page.name == "docs/opencode.rst"]
    commands = [one for block in page.blocks for one in block.commands]
    (command,) = [one for one in commands if one.startswith("protoc") and word in one]
    return command


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder to generate in."""
    if shutil.which("protoc") is None:
        pytest.skip("protoc is not here: install protobuf-compiler")
    (tmp_path / "proto").symlink_to(ROOT / "proto")
    return tmp_path


def run(command: list[str] | str, folder: Path) -> str:
    done = subprocess.run(
        command, cwd=folder, shell=isinstance(command, str), capture_output=True, text=True,
        check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_classes_for_c_sharp_are_one_command_away(folder):
    run(command_of_the_manual("csharp"), folder)

    made = (folder / "Messages.cs").read_text()
    assert "namespace Opencode {" in made
    for name in NAMES:
        assert f"public sealed partial class {name} : pb::IMessage<{name}>" in made


def test_classes_for_typescript_are_one_command_away_and_fit_ours(folder):
    installed = npm_install("ts-proto@2.18.0", "@bufbuild/protobuf@2", "typescript@5")
    (folder / "node_modules").symlink_to(installed / "node_modules")
    answer = AgentList(agents=(AgentInfo(name="build", built_in=True),))

    run(command_of_the_manual("ts_proto"), folder)
    compiler = "node node_modules/typescript/bin/tsc --target es2020 --module commonjs"
    run(f"{compiler} --moduleResolution node10 --skipLibCheck --strict messages.ts", folder)
    (folder / "round.js").write_text(ROUND_TRIP)
    said = json.loads(run(["node", "round.js", server_envelope(()).write(9, answer).hex()], folder))

    asked = SendMessage(session_id="ses_1", text="häl", agent="plan")
    read = client_envelope([CreateSession, SendMessage]).read
    assert read(bytes.fromhex(said["asked"])) == (7, asked)
    assert said["answer"] == {
        "requestId": 9, "agentList": {"agents": [{"name": "build", "builtIn": True}]}
    }  # fmt: skip
