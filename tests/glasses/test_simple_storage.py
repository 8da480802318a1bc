"""Texts that apps keep about users, over HTTP."""

import json
from typing import Any

import msgspec
import pytest

from mentra.errors import Denied
from mentra.extension import Access
from mentra.glasses import simple_storage as routes
from mentra.glasses.simple_storage import StorageSettings, Text, Texts, storage_writes
from mentra.interfaces.stores import IAppStore, IUserStore
from mentra.records import App
from mentra.testing.house import house_with, success_of
from mentra.testing.requests import FakeCall

ANN, APP = "ann@x.org", "org.x.captions"


@pytest.fixture
def bounds() -> dict[str, int]:
    return {"max_key": 10, "max_value": 20, "max_total": 50, "writes_per_minute": 5}


@pytest.fixture
def house(bounds):
    plugins = [one for one in vars(routes).values() if type(one).__name__ == "Route"]
    made = house_with(storage_writes, *plugins, sections=[StorageSettings(**bounds)])
    for package_name in (APP, "org.other"):
        success_of(IAppStore(made).save(App(package_name=package_name)))
        success_of(IAppStore(made).add_key(package_name, "key"))
    success_of(IUserStore(made).create(ANN))
    return made


def call(house, route, body: object = None, email: str = ANN, **how: Any) -> Any:
    package_name = how.pop("package_name", APP)
    asked = FakeCall(house, {"email": email, **how}, package_name=package_name, body=body)
    return json.loads(msgspec.json.encode(success_of(route.handle(asked))))


def denial(house, route, *what: Any, **how: Any) -> int:
    with pytest.raises(Denied) as denied:
        call(house, route, *what, **how)
    assert denied.value.body["success"] is False
    assert denied.value.body["message"]
    return denied.value.status


def test_several_are_merged_and_read(house):
    first = call(house, routes.put_storage, Texts(data={"a": "1", "b": "2"}))
    call(house, routes.put_storage, Texts(data={"b": "3"}))

    assert first["success"]
    assert call(house, routes.get_storage) == {
        "success": True, "data": {"a": "1", "b": "3"}, "message": "Storage retrieved"
    }  # fmt: skip


def test_one_is_put_read_and_deleted(house):
    call(house, routes.put_stored, Text(value="v"), key="a.b/$ c")
    read = call(house, routes.get_stored, key="a.b/$ c")
    deleted = call(house, routes.delete_stored, key="a.b/$ c")

    assert (read["success"], read["data"]) == (True, {"value": "v"})
    assert deleted["success"]
    assert denial(house, routes.get_stored, key="a.b/$ c") == 404


def test_clearing_takes_everything(house):
    call(house, routes.put_storage, Texts(data={"a": "1"}))

    call(house, routes.delete_storage)

    assert call(house, routes.get_storage)["data"] == {}


def test_what_is_not_there_is_deleted_with_success(house):
    assert call(house, routes.delete_stored, key="none")["success"]
    assert call(house, routes.delete_storage, email="nobody@x.org")["success"]


def test_addresses_have_one_spelling(house):
    call(house, routes.put_stored, Text(value="v"), email=" Ann@X.org", key="k")

    assert call(house, routes.get_storage)["data"] == {"k": "v"}


def test_another_app_sees_nothing_of_it(house):
    call(house, routes.put_storage, Texts(data={"a": "1"}))

    assert call(house, routes.get_storage, package_name="org.other")["data"] == {}


def test_about_somebody_unknown_nothing_is_kept(house):
    assert denial(house, routes.put_stored, Text(value="v"), email="bob@x.org", key="k") == 404
    assert call(house, routes.get_storage, email="bob@x.org")["data"] == {}


@pytest.mark.parametrize(
    ("data", "status"),
    [
        ({"": "v"}, 400),
        ({"k" * 11: "v"}, 400),
        ({"k": "v" * 21}, 400),
        ({f"{number}": "v" * 20 for number in range(3)}, 413),
    ],
)
def test_bounds_are_kept_and_nothing_is_changed(house, data, status):
    assert denial(house, routes.put_storage, Texts(data=data)) == status
    assert call(house, routes.get_storage)["data"] == {}


@pytest.mark.parametrize("body", [{"data": {"k": 1}}, {"data": {"k": None}}, {"data": []}, {}])
def test_values_are_texts(body):
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(body, Texts)


def test_writes_are_bounded_for_a_minute(house):
    for _ in range(5):
        call(house, routes.put_stored, Text(value="v"), key="k")

    assert denial(house, routes.put_stored, Text(value="v"), key="k") == 429
    assert denial(house, routes.delete_storage) == 429
    assert call(house, routes.put_stored, Text(value="v"), key="k", package_name="org.other")
    house.clock.advance(60.0)
    assert call(house, routes.put_stored, Text(value="v"), key="k")["success"]


def test_without_a_bound_all_writes_are_taken(house, bounds):
    bounds["writes_per_minute"] = 0
    free = house_with(storage_writes, sections=[StorageSettings(**bounds)])
    success_of(IAppStore(free).save(App(package_name=APP)))
    success_of(IUserStore(free).create(ANN))

    for _ in range(50):
        assert call(free, routes.put_stored, Text(value="v"), key="k")["success"]


def test_only_apps_may_call():
    for name, one in vars(routes).items():
        if type(one).__name__ == "Route":
            assert one.access is Access.APP, name
