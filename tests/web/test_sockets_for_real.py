"""WebSockets towards engines over real ports: TLS, names, and an air gap."""

import datetime

import pytest
import pytest_twisted
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from twisted.internet import reactor, ssl  # noqa: TID251 - real ports need the real one
from twisted.internet.defer import Deferred
from twisted.internet.task import deferLater
from zope.interface import implementer

from mentra.dial import Dial
from mentra.errors import Refused
from mentra.interfaces.network import IWebSocketListener
from mentra.testing.socket_server import SocketServer
from mentra.web.sockets import WebSocketClient

pytestmark = [
    pytest.mark.slow,
    # twisted's own certificates are wrapped pyOpenSSL ones
    pytest.mark.filterwarnings("ignore:Passing pyOpenSSL:DeprecationWarning"),
]


@implementer(IWebSocketListener)
class Listener:
    def __init__(self):
        self.heard = Deferred()
        self.ended = Deferred()

    def text(self, payload):
        self.heard.callback(payload)

    def binary(self, payload):
        raise AssertionError

    def closed(self, code, reason):
        self.ended.callback(code)


class Echo(SocketServer):
    def answer(self, socket, message):
        socket.say({"heard": len(message)})


def certificate(name):
    """One that signed itself, for the host *name*, with its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.datetime.now(datetime.UTC)
    signed = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + datetime.timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = signed.public_bytes(serialization.Encoding.PEM) + key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    return ssl.PrivateCertificate.loadPEM(pem)


@pytest.fixture(scope="module")
def mine():
    return certificate("localhost")


@pytest.fixture
def server():
    return Echo(reactor)


@pytest_twisted.async_yield_fixture
async def secure(server, mine):
    """The port of a server with that certificate."""
    port = reactor.listenSSL(0, server, mine.options(), interface="127.0.0.1")
    yield port.getHost().port
    await port.stopListening()
    # what was said goodbye to still ends
    await deferLater(reactor, 0.05)


def client_that_trusts(*certificates, **more):
    trust = ssl.trustRootFromCertificates(certificates)
    return WebSocketClient(Dial(reactor, trust=trust, **more), reactor)


@pytest_twisted.ensureDeferred
async def test_a_server_whose_certificate_is_trusted_is_talked_to(secure, server, mine):
    client, listener = client_that_trusts(mine, air_gap=True), Listener()

    socket = await client.open(f"wss://localhost:{secure}/x", listener)
    socket.send("hello")

    assert await listener.heard == '{"heard": 5}'
    server.last.end(4001)
    assert await listener.ended == 4001


@pytest.mark.parametrize("reason", ["nobody trusts it", "it is for another name"])
@pytest_twisted.ensureDeferred
async def test_any_other_is_not(secure, server, mine, reason):
    is_strange = reason == "nobody trusts it"
    client = client_that_trusts(certificate("localhost") if is_strange else mine)
    host = "localhost" if is_strange else "127.0.0.1"

    with pytest.raises(Refused, match="certificate") as refused:
        await client.open(f"wss://{host}:{secure}/x", Listener())

    assert refused.value.code == "UNREACHABLE"
    assert server.connections == []


@pytest_twisted.ensureDeferred
async def test_by_itself_this_machine_decides_whom_to_trust(secure, server):
    client = WebSocketClient(Dial(reactor), reactor)

    with pytest.raises(Refused, match="certificate"):
        await client.open(f"wss://localhost:{secure}/x", Listener())

    assert server.connections == []


@pytest_twisted.ensureDeferred
async def test_nobody_at_a_port_is_told_as_that():
    port = reactor.listenTCP(0, Echo(reactor), interface="127.0.0.1")
    number = port.getHost().port
    await port.stopListening()
    client = WebSocketClient(Dial(reactor), reactor)

    with pytest.raises(Refused, match="refused"):
        await client.open(f"ws://127.0.0.1:{number}/x", Listener())


@pytest.mark.parametrize("scheme", ["ws", "wss"])
@pytest_twisted.ensureDeferred
async def test_what_a_server_does_not_read_is_bounded_and_flows_again_when_it_does(mine, scheme):
    server = SocketServer(reactor)
    listen = reactor.listenTCP if scheme == "ws" else reactor.listenSSL
    more = () if scheme == "ws" else (mine.options(),)
    port = listen(0, server, *more, interface="127.0.0.1")
    client = client_that_trusts(mine)
    url = f"{scheme}://localhost:{port.getHost().port}/x"
    socket = await client.open(url, Listener(), max_queue=1_000_000)
    server.last.transport.pauseProducing()

    for number in range(500):
        socket.send(bytes([number % 256]) * 100_000, may_drop=True)
        await deferLater(reactor, 0)
    waited, lost = socket.queued, socket.dropped
    server.last.transport.resumeProducing()
    socket.send("the end")
    for _ in range(500):
        if "the end" in server.last.received:
            break
        await deferLater(reactor, 0.02)

    assert waited <= 1_000_000
    # what is in kernels' buffers is not ours to bound
    assert lost > 30_000_000
    assert server.last.received[-1] == "the end"
    assert server.last.received[-2] == bytes([499 % 256]) * 100_000
    assert len(server.last.sound) + socket.dropped == 50_000_000
    socket.close()
    await port.stopListening()
    await deferLater(reactor, 0.1)
