"""Lists in the manual are complete and name nothing that is not there."""

import importlib.util
import re
import sys
import urllib.request
from pathlib import Path

import click
import pytest
from prometheus_client.parser import text_string_to_metric_families

import mentra.events
from mentra.admin import COMMANDS, main
from mentra.events import Event
from mentra.extension import provider_of
from mentra.glasses.capabilities import profiles
from mentra.glasses.captions.figures import caption_figures
from mentra.interfaces.audio import ICaptionFigures
from mentra.interfaces.images import IImageEngine
from mentra.interfaces.llm import ILanguageModel
from mentra.interfaces.speech import IEngineFigures
from mentra.messages.streams import GESTURES, LOCATION_RATES
from mentra.routing.catalogue import Catalogue
from mentra.routing.discovery import discover
from mentra.speech.figures import engine_figures
from mentra.stores.schema import metadata
from mentra.testing.house import house_with
from tests.docs.manual import PAGES, ROOT, Block, Page
from tests.docs.shell import Shell
from tests.docs.tables import first_words, words_of

SERVER = Block(
    "console", "$ twistd -n mentra",
    {"in the background until": "http://127.0.0.1:8002/readyz"}, 1,
)  # fmt: skip


@pytest.mark.slow
def test_metrics_are_those_of_a_server(tmp_path: Path):
    shell = Shell(Page(ROOT / "docs" / "operating.rst", (SERVER,)), tmp_path)
    try:
        shell.follow()
        with urllib.request.urlopen(shell.with_ports("http://127.0.0.1:8002/metrics")) as answer:
            families = list(text_string_to_metric_families(answer.read().decode()))
    finally:
        shell.end()
    shown = {family.name + {"counter": "_total"}.get(family.type, "") for family in families}

    assert set(first_words("operating.rst", "metrics")) == shown


def test_metrics_of_engines_are_those_there_are():
    house = house_with(engine_figures)
    IEngineFigures(house)
    registry = house.metrics.registry

    assert set(first_words("speech.rst", "engine-metrics")) == {
        family.name + {"counter": "_total"}.get(family.type, "") for family in registry.collect()
    }


def test_metrics_of_captions_are_those_there_are():
    house = house_with(caption_figures)
    ICaptionFigures(house)

    assert set(first_words("captions.rst", "caption-metrics")) == {
        f"{family.name}_total" for family in house.metrics.registry.collect()
    }


def test_tables_of_the_store_are_on_the_page():
    assert set(first_words("privacy.rst", "stored")) == set(metadata.tables)


def test_language_models_are_on_the_page():
    plugins = [one for one in discover().plugins if provider_of(one).startswith("mentra.")]

    assert set(first_words("models.rst", "models")) == set(
        Catalogue(plugins).engines(ILanguageModel)
    )


def test_makers_of_pictures_are_on_the_page():
    plugins = [one for one in discover().plugins if provider_of(one).startswith("mentra.")]

    assert set(first_words("channels.rst", "makers")) == set(
        Catalogue(plugins).engines(IImageEngine)
    )


def test_what_language_models_refuse_is_on_the_page():
    promised = re.findall(r"``([A-Z_]{5,})``", ILanguageModel["chat"].__doc__)

    assert first_words("models.rst", "model-errors") == promised


def test_facets_are_on_the_page():
    plugins = [one for one in discover().plugins if provider_of(one).startswith("mentra.")]
    facets = {one.__name__ for one in Catalogue(plugins).managers}

    assert set(first_words("plugins.rst", "facets")) == facets


def test_events_are_on_the_page():
    events = {
        name for name, one in vars(mentra.events).items()
        if isinstance(one, type) and issubclass(one, Event) and one is not Event
    }  # fmt: skip

    assert set(first_words("plugins.rst", "events")) == events


def test_cases_of_the_benchmark_are_on_the_page(monkeypatch):
    spec = importlib.util.spec_from_file_location("plans_for_docs", ROOT / "bench" / "plans.py")
    assert spec is not None
    plans = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, "plans_for_docs", plans)
    spec.loader.exec_module(plans)

    assert first_words("performance.rst", "cases") == list(plans.CASES)


def test_gestures_rates_and_models_are_on_their_pages():
    streams = (ROOT / "docs" / "protocol" / "streams.rst").read_text("utf-8")
    glasses = (ROOT / "docs" / "protocol" / "glasses.rst").read_text("utf-8")

    assert {*GESTURES, *LOCATION_RATES} <= set(words_of(streams))
    for model in profiles():
        assert f"*{model}*" in " ".join(glasses.split()), model


def subcommands(name: str) -> set[str]:
    command = main.get_command(click.Context(main), name)
    return set(command.commands) if isinstance(command, click.Group) else set()


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.name)
def test_commands_named_in_the_text_exist(path: Path):
    text = " ".join(path.read_text("utf-8").split())
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))

    for name, second in re.findall(r"``mentra ([a-z]+)(?: ([a-z-]+))?", text):
        assert name in COMMANDS, name
        assert not subcommands(name) or not second or second in subcommands(name), second
    for target in re.findall(r"``make ([a-z-]+)", text):
        assert target in targets, target


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.name)
def test_files_named_in_the_text_exist(path: Path):
    text = path.read_text("utf-8")

    for name in re.findall(
        r"``((?:docs|etc|bench|tests|examples|mentra|news)/(?!_build)[\w./-]*)``", text
    ):
        assert (ROOT / name).exists(), name
