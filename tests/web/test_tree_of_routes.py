"""What is served where, and what a route's failure costs."""

import attrs
import msgspec
import pytest
from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from twisted.web.resource import Resource

from mentra.correlation import current
from mentra.errors import ConfigError, Denied, NotThere, Refused
from mentra.extension import Access, HttpAnswer, route
from mentra.testing.house import house_with
from mentra.web.channel import LINGER, WHOLE
from mentra.web.site import make_site


class Wish(msgspec.Struct, frozen=True):
    """A body."""

    count: int
    note: object = None


class Sorry(msgspec.Struct, frozen=True):
    """An answer that says no."""

    message: str


def saying(method, *templates, access=Access.PUBLIC, **more):
    """A route that answers what its templates' names stand for."""

    @route(method, *templates, access=access, **more)
    def answer(call):
        return {"route": [method, *templates], **call.values}

    return answer


def failing(problem, template="/fails"):
    """A route that raises."""

    @route("GET", template, access=Access.PUBLIC)
    def fails(call):
        raise problem

    return fails


@route("POST", "/wish", access=Access.PUBLIC, body=Wish, max_body=100)
def wish(call):
    return {"count": call.body.count}


def site_of(*routes, **settings):
    """A site with these routes."""
    return make_site(house_with(*routes), **settings)


def test_names_stand_for_one_decoded_segment(dial):
    site = site_of(saying("GET", "/apps/{package}/of/{user}"))

    reply = dial(site).ask("GET", "/apps/a%2Fb%20c/of/%C3%A4nn@x.org?q=1").reply()

    assert reply.status == 200
    assert (reply.json["package"], reply.json["user"]) == ("a/b c", "änn@x.org")


def test_literal_segments_win_over_names_but_only_where_they_lead_somewhere(dial):
    site = site_of(saying("GET", "/apps/public"), saying("GET", "/apps/{name}"),
                   saying("GET", "/apps/{name}/more"), saying("POST", "/apps/{any}"))  # fmt: skip

    literal = dial(site).ask("GET", "/apps/public").reply()
    named = dial(site).ask("GET", "/apps/public/more").reply()
    other_method = dial(site).ask("POST", "/apps/public").reply()

    assert literal.json == {"route": ["GET", "/apps/public"]}
    assert named.json["name"] == "public"
    assert other_method.json["any"] == "public"


@pytest.mark.parametrize("path", ["/nowhere", "/apps", "/apps//more", "/apps/%ff", "/apps/a/b/c"])
def test_what_nobody_serves_is_a_json_404(dial, path):
    site = site_of(saying("GET", "/apps/{name}"), saying("GET", "/apps/{name}/more"))

    reply = dial(site).ask("GET", path).reply()

    assert reply.status == 404
    assert reply.headers["content-type"] == "application/json"
    assert reply.json["code"] == "NOT_FOUND"
    assert reply.json["correlationId"].startswith("http-")


def test_a_trailing_slash_makes_no_difference(dial):
    site = site_of(saying("GET", "/apps/"))

    assert dial(site).ask("GET", "/apps").reply().status == 200
    assert dial(site).ask("GET", "/apps/").reply().status == 200


def test_a_method_nobody_serves_is_told_the_ones_that_are(dial):
    site = site_of(saying("GET", "/apps"), saying("PUT", "/apps"))

    reply = dial(site).ask("DELETE", "/apps").reply()

    assert reply.status == 405
    assert reply.headers["allow"] == "GET, HEAD, OPTIONS, PUT"
    assert reply.json["code"] == "METHOD_NOT_ALLOWED"


def test_head_is_get_without_the_body(dial):
    site = site_of(saying("GET", "/apps"))
    body = dial(site).ask("GET", "/apps").reply().body

    reply = dial(site).ask("HEAD", "/apps").reply()

    assert (reply.status, reply.body) == (200, b"")
    assert reply.headers["content-length"] == str(len(body))


def test_the_server_does_not_say_what_it_is_made_of(dial):
    line = dial(site_of()).ask("GET", "/livez")

    assert line.reply().headers["server"] == "mentra"
    assert b"twisted" not in line.transport.value().lower()


def test_a_resource_is_served_at_its_path_beside_routes(dial):
    class Socket(Resource):
        isLeaf = True

        def render(self, request):
            return b"socket"

    site = site_of(saying("GET", "/api/things"), extra={b"/api/ws/client": Socket()})

    assert dial(site).ask("GET", "/api/ws/client").reply().body == b"socket"
    assert dial(site).ask("GET", "/api/things").reply().status == 200
    assert dial(site).ask("GET", "/api/ws").reply().status == 404


# -- bodies ----------------------------------------------------------------------------------


