"""HTTP towards app servers: what is sent, and how it fails."""

import gzip
import json

import pytest
from treq.testing import RequestTraversalAgent
from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.error import ConnectionLost, ConnectionRefusedError, DNSLookupError
from twisted.internet.protocol import Protocol
from twisted.internet.task import Clock
from twisted.internet.testing import MemoryReactorClock, StringTransport
from twisted.python.failure import Failure
from twisted.web.client import ResponseDone
from twisted.web.http_headers import Headers
from twisted.web.iweb import IAgent, IResponse
from twisted.web.resource import Resource
from zope.interface import implementer
from zope.interface.verify import verifyObject

import mentra
from mentra.dial import Dial
from mentra.errors import Refused
from mentra.interfaces.services import IHttpClient
from mentra.testing.house import success_of
from mentra.testing.http import FakeHttp
from mentra.testing.network import FakeNames
from mentra.web.client import HttpClient

URL = "https://app.example/webhook"


@implementer(IResponse)
class FakeResponse:
    """A response whose body a test delivers."""

    version, phrase, length, request = (b"HTTP", 1, 1), b"", 0, None
    previousResponse = None  # noqa: N815 - twisted's own name

    def __init__(self, code=200):
        self.code = code
        self.headers = Headers()
        self.transport = StringTransport()

    def deliverBody(self, protocol: Protocol):  # noqa: N802 - twisted's own name
        self.protocol = protocol
        protocol.makeConnection(self.transport)

    def setPreviousResponse(self, response):  # noqa: N802 - twisted's own name
        raise AssertionError

    def end(self, *pieces, why=None):
        for piece in pieces:
            self.protocol.dataReceived(piece)
        self.protocol.connectionLost(Failure(why or ResponseDone()))


@implementer(IAgent)
class FakeAgent:
    """Keeps what it was asked."""

    def __init__(self):
        self.asked = []
        self.cancelled = []

    def request(self, method, uri, headers=None, bodyProducer=None):
        consumer = StringTransport()
        if bodyProducer is not None:
            bodyProducer.startProducing(consumer)
        answer = Deferred(self.cancelled.append)
        self.asked.append((method, uri, headers, consumer.value(), answer))
        return answer


class AppServer(Resource):
    """Answers everything with the headers and body a test gave it, and keeps what it was asked."""

    isLeaf = True

    def __init__(self, status=200, body=b"", **headers):
        super().__init__()
        self.answer = (status, body, headers)
        self.asked = []

    def render(self, request):
        self.asked.append((request.uri, request.requestHeaders.copy(), request.content.read()))
        status, body, headers = self.answer
        request.setResponseCode(status)
        for name, value in headers.items():
            request.setHeader(name.replace("_", "-"), value)
        return body


def client_of(server, clock):
    """A client that reaches nobody but *server*, over HTTP in memory."""
    return HttpClient(RequestTraversalAgent(server), clock)


@pytest.fixture
def agent():
    return FakeAgent()


@pytest.fixture
def http(agent, clock):
    return HttpClient(agent, clock)


def refusal_of(awaitable):
    """Why it was refused."""
    with pytest.raises(Refused) as refused:
        success_of(awaitable)
    return refused.value


def test_the_client_keeps_its_promise(http):
    assert verifyObject(IHttpClient, http)
    assert verifyObject(IHttpClient, FakeHttp())


def test_the_fake_answers_as_the_client_does(streamed):
    http = FakeHttp()
    answer = http.stream("POST", URL, streamed.received, begun=streamed.begun, silence=5.0)
    asked = http.requests[0]

    asked.begin({"x-id": "7"})
    asked.receive(b"a", b"b")
    asked.finish()

    assert (asked.timeout, asked.silence) == (30.0, 5.0)
    assert (streamed.began, streamed.pieces) == ([(200, "7", [])], [b"a", b"b"])
    assert (success_of(answer).status, asked.cancelled) == (200, False)


def test_the_fake_hands_nothing_on_once_given_up(streamed):
    http = FakeHttp()
    answer = http.stream("POST", URL, streamed.received)
    asked = http.requests[0]

    answer.cancel()
    asked.receive(b"a")
    asked.finish()

    with pytest.raises(CancelledError):
        success_of(answer)
    assert (asked.cancelled, streamed.pieces) == (True, [])


def test_a_json_body_is_sent_and_the_whole_answer_comes_back(http, agent, clock):
    answer = http.request("POST", URL, json={"a": 1}, headers={"X-Key": "k"})
    method, uri, headers, body, deferred = agent.asked[0]
    response = FakeResponse(201)

    deferred.callback(response)
    response.end(b"ab", b"cd")

    assert (method, uri, json.loads(body)) == (b"POST", URL.encode(), {"a": 1})
    assert headers.getRawHeaders("content-type") == ["application/json"]
    assert headers.getRawHeaders("x-key") == ["k"]
    came = success_of(answer)
    assert (came.status, came.body) == (201, b"abcd")
    assert clock.getDelayedCalls() == []


