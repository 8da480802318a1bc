"""Apps in whatever order things happen to them."""

from contextlib import suppress
from itertools import pairwise

import hypothesis.strategies as some
from hypothesis import given

from mentra.errors import Dismissed
from mentra.events import AppAway, AppRunning, AppStarting, AppStopped
from mentra.interfaces.stores import IAppStore
from mentra.messages.webhooks import StopRequest
from mentra.testing.app_stage import AppStage, app_named, stage_with
from mentra.testing.house import success_of

KINDS = {"a": "standard", "b": "standard", "c": "background"}
FOLLOWS = {
    None: (AppStarting,),
    AppStarting: (AppStarting, AppRunning, AppStopped),
    AppRunning: (AppRunning, AppAway, AppStopped),
    AppAway: (AppStarting, AppRunning, AppStopped),
    AppStopped: (AppStarting,),
}
"""What listeners may hear of an app after what."""


def attach(stage: AppStage, name: str) -> None:
    with suppress(Dismissed):
        stage.attach(name)


def lose(stage: AppStage, name: str) -> None:
    if stage.apps.is_running(name):
        stage.lose(name)


def release(stage: AppStage, name: str) -> None:
    if stage.apps.is_running(name):
        stage.apps.release(name, stage.apps.running()[name])


def switch(stage: AppStage, name: str) -> None:
    app = IAppStore(stage.house).get(name)
    changed = app_named(name, app_type=KINDS[name], enabled=not app.enabled)
    success_of(IAppStore(stage.house).save(changed))


def phone(stage: AppStage, name: str) -> None:
    if stage.session.glasses is None:
        stage.phone_returns()
    else:
        stage.phone_leaves()


DEEDS = {
    "start": lambda stage, name: stage.apps.start(name),
    "stop": lambda stage, name: stage.apps.stop(name),
    "wrong key": lambda stage, name: stage.apps.key_refused(name),
    "recover": lambda stage, name: stage.apps.recover(name),
    "attach": attach,
    "lose": lose,
    "release": release,
    "switch": switch,
    "phone": phone,
    "answer": lambda stage, name: stage.answer(),
    "stops fail": lambda stage, name: stage.refuse(StopRequest),
    "calls fail": lambda stage, name: stage.refuse(),
    "a second": lambda stage, name: stage.clock.advance(1.0),
    "five seconds": lambda stage, name: stage.clock.advance(5.0),
}


STEPS = some.tuples(some.sampled_from(sorted(DEEDS)), some.sampled_from(sorted(KINDS)))


def check(stage: AppStage) -> None:
    states = {name: stage.apps.state(name) for name in KINDS}
    running = set(stage.apps.running())
    assert running == {name for name, state in states.items() if state == "running"}
    assert len([name for name in running if KINDS[name] == "standard"]) <= 1
    for name in KINDS:
        heard = [None, *(type(one) for one in stage.events if one.package_name == name)]
        for before, after in pairwise(heard):
            assert after in FOLLOWS[before]
        if states[name] == "stopped":
            assert heard[-1] in (None, AppStopped)


@given(some.lists(STEPS, min_size=10, max_size=60))
def test_whatever_happens_apps_stand_as_they_are_said_to_and_end_with_the_session(deeds):
    stage = stage_with(*(app_named(name, app_type=kind) for name, kind in KINDS.items()))
    waiters = []
    for deed, name in deeds:
        if stage.session.ending:
            break  # the phone stayed away too long
        waiters += [one for one in [DEEDS[deed](stage, name)] if one is not None]
        check(stage)

    if not stage.session.ending:
        stage.end()

    assert all(waiter.called for waiter in waiters)
    assert stage.clock.getDelayedCalls() == []