def test_a_body_is_decoded(dial):
    reply = dial(site_of(wish)).ask("POST", "/wish", b'{"count":3}').reply()

    assert reply.json == {"count": 3}


@pytest.mark.parametrize(
    ("body", "told"),
    [
        (b'{"count":"x"}', "`$.count`"),
        (b"{}", "`count`"),
        (b"", "`count`"),
        (b"{", "truncated"),
        (b'{"count":\xff}', ""),
    ],
)
def test_a_wrong_body_is_told_where_it_is_wrong(dial, body, told):
    reply = dial(site_of(wish)).ask("POST", "/wish", body).reply()

    assert (reply.status, reply.json["code"]) == (400, "INVALID_BODY")
    assert told in reply.json["error"]


def test_a_body_nested_too_deeply_is_refused():
    @route("POST", "/deep", access=Access.PUBLIC, body=Wish, max_body=1_000_000)
    def deep(call):
        return {}

    from mentra.web.call import decoded

    with pytest.raises(Refused) as refused:
        decoded(deep.body, b'{"count":1,"note":' + b"[" * 100_000 + b"]" * 100_000 + b"}")
    assert refused.value.code == "INVALID_BODY"


def test_a_long_body_is_refused_before_it_is_read(dial):
    line = dial(site_of(wish))

    line.send(b"POST /wish HTTP/1.1\r\nHost: x\r\nContent-Length: 101\r\n"
              b"Expect: 100-continue\r\n\r\n")  # fmt: skip

    assert line.reply().status == 413
    assert line.reply().json["code"] == "TOO_LARGE"
    assert b"100 Continue" not in line.transport.value()
    assert line.transport.connected, "its sender must get to read the answer"


def test_a_refused_body_ends_the_connection_once_it_is_there(dial):
    line = dial(site_of(wish))

    line.ask("POST", "/wish", b"x" * 101)

    assert not line.transport.connected
    assert line.reply().status == 413


def test_a_refused_body_is_not_read_for_ever(dial):
    line = dial(site_of(wish))
    line.send(b"POST /wish HTTP/1.1\r\nHost: x\r\nContent-Length: 999999999\r\n\r\n")

    line.send(b"x" * LINGER)
    assert line.transport.connected
    line.send(b"x")

    assert not line.transport.connected


def test_a_chunked_body_is_counted(dial):
    line = dial(site_of(wish))

    line.send(b"POST /wish HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n")
    line.send(b"32\r\n" + b"x" * 50 + b"\r\n")
    assert line.transport.value() == b""
    line.send(b"33\r\n" + b"x" * 51 + b"\r\n")

    assert line.reply().status == 413


def test_the_bound_is_that_of_the_path(dial):
    @route("POST", "/big/{name}", access=Access.PUBLIC, body=Wish, max_body=1_000_000)
    def big(call):
        return {}

    site = site_of(wish, big)
    body = b'{"count":1,"note":"' + b"x" * 200_000 + b'"}'

    assert dial(site).ask("POST", "/big/a%2Fb", body).reply().status == 200
    assert dial(site).ask("POST", "/unknown", body).reply().status == 413
    assert site.longest_body(None) == 1_000_000


@pytest.mark.parametrize(
    ("request_line", "header", "status"),
    [("GET /" + "x" * 20_000, "a: b", 414), ("GET /wish", "X-Long: " + "x" * 20_000, 431)],
)
def test_a_line_longer_than_any_is_refused_with_a_code(dial, request_line, header, status):
    line = dial(site_of(wish))

    line.send(f"{request_line} HTTP/1.1\r\nHost: x\r\n{header}\r\n\r\n".encode())

    assert (line.reply().status, line.reply().json["code"]) == (status, "TOO_LARGE")
    assert not line.transport.connected


def test_a_form_is_not_parsed_behind_the_routes_back(dial):
    headers = {"Content-Type": "application/x-www-form-urlencoded"}

    reply = dial(site_of(wish)).ask("POST", "/wish", b'{"count":3}', headers).reply()

    assert reply.json == {"count": 3}


# -- answers and failures --------------------------------------------------------------------


def test_what_a_route_refuses_is_told_with_its_code(dial):
    site = site_of(failing(Refused("WIFI_NOT_CONNECTED", "no wifi")))

    reply = dial(site).ask("GET", "/fails").reply()

    assert reply.status == 400
    assert {**reply.json, "correlationId": "?"} == {
        "error": "no wifi", "code": "WIFI_NOT_CONNECTED", "message": "no wifi", "correlationId": "?"
    }  # fmt: skip


def test_what_is_denied_is_told_exactly_as_the_route_says(dial):
    body = {"success": False, "message": "App not found"}

    reply = dial(site_of(failing(Denied(404, body)))).ask("GET", "/fails").reply()

    assert (reply.status, reply.said) == (404, body)


