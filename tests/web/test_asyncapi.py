"""The document of the sockets: whatever is registered stands there, with an example that is one."""

import json
import os
import shutil
import subprocess
from collections import defaultdict
from pathlib import Path
from typing import Annotated, ClassVar

import jsonschema
import msgspec
import pytest

from mentra.extension import Asked, handler
from mentra.glasses.apps.entrance import app_path
from mentra.glasses.entrance import glasses_path
from mentra.messages import Message, Relayed, Unknown
from mentra.messages.voice import NotAnEnvelope
from mentra.routing.catalogue import Catalogue
from mentra.routing.discovery import discover
from mentra.testing.house import house_with
from mentra.web.asyncapi import document
from mentra.web.said import everything_said, paths_of_json
from mentra.web.site import make_site
from mentra.wire.channels import ChannelsDialect
from mentra.wire.envelope import EnvelopeDialect
from mentra.wire.mentraos import MentraosDialect

CATALOGUE = Catalogue(discover().plugins)
WHOLE = document(CATALOGUE)
MESSAGES = WHOLE["components"]["messages"]
INBOUND = [name for name in MESSAGES if ".in." in name and "binary" not in name]
# listed before the classes below are there
SAID = list(everything_said(CATALOGUE))
DIALECTS = defaultdict(
    lambda: lambda types: MentraosDialect(types, "error", lambda: 0.0),
    channels=lambda types: ChannelsDialect(types, lambda: 0.0),
    voice=lambda types: EnvelopeDialect(types, lambda: 0.0),
)
SPECS = "@asyncapi/specs@6.11.1"


class Brew(Relayed, frozen=True, kw_only=True, tag="acme_brew"):
    """Make tea.

    :ivar cups_wanted: how many.
    """

    aliases: ClassVar[tuple[str, ...]] = ("acme_make",)
    cups_wanted: Annotated[int, msgspec.Meta(ge=2)]
    kind: Annotated[str, msgspec.Meta(pattern="^g", examples=["green"])] = "green"


class Brewed(Message, frozen=True, kw_only=True, tag="acme_brewed"):
    """Tea is ready."""

    sent_to: ClassVar[tuple[str, ...]] = ("app",)
    cups: int


@handler("app", Brew)
def brew(message, context):
    return None


@handler("app", Unknown)
def unknown(message, context):
    return None


def test_every_registered_type_is_there():
    for path in paths_of_json(CATALOGUE):
        listed = WHOLE["channels"][path.name]["messages"]
        for kind in CATALOGUE.handlers(path.name):
            if kind.spoken:
                assert f"{path.name}.in.{kind.tag().replace(':', '.')}" in listed, kind
    assert len(MESSAGES) == len(SAID)


@pytest.mark.parametrize(
    "name", [name for name in MESSAGES if ".in." in name and "binary" not in name]
)
def test_an_example_of_what_comes_in_is_understood(name):
    path = name.partition(".")[0]
    dialect = DIALECTS[path](tuple(CATALOGUE.handlers(path)))
    (example,) = MESSAGES[name]["examples"]

    message = dialect.decode(json.dumps(example["payload"]).encode(), False)

    message = message.message if isinstance(message, Asked) else message
    assert not isinstance(message, Unknown | NotAnEnvelope)
    assert MESSAGES[name]["name"] in (example["payload"]["type"], example["payload"].get("channel"))


@pytest.mark.parametrize(
    "said", [one for one in SAID if not one.inbound and not one.is_binary],
    ids=lambda one: f"{one.path} {one.kind.__name__}",
)  # fmt: skip
def test_an_example_of_what_goes_out_is_of_its_class(said):
    name = f"{said.path}.out.{said.name.replace(':', '.')}"
    names = (name, f"{name}.{said.kind.__name__}")
    found = next(MESSAGES[name] for name in names if name in MESSAGES)
    (example,) = found["examples"]

    fields = {name: value for name, value in example["payload"].items() if name != "channel"}
    msgspec.json.decode(json.dumps(fields).encode(), type=said.kind)
    assert example["payload"]["timestamp"]


@pytest.mark.parametrize("name", [name for name in MESSAGES if "binary" not in name])
def test_an_example_fits_its_schema(name):
    resolved = {**MESSAGES[name]["payload"], "components": WHOLE["components"]}

    (example,) = MESSAGES[name]["examples"]

    jsonschema.Draft202012Validator(resolved).validate(example["payload"])


def test_an_extension_is_in_it_both_ways():
    made = document(Catalogue([app_path, brew, unknown]))

    heard = made["components"]["messages"]["app.in.acme_brew"]
    assert heard["summary"] == "Make tea."
    assert heard["payload"]["properties"]["type"] == {"enum": ["acme_brew", "acme_make"]}
    assert heard["payload"]["properties"]["cupsWanted"]["description"] == "how many."
    assert "(raw)" not in heard["payload"]["properties"]
    assert heard["examples"] == [
        {"payload": {"type": "acme_brew", "cupsWanted": 2, "kind": "green"}}
    ]
    assert made["operations"]["app.in.acme_brew"]["action"] == "receive"
    assert made["operations"]["app.in.acme_brew"]["x-handler"].endswith(":brew")
    assert made["operations"]["app.out.acme_brewed"]["action"] == "send"


def test_channels_are_the_paths():
    assert WHOLE["channels"]["glasses"]["address"] == glasses_path.urls[0]
    assert WHOLE["channels"]["app"]["address"] == app_path.urls[0]


def test_the_document_is_served(dial):
    reply = (
        dial(make_site(house_with(brew, app_path, unknown))).ask("GET", "/asyncapi.json").reply()
    )

    assert reply.json["asyncapi"] == "3.0.0"
    assert "app.in.acme_brew" in reply.json["components"]["messages"]


@pytest.fixture(scope="session")
def specification() -> dict[str, object]:
    """AsyncAPI's own schema of its documents, out of npm."""
    if shutil.which("npm") is None:
        pytest.skip("npm is not here")
    folder = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "mentra-tests"
    file = folder / "node_modules" / "@asyncapi" / "specs" / "schemas" / "3.0.0-without-$id.json"
    if not file.exists():
        folder.mkdir(parents=True, exist_ok=True)
        done = subprocess.run(
            ["npm", "install", "--no-audit", "--no-fund", "--loglevel=error", SPECS],
            cwd=folder, capture_output=True, text=True, check=False,
        )  # fmt: skip
        if done.returncode:
            pytest.skip(f"npm cannot fetch {SPECS} here: {done.stderr[-200:]}")
    read: dict[str, object] = json.loads(file.read_text("utf-8"))
    return read


@pytest.mark.slow
def test_the_document_is_valid(specification):
    jsonschema.Draft7Validator(specification).validate(WHOLE)


@pytest.mark.slow
def test_the_schema_would_notice(specification):
    broken = {**WHOLE, "operations": {"x": {"action": "shout"}}}

    with pytest.raises(jsonschema.ValidationError):
        jsonschema.Draft7Validator(specification).validate(broken)
