"""A house that people can log in to, and its port."""

import json
from typing import Any

import attrs
import pytest
from twisted.internet.task import Clock

from mentra.accounts.manager import accounts
from mentra.accounts.routes import exchange_token, login, pair
from mentra.accounts.settings import AccountsSettings
from mentra.house import House
from mentra.interfaces.accounts import IAccountStore, IPasswords
from mentra.testing.house import WALL_TIME, house_with
from mentra.web.site import make_site
from tests.web.conftest import Line, Reply, dial

__all__ = ["dial"]

ANN = "ann@x.org"
PASSWORD = "correct horse"
CODE = "01234567"


@attrs.define
class Port:
    """Where people knock.

    :ivar house: ann has a password and a code there.
    """

    clock: Clock
    house: House
    site: Any
    dial: Any

    def ask(self, path: str, peer: str = "203.0.113.9", **body: Any) -> Line:
        """A request; its answer may still be to come."""
        line: Line = self.dial(self.site, peer)
        return line.ask("POST", path, json.dumps(body).encode())

    def told(self, path: str, peer: str = "203.0.113.9", **body: Any) -> Reply:
        """The answer, waited for."""
        line = self.ask(path, peer, **body)
        self.clock.advance(5.0)
        return line.reply()

    @property
    def passwords(self) -> Any:
        """The fake."""
        return IPasswords(self.house)


@pytest.fixture(autouse=True)
def _no_timer_is_left(clock):
    # set up before anything dials, so looked at after every line has closed
    yield
    assert clock.getDelayedCalls() == []


@pytest.fixture
def port(clock, dial):
    """A house with accounts, and its site."""
    settings = AccountsSettings(attempts_per_account=3, attempts_per_address=6)
    house = house_with(accounts, login, pair, exchange_token, clock=clock, sections=[settings])
    store = IAccountStore(house)
    store.hashes[ANN] = f"hash of {PASSWORD}"
    store.codes[ANN] = (CODE, WALL_TIME + 300.0)
    return Port(clock, house, make_site(house), dial)