def test_a_redirection_is_an_answer_and_not_followed(http, agent):
    answer = http.request("GET", URL)
    response = FakeResponse(302)
    agent.asked[0][4].callback(response)

    response.end()

    assert success_of(answer).status == 302
    assert len(agent.asked) == 1


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_nobody_is_sent_elsewhere(clock, status):
    server = AppServer(status, b"moved", Location="http://elsewhere.example/")

    came = success_of(client_of(server, clock).request("GET", URL))

    assert (came.status, came.body) == (status, b"moved")
    assert [uri for uri, _, _ in server.asked] == [b"/webhook"]


def test_a_cookie_is_not_sent_back(clock):
    server = AppServer(Set_Cookie="who=ann; Path=/")
    http = client_of(server, clock)

    for _ in range(2):
        success_of(http.request("GET", URL))

    assert [headers.getRawHeaders("cookie") for _, headers, _ in server.asked] == [None, None]


def test_no_compression_is_asked_for(clock):
    server = AppServer()
    headers = {"Accept-Encoding": "gzip, br"}

    success_of(client_of(server, clock).request("GET", URL, headers=headers))

    assert not server.asked[0][1].hasHeader("accept-encoding")


def test_what_comes_compressed_all_the_same_is_not_unpacked(clock):
    small = gzip.compress(b"x" * 1_000_000)
    server = AppServer(200, small, Content_Encoding="gzip")

    came = success_of(client_of(server, clock).request("GET", URL, max_bytes=len(small)))

    assert came.body == small


def test_a_request_says_who_asks_and_sends_exactly_its_json(clock):
    server = AppServer()

    success_of(client_of(server, clock).request("PUT", URL, json=["ü", None, 1.5]))

    (_, headers, body) = server.asked[0]
    assert headers.getRawHeaders("user-agent") == [f"mentra/{mentra.__version__}"]
    assert headers.getRawHeaders("content-type") == ["application/json"]
    assert body == '["ü",null,1.5]'.encode()


def test_nothing_is_sent_where_there_is_no_json(clock):
    server = AppServer()

    success_of(client_of(server, clock).request("POST", URL))

    (_, headers, body) = server.asked[0]
    assert (headers.hasHeader("content-type"), body) == (False, b"")


def test_empty_and_false_json_is_sent_too(clock):
    server = AppServer()

    success_of(client_of(server, clock).request("POST", URL, json={}))
    success_of(client_of(server, clock).request("POST", URL, json=0))

    assert [body for _, _, body in server.asked] == [b"{}", b"0"]


def test_an_endless_answer_is_cut_off(http, agent):
    answer = http.request("GET", URL, max_bytes=10)
    response = FakeResponse()
    agent.asked[0][4].callback(response)

    response.protocol.dataReceived(b"x" * 11)
    response.protocol.dataReceived(b"x" * 11)

    refusal = refusal_of(answer)
    assert (refusal.code, refusal.where) == ("TOO_LARGE", "app")
    assert response.transport.disconnecting


def test_an_answer_of_just_the_bound_is_taken(http, agent):
    answer = http.request("GET", URL, max_bytes=10)
    response = FakeResponse()
    agent.asked[0][4].callback(response)

    response.end(b"x" * 10)

    assert success_of(answer).body == b"x" * 10


def test_no_answer_in_time_is_a_timeout(http, agent, clock):
    answer = http.request("GET", URL, timeout=10.0)

    clock.advance(10.0)

    refusal = refusal_of(answer)
    assert (refusal.code, refusal.retryable) == ("TIMEOUT", True)
    assert len(agent.cancelled) == 1


def test_a_body_that_stalls_is_a_timeout_and_hung_up_on(http, agent, clock):
    answer = http.request("GET", URL, timeout=10.0)
    response = FakeResponse()
    agent.asked[0][4].callback(response)
    response.protocol.dataReceived(b"x")

    clock.advance(10.0)

    assert refusal_of(answer).code == "TIMEOUT"
    assert response.transport.disconnecting
    response.end()


def test_giving_up_is_not_a_refusal(http, agent, clock):
    answer = http.request("GET", URL)

    answer.cancel()

    with pytest.raises(CancelledError):
        success_of(answer)
    assert clock.getDelayedCalls() == []


@pytest.mark.parametrize(
    ("problem", "told"),
    [
        (ConnectionRefusedError("10.0.0.1:80 secret"), "refused"),
        (DNSLookupError("secret"), "host name"),
        (ConnectionLost("secret"), "failed"),
        (RuntimeError("secret"), "failed"),
    ],
)
def test_a_failure_says_why_without_its_text(http, agent, problem, told):
    answer = http.request("GET", URL)

    agent.asked[0][4].errback(problem)

    refusal = refusal_of(answer)
    assert refusal.code == "UNREACHABLE"
    assert told in refusal.message
    assert "secret" not in refusal.message


