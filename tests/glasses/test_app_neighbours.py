"""The fakes keep the promises of what they stand for; errands end with their owner."""

import pytest
from twisted.internet.defer import Deferred
from zope.interface.verify import verifyObject

from mentra.glasses.apps.errands import Errands
from mentra.glasses.apps.manager import apps
from mentra.interfaces.glasses import IApps
from mentra.interfaces.messaging import IUpgrade
from mentra.interfaces.services import IPublicAddress
from mentra.interfaces.session import IManagerFactory
from mentra.interfaces.web import ICall
from mentra.testing.app_stage import stage_with
from mentra.testing.glasses import NEIGHBOURS, FakeAddress
from mentra.testing.house import house_with, session_with
from mentra.testing.requests import FakeCall, FakeUpgrade


@pytest.mark.parametrize("factory", NEIGHBOURS)
def test_every_fake_manager_is_what_it_stands_for(factory):
    session = session_with(*NEIGHBOURS)

    assert verifyObject(IManagerFactory, factory)
    assert verifyObject(factory.provides, factory.provides(session))


@pytest.mark.parametrize(
    ("interface", "made"),
    [
        (IPublicAddress, FakeAddress()),
        (IUpgrade, FakeUpgrade()),
        (ICall, FakeCall(house_with())),
    ],
)
def test_every_fake_is_what_it_stands_for(interface, made):
    assert verifyObject(interface, made)


def test_the_manager_is_what_it_says():
    assert verifyObject(IManagerFactory, apps)
    assert verifyObject(IApps, stage_with().apps)


async def wait_for(deferred):
    return await deferred


def test_an_errand_tells_when_it_is_done():
    errands, gate, done = Errands("a test"), Deferred(), []
    errands.run(wait_for(gate), done.append)

    gate.callback("there")

    assert done == ["there"]


def test_an_errand_that_is_cancelled_tells_nobody():
    errands, told = Errands("a test"), []
    gate = Deferred()
    errands.run(wait_for(gate), told.append, lambda: told.append("failed"))

    errands.cancel()

    assert gate.called
    assert told == []


def test_an_errand_that_fails_is_logged_and_told(logged_failures):
    errands, gate, told = Errands("a test"), Deferred(), []
    errands.run(wait_for(gate), told.append, lambda: told.append("failed"))

    gate.errback(ValueError("a bug"))

    assert told == ["failed"]
    assert logged_failures.pop()["log_failure"].check(ValueError)
