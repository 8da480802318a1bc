"""Lists of apps over HTTP: a user's own, and what there is."""

from typing import Any

import msgspec
import pytest

import mentra
from mentra.errors import Denied
from mentra.extension import Access
from mentra.glasses.apps import pages
from mentra.glasses.apps.health import app_health
from mentra.glasses.apps.pages import Acting, Search, Whose
from mentra.glasses.apps.settings import AppsSettings
from mentra.interfaces.glasses import IDevice
from mentra.interfaces.shared import IAppHealth
from mentra.interfaces.stores import IAppStore, IUserStore
from mentra.records import App, HardwareRequirement, Permission
from mentra.testing.app_stage import ANN, AppStage, app_named, stage_with
from mentra.testing.house import success_of
from mentra.testing.requests import FakeCall

NOW = "2025-06-01T12:00:00.000Z"
MIRA = "org.x.mira"


def call_of(stage: AppStage, user_id: str | None = ANN, **how: Any) -> FakeCall:
    how.setdefault("asked", Acting())
    return FakeCall(stage.house, user_id=user_id, **how)


def answer_of(route: Any, call: FakeCall) -> Any:
    outcome = route.handle(call)
    done = outcome if isinstance(outcome, dict) else success_of(outcome)
    return msgspec.json.decode(msgspec.json.encode(done))


def names(answer: Any) -> list[str]:
    assert answer["success"]
    return [app["packageName"] for app in answer["data"]]


# -- a user's own


def stage_with_a_list() -> AppStage:
    camera = HardwareRequirement(type="CAMERA", description="to see")
    stage = stage_with(
        app_named(
            "a",
            name="A",
            app_type="standard",
            webview_url="https://a.test/w",
            permissions=(Permission(type="MICROPHONE"),),
        ),
        app_named("b", hardware_requirements=(camera,)),
        app_named("dashboard", app_type="system_dashboard"),
        app_named("unlisted"),
    )
    for package_name in ("a", "b", "dashboard"):
        success_of(IUserStore(stage.house).install(ANN, package_name))
    IDevice(stage.session).lacks = frozenset({"CAMERA"})
    stage.run("a")
    stage.run("unlisted")
    return stage


def test_phones_see_what_is_installed_or_runs_but_not_the_dashboard():
    stage = stage_with_a_list()

    answer = answer_of(pages.list_client_apps, call_of(stage))

    assert (answer["success"], answer["timestamp"]) == (True, NOW)
    assert [app["packageName"] for app in answer["data"]] == ["a", "b", "unlisted"]
    assert answer["data"][0] == {
        "packageName": "a",
        "name": "A",
        "webviewUrl": "https://a.test/w",
        "logoUrl": "",
        "type": "standard",
        "permissions": [{"type": "MICROPHONE", "description": None}],
        "running": True,
        "healthy": True,
        "hardwareRequirements": [],
        "installedDate": NOW,
        "lastActiveAt": NOW,
    }
    assert not answer["data"][1]["running"]


def test_the_store_pages_see_more_of_the_same_and_nothing_internal():
    stage = stage_with_a_list()

    answer = answer_of(pages.list_apps, call_of(stage))

    first, second, third = answer["data"]
    assert (first["is_running"], first["is_foreground"], first["isOnline"]) == (True, True, None)
    assert (third["is_running"], third["is_foreground"]) == (True, False)
    assert first["webviewURL"] == "https://a.test/w"
    assert first["compatibility"]["isCompatible"]
    assert second["compatibility"]["missingRequired"] == [
        {"type": "CAMERA", "level": "REQUIRED", "description": "to see"}
    ]
    assert not {"system", "enabled", "webviewUrl"} & set(first)


@pytest.mark.parametrize("route", [pages.list_apps, pages.list_client_apps])
def test_lists_are_there_without_a_session(route):
    stage = stage_with_a_list()
    stage.answer()
    stage.end()

    known = answer_of(route, call_of(stage))
    stranger = answer_of(route, call_of(stage, user_id="bob@x.org"))

    assert [app["packageName"] for app in known["data"]] == ["a", "b"]
    assert stranger["data"] == []


# -- for assistants


def test_an_assistant_sees_the_apps_of_a_user_who_has_it():
    stage = stage_with_a_list()
    success_of(IAppStore(stage.house).save(App(package_name=MIRA)))
    success_of(IUserStore(stage.house).install(ANN, MIRA))
    call = call_of(stage, None, package_name=MIRA, asked=Acting(user_id=" Ann@X.org "))

    assert names(answer_of(pages.list_apps, call)) == ["a", "b", MIRA, "unlisted"]


def test_an_assistant_that_runs_need_not_be_on_the_list():
    stage = stage_with_a_list()
    call = call_of(stage, None, package_name="unlisted", asked=Acting(user_id=ANN))

    assert names(answer_of(pages.list_apps, call)) == ["a", "b", "unlisted"]


@pytest.mark.parametrize(
    ("user_id", "asked", "status"),
    [
        (None, Acting(), 400),
        (None, Acting(user_id=ANN), 403),
        (None, Acting(user_id="bob@x.org"), 403),
        ("bob@x.org", Acting(user_id=ANN), 403),
    ],
)
def test_nobody_sees_another_users_apps(user_id, asked, status):
    call = call_of(stage_with_a_list(), user_id, package_name=MIRA, asked=asked)

    with pytest.raises(Denied) as denied:
        success_of(pages.list_apps.handle(call))

    assert denied.value.status == status
    assert denied.value.body["success"] is False


