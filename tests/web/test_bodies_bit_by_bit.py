"""Bodies that are too long to be held: read from a file, written at the client's pace."""

import attrs
import pytest
from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from twisted.web.iweb import UNKNOWN_LENGTH, IBodyProducer
from zope.interface import implementer

from mentra.extension import Access, HttpAnswer, route
from mentra.testing.house import house_with
from mentra.web.delivery import STALLED
from mentra.web.site import make_site


@implementer(IBodyProducer)
@attrs.define(eq=False)
class Body:
    """Written when the test says so."""

    length: object = UNKNOWN_LENGTH
    consumer: object = None
    done: Deferred = attrs.field(factory=Deferred)
    told: list = attrs.field(factory=list)

    def startProducing(self, consumer):
        self.consumer = consumer
        return self.done

    def pauseProducing(self):
        self.told.append("pause")

    def resumeProducing(self):
        self.told.append("resume")

    def stopProducing(self):
        self.told.append("stop")


@attrs.frozen
class Stage:
    """A site that answers with *body*."""

    site: object
    body: Body
    clock: Clock


@pytest.fixture
def stage():
    body, clock = Body(), Clock()

    @route("GET", "/song", access=Access.PUBLIC)
    def song(call):
        return HttpAnswer(body=body, content_type="audio/mpeg")

    return Stage(make_site(house_with(song, clock=clock)), body, clock)


def test_a_body_of_unknown_length_goes_out_in_chunks(dial, stage):
    line = dial(stage.site).ask("GET", "/song")

    stage.body.consumer.write(b"la")
    stage.body.consumer.write(b"lala")
    stage.body.done.callback(None)

    reply = line.reply()
    assert reply.headers["transfer-encoding"] == "chunked"
    assert reply.headers["content-type"] == "audio/mpeg"
    assert reply.body == b"2\r\nla\r\n4\r\nlala\r\n0\r\n\r\n"


def test_a_body_of_known_length_says_so(dial, stage):
    stage.body.length = 6
    line = dial(stage.site).ask("GET", "/song")

    stage.body.consumer.write(b"lalala")
    stage.body.done.callback(None)

    reply = line.reply()
    assert (reply.headers["content-length"], reply.body) == ("6", b"lalala")


def test_the_next_request_of_the_connection_is_answered_after_it(dial, stage):
    stage.body.length = 2
    line = dial(stage.site).ask("GET", "/song").ask("GET", "/livez")
    before = line.transport.value()

    stage.body.consumer.write(b"la")
    stage.body.done.callback(None)

    assert before.count(b"HTTP/1.1 200") == 1
    assert line.transport.value().count(b"HTTP/1.1 200") == 2


def test_only_the_head_is_sent_to_who_asks_for_no_more(dial, stage):
    stage.body.length = 6

    reply = dial(stage.site).ask("HEAD", "/song").reply()

    assert (reply.status, reply.headers["content-length"], reply.body) == (200, "6", b"")
    assert stage.body.told == ["stop"]
    assert stage.body.consumer is None


def test_a_client_that_leaves_stops_the_body(dial, stage):
    line = dial(stage.site).ask("GET", "/song")

    line.hang_up()

    assert stage.body.told == ["stop"]
    stage.body.consumer.write(b"nobody hears this")
    stage.body.done.callback(None)
    assert stage.clock.getDelayedCalls() == []


def test_the_body_keeps_the_clients_pace(dial, stage):
    line = dial(stage.site).ask("GET", "/song")

    line.channel.pauseProducing()
    line.channel.resumeProducing()

    assert stage.body.told == ["pause", "resume"]


def test_a_client_that_takes_nothing_for_a_minute_is_cut_off(dial, stage):
    line = dial(stage.site).ask("GET", "/song")
    line.channel.pauseProducing()

    stage.clock.advance(STALLED)

    assert stage.body.told == ["pause", "stop"]
    assert line.transport.disconnected or line.transport.disconnecting


def test_a_body_that_breaks_off_is_not_taken_for_whole(dial, stage, logged_failures):
    line = dial(stage.site).ask("GET", "/song")
    stage.body.consumer.write(b"la")

    stage.body.done.errback(LookupError("the record is scratched"))

    assert b"0\r\n\r\n" not in line.transport.value()
    assert line.transport.disconnected or line.transport.disconnecting
    assert logged_failures.pop()["log_failure"].check(LookupError)


# -- read


@pytest.mark.parametrize("size", [10, 250_000])
def test_a_body_that_is_no_json_comes_as_a_file(dial, size):
    seen = []

    @route("POST", "/song", access=Access.PUBLIC, max_body=1_000_000, body_type="audio/mpeg")
    def take(call):
        seen.append((call.body, call.content.read(4), len(call.content.read())))
        return {}

    reply = dial(make_site(house_with(take))).ask("POST", "/song", b"x" * size).reply()

    assert reply.status == 200
    assert seen == [(None, b"xxxx", size - 4)]


@route("POST", "/own", access=Access.USER, max_body=1_000_000, body_type="audio/mpeg")
def own(call):
    """Takes a long body of a user."""
    return {"size": len(call.content.read()), "from": call.user_id}


LONG = b"x" * 100_000
ANN = {"Authorization": "Bearer user:ann@x.org"}


def test_a_strangers_long_body_is_refused_before_it_comes(dial):
    line = dial(make_site(house_with(own)))

    line.ask("POST", "/own", headers={"Content-Length": "100000"})

    reply = line.reply()
    assert (reply.status, reply.said) == (401, {"error": "Authorization header missing or invalid"})
    assert reply.headers["connection"] == "close"


def test_a_strangers_body_in_chunks_is_refused_before_it_comes(dial):
    line = dial(make_site(house_with(own)))

    line.ask("POST", "/own", headers={"Transfer-Encoding": "chunked", "Authorization": "Bearer x"})

    assert line.reply().status == 401


def test_a_strangers_refused_body_is_not_kept(dial):
    line = dial(make_site(house_with(own)))
    line.ask("POST", "/own", headers={"Content-Length": "100000"})
    before = line.transport.value()

    line.send(LONG)

    assert line.transport.value() == before
    assert not line.transport.connected


def test_a_users_long_body_is_taken(dial):
    reply = dial(make_site(house_with(own))).ask("POST", "/own", LONG, ANN).reply()

    assert (reply.status, reply.json) == (200, {"size": 100_000, "from": "ann@x.org"})


def test_a_strangers_short_body_is_refused_as_ever(dial):
    reply = dial(make_site(house_with(own))).ask("POST", "/own", b"short").reply()

    assert reply.status == 401


def test_it_is_bounded_all_the_same(dial):
    @route("POST", "/song", access=Access.PUBLIC, max_body=1000, body_type="audio/mpeg")
    def take(call):
        raise AssertionError

    reply = dial(make_site(house_with(take))).ask("POST", "/song", b"x" * 1001).reply()

    assert reply.status == 413