def test_a_connection_that_breaks_in_the_body_is_unreachable(http, agent):
    answer = http.request("GET", URL)
    response = FakeResponse()
    agent.asked[0][4].callback(response)

    response.end(b"x", why=ConnectionLost())

    assert refusal_of(answer).code == "UNREACHABLE"


@pytest.mark.parametrize("url", ["app.example:80/x", "ftp://app.example/", "http://a:b/", ""])
def test_an_unusable_url_is_refused(url):
    http = HttpClient.on(MemoryReactorClock())

    refusal = refusal_of(http.request("GET", url))

    assert (refusal.code, refusal.message) == ("UNREACHABLE", "its URL is not usable")


def test_cancelling_a_connection_attempt_is_giving_up():
    reactor = MemoryReactorClock()
    http = HttpClient.on(reactor)
    answer = http.request("GET", "http://127.0.0.1:9/")
    assert len(reactor.tcpClients) == 1

    answer.cancel()

    with pytest.raises(CancelledError):
        success_of(answer)


def test_a_name_outside_ascii_is_sent_as_its_wire_form(http, agent):
    http.request("GET", "http://bücher.example/ä?ö=1").addErrback(lambda failure: None)

    assert agent.asked[0][1] == b"http://xn--bcher-kva.example/%C3%A4?%C3%B6=1"
    agent.asked[0][4].cancel()


def test_stopping_closes_the_connections_kept():
    http = HttpClient.on(MemoryReactorClock())
    http.startService()

    assert success_of(http.stopService()) is None
    assert HttpClient(FakeAgent(), Clock()).stopService() is None


def test_a_body_goes_out_as_it_is(clock):
    server = AppServer()
    http = client_of(server, clock)

    success_of(http.request("POST", URL, body=b"\x00\xff", content_type="audio/wav"))
    success_of(http.request("POST", URL, body=b""))

    sent = [(headers.getRawHeaders("content-type"), body) for _, headers, body in server.asked]
    assert sent == [(["audio/wav"], b"\x00\xff"), (["application/octet-stream"], b"")]


def test_an_answer_tells_its_headers(clock):
    server = AppServer(429, b"", Retry_After="7")

    came = success_of(client_of(server, clock).request("GET", URL))

    assert (came.header("Retry-After"), came.header("X-Other")) == ("7", None)


class Streamed:
    """What came of a body bit by bit; ``refuse`` is raised when a piece comes."""

    def __init__(self):
        self.began = []
        self.pieces = []
        self.refuse = None

    def begun(self, answer):
        self.began.append((answer.status, answer.header("x-id"), list(self.pieces)))

    def received(self, data):
        if self.refuse is not None:
            raise self.refuse
        self.pieces.append(data)


@pytest.fixture
def streamed():
    return Streamed()


@pytest.fixture
def ask(http, agent, streamed):
    """Ask for a body bit by bit; the awaitable, and how the agent was asked."""

    def ask(**how):
        answer = http.stream("POST", URL, streamed.received, begun=streamed.begun, **how)
        return answer, agent.asked[0]

    return ask


def test_pieces_are_handed_on_as_they_come(ask, streamed, clock):
    answer, (_, _, headers, body, asked) = ask(json=[1], headers={"X-Key": "k"})
    response = FakeResponse(201)
    response.headers.setRawHeaders("X-Id", ["7"])
    asked.callback(response)
    began = list(streamed.began)

    response.protocol.dataReceived(b"ab")
    early = list(streamed.pieces)
    response.end(b"cd")

    assert (body, headers.getRawHeaders("x-key")) == (b"[1]", ["k"])
    assert began == streamed.began == [(201, "7", [])]
    assert (early, streamed.pieces) == ([b"ab"], [b"ab", b"cd"])
    came = success_of(answer)
    assert (came.status, came.body, came.header("x-id")) == (201, b"", "7")
    assert clock.getDelayedCalls() == []


def test_what_streams_over_real_http_comes_whole(clock, streamed):
    server = AppServer(200, b"data: x\n\n" * 20_000, Content_Type="text/event-stream")

    came = success_of(client_of(server, clock).stream("POST", URL, streamed.received, body=b"?"))

    assert b"".join(streamed.pieces) == b"data: x\n\n" * 20_000
    assert came.header("content-type") == "text/event-stream"
    assert server.asked[0][2] == b"?"


