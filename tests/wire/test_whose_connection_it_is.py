"""A peer's address, behind proxies the forwarded one; and what its log lines are called."""

from typing import Any

import pytest
from twisted.internet.address import UNIXAddress
from twisted.internet.defer import Deferred

from mentra.addresses import Proxies
from mentra.correlation import current
from mentra.extension import handler
from mentra.messages import Message
from mentra.testing.wire import client_frame
from mentra.wire.factory import WireOptions

BEHIND = WireOptions(trusted=Proxies.of(["10.0.0.0/8"]))


@pytest.mark.parametrize(
    ("host", "forwarded", "address"),
    [
        ("203.0.113.9", "198.51.100.7", "203.0.113.9"),
        ("10.0.0.1", "198.51.100.7", "198.51.100.7"),
        ("10.0.0.1", "198.51.100.7, 10.0.0.2", "198.51.100.7"),
        ("10.0.0.1", "6.6.6.6, 198.51.100.7", "198.51.100.7"),
        ("::ffff:10.0.0.1", "198.51.100.7", "198.51.100.7"),
        ("10.0.0.1", "nonsense", "10.0.0.1"),
    ],
)
def test_only_a_trusted_proxy_is_believed(open_port, host, forwarded, address):
    _, port = open_port(options=BEHIND)
    line = port.call(host).upgrade(
        "/glasses-ws?token=user:ann@x.org", {"X-Forwarded-For": forwarded}
    )

    assert line.transport.protocol.address == address


@pytest.mark.parametrize(
    ("trusted", "forwarded", "address"),
    [
        ([], {"X-Forwarded-For": "198.51.100.7"}, ""),
        (["10.0.0.0/8"], {"X-Forwarded-For": "198.51.100.7"}, ""),
        (["unix"], {"X-Forwarded-For": "198.51.100.7"}, "198.51.100.7"),
        (["unix"], {"X-Forwarded-For": "6.6.6.6, 198.51.100.7"}, "198.51.100.7"),
        (["unix", "10.0.0.0/8"], {"X-Forwarded-For": "198.51.100.7, 10.0.0.2"}, "198.51.100.7"),
        (["unix"], {"X-Forwarded-For": "unix:"}, ""),
        (["unix"], {}, ""),
    ],
)
def test_a_proxy_on_a_unix_socket_is_believed_where_it_was_said(
    open_port, trusted, forwarded, address
):
    _, port = open_port(options=WireOptions(trusted=Proxies.of(trusted)))

    line = port.call(UNIXAddress(None)).upgrade("/glasses-ws?token=user:ann@x.org", forwarded)

    assert line.status == 101
    assert line.transport.protocol.address == address


def test_who_has_an_address_is_not_believed_for_the_sake_of_unix_sockets(open_port):
    _, port = open_port(options=WireOptions(trusted=Proxies.of(["unix"])))

    line = port.call("10.0.0.1").upgrade(
        "/glasses-ws?token=user:ann@x.org", {"X-Forwarded-For": "198.51.100.7"}
    )

    assert line.transport.protocol.address == "10.0.0.1"


class Ask(Message, frozen=True, kw_only=True, tag="ask"):
    """Something to wait for."""


def test_each_message_has_a_name_of_its_own_even_while_others_wait(open_port):
    seen: list[tuple[str, str]] = []
    waiting: list[Deferred[None]] = []

    @handler("glasses", Ask)
    async def ask(message: Ask, context: Any) -> None:
        first = context.correlation_id
        done: Deferred[None] = Deferred()
        waiting.append(done)
        await done
        seen.append((first, current.get().correlation_id))

    _, port = open_port(ask)
    line = port.glasses()
    line.frames()
    line.say(type="ask")
    line.say(type="ask")
    line.send_bytes(client_frame(b"{"))
    (error,) = line.messages()
    waiting[0].callback(None)
    waiting[1].callback(None)

    (one, one_later), (other, other_later) = seen
    assert one == one_later
    assert other == other_later
    assert len({one, other, error["correlationId"]}) == 3
    assert current.get() is None
