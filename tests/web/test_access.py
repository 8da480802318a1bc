"""Who is let in: the exact refusals, and nobody by default."""

import pytest
from twisted.internet.address import UNIXAddress
from twisted.web.test.requesthelper import DummyRequest

from mentra.addresses import Networks, Proxies, client_of
from mentra.errors import ConfigError, Denied
from mentra.extension import Access, route
from mentra.interfaces.services import IAuthRules
from mentra.interfaces.stores import IAppStore
from mentra.records import App
from mentra.testing.house import FakeAuthRules, house_with, success_of
from mentra.web.access import Gate
from mentra.web.site import MAIN_PORT, make_site

LOOPBACK = "127.0.0.1"


def guarded(access):
    """A route that tells who calls."""

    @route("GET", "/guarded", access=access)
    def answer(call):
        return {"user": call.user_id, "package": call.package_name, "address": call.address}

    return answer


def site_for(access, **settings):
    """A site with one guarded route and one app, ``com.acme.app`` with the key ``k3y``."""
    house = house_with(guarded(access))
    apps = IAppStore(house)
    success_of(apps.save(App(package_name="com.acme.app")))
    success_of(apps.add_key("com.acme.app", "k3y"))
    return make_site(house, **settings)


@pytest.mark.parametrize(
    ("authorization", "body"),
    [
        (None, {"error": "Authorization header missing or invalid"}),
        ("Basic dXNlcg==", {"error": "Authorization header missing or invalid"}),
        ("Bearer", {"error": "Authorization header missing or invalid"}),
        ("Bearer app:x:y", {"error": "Invalid or expired token"}),
    ],
)
def test_a_users_route_refuses_in_the_words_clients_know(dial, authorization, body):
    headers = {} if authorization is None else {"Authorization": authorization}

    reply = dial(site_for(Access.USER)).ask("GET", "/guarded", headers=headers).reply()

    assert (reply.status, reply.said) == (401, body)
    assert reply.headers["www-authenticate"] == "Bearer"


def test_a_token_without_an_address_is_invalid_data(dial):
    from mentra.errors import Refused
    from mentra.interfaces.services import ITokens
    from mentra.testing.house import FakeTokens

    class Nameless(FakeTokens):
        def verify_user(self, token):
            raise Refused("NO_USER_ID", "no e-mail address")

    site = make_site(house_with(guarded(Access.USER), parts={ITokens: Nameless()}))

    reply = dial(site).ask("GET", "/guarded", headers={"Authorization": "Bearer x"}).reply()

    assert (reply.status, reply.said) == (401, {"error": "Invalid token data"})


def test_a_users_token_names_the_user(dial):
    headers = {"Authorization": "Bearer user:ann@x.org"}

    reply = dial(site_for(Access.USER)).ask("GET", "/guarded", headers=headers).reply()

    assert reply.json["user"] == "ann@x.org"


@pytest.mark.parametrize(
    "authorization",
    ["Bearer com.acme.app:wrong", "Bearer com.acme.app", "Bearer :k3y", "Bearer nobody:k3y", ""],
)
def test_an_apps_route_wants_its_key(dial, authorization):
    headers = {"Authorization": authorization}

    reply = dial(site_for(Access.APP)).ask("GET", "/guarded", headers=headers).reply()

    assert reply.status == 401
    assert set(reply.said) == {"error", "message"}


def test_an_apps_key_names_the_app(dial):
    headers = {"Authorization": "Bearer com.acme.app:k3y"}

    reply = dial(site_for(Access.APP)).ask("GET", "/guarded", headers=headers).reply()

    assert reply.json["package"] == "com.acme.app"


@pytest.mark.parametrize(
    ("peer", "headers", "status"),
    [
        (LOOPBACK, {}, 200),
        ("::1", {}, 200),
        ("::ffff:127.0.0.1", {}, 200),
        ("203.0.113.9", {}, 403),
        ("10.1.2.3", {}, 200),
        # a proxy on this machine that nobody trusts carries the whole world
        (LOOPBACK, {"X-Forwarded-For": "10.1.2.3"}, 403),
        (LOOPBACK, {"X-Real-IP": "10.1.2.3"}, 403),
        ("192.0.2.1", {"X-Forwarded-For": "10.1.2.3"}, 200),
        ("192.0.2.1", {"X-Forwarded-For": "10.1.2.3, 203.0.113.9"}, 403),
        ("192.0.2.1", {"X-Forwarded-For": "203.0.113.9, 10.1.2.3, 192.0.2.1"}, 200),
        ("192.0.2.1", {"X-Forwarded-For": "127.0.0.1, unknown"}, 403),
        ("192.0.2.1", {"Via": "1.1 cache"}, 403),
        # a page in the operator's browser
        (LOOPBACK, {"Origin": "https://evil.example"}, 403),
        (LOOPBACK, {"Origin": "http://glasses.test"}, 200),
        (LOOPBACK, {"Origin": "null"}, 403),
    ],
)
def test_an_operators_route_goes_by_the_real_address(dial, peer, headers, status):
    site = site_for(
        Access.OPERATOR, trusted_proxies=["192.0.2.1"], operator_networks=["10.0.0.0/8"]
    )

    reply = dial(site, peer).ask("GET", "/guarded", headers=headers).reply()

    assert reply.status == status


def test_a_control_route_does_not_exist_on_the_main_port(dial):
    reply = dial(site_for(Access.CONTROL), LOOPBACK).ask("GET", "/guarded").reply()

    assert reply.status == 404


