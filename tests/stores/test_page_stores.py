"""Settings and credentials of pages, in a database."""

import pytest
from cryptography.fernet import Fernet
from zope.interface.verify import verifyObject

from mentra.errors import Refused, StoreError
from mentra.interfaces.channel_stores import ICredentials, IKeptSettings
from mentra.stores.credentials import reseal, ring_of

ANN, BOB = "ann@x.org", "bob@x.org"


@pytest.fixture
def stores(kept):
    for user_id in (ANN, BOB):
        kept.wait(kept.users.create(user_id))
    return kept


def put(stores, token="t", key="openai", user_id=ANN, most=10):
    stores.wait(stores.credentials.put(user_id, key, token, {"a": 1}, most))


def token_of(stores, key="openai", user_id=ANN):
    return stores.wait(stores.credentials.token(user_id, key))


def test_the_interfaces_are_provided(stores):
    assert verifyObject(IKeptSettings, stores.page_settings)
    assert verifyObject(ICredentials, stores.credentials)


def test_settings_are_changed_by_a_function_and_kept(stores):
    both = [
        stores.wait(stores.page_settings.change(ANN, lambda old: {**old, "n": len(old)}))
        for _ in range(2)
    ]

    stores.reopen()
    assert both == [({}, {"n": 0}), ({"n": 0}, {"n": 1})]
    assert stores.wait(stores.page_settings.read(ANN)) == {"n": 1}
    assert stores.wait(stores.page_settings.read(BOB)) == {}
    assert stores.wait(stores.page_settings.read("\0")) == {}


def test_a_refused_change_changes_nothing(stores):
    def refuse(old):
        raise Refused("NO", "no")

    with pytest.raises(Refused):
        stores.wait(stores.page_settings.change(ANN, refuse))
    with pytest.raises(Refused, match="no such user"):
        stores.wait(stores.page_settings.change("carol@x.org", lambda old: old))

    assert stores.wait(stores.page_settings.read(ANN)) == {}


def test_a_credential_is_kept_encrypted(stores):
    put(stores, "old")
    put(stores, "s3cret \u2713")

    stores.reopen()
    assert token_of(stores) == "s3cret \u2713"
    assert stores.wait(stores.credentials.metadata(ANN, "openai")) == (True, {"a": 1})
    assert (
        token_of(stores, user_id=BOB) is token_of(stores, "none") is token_of(stores, "\0") is None
    )


def test_a_key_that_is_no_name_and_a_user_who_is_not_there_are_refused(stores):
    for key, user_id in (("\0", ANN), ("x" * 600, ANN), ("openai", "carol@x.org")):
        with pytest.raises(Refused):
            put(stores, key=key, user_id=user_id)


def test_new_keys_read_what_old_ones_wrote_and_then_do_without_them(stores):
    put(stores)
    old, new = stores.keys, Fernet.generate_key().decode()

    stores.keys = f"{new}\n{old}"
    read_by_both = token_of(stores)
    done = stores.wait(stores.write(lambda connection: reseal(connection, ring_of(stores.keys))))
    stores.keys = new

    assert (read_by_both, done, token_of(stores)) == ("t", (1, 0), "t")


def test_without_its_key_a_credential_is_lost_and_says_so(stores):
    put(stores)
    stores.keys = Fernet.generate_key().decode()

    with pytest.raises(Refused) as refused:
        token_of(stores)

    assert refused.value.code == "CREDENTIAL_UNREADABLE"
    done = stores.wait(stores.write(lambda connection: reseal(connection, ring_of(stores.keys))))
    assert done == (0, 1)


def test_a_damaged_key_file_is_named():
    with pytest.raises(StoreError, match="damaged"):
        ring_of("nonsense")


def test_they_go_with_their_user(stores):
    put(stores)
    stores.wait(stores.page_settings.change(ANN, lambda old: {"a": 1}))
    stores.wait(stores.users.remove(ANN))
    stores.wait(stores.users.create(ANN))

    assert stores.wait(stores.credentials.keys(ANN)) == []
    assert stores.wait(stores.page_settings.read(ANN)) == {}
