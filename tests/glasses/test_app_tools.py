"""Tools of apps, as assistants and their users use them; and what apps may do."""

import json
from typing import Any

import msgspec
import pytest
from twisted.internet.defer import Deferred

from mentra.errors import Denied
from mentra.extension import Access
from mentra.glasses.apps import permissions, tools
from mentra.glasses.apps.permissions import WantedPermissions
from mentra.glasses.apps.tools import ToolCall
from mentra.interfaces.stores import IAppStore, IUserStore
from mentra.records import App, Permission
from mentra.testing.house import house_with, success_of
from mentra.testing.requests import FakeCall

ANN, ACME, MIRA = "ann@x.org", "com.acme", "org.x.mira"
NOW = "2025-06-01T12:00:00.000Z"
TOOLS = ({"id": "t", "description": "Does it.", "parameters": {"a": {"type": "string"}}},)


@pytest.fixture
def house():
    made = house_with()
    store, users = IAppStore(made), IUserStore(made)
    known = (
        App(package_name=ACME, public_url="https://acme.test/", tools=TOOLS, developer_id=ANN),
        App(package_name=MIRA, public_url="https://mira.test"),
        App(package_name="org.bare"),
        App(package_name="org.off", tools=TOOLS, enabled=False),
    )
    success_of(users.create(ANN))
    for app in known:
        success_of(store.save(app))
        success_of(users.install(ANN, app.package_name))
    return made


def call_of(house, body: object = None, **how: Any) -> FakeCall:
    values = {"package_name": how.pop("of", ACME), "user_id": how.pop("about", ANN)}
    if "package_name" not in how:
        how.setdefault("user_id", ANN)
    return FakeCall(house, values, body=body, **how)


def wanted(**fields: Any) -> ToolCall:
    return msgspec.convert({"toolId": "t", "userId": ANN, **fields}, ToolCall)


def denial(route: Any, call: FakeCall) -> tuple[int, dict[str, Any]]:
    with pytest.raises(Denied) as denied:
        success_of(route.handle(call))
    return denied.value.status, denied.value.body


def under_way(house, call: FakeCall) -> list[Any]:
    done: list[Any] = []
    Deferred.fromCoroutine(tools.call_tool.handle(call)).addBoth(done.append)
    return done


# -- calling a tool


def test_a_call_goes_to_the_apps_server_and_its_answer_comes_back(house):
    done = under_way(house, call_of(house, wanted(toolParameters={"a": 1})))
    [request] = house.http.requests

    request.succeed(201, b'{"status":"success","reply":"done"}')

    assert (request.method, request.url) == ("POST", "https://acme.test/tool")
    assert request.timeout == 20.0
    assert json.loads(msgspec.json.encode(request.json)) == {
        "toolId": "t", "toolParameters": {"a": 1}, "userId": ANN, "timestamp": NOW
    }  # fmt: skip
    assert (done[0].status, done[0].body) == (201, b'{"status":"success","reply":"done"}')
    assert done[0].content_type == "application/json"


def test_a_page_from_an_apps_server_is_no_page_here(house):
    done = under_way(house, call_of(house, wanted()))

    house.http.requests[0].succeed(500, b"<script>")

    assert (done[0].status, done[0].content_type) == (500, "text/plain; charset=utf-8")


def test_an_assistant_may_call_for_a_user_who_has_it(house):
    done = under_way(house, call_of(house, wanted(userId="Ann@X.org"), package_name=MIRA))

    house.http.requests[0].succeed()

    assert done[0].status == 200
    assert house.http.requests[0].json.user_id == ANN


def test_a_server_that_cannot_be_reached_is_tried_once_more(house):
    done = under_way(house, call_of(house, wanted()))

    house.http.requests[0].fail()
    house.http.requests[1].fail()

    assert len(house.http.requests) == 2
    assert done[0].value.status == 502