@pytest.mark.parametrize("body", [{"error": "no"}, {"message": "no", "success": False}])
@pytest.mark.parametrize(("status", "code"), [(401, "UNAUTHORIZED"), (404, "NOT_FOUND"),
                                              (418, "REFUSED"), (599, "FAILED")])  # fmt: skip
def test_what_is_denied_has_a_code_all_the_same(dial, status, code, body):
    reply = dial(site_of(failing(Denied(status, body)))).ask("GET", "/fails").reply()

    assert reply.json["code"] == code
    assert reply.json["correlationId"].startswith("http-")


def test_an_error_that_is_a_struct_has_a_code_too(dial):
    @route("GET", "/struct", access=Access.PUBLIC)
    def struct(call):
        return HttpAnswer(400, Sorry("no"))

    answered = dial(site_of(struct)).ask("GET", "/struct").reply()

    assert (answered.json["message"], answered.json["code"]) == ("no", "BAD_REQUEST")


def test_a_code_of_the_routes_own_is_left_alone(dial):
    @route("GET", "/full", access=Access.PUBLIC)
    def full(call):
        return HttpAnswer(503, {"error": "full", "code": "OUT_OF_TEA"})

    denied = dial(site_of(failing(Denied(409, {"code": "OURS"})))).ask("GET", "/fails").reply()
    answered = dial(site_of(full)).ask("GET", "/full").reply()

    assert (denied.json["code"], answered.json["code"]) == ("OURS", "OUT_OF_TEA")
    assert answered.json["correlationId"]


def test_what_is_not_there_is_a_404(dial):
    reply = dial(site_of(failing(NotThere("no such app")))).ask("GET", "/fails").reply()

    assert (reply.status, reply.json["error"]) == (404, "no such app")


def test_a_bug_costs_its_own_request_and_is_counted_and_logged(dial, logged_failures):
    house = house_with(failing(RuntimeError("secret-token")))
    line = dial(make_site(house))

    reply = line.ask("GET", "/fails?token=hidden").reply()

    assert (reply.status, reply.json["code"]) == (500, "INTERNAL_ERROR")
    assert b"secret-token" not in line.transport.value()
    (told,) = house.metrics.told
    assert told[:2] == ("failed", "http")
    assert told[2].endswith("fails")
    event = logged_failures.pop()
    assert event["correlation_id"] == reply.json["correlationId"]
    assert event["module"] == failing.__module__
    assert "hidden" not in str(event)
    line.transport.clear()
    assert line.ask("GET", "/livez").reply().body == b"ok"


@pytest.mark.parametrize("answer", [object(), HttpAnswer(body=object()), 3])
def test_an_answer_that_is_none_is_a_bug(dial, logged_failures, answer):
    @route("GET", "/odd", access=Access.PUBLIC, answer=Wish)
    def odd(call):
        return answer

    reply = dial(site_of(odd)).ask("GET", "/odd").reply()

    assert reply.status == 500
    logged_failures.pop()


def test_an_awaited_answer_comes_when_it_is_there(dial):
    later = Deferred()

    @route("GET", "/later", access=Access.PUBLIC)
    async def slow(call):
        return {"got": await later}

    line = dial(site_of(slow)).ask("GET", "/later")
    assert line.transport.value() == b""

    later.callback(7)

    assert line.reply().json == {"got": 7}


def test_an_awaited_failure_is_handled_like_any(dial, logged_failures):
    @route("GET", "/later", access=Access.PUBLIC)
    async def slow(call):
        raise RuntimeError("no")

    assert dial(site_of(slow)).ask("GET", "/later").reply().status == 500
    logged_failures.pop()


def test_a_client_that_closes_cancels_the_work(dial):
    cancelled = []
    pending = Deferred(cancelled.append)

    @route("GET", "/later", access=Access.PUBLIC)
    async def slow(call):
        await pending

    house = house_with(slow)
    line = dial(make_site(house)).ask("GET", "/later")

    line.hang_up()

    assert cancelled == [pending]
    assert house.metrics.told == []
    assert [call for call in house.clock.getDelayedCalls() if call.active()] == []


def test_a_route_that_never_answers_is_given_up(dial):
    clock = Clock()

    @route("GET", "/later", access=Access.PUBLIC)
    async def slow(call):
        await Deferred()

    house = house_with(slow, clock=clock)
    line = dial(make_site(house, patience=30.0)).ask("GET", "/later")

    clock.advance(30.0)

    assert (line.reply().status, line.reply().json["code"]) == (504, "TIMEOUT")
    assert house.metrics.told[0][:2] == ("failed", "http")


