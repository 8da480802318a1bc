"""Paths with a port of their own: which one it becomes, who may come, and its end."""

import errno
import os
from typing import Any

import attrs
import pytest
from twisted.internet.defer import succeed
from twisted.internet.error import CannotListenError
from twisted.internet.task import Clock

from mentra.errors import ConfigError
from mentra.extension import Door, Places
from mentra.testing.house import house_with, success_of
from mentra.testing.wire import MemoryPort
from mentra.wire.doors import Doorkeeper, OwnPort
from tests.wire.desk import DIALECT, DeskPath

DOOR = Door(setting="[desk] port", port=3001, tries=3)


@attrs.define
class Bound:
    number: int
    host: str
    machine: "Machine"

    def getHost(self) -> Any:
        return attrs.make_class("Host", ["port"])(self.number)

    def stopListening(self) -> Any:
        self.machine.bound.remove(self)
        return succeed(None)


@attrs.define
class Machine(Clock):
    """A reactor that listens to nothing.

    :ivar refuses: host and port to errno.
    """

    refuses: dict[tuple[str, int], int] = attrs.field(factory=dict)
    bound: list[Bound] = attrs.field(factory=list)

    def listenTCP(  # noqa: N802 - the reactor's name for it
        self, number: int, factory: Any, backlog: int, host: str
    ) -> Bound:
        why = self.refuses.get((host, number))
        if why is not None:
            raise CannotListenError(host, number, OSError(why, os.strerror(why)))
        made = Bound(number or 40_001, host, self)
        self.bound.append(made)
        return made


def opened(machine: Machine, door: Door = DOOR) -> OwnPort:
    port = OwnPort(door, object(), machine)
    port.startService()
    port.open()
    return port


def where(machine: Machine) -> list[tuple[str, int]]:
    return [(one.host, one.number) for one in machine.bound]


def test_the_first_port_that_is_free_is_taken():
    machine = Machine(refuses={("127.0.0.1", 3001): errno.EADDRINUSE})

    opened(machine)

    assert where(machine) == [("127.0.0.1", 3002)]


def test_any_other_error_is_no_reason_to_try_the_next_one():
    machine = Machine(refuses={("127.0.0.1", 3001): errno.EACCES})

    with pytest.raises(ConfigError, match=r"3001 of 127.0.0.1: Permission denied; see \[desk\]"):
        opened(machine)

    assert where(machine) == []


def test_when_all_are_taken_a_sentence_says_so():
    taken = {("127.0.0.1", port): errno.EADDRINUSE for port in (3001, 3002, 3003)}

    with pytest.raises(ConfigError, match=r"all ports from 3001 to 3003 .* \[desk\] port"):
        opened(Machine(refuses=taken))


def test_every_host_listens_at_one_port():
    machine = Machine(refuses={("::1", 3001): errno.EADDRINUSE})

    opened(machine, attrs.evolve(DOOR, hosts=("127.0.0.1", "::1")))

    assert where(machine) == [("127.0.0.1", 3002), ("::1", 3002)]


def test_an_address_that_the_machine_does_not_have_is_done_without():
    machine = Machine(refuses={("::1", 3001): errno.EADDRNOTAVAIL})

    opened(machine, attrs.evolve(DOOR, hosts=("127.0.0.1", "::1")))

    assert where(machine) == [("127.0.0.1", 3001)]


def test_any_free_port_is_one_port_for_all_hosts():
    machine = Machine()

    opened(machine, attrs.evolve(DOOR, port=0, tries=1, hosts=("127.0.0.1", "::1")))

    assert where(machine) == [("127.0.0.1", 40_001), ("::1", 40_001)]


def test_it_closes_with_its_service():
    machine = Machine()
    port = opened(machine)

    success_of(port.stopService())

    assert where(machine) == []


def test_strangers_are_cut_off_unheard(clock: Clock):
    path = DeskPath(at=Places(door=DOOR))
    port = MemoryPort(house_with(*path.handlers(), clock=clock), dialects=DIALECT)
    keeper = Doorkeeper(port.edge.doors["desk"], loopback_only=True)

    hosts = ("127.0.0.1", "::1", "::ffff:127.0.0.1", "10.0.0.1", "fe80::1")
    built = [keeper.buildProtocol(attrs.make_class("A", ["host"])(host)) for host in hosts]

    assert [one is not None for one in built] == [True, True, True, False, False]


def test_strangers_may_come_where_that_is_meant(clock: Clock):
    path = DeskPath(at=Places(door=DOOR))
    port = MemoryPort(house_with(*path.handlers(), clock=clock), dialects=DIALECT)
    keeper = Doorkeeper(port.edge.doors["desk"], loopback_only=False)

    assert keeper.buildProtocol(attrs.make_class("A", ["host"])("10.0.0.1")) is not None


def test_every_url_path_leads_to_it_and_the_path_knows_the_way_somebody_came(clock: Clock):
    path = DeskPath(at=Places(urls=("/desk",), door=DOOR))
    port = MemoryPort(house_with(*path.handlers(), clock=clock), dialects=DIALECT)

    statuses = [
        port.call().upgrade("/desk").status,
        port.call_door("desk").upgrade("/").status,
        port.call_door("desk").upgrade("/anything?x=1").status,
    ]

    assert statuses == [101, 101, 101]
    assert path.seen == [False, True, True]


def test_one_url_with_and_without_a_slash_is_one_place_of_the_web_tree(clock: Clock):
    path = DeskPath(at=Places(urls=("/desk", "/desk/")))
    port = MemoryPort(house_with(*path.handlers(), clock=clock), dialects=DIALECT)

    assert [port.call().upgrade(url).status for url in ("/desk", "/desk/")] == [101, 101]
    assert list(port.edge.resources()) == [b"/desk"]


def test_a_path_that_is_served_nowhere_takes_no_part(clock: Clock):
    path = DeskPath(at=Places())

    port = MemoryPort(house_with(*path.handlers(), clock=clock), dialects=DIALECT)

    assert (port.edge.factories, port.edge.doors) == ({}, {})


def test_the_path_is_told_its_port_and_a_stop_closes_it_first(clock: Clock):
    path = DeskPath(at=Places(door=DOOR))
    house = house_with(*path.handlers(), clock=clock)
    machine = Machine()
    port = MemoryPort(house, dialects=DIALECT, reactor=machine)
    port.edge.open_doors()
    assert path.ports == [3001]

    success_of(port.edge.take_leave(0.0))

    assert where(machine) == []