@pytest.mark.parametrize("access", [Access.CONTROL, None, "PUBLIC", object()])
def test_an_access_that_is_not_served_here_is_refused(access):
    gate = Gate(
        house_with(),
        served=MAIN_PORT,
        trusted_proxies=Proxies.of(()),
        operator_networks=Networks.of(()),
    )

    with pytest.raises(Denied) as denied:
        gate.admit(access, DummyRequest([]))

    assert denied.value.status == 403


def test_a_route_without_a_known_access_is_not_served(dial):
    site = make_site(house_with(guarded("public")))

    assert dial(site, LOOPBACK).ask("GET", "/guarded").reply().status == 404


@pytest.mark.parametrize(
    ("peer", "forwarded", "address", "certain"),
    [
        ("203.0.113.9", None, "203.0.113.9", True),
        ("203.0.113.9", "1.2.3.4", "203.0.113.9", False),
        ("10.0.0.1", "1.2.3.4", "1.2.3.4", True),
        ("10.0.0.1", "6.6.6.6, 1.2.3.4, 10.0.0.2", "1.2.3.4", True),
        ("10.0.0.1", "10.0.0.3, 10.0.0.2", "10.0.0.3", True),
        ("10.0.0.1", "1.2.3.4, garbage", "10.0.0.1", False),
        ("10.0.0.1", "::ffff:1.2.3.4", "1.2.3.4", True),
        ("10.0.0.1", "[2001:db8::1]", "2001:db8::1", True),
        ("", None, "", False),
        ("", "127.0.0.1", "", False),
    ],
)
def test_the_client_is_the_last_address_no_trusted_proxy_vouches_for(
    peer, forwarded, address, certain
):
    client = client_of(peer, forwarded, Proxies.of(["10.0.0.0/8"]))

    assert (client.address, client.certain) == (address, certain)


@pytest.mark.parametrize(
    ("peer", "forwarded", "address", "certain"),
    [
        ("", "1.2.3.4", "1.2.3.4", True),
        ("", "6.6.6.6, 1.2.3.4, 10.0.0.2", "1.2.3.4", True),
        ("", "1.2.3.4, unix:", "", False),
        # whoever connects without a proxy can be anybody on the machine
        ("", None, "", False),
        ("127.0.0.1", "1.2.3.4", "127.0.0.1", False),
        ("no address", "1.2.3.4", "no address", False),
    ],
)
def test_unix_sockets_can_be_trusted_and_nobody_else_is_by_that(peer, forwarded, address, certain):
    client = client_of(peer, forwarded, Proxies.of(["unix", "10.0.0.0/8"]))

    assert (client.address, client.certain) == (address, certain)


@pytest.mark.parametrize(
    ("trusted", "headers", "status"),
    [
        (["unix"], {"X-Forwarded-For": "10.1.2.3"}, 200),
        (["unix"], {"X-Forwarded-For": "203.0.113.9"}, 403),
        (["unix"], {}, 403),
        ([], {"X-Forwarded-For": "10.1.2.3"}, 403),
    ],
)
def test_an_operator_behind_a_proxy_on_a_unix_socket_is_known_where_it_is_trusted(
    dial, trusted, headers, status
):
    site = site_for(Access.OPERATOR, trusted_proxies=trusted, operator_networks=["10.0.0.0/8"])

    reply = dial(site, UNIXAddress(None)).ask("GET", "/guarded", headers=headers).reply()

    assert reply.status == status


def test_a_bad_range_is_a_configuration_error():
    with pytest.raises(ConfigError, match=r"10\.0\.0\.0/8"):
        Networks.of(["10.0.0.0/99"])


# -- assistants


def site_for_assistants(dial, assistants=("com.acme.app",)):
    house = house_with(
        guarded(Access.ASSISTANT), parts={IAuthRules: FakeAuthRules(assistants=assistants)}
    )
    for package_name in ("com.acme.app", "org.other"):
        success_of(IAppStore(house).save(App(package_name=package_name)))
        success_of(IAppStore(house).add_key(package_name, "k3y"))
    return dial(make_site(house))


@pytest.mark.parametrize(
    ("query", "headers"),
    [
        ("", {"Authorization": "Bearer com.acme.app:k3y"}),
        ("?packageName=com.acme.app&apiKey=k3y", {}),
    ],
)
def test_an_assistant_shows_its_key_in_the_header_or_the_query(dial, query, headers):
    reply = site_for_assistants(dial).ask("GET", f"/guarded{query}", headers=headers).reply()

    assert (reply.status, reply.json["package"], reply.json["user"]) == (200, "com.acme.app", None)


def test_where_assistants_may_call_users_may_too(dial):
    headers = {"Authorization": "Bearer user:ann@x.org"}

    reply = site_for_assistants(dial).ask("GET", "/guarded", headers=headers).reply()

    assert reply.json["user"] == "ann@x.org"


@pytest.mark.parametrize(
    ("query", "authorization"),
    [
        ("", None),
        ("", "Bearer com.acme.app:wrong"),
        ("", "Bearer org.other:k3y"),
        ("?packageName=org.other&apiKey=k3y", None),
        ("?packageName=com.acme.app", None),
        ("?apiKey=k3y", None),
    ],
)
def test_other_apps_and_wrong_keys_are_no_assistants(dial, query, authorization):
    headers = {} if authorization is None else {"Authorization": authorization}

    reply = site_for_assistants(dial).ask("GET", f"/guarded{query}", headers=headers).reply()

    assert (reply.status, reply.json["success"]) == (401, False)
    assert reply.json["error"] == reply.json["message"]


def test_without_assistants_in_the_configuration_there_are_none(dial):
    headers = {"Authorization": "Bearer com.acme.app:k3y"}

    reply = site_for_assistants(dial, ()).ask("GET", "/guarded", headers=headers).reply()

    assert reply.status == 401
