"""Where a PostgreSQL store is, and whether it may be connected to."""

import pytest
from sqlalchemy import make_url, text

from mentra.dial import near_addresses_of
from mentra.errors import Refused, StoreError
from mentra.stores.engine import locate, make_engine
from mentra.stores.opening import open_for_command
from mentra.stores.whereabouts import places_of


@pytest.fixture(autouse=True)
def no_environment(monkeypatch):
    for name in ("PGHOST", "PGHOSTADDR", "PGPORT", "PGSERVICE"):
        monkeypatch.delenv(name, raising=False)


@pytest.mark.parametrize(
    ("url", "places"),
    [
        ("postgresql://ann@db.lan/x", ("db.lan:5432",)),
        ("postgresql://ann@db.lan:99/x", ("db.lan:99",)),
        ("postgresql://ann@[fd00::1]:99/x", ("[fd00::1]:99",)),
        ("postgresql:///x?host=a.lan:1&host=b.lan:2", ("a.lan:1", "b.lan:2")),
        ("postgresql://ann@db.lan/x?hostaddr=10.0.0.1", ("10.0.0.1:5432",)),
        ("postgresql:///x", ()),
        ("postgresql:///x?host=/run/postgresql", ()),
    ],
)
def test_every_server_of_a_url_is_told(tmp_path, url, places):
    assert places_of(locate(url, tmp_path).url) == places


def test_what_the_environment_says_counts_where_the_url_says_nothing(tmp_path, monkeypatch):
    monkeypatch.setenv("PGHOST", "db.example")
    monkeypatch.setenv("PGPORT", "7")

    assert places_of(locate("postgresql:///x", tmp_path).url) == ("db.example:7",)
    assert places_of(locate("postgresql://db.lan/x", tmp_path).url) == ("db.lan:7",)


def only_ten(host):
    if not host.startswith("10."):
        raise Refused("AIR_GAP", f"{host} is far away")
    return (host,)


@pytest.mark.parametrize("how", ["", "?hostaddr=8.8.8.8"], ids=["host", "address"])
def test_no_connection_goes_where_none_may(tmp_path, how):
    url = f"postgresql://mentra:secret@8.8.8.8/x{how}"

    with (
        pytest.raises(StoreError, match=r"8\.8\.8\.8 is far away") as refused,
        open_for_command(url, tmp_path, only_ten),
    ):
        raise AssertionError("it is open")

    assert "secret" not in str(refused.value)


def test_a_service_may_be_anywhere_and_is_none(tmp_path):
    engine = make_engine(locate("postgresql:///x?service=far", tmp_path, only_ten), 1)

    with pytest.raises(StoreError, match="no service"):
        engine.connect()


def test_a_name_is_looked_up_once_and_connected_to_there(postgresql_server, tmp_path):
    asked = []

    def gate(host):
        asked.append(host)
        return ("127.0.0.1",)

    # a name that nobody else knows: it is the gate's word that counts
    url = make_url(postgresql_server).set(host="db.invalid")
    engine = make_engine(locate(url.render_as_string(False), tmp_path, gate), 1)
    with engine.connect() as connection:
        assert connection.execute(text("SELECT 1")).scalar() == 1
    engine.dispose()

    assert asked == ["db.invalid"]


def test_a_store_on_this_machine_may_be_connected_to(postgresql_server, tmp_path):
    with open_for_command(postgresql_server, tmp_path, near_addresses_of) as store:
        assert store.run(lambda connection: connection.execute(text("SELECT 1")).scalar()) == 1
