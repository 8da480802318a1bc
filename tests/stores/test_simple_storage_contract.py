"""What every store of texts promises, in memory, on SQLite and on PostgreSQL."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from zope.interface.verify import verifyObject

from mentra.errors import NotThere, Refused
from mentra.interfaces.stores import ISimpleStorage
from mentra.records import App

ANN, APP, MOST = "ann@x.org", "org.x.captions", 1000


@pytest.fixture
def storage(stores):
    stores.wait(stores.apps.save(App(package_name=APP)))
    stores.wait(stores.apps.save(App(package_name="org.other")))
    for user_id in (ANN, "bob@x.org"):
        stores.wait(stores.users.create(user_id))
    return stores.storage


def kept(stores, user_id: str = ANN, package_name: str = APP) -> dict[str, str]:
    return stores.wait(stores.storage.read(user_id, package_name))


def merge(stores, changes, user_id: str = ANN, package_name: str = APP, most: int = MOST) -> None:
    stores.wait(stores.storage.merge(user_id, package_name, changes, most))


def test_the_interface_is_provided(storage):
    assert verifyObject(ISimpleStorage, storage)


def test_changes_are_merged_and_none_deletes(stores, storage):
    merge(stores, {"a": "1", "b": "2"})

    merge(stores, {"a": "3", "b": None, "c": ""})

    stores.reopen()
    assert kept(stores) == {"a": "3", "c": ""}


def test_any_text_is_a_key_and_any_is_a_value(stores, storage):
    texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)

    @settings(max_examples=20, deadline=None)
    @given(data=st.dictionaries(texts, texts, max_size=6))
    def survives(data):
        stores.wait(storage.clear(ANN, APP))

        merge(stores, {**data, "a.b": "", "$c d/e\0": "\0"})

        assert kept(stores) == {**data, "a.b": "", "$c d/e\0": "\0"}

    survives()


def test_nobody_else_has_it(stores, storage):
    merge(stores, {"a": "1"})

    assert kept(stores, "bob@x.org") == kept(stores, ANN, "org.other") == {}


def test_clearing_takes_all_of_one_app_about_one_user(stores, storage):
    for user_id, package_name in ((ANN, APP), (ANN, "org.other"), ("bob@x.org", APP)):
        merge(stores, {"a": "1"}, user_id, package_name)

    stores.wait(storage.clear(ANN, APP))

    assert kept(stores) == {}
    assert kept(stores, "bob@x.org") == kept(stores, ANN, "org.other") == {"a": "1"}


def test_too_much_is_refused_and_nothing_changes(stores, storage):
    merge(stores, {"a": "x" * 900})

    with pytest.raises(Refused) as refused:
        merge(stores, {"a": "y", "b": "x" * 1000})

    assert refused.value.code == "STORAGE_FULL"
    assert kept(stores) == {"a": "x" * 900}


def test_just_enough_fits(stores, storage):
    merge(stores, {"a": "x" * 998, "b": ""})

    assert len(kept(stores)["a"]) == 998


def test_what_is_too_much_already_can_become_less(stores, storage):
    merge(stores, {"a": "x" * 900, "b": "x" * 90})

    merge(stores, {"b": None}, most=10)

    assert set(kept(stores)) == {"a"}


@pytest.mark.parametrize(
    ("user_id", "package_name"), [("bob@none.org", APP), (ANN, "org.none"), ("\0", APP), (ANN, "")]
)
def test_about_who_is_not_there_nothing_is_kept(stores, storage, user_id, package_name):
    with pytest.raises(NotThere):
        merge(stores, {"a": "1"}, user_id, package_name)

    stores.wait(storage.clear(user_id, package_name))
    assert kept(stores, user_id, package_name) == {}


def test_it_goes_with_its_user_and_with_its_app(stores, storage):
    merge(stores, {"a": "1"})
    merge(stores, {"a": "1"}, "bob@x.org")

    stores.wait(stores.users.remove(ANN))
    stores.wait(stores.users.create(ANN))
    left = (kept(stores), kept(stores, "bob@x.org"))
    stores.wait(stores.apps.remove(APP))
    stores.wait(stores.apps.save(App(package_name=APP)))

    assert left == ({}, {"a": "1"})
    assert kept(stores, "bob@x.org") == {}