def test_an_error_is_not_handed_on_but_kept_up_to_a_bound(ask, streamed):
    answer, (*_, asked) = ask()
    response = FakeResponse(429)
    asked.callback(response)

    response.protocol.dataReceived(b"x" * 65_000)
    response.protocol.dataReceived(b"y" * 65_000)
    response.protocol.dataReceived(b"z")

    came = success_of(answer)
    assert (came.status, len(came.body), came.body[-1:]) == (429, 65_536, b"y")
    assert (streamed.began, streamed.pieces) == ([], [])
    assert response.transport.disconnecting


def test_a_short_error_comes_whole(ask, streamed):
    answer, (*_, asked) = ask()
    response = FakeResponse(500)
    asked.callback(response)

    response.end(b"no")

    came = success_of(answer)
    assert (came.status, came.body) == (500, b"no")


def test_nothing_is_handed_on_once_given_up(ask, streamed, clock):
    answer, (*_, asked) = ask()
    response = FakeResponse()
    asked.callback(response)
    response.protocol.dataReceived(b"a")

    answer.cancel()
    response.protocol.dataReceived(b"b")
    response.end(b"c")

    with pytest.raises(CancelledError):
        success_of(answer)
    assert streamed.pieces == [b"a"]
    assert (response.transport.disconnecting, response.transport.producerState) == (True, "stopped")
    assert clock.getDelayedCalls() == []


def test_giving_up_before_it_begins_cancels_the_request(ask, agent, clock):
    answer, _ = ask()

    answer.cancel()

    with pytest.raises(CancelledError):
        success_of(answer)
    assert len(agent.cancelled) == 1
    assert clock.getDelayedCalls() == []


def test_whoever_refuses_a_piece_ends_the_exchange(ask, streamed, clock):
    answer, (*_, asked) = ask()
    response = FakeResponse()
    asked.callback(response)
    streamed.refuse = LookupError("mine")

    response.protocol.dataReceived(b"a")
    streamed.refuse = None
    response.end(b"b")

    with pytest.raises(LookupError, match="mine"):
        success_of(answer)
    assert streamed.pieces == []
    assert response.transport.disconnecting
    assert clock.getDelayedCalls() == []


def test_whoever_refuses_the_headers_ends_the_exchange(http, agent, streamed, clock):
    def begun(answer):
        raise LookupError("mine")

    answer = http.stream("GET", URL, streamed.received, begun=begun)
    response = FakeResponse()

    agent.asked[0][4].callback(response)
    response.end(b"a")

    with pytest.raises(LookupError, match="mine"):
        success_of(answer)
    assert streamed.pieces == []
    assert clock.getDelayedCalls() == []


def test_a_stream_that_does_not_begin_is_a_timeout(ask, agent, clock):
    answer, _ = ask(begin_within=3.0)

    clock.advance(3.0)

    refusal = refusal_of(answer)
    assert (refusal.code, refusal.retryable) == ("TIMEOUT", True)
    assert len(agent.cancelled) == 1


def test_a_stream_may_take_as_long_as_it_is_not_silent(ask, streamed, clock):
    answer, (*_, asked) = ask(begin_within=3.0, silence=2.0)
    response = FakeResponse()
    asked.callback(response)
    for _ in range(4):
        clock.advance(1.5)
        response.protocol.dataReceived(b"a")

    clock.advance(2.0)

    assert refusal_of(answer).code == "TIMEOUT"
    assert streamed.pieces == [b"a"] * 4
    assert response.transport.disconnecting
    assert clock.getDelayedCalls() == []


def test_an_error_that_stalls_is_a_timeout(ask, clock):
    answer, (*_, asked) = ask(silence=2.0)
    response = FakeResponse(500)
    asked.callback(response)

    clock.advance(2.0)

    assert refusal_of(answer).code == "TIMEOUT"
    assert response.transport.disconnecting


def test_a_stream_that_breaks_off_is_unreachable(ask, streamed, clock):
    answer, (*_, asked) = ask()
    response = FakeResponse()
    asked.callback(response)

    response.end(b"a", why=ConnectionLost())

    assert refusal_of(answer).code == "UNREACHABLE"
    assert streamed.pieces == [b"a"]
    assert clock.getDelayedCalls() == []


def test_nobody_there_to_stream_from_is_unreachable(ask):
    answer, (*_, asked) = ask()

    asked.errback(ConnectionRefusedError("secret"))

    assert refusal_of(answer).message == "the connection was refused"


def test_engines_requests_go_where_they_are_dialled_and_not_through_an_air_gap():
    reactor = MemoryReactorClock()
    reactor.installNameResolver(FakeNames())
    http = HttpClient.on(reactor, Dial(reactor, air_gap=True))

    near = http.request("GET", "http://10.0.0.1:8/x")
    far = http.request("GET", "https://8.8.8.8/x")

    assert refusal_of(far).code == "AIR_GAP"
    assert [client[:2] for client in reactor.tcpClients] == [("10.0.0.1", 8)]
    near.addErrback(lambda _: None).cancel()