# -- what there is


def stage_with_a_store() -> AppStage:
    published = {"app_store_status": "PUBLISHED", "is_public": True, "app_type": "standard"}
    stage = stage_with(
        app_named("org.captions", name="Captions", description="Reads along", **published),
        app_named("org.quiet", **{**published, "app_type": "background"}),
        app_named("org.club", organization_id="club", **{**published, "is_public": False}),
        app_named("org.mine", developer_id=ANN),
        app_named("org.draft"),
        app_named("org.off", enabled=False, **published),
        app_named("org.board", **{**published, "app_type": "system_dashboard"}),
    )
    success_of(IUserStore(stage.house).install(ANN, "org.captions"))
    return stage


def test_everyone_sees_what_is_published_and_has_a_face():
    answer = answer_of(pages.list_public, call_of(stage_with_a_store(), None))

    assert names(answer) == ["org.captions"]


def test_strangers_are_not_told_where_servers_are_and_who_writes_apps():
    stage = stage_with_a_store()

    [listed] = answer_of(pages.list_public, call_of(stage, None))["data"]
    one = answer_of(pages.get_app, call_of(stage, None, values={"package_name": "org.mine"}))[
        "data"
    ]

    for row in (listed, one):
        assert not {"publicUrl", "developerId", "system", "enabled"} & set(row)
    assert listed["isPublic"]
    assert (one["packageName"], one["webviewURL"], one["tools"]) == ("org.mine", None, [])


@pytest.mark.parametrize(
    ("search", "found"),
    [
        (Search(query="CAPTION"), ["org.captions"]),
        (Search(query=" reads "), ["org.captions"]),
        (Search(query="org."), ["org.captions", "org.quiet"]),
        (Search(query="club", organization_id="club"), []),
        (Search(query="org.", organization_id="none"), []),
    ],
)
def test_what_is_published_is_found_by_its_words(search, found):
    call = call_of(stage_with_a_store(), None, asked=search)

    assert names(answer_of(pages.search_apps, call)) == found


def test_a_search_for_nothing_is_refused():
    with pytest.raises(Denied) as denied:
        pages.search_apps.handle(call_of(stage_with_a_store(), asked=Search(query=" ")))

    assert denied.value.status == 400


def test_an_app_that_is_not_there_is_not_found():
    with pytest.raises(Denied) as denied:
        pages.get_app.handle(call_of(stage_with_a_store(), values={"package_name": "org.none"}))

    assert (denied.value.status, denied.value.body["message"]) == (404, "App not found")


def test_what_is_installed_is_listed_with_its_date():
    answer = answer_of(pages.list_installed, call_of(stage_with_a_store()))

    assert names(answer) == ["org.captions"]
    assert answer["data"][0]["installedDate"] == NOW


@pytest.mark.parametrize(
    ("user_id", "organization", "expected"),
    [
        (ANN, None, ["org.captions", "org.mine", "org.quiet"]),
        (ANN, "club", ["org.captions", "org.club", "org.mine", "org.quiet"]),
        ("bob@x.org", None, ["org.captions", "org.quiet"]),
    ],
)
def test_what_can_be_had_depends_on_who_asks(user_id, organization, expected):
    asked = Whose(organization_id=organization)
    answer = answer_of(pages.list_available, call_of(stage_with_a_store(), user_id, asked=asked))

    assert names(answer) == expected
    installed = [app["packageName"] for app in answer["data"] if app["isInstalled"]]
    assert installed == (["org.captions"] if user_id == ANN else [])


def test_the_version_is_told():
    assert answer_of(pages.apps_version, call_of(stage_with())) == {"version": mentra.__version__}


def test_lists_show_what_was_found_of_a_server():
    stage = stage_with(app_named("a"), plugins=[app_health])
    success_of(IUserStore(stage.house).install(ANN, "a"))
    looked = IAppHealth(stage.house).check(IAppStore(stage.house).get("a"))
    stage.house.http.requests[-1].fail()
    assert success_of(looked) is False

    [stored] = answer_of(pages.list_apps, call_of(stage))["data"]
    [phones] = answer_of(pages.list_client_apps, call_of(stage))["data"]

    assert (stored["isOnline"], phones["healthy"]) == (False, False)


def test_every_page_is_mounted_twice_and_only_the_public_ones_are_for_everyone():
    everyones = {"list_public", "search_apps", "apps_version", "get_app"}
    for name, one in vars(pages).items():
        if type(one).__name__ == "Route":
            assert (one.access is Access.PUBLIC) is (name in everyones), name
            if name != "list_client_apps":
                assert [f"/api{one.templates[0]}"] == list(one.templates[1:])


def test_the_configured_dashboard_is_on_no_list_whatever_type_it_has():
    board = app_named("org.board", app_type="background", app_store_status="PUBLISHED",
                      is_public=True)  # fmt: skip
    stage = stage_with(board, sections=[AppsSettings(system_dashboard="org.board")])
    success_of(IUserStore(stage.house).install(ANN, "org.board"))
    stage.run("org.board")
    searched = call_of(stage, None, asked=Search(query="board"))
    available = call_of(stage, asked=Whose())

    lists = [
        answer_of(pages.list_apps, call_of(stage)),
        answer_of(pages.list_client_apps, call_of(stage)),
        answer_of(pages.list_available, available),
        answer_of(pages.search_apps, searched),
    ]

    assert [answer["data"] for answer in lists] == [[], [], [], []]
