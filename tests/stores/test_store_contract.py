"""What every store promises, in memory, on SQLite and on PostgreSQL."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from zope.interface.verify import verifyObject

from mentra.errors import NotThere, StoreError
from mentra.interfaces.stores import IAppStore, IUserStore
from mentra.records import (
    App,
    AppServer,
    HardwareRequirement,
    Install,
    Permission,
    Position,
    User,
    Whereabouts,
)
from mentra.stores.experiences import MOST_KEPT

ANN = "ann@x.org"
CAPTIONS = App(
    package_name="org.x.captions",
    name="Captions",
    public_url="http://127.0.0.1:7010",
    app_type="background",
    permissions=(Permission(type="MICROPHONE", description="to hear"),),
    settings=({"type": "toggle", "key": "big", "defaultValue": False},),
    tools=({"id": "t", "parameters": {"a.b/c": {"type": "string"}}},),
    hardware_requirements=(HardwareRequirement(type="DISPLAY"),),
    system=True,
)
PACKAGE = CAPTIONS.package_name
BOARD = App(package_name="org.x.board")


def server_of(package_name: str, registration: str = "r1") -> AppServer:
    return AppServer(
        package_name=package_name,
        webhook_url="http://127.0.0.1/webhook",
        server_urls=("http://127.0.0.1",),
        registration_id=registration,
        registered_at=5.5,
    )


@pytest.fixture
def wait(stores):
    return stores.wait


@pytest.fixture
def apps(stores, wait):
    wait(stores.apps.save(CAPTIONS))
    wait(stores.apps.save(BOARD))
    return stores.apps


@pytest.fixture
def users(stores, apps, wait):
    wait(stores.users.create(ANN))
    return stores.users


def test_the_interfaces_are_provided(stores):
    assert verifyObject(IAppStore, stores.apps)
    assert verifyObject(IUserStore, stores.users)


# -- apps ------------------------------------------------------------------------------------


def test_an_app_comes_back_as_it_was_saved(stores, apps):
    stores.reopen()

    assert stores.apps.get(PACKAGE) == CAPTIONS


def test_an_unknown_app_is_none(apps):
    assert apps.get("org.x.none") is None


def test_apps_are_listed_by_package_name(stores, apps):
    stores.reopen()

    assert stores.apps.all() == (BOARD, CAPTIONS)


def test_the_list_follows_every_change(apps, wait):
    assert len(apps.all()) == 2

    wait(apps.save(App(package_name="org.a")))
    wait(apps.remove(BOARD.package_name))

    assert [app.package_name for app in apps.all()] == ["org.a", PACKAGE]


def test_saving_an_app_replaces_it_and_leaves_its_keys(stores, apps, wait):
    wait(apps.add_key(PACKAGE, "key"))

    wait(apps.save(App(package_name=PACKAGE, name="New", enabled=False)))

    stores.reopen()
    assert stores.apps.get(PACKAGE) == App(package_name=PACKAGE, name="New", enabled=False)
    assert stores.apps.key_is_valid(PACKAGE, "key")


def test_replacing_an_app_leaves_installs_and_settings(apps, users, wait):
    wait(users.install(ANN, PACKAGE))
    wait(users.save_app_settings(ANN, PACKAGE, {"big": True}))

    wait(apps.save(App(package_name=PACKAGE, name="New")))

    user = wait(users.load(ANN))
    assert [install.package_name for install in user.installs] == [PACKAGE]
    assert user.app_settings == {PACKAGE: {"big": True}}


def test_saving_rewrites_the_legacy_permission_and_drops_duplicates(stores, wait):
    app = App(
        package_name="org.x.notify",
        permissions=(
            Permission(type="NOTIFICATIONS", description="legacy"),
            Permission(type="CAMERA"),
            Permission(type="READ_NOTIFICATIONS"),
            Permission(type="CAMERA", description="again"),
        ),
    )

    kept = wait(stores.apps.save(app))

    assert kept.permissions == (
        Permission(type="READ_NOTIFICATIONS", description="legacy"),
        Permission(type="CAMERA"),
    )
    assert stores.apps.get("org.x.notify") == kept
    stores.reopen()
    assert stores.apps.get("org.x.notify") == kept


def test_removing_an_app_takes_everything_that_hangs_off_it(stores, apps, users, wait):
    wait(apps.add_key(PACKAGE, "key"))
    wait(apps.register_server(server_of(PACKAGE)))
    wait(users.install(ANN, PACKAGE))
    wait(users.set_running(ANN, PACKAGE, True))
    wait(users.save_app_settings(ANN, PACKAGE, {"big": True}))

    assert wait(apps.remove(PACKAGE)) is True

    wait(apps.save(CAPTIONS))
    for _ in range(2):
        assert not stores.apps.key_is_valid(PACKAGE, "key")
        assert stores.apps.app_server(PACKAGE) is None
        assert wait(stores.users.load(ANN)) == User(user_id=ANN, created_at=1_000.0)
        stores.reopen()


def test_removing_an_unknown_app_says_so(apps, wait):
    assert wait(apps.remove("org.x.none")) is False


def test_two_keys_are_alive_and_the_third_kills_the_first(stores, apps, wait):
    for key in ("one", "two", "three"):
        wait(apps.add_key(PACKAGE, key))

    for _ in range(2):
        valid = [key for key in ("one", "two", "three") if stores.apps.key_is_valid(PACKAGE, key)]
        assert valid == ["two", "three"]
        stores.reopen()


def test_a_key_added_again_becomes_the_newest(stores, apps, wait):
    for key in ("one", "two", "one", "three"):
        wait(apps.add_key(PACKAGE, key))

    for _ in range(2):
        valid = [key for key in ("one", "two", "three") if stores.apps.key_is_valid(PACKAGE, key)]
        assert valid == ["one", "three"]
        stores.reopen()


@pytest.mark.parametrize("key", ["", "KEY", "key ", "ключ", "\ud800", "0" * 64])
def test_a_wrong_key_is_not_valid(apps, wait, key):
    wait(apps.add_key(PACKAGE, "key"))

    assert not apps.key_is_valid(PACKAGE, key)


def test_a_key_opens_its_own_app_alone(apps, wait):
    wait(apps.add_key(PACKAGE, "key"))

    assert not apps.key_is_valid(BOARD.package_name, "key")
    assert not apps.key_is_valid("org.x.none", "key")


def test_a_key_for_an_unknown_app_is_refused(apps, wait):
    with pytest.raises(NotThere, match=r"org\.x\.none"):
        wait(apps.add_key("org.x.none", "key"))
    assert not apps.key_is_valid("org.x.none", "key")


def test_the_app_server_registered_last_is_known(stores, apps, wait):
    assert apps.app_server(PACKAGE) is None

    wait(apps.register_server(server_of(PACKAGE, "r1")))
    wait(apps.register_server(server_of(PACKAGE, "r2")))

    for _ in range(2):
        assert stores.apps.app_server(PACKAGE) == server_of(PACKAGE, "r2")
        stores.reopen()


def test_the_server_of_an_unknown_app_is_refused(apps, wait):
    with pytest.raises(NotThere):
        wait(apps.register_server(server_of("org.x.none")))


# -- users -----------------------------------------------------------------------------------


def test_an_unknown_user_is_none(stores, wait):
    assert wait(stores.users.load(ANN)) is None


def test_a_user_is_made_once(stores, wait):
    first = wait(stores.users.create(ANN))
    stores.now = 2_000.0

    again = wait(stores.users.create(ANN))

    assert first == again == User(user_id=ANN, created_at=1_000.0)
    assert wait(stores.users.load(ANN)) == first


def test_making_a_user_again_leaves_what_is_theirs(users, wait):
    wait(users.save_settings(ANN, {"a": 1}))

    again = wait(users.create(ANN))

    assert again.settings == {"a": 1}


def test_users_are_listed_in_order(stores, wait):
    for user_id in ("b@x.org", "a@x.org", "a_b@x.org", "ab@x.org"):
        wait(stores.users.create(user_id))

    assert wait(stores.users.all()) == ("a@x.org", "a_b@x.org", "ab@x.org", "b@x.org")


def test_an_install_is_new_once(stores, users, wait):
    assert wait(users.install(ANN, PACKAGE)) is True
    stores.now = 2_000.0
    assert wait(users.install(ANN, PACKAGE)) is False
    assert wait(users.install(ANN, BOARD.package_name)) is True

    assert wait(users.load(ANN)).installs == (
        Install(package_name=PACKAGE, installed_at=1_000.0),
        Install(package_name=BOARD.package_name, installed_at=2_000.0),
    )


@pytest.mark.parametrize(("user_id", "package"), [("bob@x.org", PACKAGE), (ANN, "org.x.none")])
def test_who_or_what_is_not_there_cannot_be_written_for(users, wait, user_id, package):
    for write in (
        lambda: users.install(user_id, package),
        lambda: users.set_running(user_id, package, True),
        lambda: users.save_app_settings(user_id, package, {"a": 1}),
    ):
        with pytest.raises(NotThere):
            wait(write())
    assert wait(users.load("bob@x.org")) is None
    assert wait(users.load(ANN)) == User(user_id=ANN, created_at=1_000.0)


def test_uninstalling_takes_settings_and_running_state_of_that_app(users, wait):
    for package in (PACKAGE, BOARD.package_name):
        wait(users.install(ANN, package))
        wait(users.set_running(ANN, package, True))
        wait(users.save_app_settings(ANN, package, {"a": 1}))

    assert wait(users.uninstall(ANN, PACKAGE)) is True
    assert wait(users.uninstall(ANN, PACKAGE)) is False

    user = wait(users.load(ANN))
    assert [install.package_name for install in user.installs] == [BOARD.package_name]
    assert user.running_apps == (BOARD.package_name,)
    assert user.app_settings == {BOARD.package_name: {"a": 1}}


def test_uninstalling_for_an_unknown_user_says_so(users, wait):
    assert wait(users.uninstall("bob@x.org", PACKAGE)) is False


def test_running_apps_are_kept_in_the_order_of_their_start(stores, users, wait):
    for package, running in (
        (BOARD.package_name, True),
        (PACKAGE, True),
        (BOARD.package_name, True),
        (BOARD.package_name, False),
        (BOARD.package_name, True),
        (PACKAGE, True),
    ):
        wait(users.set_running(ANN, package, running))

    stores.reopen()
    assert wait(stores.users.load(ANN)).running_apps == (PACKAGE, BOARD.package_name)


def test_an_app_runs_without_being_installed(users, wait):
    wait(users.set_running(ANN, PACKAGE, True))

    user = wait(users.load(ANN))
    assert (user.running_apps, user.installs) == ((PACKAGE,), ())


def test_stopping_for_who_is_gone_is_quiet(users, wait):
    wait(users.set_running("bob@x.org", PACKAGE, False))
    wait(users.touch("bob@x.org", PACKAGE))

    assert wait(users.load("bob@x.org")) is None


def test_touching_notes_the_time_of_an_install(stores, users, wait):
    wait(users.install(ANN, PACKAGE))
    wait(users.install(ANN, BOARD.package_name))
    stores.now = 1_234.5

    wait(users.touch(ANN, PACKAGE))

    assert wait(users.load(ANN)).installs == (
        Install(package_name=PACKAGE, installed_at=1_000.0, last_active_at=1_234.5),
        Install(package_name=BOARD.package_name, installed_at=1_000.0),
    )


# -- experiences -----------------------------------------------------------------------------

PARK = Whereabouts(
    position=Position(lat=52.5, lng=13.4, accuracy=4.5, known_at=1_000.0),
    rates={PACKAGE: "high"},
    tier="high",
)


def test_where_somebody_was_last_is_known(stores, users, wait):
    assert wait(users.load(ANN)).whereabouts == Whereabouts()
    wait(users.save_whereabouts(ANN, Whereabouts(tier="realtime")))

    wait(users.save_whereabouts(ANN, PARK))

    stores.reopen()
    assert wait(stores.users.load(ANN)).whereabouts == PARK


def test_models_of_glasses_are_kept_once_each_in_order(stores, users, wait):
    for model in ("Mentra Live", "Even Realities G1", "Mentra Live"):
        wait(users.add_glasses_model(ANN, model))

    stores.reopen()
    assert wait(stores.users.load(ANN)).glasses_models == ("Mentra Live", "Even Realities G1")


def test_only_so_many_models_of_one_person_are_kept(users, wait):
    for number in range(MOST_KEPT + 2):
        wait(users.add_glasses_model(ANN, f"Model {number}"))

    models = wait(users.load(ANN)).glasses_models
    assert (len(models), models[-1]) == (MOST_KEPT, f"Model {MOST_KEPT + 1}")


def test_an_onboarding_is_seen_once_and_goes_with_its_app(stores, apps, users, wait):
    for package in (PACKAGE, BOARD.package_name, PACKAGE):
        wait(users.complete_onboarding(ANN, package))

    stores.reopen()
    assert wait(stores.users.load(ANN)).onboarded == (BOARD.package_name, PACKAGE)
    wait(stores.apps.remove(PACKAGE))
    assert wait(stores.users.load(ANN)).onboarded == (BOARD.package_name,)


def test_any_feedback_can_be_kept(users, wait):
    for text in ("good", "", "\0", "\ud800", "ключ" * 1000):
        assert wait(users.add_feedback(ANN, text)) is None


@pytest.mark.parametrize("user_id", ["bob@x.org", "", "\ud800"])
def test_nothing_is_kept_of_who_is_not_there(users, wait, user_id):
    for write in (
        lambda: users.save_whereabouts(user_id, PARK),
        lambda: users.add_glasses_model(user_id, "Mentra Live"),
        lambda: users.complete_onboarding(user_id, PACKAGE),
        lambda: users.add_feedback(user_id, "good"),
    ):
        with pytest.raises(NotThere):
            wait(write())


def test_an_unknown_apps_onboarding_cannot_be_seen(users, wait):
    with pytest.raises(NotThere):
        wait(users.complete_onboarding(ANN, "org.x.none"))


# -- removal and revocation ------------------------------------------------------------------


def test_removing_a_person_deletes_the_data_and_revokes_tokens(stores, users, wait):
    wait(users.install(ANN, PACKAGE))
    wait(users.save_settings(ANN, {"a": 1}))
    stores.now = 1_500.25

    assert wait(users.remove(ANN)) is True

    for _ in range(2):
        assert wait(stores.users.load(ANN)) is None
        assert wait(stores.users.all()) == ()
        assert stores.users.revoked_before(ANN) == 1_500.25
        stores.reopen()


def test_who_comes_back_starts_afresh_and_old_tokens_stay_dead(stores, users, wait):
    wait(users.save_settings(ANN, {"a": 1}))
    wait(users.remove(ANN))
    stores.now = 3_000.0

    made = wait(stores.users.create(ANN))

    assert made == User(user_id=ANN, created_at=3_000.0)
    assert stores.users.revoked_before(ANN) == 1_000.0


def test_nothing_is_revoked_of_who_was_never_removed(users):
    assert users.revoked_before(ANN) is None


def test_removing_an_unknown_person_says_so_and_still_revokes(stores, wait):
    assert wait(stores.users.remove("bob@x.org")) is False
    assert stores.users.revoked_before("bob@x.org") == 1_000.0


def test_a_clock_set_back_does_not_bring_tokens_back_to_life(stores, users, wait):
    wait(users.remove(ANN))
    stores.now = 10.0

    wait(users.remove(ANN))

    for _ in range(2):
        assert stores.users.revoked_before(ANN) == 1_000.0
        stores.reopen()


# -- settings --------------------------------------------------------------------------------


def test_settings_are_merged_and_none_deletes(stores, users, wait):
    wait(users.save_settings(ANN, {"a": 1, "b": {"c": None}, "d": [1]}))

    merged = wait(users.save_settings(ANN, {"a": None, "d": "new", "gone": None}))

    assert merged == {"b": {"c": None}, "d": "new"}
    stores.reopen()
    assert wait(stores.users.load(ANN)).settings == merged


def test_app_settings_are_merged_per_app(stores, users, wait):
    wait(users.save_app_settings(ANN, PACKAGE, {"a": 1, "b": 2}))
    wait(users.save_app_settings(ANN, BOARD.package_name, {"a": 9}))

    merged = wait(users.save_app_settings(ANN, PACKAGE, {"a": None, "c": 3}))

    assert merged == {"b": 2, "c": 3}
    stores.reopen()
    assert wait(stores.users.load(ANN)).app_settings == {
        PACKAGE: {"b": 2, "c": 3},
        BOARD.package_name: {"a": 9},
    }


def test_settings_of_an_unknown_user_are_refused(users, wait):
    with pytest.raises(NotThere):
        wait(users.save_settings("bob@x.org", {"a": 1}))


@pytest.mark.parametrize("value", [object(), "\ud800"])
def test_settings_that_are_not_json_change_nothing(users, wait, value):
    with pytest.raises(StoreError, match="JSON"):
        wait(users.save_settings(ANN, {"a": 1, "b": value}))

    assert wait(users.load(ANN)).settings == {}


def test_a_store_shares_no_object_with_its_callers(users, wait):
    given_settings: dict[str, Any] = {"a": {"b": [1]}}
    wait(users.save_settings(ANN, given_settings))["a"]["b"].append(2)
    given_settings["a"]["b"].append(3)

    wait(users.load(ANN)).settings["a"]["b"].append(4)

    assert wait(users.load(ANN)).settings == {"a": {"b": [1]}}


# every character that UTF-8 can say, NUL included
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | texts,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
    max_leaves=12,
)
keys = texts | st.sampled_from(["a.b", "a/b", "$set", "", " ", "\0", "__proto__", "a.b.c/../d"])


def test_settings_of_any_json_shape_survive(users, wait):
    @given(changes=st.dictionaries(keys, json_values, max_size=6))
    def survive(changes):
        wait(users.remove(ANN))
        wait(users.create(ANN))
        stored = {key: value for key, value in changes.items() if value is not None}

        wait(users.save_settings(ANN, changes))
        wait(users.save_app_settings(ANN, PACKAGE, changes))

        user = wait(users.load(ANN))
        assert user.settings == stored
        assert user.app_settings == {PACKAGE: stored}

    survive()


# -- names -----------------------------------------------------------------------------------

NO_NAMES = ["", "a\0b", "\ud800", "x" * 513, "é" * 257]


@pytest.mark.parametrize("name", NO_NAMES)
def test_what_cannot_be_a_name_is_nobody(users, wait, name):
    assert wait(users.load(name)) is None
    assert wait(users.remove(name)) is False
    assert users.revoked_before(name) is None
    assert wait(users.uninstall(name, PACKAGE)) is False
    assert wait(users.uninstall(ANN, name)) is False
    wait(users.set_running(ANN, name, False))
    wait(users.touch(ANN, name))
    for write in (users.install(ANN, name), users.install(name, PACKAGE)):
        with pytest.raises(NotThere):
            wait(write)
    with pytest.raises(NotThere):
        wait(users.save_settings(name, {"a": 1}))
    with pytest.raises(StoreError, match="name"):
        wait(users.create(name))


@pytest.mark.parametrize("name", NO_NAMES)
def test_what_cannot_be_a_name_is_no_app(apps, wait, name):
    assert apps.get(name) is None
    assert not apps.key_is_valid(name, "key")
    assert wait(apps.remove(name)) is False
    with pytest.raises(NotThere):
        wait(apps.add_key(name, "key"))
    with pytest.raises(NotThere):
        wait(apps.register_server(server_of(name)))
    with pytest.raises(StoreError, match="name"):
        wait(apps.save(App(package_name=name)))


def test_the_longest_name_is_a_name(users, apps, wait):
    longest = "é" * 256

    wait(apps.save(App(package_name=longest)))
    wait(users.create(longest))

    assert wait(users.install(longest, longest)) is True
    assert wait(users.load(longest)).installs[0].package_name == longest


def test_refreshing_changes_nothing_where_nobody_else_wrote(stores, apps, wait):
    wait(apps.add_key(PACKAGE, "key"))

    wait(apps.refresh())
    wait(stores.users.refresh())

    assert apps.all() == (BOARD, CAPTIONS)
    assert apps.key_is_valid(PACKAGE, "key")
