"""A port that is bound before the house behind it is open."""

import pytest
from twisted.internet.protocol import Factory, Protocol

from mentra.doorway import Doorway, with_backlog


class FakePort:
    """What is needed of a listening port."""

    disconnected = False

    def __init__(self) -> None:
        self.reading = True

    def stopReading(self) -> None:  # noqa: N802 - twisted's own name
        """Accept nothing."""
        self.reading = False

    def startReading(self) -> None:  # noqa: N802 - twisted's own name
        """Accept."""
        self.reading = True


def test_connections_wait_until_the_doorway_opens_and_go_to_the_factory_then():
    doorway, port = Doorway(), FakePort()
    doorway.bound(port)
    before = port.reading

    doorway.open(Factory.forProtocol(Protocol))

    assert before is False
    assert port.reading is True
    assert isinstance(doorway.buildProtocol(None), Protocol)


def test_a_port_that_was_closed_meanwhile_is_left_alone():
    doorway, port = Doorway(), FakePort()
    doorway.bound(port)
    port.disconnected = True

    doorway.open(Factory.forProtocol(Protocol))

    assert port.reading is False


@pytest.mark.parametrize(
    ("listen", "expected"),
    [
        ("tcp:8002", "tcp:8002:backlog=2048"),
        ("tcp:8002:interface=127.0.0.1", "tcp:8002:interface=127.0.0.1:backlog=2048"),
        ("tcp:8002:backlog=5", "tcp:8002:backlog=5"),
        ("unix:/run/mentra.sock", "unix:/run/mentra.sock"),
        ("systemd:domain=INET:index=0", "systemd:domain=INET:index=0"),
    ],
)
def test_the_backlog_is_ours_where_the_endpoint_has_one_and_nobody_chose(listen, expected):
    assert with_backlog(listen, 2048) == expected
