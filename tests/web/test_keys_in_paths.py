"""Keys and addresses that stand in a path, as clients write them there."""

from urllib.parse import quote

import pytest

from mentra.glasses import simple_storage
from mentra.interfaces.stores import IAppStore, ISimpleStorage, IUserStore
from mentra.records import App
from mentra.testing.house import house_with, success_of
from mentra.web.site import make_site

ANN, APP = "ann+1@x.org", "org.x.captions"
AUTHORIZED = {"Authorization": f"Bearer {APP}:key", "Content-Type": "application/json"}


@pytest.mark.parametrize("key", ["plain", "a.b", "$set", "a b", "a/b", "../x", "%2F", "é", "?#&"])
def test_a_key_is_what_it_says_whatever_is_in_it(dial, key):
    routes = [one for one in vars(simple_storage).values() if type(one).__name__ == "Route"]
    house = house_with(simple_storage.storage_writes, *routes)
    success_of(IAppStore(house).save(App(package_name=APP)))
    success_of(IAppStore(house).add_key(APP, "key"))
    success_of(IUserStore(house).create(ANN))
    path = f"/api/sdk/simple-storage/{quote(ANN, safe='')}/{quote(key, safe='')}"

    put = dial(make_site(house)).ask("PUT", path, b'{"value":"v"}', AUTHORIZED).reply()
    got = dial(make_site(house)).ask("GET", path, headers=AUTHORIZED).reply()

    assert (put.status, got.json["data"]) == (200, {"value": "v"})
    assert success_of(ISimpleStorage(house).read(ANN, APP)) == {key: "v"}
