"""Where apps are told to connect, and from where the apps of the house do."""

import pytest
from zope.interface.verify import verifyObject

from mentra.glasses.apps.addresses import PublicAddress
from mentra.interfaces.services import IPublicAddress


def address(**settings: object) -> PublicAddress:
    return PublicAddress(listening=lambda: "127.0.0.1:8002", **settings)  # type: ignore[arg-type] # only strings come here


def test_it_is_what_it_says():
    assert verifyObject(IPublicAddress, address())


@pytest.mark.parametrize(
    ("settings", "told", "base"),
    [
        ({}, "ws://127.0.0.1:8002/app-ws", "http://127.0.0.1:8002"),
        ({"public_host": "m.example.org"}, "wss://m.example.org/app-ws", "https://m.example.org"),
        ({"public_host": "m.example.org/"}, "wss://m.example.org/app-ws", "https://m.example.org"),
        ({"public_host": "m.org:8443"}, "wss://m.org:8443/app-ws", "https://m.org:8443"),
        ({"public_host": "localhost:8002"}, "ws://localhost:8002/app-ws", "http://localhost:8002"),
        ({"public_host": "127.0.0.9:1"}, "ws://127.0.0.9:1/app-ws", "http://127.0.0.9:1"),
        ({"public_host": "[::1]:8002"}, "ws://[::1]:8002/app-ws", "http://[::1]:8002"),
        ({"public_host": "http://m.lan:80/"}, "ws://m.lan:80/app-ws", "http://m.lan:80"),
        ({"public_url": "https://m.org/p/"}, "wss://m.org/p/app-ws", "https://m.org/p"),
        ({"public_url": "http://m.lan"}, "ws://m.lan/app-ws", "http://m.lan"),
        ({"public_url": "wss://m.org"}, "wss://m.org/app-ws", "https://m.org"),
        ({"public_url": "https://u", "public_host": "h"}, "wss://u/app-ws", "https://u"),
    ],
)
def test_the_url_for_apps_follows_from_what_the_sysadmin_wrote(settings, told, base):
    made = address(**settings)

    assert (made.app_websocket_url(system=False), made.base_url()) == (told, base)


@pytest.mark.parametrize(
    ("local", "told"),
    [
        ("", "wss://m.org/app-ws"),
        ("cloud:8002", "ws://cloud:8002/app-ws"),
        ("localhost:8002/", "ws://localhost:8002/app-ws"),
        ("https://inside.lan", "wss://inside.lan/app-ws"),
    ],
)
def test_system_apps_are_told_the_local_host_where_there_is_one(local, told):
    made = address(public_host="m.org", local_host=local)

    assert made.app_websocket_url(system=True) == told
    assert made.app_websocket_url(system=False) == "wss://m.org/app-ws"


@pytest.mark.parametrize("everywhere", ["0.0.0.0:80", "[::]:80", ":80", "*:80"])
def test_a_server_that_listens_everywhere_is_found_on_loopback(everywhere):
    made = PublicAddress(listening=lambda: everywhere)

    assert made.app_websocket_url(system=False) == "ws://127.0.0.1:80/app-ws"


@pytest.mark.parametrize(
    ("listening", "tls", "url"),
    [
        ("127.0.0.1:8002", False, "http://127.0.0.1:8002"),
        ("0.0.0.0:8002", True, "https://127.0.0.1:8002"),
        ("[::1]:80", False, "http://[::1]:80"),
        ("localhost", False, None),
    ],
)
def test_this_machine_finds_it_where_it_listens(listening, tls, url):
    made = PublicAddress(public_url="https://m.org", listening=lambda: listening, tls=tls)

    assert made.local_url() == url


def test_the_port_is_asked_for_when_it_is_known():
    ports = ["127.0.0.1:1", "127.0.0.1:2"]
    made = PublicAddress(listening=lambda: ports.pop())

    assert made.app_websocket_url(system=False) == "ws://127.0.0.1:2/app-ws"
    assert made.app_websocket_url(system=False) == "ws://127.0.0.1:1/app-ws"


@pytest.mark.parametrize(
    ("networks", "asking", "inside"),
    [
        ((), "203.0.113.9", True),
        (("10.0.0.0/8",), "10.1.2.3", True),
        (("10.0.0.0/8",), "::ffff:10.1.2.3", True),
        (("10.0.0.0/8",), "203.0.113.9", False),
        (("10.0.0.0/8", "192.0.2.7"), "192.0.2.7", True),
        (("fd00::/8",), "fd00::1", True),
        (("fd00::/8",), "10.1.2.3", False),
        (("10.0.0.0/8",), "unknown", False),
    ],
)
def test_system_networks_decide_where_system_apps_come_from(networks, asking, inside):
    assert address(system_networks=networks).is_system_address(asking) is inside