def test_a_server_that_may_be_at_work_is_not_asked_twice(house):
    done = under_way(house, call_of(house, wanted()))

    house.http.requests[0].fail("TIMEOUT", "it took too long")

    assert len(house.http.requests) == 1
    assert done[0].value.status == 504


@pytest.mark.parametrize(
    ("fields", "how", "status"),
    [
        ({"toolId": ""}, {}, 400),
        ({"userId": ""}, {}, 400),
        ({}, {"of": "org.none"}, 404),
        ({"userId": "bob@x.org"}, {}, 403),
        ({}, {"user_id": "bob@x.org"}, 403),
        ({"userId": "bob@x.org"}, {"package_name": MIRA}, 403),
        ({"userId": "bob@x.org"}, {"user_id": "bob@x.org"}, 403),
        ({}, {"of": "org.bare"}, 502),
    ],
)
def test_what_cannot_be_asked_is_refused_and_nobody_is_called(house, fields, how, status):
    code, body = denial(tools.call_tool, call_of(house, wanted(**fields), **how))

    assert (code, body["error"], house.http.requests) == (status, True, [])
    assert body["message"]


# -- lists of tools


def test_the_tools_of_an_app_are_listed(house):
    assert tools.list_tools.handle(call_of(house)) == list(TOOLS)


def test_the_tools_of_a_users_apps_are_listed_with_the_app(house):
    answer = success_of(tools.list_users_tools.handle(call_of(house, package_name=MIRA)))

    assert answer == [{**TOOLS[0], "appPackageName": ACME}]


def test_tools_of_what_is_not_there_are_not_found(house):
    with pytest.raises(Denied) as denied:
        tools.list_tools.handle(call_of(house, of="org.none"))

    assert denied.value.status == 404


@pytest.mark.parametrize(
    "how", [{"user_id": "bob@x.org"}, {"package_name": "org.other"}, {"about": "bob@x.org"}]
)
def test_nobody_sees_the_tools_of_another_user(house, how):
    assert denial(tools.list_users_tools, call_of(house, **how))[0] == 403


def test_tools_are_for_users_and_assistants():
    for name, one in vars(tools).items():
        if type(one).__name__ == "Route":
            assert one.access is Access.ASSISTANT, name


# -- permissions


def test_anyone_sees_what_an_app_may_do(house):
    success_of(IAppStore(house).save(
        App(package_name=ACME, permissions=(Permission(type="CAMERA", description="to see"),))
    ))  # fmt: skip

    assert permissions.get_public_permissions.handle(call_of(house, user_id=None)) == {
        "success": True,
        "packageName": ACME,
        "permissions": (Permission(type="CAMERA", description="to see"),),
    }


def test_its_developer_changes_what_an_app_may_do(house):
    body = msgspec.convert(
        {"permissions": [{"type": "NOTIFICATIONS"}, {"type": "CAMERA"}]}, WantedPermissions
    )

    answer = success_of(permissions.patch_permissions.handle(call_of(house, body)))

    kept = (Permission(type="READ_NOTIFICATIONS"), Permission(type="CAMERA"))
    assert answer == {"permissions": kept}
    assert permissions.get_permissions.handle(call_of(house)) == answer
    assert IAppStore(house).get(ACME).tools == TOOLS


@pytest.mark.parametrize(
    ("how", "status"),
    [({"user_id": "bob@x.org"}, 403), ({"of": MIRA}, 403), ({"of": "org.none"}, 404)],
)
def test_nobody_else_does(house, how, status):
    body = WantedPermissions(permissions=())

    assert denial(permissions.patch_permissions, call_of(house, body, **how))[0] == status
    with pytest.raises(Denied):
        permissions.get_permissions.handle(call_of(house, **how))


@pytest.mark.parametrize(
    "wrong", [[{"type": "WINGS"}], [{"type": 1}], [{}], "ALL", [{"type": "ALL"}] * 10]
)
def test_there_are_no_other_permissions(wrong):
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert({"permissions": wrong}, WantedPermissions)
