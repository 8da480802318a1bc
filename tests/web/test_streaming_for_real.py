"""Bodies that come bit by bit over real ports, and what hanging up does there."""

import pytest
import pytest_twisted
from twisted.internet import reactor, ssl  # noqa: TID251 - real ports need the real one
from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.protocol import Factory, Protocol
from twisted.internet.task import deferLater

from mentra.dial import Dial
from mentra.errors import Refused
from mentra.web.client import HttpClient
from tests.web.test_sockets_for_real import certificate

pytestmark = [
    pytest.mark.slow,
    # twisted's own certificates are wrapped pyOpenSSL ones
    pytest.mark.filterwarnings("ignore:Passing pyOpenSSL:DeprecationWarning"),
]

HEAD = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"


class Endless(Protocol):
    """Begins an answer, and says a word whenever the test wants it."""

    def connectionMade(self):
        self.factory.came.append(self)

    def dataReceived(self, data):
        if data.endswith(b"\r\n\r\n"):
            self.transport.write(HEAD)
            self.say(b"first")

    def say(self, word):
        self.transport.write(b"%x\r\n%b\r\n" % (len(word), word))

    def connectionLost(self, reason=None):
        self.factory.came.remove(self)
        self.factory.gone.callback(None)


class Server(Factory):
    protocol = Endless

    def __init__(self):
        self.came = []
        self.gone = Deferred()


@pytest.fixture(scope="module")
def mine():
    return certificate("localhost")


@pytest_twisted.async_yield_fixture(params=["http", "https"])
async def place(request, mine):
    """A server and its URL, with TLS and without."""
    server = Server()
    if request.param == "https":
        port = reactor.listenSSL(0, server, mine.options(), interface="127.0.0.1")
    else:
        port = reactor.listenTCP(0, server, interface="127.0.0.1")
    yield server, f"{request.param}://localhost:{port.getHost().port}/v1"
    for one in server.came:
        one.transport.abortConnection()
    await port.stopListening()
    # what was said goodbye to still ends
    await deferLater(reactor, 0.05)


@pytest_twisted.async_yield_fixture
async def http(mine):
    client = HttpClient.on(reactor, Dial(reactor, trust=ssl.trustRootFromCertificates([mine])))
    client.startService()
    yield client
    await client.stopService()


class Heard:
    """What came, and a Deferred for the next of it."""

    def __init__(self):
        self.pieces = []
        self.next = Deferred()

    def received(self, data):
        self.pieces.append(data)
        heard, self.next = self.next, Deferred()
        heard.callback(None)


@pytest_twisted.ensureDeferred
async def test_words_come_when_they_are_said_and_hanging_up_is_noticed(place, http):
    server, url = place
    heard = Heard()
    answer = http.stream("GET", url, heard.received)
    await heard.next
    server.came[0].say(b"second")
    await heard.next

    answer.cancel()

    with pytest.raises(CancelledError):
        await answer
    await server.gone
    assert heard.pieces == [b"first", b"second"]


@pytest_twisted.ensureDeferred
async def test_a_server_that_goes_in_the_middle_is_told(place, http):
    server, url = place
    heard = Heard()
    answer = http.stream("GET", url, heard.received)
    await heard.next

    server.came[0].transport.abortConnection()

    with pytest.raises(Refused) as refused:
        await answer
    assert (refused.value.code, refused.value.retryable) == ("UNREACHABLE", True)


@pytest_twisted.ensureDeferred
async def test_silence_is_noticed(place, http):
    _, url = place

    with pytest.raises(Refused) as refused:
        await http.stream("GET", url, Heard().received, silence=0.2)

    assert refused.value.code == "TIMEOUT"
