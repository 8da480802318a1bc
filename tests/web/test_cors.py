"""Which pages may read answers."""

import pytest

from mentra.extension import Access, route
from mentra.testing.house import house_with
from mentra.web.site import make_site

PAGE = "https://page.example"


@route("GET", "/things", access=Access.PUBLIC)
def things(call):
    return []


@route("PUT", "/things", access=Access.USER)
def put_things(call):
    return []


@route("GET", "/figures", access=Access.OPERATOR)
def figures(call):
    return []


def site_with(*origins):
    """A site that lets pages of *origins* read."""
    return make_site(house_with(things, put_things, figures), cors_origins=origins)


@pytest.mark.parametrize("origins", [("*",), ("https://other.example", PAGE)])
def test_a_configured_origin_may_read_with_credentials(dial, origins):
    reply = dial(site_with(*origins)).ask("GET", "/things", headers={"Origin": PAGE}).reply()

    assert reply.headers["access-control-allow-origin"] == PAGE
    assert reply.headers["access-control-allow-credentials"] == "true"
    assert reply.headers["vary"] == "Origin"


def test_another_origin_is_told_nothing(dial):
    site = site_with("https://other.example")

    reply = dial(site).ask("GET", "/things", headers={"Origin": PAGE}).reply()

    assert reply.status == 200
    assert not [name for name in reply.headers if name.startswith("access-control")]
    assert reply.headers["vary"] == "Origin"


def test_a_page_may_read_refusals_too(dial):
    reply = dial(site_with("*")).ask("PUT", "/things", headers={"Origin": PAGE}).reply()

    assert reply.status == 401
    assert reply.headers["access-control-allow-origin"] == PAGE


def test_a_preflight_is_answered_without_a_token(dial):
    headers = {
        "Origin": PAGE,
        "Access-Control-Request-Method": "PUT",
        "Access-Control-Request-Headers": "authorization,x-thing",
    }

    reply = dial(site_with("*")).ask("OPTIONS", "/things", headers=headers).reply()

    assert reply.status == 204
    assert "PUT" in reply.headers["access-control-allow-methods"]
    assert reply.headers["access-control-allow-headers"] == "authorization,x-thing"
    assert reply.body == b""


def test_no_page_reads_what_goes_by_network_address(dial):
    headers = {"Origin": "http://glasses.test"}
    site = site_with("*")

    read = dial(site, "127.0.0.1").ask("GET", "/figures", headers=headers).reply()
    asked = dial(site, "127.0.0.1").ask("OPTIONS", "/figures", headers=headers).reply()

    assert (read.status, asked.status) == (200, 204)
    for reply in (read, asked):
        assert not [name for name in reply.headers if name.startswith("access-control")]


def test_options_tells_what_is_served(dial):
    reply = dial(site_with()).ask("OPTIONS", "/things").reply()

    assert (reply.status, reply.headers["allow"]) == (204, "GET, HEAD, OPTIONS, PUT")
