"""The settings channels, frame by frame, and the trees behind them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mentra.channels import paths
from mentra.channels.section import ChannelsSettings
from mentra.interfaces.channels import IPageSettings
from mentra.messages.channels.settings import SettingsGetAll, SettingsReset, SettingsUpdate
from mentra.testing.channels import checked, page_at_door, page_of
from mentra.testing.house import success_of

DEFAULTS = {
    "theme": "dark",
    "fontSize": 14,
    "fontFamily": "system-ui",
    "accentColor": "#8B5CF6",
    "chat": {
        "streamResponses": True,
        "autoSaveChats": True,
        "autoGenerateTitle": True,
        "defaultModel": None,
        "maxTokens": 4096,
        "temperature": 0.7,
    },
    "providers": {},
    "shortcuts": {},
    "layout": {},
    "imageGen": {"autoRun": True, "defaultModel": None},
    "analytics": {"retention": {"rawDays": 7, "hourlyDays": 30, "dailyDays": 365}},
}


@pytest.fixture
def page(open_port, kept_parts):
    page = page_at_door(open_port(parts=kept_parts)[1])
    page.take()
    return page


def test_without_anything_set_the_defaults_hold(page):
    assert checked(SettingsGetAll, page.ask("settings:get-all")) == DEFAULTS


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("theme", "dark"), ("chat.temperature", 0.7), ("chat", DEFAULTS["chat"]), ("nothing", None),
        ("theme.more", None), ("chat.nothing.more", None),
    ],
)  # fmt: skip
def test_a_setting_is_found_along_its_path(page, key, value):
    assert page.ask("settings:get", key) == page.ask("settings:get", {"key": key}) == value


def test_what_is_set_holds_and_is_told(page):
    answer = page.answer(page.request("settings:set", {"key": "chat.temperature", "value": 1.5}))

    assert "payload" not in answer
    assert "error" not in answer
    assert page.events() == [("settings:changed", {"key": "chat.temperature", "value": 1.5})]
    assert page.ask("settings:get", "chat.temperature") == 1.5
    assert page.ask("settings:get", "chat.maxTokens") == 4096


def test_plugins_may_have_settings_of_their_own(page):
    page.ask("settings:set", {"key": "weather.towns.first", "value": ["Ulm", None]})

    assert page.ask("settings:get", "weather") == {"towns": {"first": ["Ulm", None]}}


def test_many_are_merged_and_each_at_the_top_is_told_once(page):
    page.ask("settings:set", {"key": "chat.maxTokens", "value": 1})
    page.take()

    changed = page.ask(
        "settings:update",
        {"chat": {"temperature": 0}, "theme": "light", "fontSize": 14, "mine": {"a": {"b": 1}}},
    )
    page_events = page.events()
    again = page.ask("settings:update", {"mine": {"a": {"c": 2}}})

    checked(SettingsUpdate, changed)
    assert changed["chat"] == {**DEFAULTS["chat"], "maxTokens": 1, "temperature": 0}
    assert page_events == [
        ("settings:changed", {"key": "theme", "value": "light"}),
        ("settings:changed", {"key": "chat", "value": changed["chat"]}),
        ("settings:changed", {"key": "mine", "value": {"a": {"b": 1}}}),
    ]
    assert again["mine"] == {"a": {"b": 1, "c": 2}}


def test_one_can_be_taken_back(page):
    page.ask("settings:update", {"chat": {"temperature": 0, "maxTokens": 9}, "mine": 1})
    page.take()

    left = page.ask("settings:reset", {"key": "chat.temperature"})

    assert left["chat"] == {**DEFAULTS["chat"], "maxTokens": 9}
    assert page.events() == [("settings:changed", {"key": "chat", "value": left["chat"]})]


def test_all_can_be_taken_back(page):
    page.ask("settings:update", {"theme": "light", "mine": 1})
    page.take()

    left = checked(SettingsReset, page.ask("settings:reset"))

    assert left == DEFAULTS
    assert page.events() == [
        ("settings:changed", {"key": "theme", "value": "dark"}),
        ("settings:changed", {"key": "mine", "value": None}),
    ]


@pytest.mark.parametrize(
    ("key", "value", "path"),
    [
        ("theme", "pink", "theme"), ("fontSize", "14", "fontSize"), ("chat", 5, "chat"),
        ("chat.temperature", 3, "chat.temperature"), ("theme.more", 1, "theme"),
        ("providers.echo", {"enabled": "yes"}, "providers[...].enabled"),
    ],
)  # fmt: skip
def test_a_known_setting_is_what_it_must_be(page, key, value, path):
    error = page.answer(page.request("settings:set", {"key": key, "value": value}))["error"]

    assert error["code"] == "INVALID_MESSAGE"
    assert error["details"][0]["path"] == path
    assert page.ask("settings:get-all") == DEFAULTS
    assert page.events() == []


@pytest.mark.parametrize(
    "key",
    ["a..b", ".", "a.", "__proto__", "a.__proto__.b", "constructor.prototype", "a." * 40 + "a"],
)  # fmt: skip
def test_no_path_leads_to_what_programs_give_a_meaning(page, key):
    asked = [
        page.request("settings:set", {"key": key, "value": 1}),
        page.request("settings:get", key),
        page.request("settings:reset", {"key": key}),
    ]

    errors = [page.answer(one)["error"] for one in asked]
    assert {error["code"] for error in errors} == {"INVALID_MESSAGE"}
    assert {error["details"][0]["path"] for error in errors} == {"key"}


@pytest.mark.parametrize(
    ("value", "path"),
    [({"a": {"__proto__": {}}}, "a"), ({"a": [1, [{"prototype": 1}]]}, "a.1.0"), ({"": 1}, "")],
)
def test_nor_do_names_inside_of_what_is_set(page, value, path):
    inside = {"key": "mine.own", "value": value}

    errors = [
        page.answer(page.request(channel, payload))["error"]
        for channel, payload in (("settings:update", value), ("settings:set", inside))
    ]

    assert {error["code"] for error in errors} == {"INVALID_MESSAGE"}
    assert [error["details"][0]["path"] for error in errors] == [
        path,
        f"mine.own.{path}".rstrip("."),
    ]
    assert page.ask("settings:get-all") == DEFAULTS


def test_a_secret_belongs_to_the_credentials(page):
    code, text = page.refusal("settings:set", {"key": "providers.openai.api_key", "value": "sk"})

    assert (code, "credentials" in text) == ("HANDLER_ERROR", True)
    assert page.refusal("settings:update", {"mine": {"apiKey": "k"}})[0] == "HANDLER_ERROR"


def test_there_is_a_bound(page):
    assert page.refusal("settings:set", {"key": "x", "value": "y" * 300_000})[0] == "HANDLER_ERROR"
    deep = value = {}
    for _ in range(40):
        value["a"] = value = {}
    assert page.refusal("settings:update", deep)[0] == "INVALID_MESSAGE"


def test_the_server_has_a_say_where_nobody_has_set_anything(open_port, kept_parts):
    section = ChannelsSettings(settings={"theme": "light", "chat": {"maxTokens": 7}})
    page = page_at_door(open_port(parts=kept_parts, sections=(section,))[1])
    page.ask("settings:set", {"key": "chat.maxTokens", "value": 8})

    first = page.ask("settings:get", "chat.maxTokens")
    left = page.ask("settings:reset")

    assert (first, left["chat"]["maxTokens"], left["theme"]) == (8, 7, "light")


def test_everybody_has_their_own(open_port, kept_parts):
    house, port = open_port(parts=kept_parts)
    ann, bob = page_of(port, "ann@x.org"), page_of(port, "bob@x.org")
    bob.take()

    ann.ask("settings:set", {"key": "theme", "value": "light"})

    assert bob.ask("settings:get", "theme") == "dark"
    assert bob.events() == []
    assert success_of(IPageSettings(house).get("ann@x.org", "theme")) == "light"


NAMES = st.text("abc", min_size=1, max_size=2)
TREES = st.recursive(
    st.integers(), lambda inner: st.dictionaries(NAMES, inner, max_size=3), max_leaves=8
).map(lambda tree: tree if isinstance(tree, dict) else {"a": tree})


@given(TREES, st.lists(NAMES, min_size=1, max_size=4).map(tuple), st.integers())
def test_what_is_put_somewhere_is_found_there_and_can_be_taken_away(tree, names, value):
    put = paths.put(tree, names, value)

    assert paths.at(put, names) == value
    assert paths.at(paths.without(put, names), names) is None


@given(TREES, TREES)
def test_merging_keeps_what_the_changes_do_not_name(tree, changes):
    merged = paths.merged(tree, changes)

    assert paths.merged(merged, changes) == merged
    assert set(merged) == set(tree) | set(changes)