def test_an_answer_can_choose_status_type_and_headers(dial):
    @route("GET", "/text", access=Access.PUBLIC)
    def text(call):
        return HttpAnswer(202, b"yes", "text/plain", {"X-Thing": "1", "Cache-Control": "public"})

    reply = dial(site_of(text)).ask("GET", "/text").reply()

    assert (reply.status, reply.body, reply.headers["x-thing"]) == (202, b"yes", "1")
    assert reply.headers["cache-control"] == "public"


def test_a_route_sees_query_headers_and_address(dial):
    @route("GET", "/seen", access=Access.PUBLIC)
    def seen(call):
        return [call.query("a"), call.query("b"), call.header("x-y"), call.address]

    reply = dial(site_of(seen)).ask("GET", "/seen?a=%C3%A4&a=2", headers={"X-Y": "z"}).reply()

    assert reply.json == ["ä", None, "z", "203.0.113.9"]


# -- two owners ------------------------------------------------------------------------------


def test_two_owners_of_one_path_are_refused_by_name():
    with pytest.raises(ConfigError, match=r"two plugins own GET /apps/\{other\}"):
        site_of(saying("GET", "/apps/{name}"), saying("GET", "/apps/{other}"))


def test_a_route_and_a_resource_cannot_share_a_path():
    with pytest.raises(ConfigError, match="/apps"):
        site_of(saying("GET", "/apps"), extra={b"/apps": Resource()})


@pytest.mark.parametrize("template", ["apps", "/apps/{a}/{a}", "/apps/{}", "/apps/{a b}"])
def test_an_unusable_template_is_refused(template):
    with pytest.raises(ConfigError, match="template"):
        site_of(saying("GET", template))


def test_a_method_that_cannot_be_served_is_refused():
    with pytest.raises(ConfigError, match="BREW"):
        site_of(attrs.evolve(saying("GET", "/x"), method="BREW"))


def test_nothing_is_left_behind_when_a_line_closes(dial):
    house = house_with()
    line = dial(make_site(house)).ask("GET", "/livez")

    line.hang_up()

    assert house.clock.getDelayedCalls() == []


# -- connections -----------------------------------------------------------------------------


def test_a_request_that_trickles_in_is_given_up(dial):
    house = house_with()
    line = dial(make_site(house)).send(b"GET /livez HTTP/1.1\r\n")
    for _ in range(int(WHOLE / 50) - 1):
        house.clock.advance(50)
        line.send(b"X-More: 1\r\n")
    assert line.transport.connected

    house.clock.advance(50)

    assert not line.transport.connected
    assert house.clock.getDelayedCalls() == []


def test_a_silent_connection_is_closed(dial):
    house = house_with()
    line = dial(make_site(house)).ask("GET", "/livez")

    house.clock.advance(60)

    assert not line.transport.connected


def test_a_slow_answer_is_not_a_slow_request(dial):
    later = Deferred()

    @route("GET", "/later", access=Access.PUBLIC)
    async def slow(call):
        return await later

    house = house_with(slow)
    line = dial(make_site(house, patience=10_000)).ask("GET", "/later")
    line.send(b"GET /livez HTT")
    house.clock.advance(WHOLE + 1)

    later.callback(1)

    assert line.reply().body == b"1"
    line.transport.clear()
    assert line.send(b"P/1.1\r\nHost: x\r\n\r\n").reply().body == b"ok"


def test_connections_are_bounded_and_given_back(dial):
    site = site_of(max_connections=2)
    first, _ = dial(site), dial(site)
    assert site.buildProtocol(None) is None

    first.hang_up()

    assert dial(site).ask("GET", "/livez").reply().status == 200
    assert site.buildProtocol(None) is None


def test_a_connection_that_becomes_a_websocket_counts_no_more(dial):
    class Socket(Resource):
        isLeaf = True

        def render(self, request):
            return b"socket"

    site = site_of(max_connections=1, extra={b"/ws": Socket()})
    dial(site).ask("GET", "/ws")

    assert dial(site).ask("GET", "/livez").reply().status == 200


def test_only_what_is_bounded_is_offered_over_tls():
    assert site_of().acceptableProtocols() == [b"http/1.1"]


def test_an_upgrade_at_a_path_without_websockets_gets_the_known_text(dial):
    reply = dial(site_of()).ask("GET", "/nowhere", headers={"Upgrade": "websocket"}).reply()

    assert reply.status == 404
    assert reply.body == b"Unknown WebSocket path"


def test_what_a_route_logs_names_its_request_even_after_it_waited(dial):
    seen = []
    done = Deferred()

    @route("GET", "/slow", access=Access.PUBLIC)
    async def slow(call):
        seen.append(current.get().correlation_id == call.correlation_id)
        await done
        seen.append(current.get().correlation_id == call.correlation_id)
        return {}

    line = dial(site_of(slow)).ask("GET", "/slow")
    done.callback(None)

    assert line.reply().status == 200
    assert seen == [True, True]
    assert current.get() is None
