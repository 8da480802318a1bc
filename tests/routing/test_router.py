"""One message, one handler, and one place where a plugin's bug stops."""

from typing import Any

import pytest
from twisted.internet.defer import Deferred
from twisted.internet.task import Clock

from mentra.errors import ConfigError, Dismissed, Refused
from mentra.extension import Interceptor, handler
from mentra.interfaces.services import ICatalogue
from mentra.messages import Fault, Unknown
from mentra.messages.session import Ping, Pong
from mentra.routing.router import Router
from mentra.testing.house import FakeContext, house_with, success_of


@handler("test", Unknown)
def unknown(message: Unknown, context: Any) -> None:
    """Every path must have one."""


def router_for(*plugins: object, clock: Clock | None = None) -> tuple[Router, FakeContext]:
    house = house_with(unknown, *plugins, clock=clock)
    return Router("test", ICatalogue(house), house, 30.0), FakeContext(house)


def ping_handler(act: Any):
    return handler("test", Ping)(act)


def test_the_handlers_answer_is_the_answer():
    router, context = router_for(ping_handler(lambda message, context: Pong()))

    assert router.route(Ping(), context) == Pong()


def test_a_handler_may_take_its_time():
    done: Deferred[None] = Deferred()

    async def later(message: Any, context: Any) -> Pong:
        await done
        return Pong()

    router, context = router_for(ping_handler(later))
    outcome = Deferred.fromCoroutine(router.route(Ping(), context))

    done.callback(None)

    assert success_of(outcome) == Pong()


async def late_refusal(message: Any, context: Any) -> None:
    raise Refused("NOT_NOW", "come back", where="phone", retryable=True)


def early_refusal(message: Any, context: Any) -> None:
    raise Refused("NOT_NOW", "come back", where="phone", retryable=True)


def answer_of(router: Router, context: FakeContext) -> Any:
    outcome = router.route(Ping(), context)
    return outcome if isinstance(outcome, Fault | Pong) or outcome is None else success_of(outcome)


@pytest.mark.parametrize("refuse", [early_refusal, late_refusal])
def test_a_refusal_is_told_with_where_and_whether_to_try_again(refuse):
    router, context = router_for(ping_handler(refuse))

    fault = answer_of(router, context)

    assert fault == Fault(
        code="NOT_NOW", message="come back", where="phone", retryable=True, correlation_id="fake-1"
    )
    assert [one for one in context.services.metrics.told if one[0] == "failed"] == []


def early_bug(message: Any, context: Any) -> None:
    raise KeyError("secret detail")


async def late_bug(message: Any, context: Any) -> None:
    raise KeyError("secret detail")


def nonsense(message: Any, context: Any) -> Any:
    return "an answer that is none"


async def late_nonsense(message: Any, context: Any) -> Any:
    return 7


@pytest.mark.parametrize("bug", [early_bug, late_bug, nonsense, late_nonsense])
def test_a_bug_costs_its_own_message_is_counted_and_named_but_not_told(bug, logged_failures):
    router, context = router_for(ping_handler(bug))

    fault = answer_of(router, context)

    assert fault.code == "HANDLER_ERROR"
    assert "secret" not in fault.message
    (told,) = [one for one in context.services.metrics.told if one[0] == "failed"]
    assert told[1] == "test"
    assert bug.__name__ in told[2]
    (event,) = logged_failures
    assert bug.__name__ in event["handler"]
    assert event["correlation_id"] == "fake-1"
    logged_failures.clear()


def test_a_handler_that_never_answers_is_given_up_after_its_time(logged_failures):
    clock = Clock()

    async def endless(message: Any, context: Any) -> None:
        await Deferred()

    router, context = router_for(ping_handler(endless), clock=clock)
    outcome = Deferred.fromCoroutine(router.route(Ping(), context))

    clock.advance(31)

    fault = success_of(outcome)
    assert fault.code == "HANDLER_TIMEOUT"
    assert fault.retryable is True
    assert len(logged_failures) == 1
    logged_failures.clear()


def test_a_dismissal_is_passed_on():
    def dismiss(message: Any, context: Any) -> None:
        raise Dismissed(1008, "go away")

    router, context = router_for(ping_handler(dismiss))

    with pytest.raises(Dismissed):
        router.route(Ping(), context)


def test_a_path_without_a_handler_for_the_unknown_is_refused():
    house = house_with()

    with pytest.raises(ConfigError, match="unknown type"):
        Router("test", ICatalogue(house), house)


# -- interceptors


def watcher(seen: list[Any], name: str = "watcher", **more: Any) -> Interceptor:
    return Interceptor(
        name=name,
        before=lambda message, context: seen.append((name, "before", message)),
        after=lambda message, answer, context: seen.append((name, "after", answer)),
        **more,
    )


def test_interceptors_see_each_message_before_and_after_in_their_order():
    seen: list[Any] = []
    router, context = router_for(
        ping_handler(lambda message, context: Pong()),
        watcher(seen, "second", order=2),
        watcher(seen, "first", order=1, path="test"),
        watcher(seen, "elsewhere", path="other"),
    )

    router.route(Ping(), context)

    assert seen == [
        ("first", "before", Ping()),
        ("second", "before", Ping()),
        ("first", "after", Pong()),
        ("second", "after", Pong()),
    ]


def test_interceptors_see_an_awaited_answer_too():
    seen: list[Any] = []

    async def later(message: Any, context: Any) -> Pong:
        return Pong()

    router, context = router_for(ping_handler(later), watcher(seen))

    assert answer_of(router, context) == Pong()
    assert seen[-1] == ("watcher", "after", Pong())


def test_an_interceptor_may_refuse_and_the_handler_is_not_called():
    called: list[Any] = []
    policy = Interceptor(name="policy", before=early_refusal)
    router, context = router_for(
        ping_handler(lambda message, context: called.append(message)), policy
    )

    assert answer_of(router, context).code == "NOT_NOW"
    assert called == []


@pytest.mark.parametrize("when", ["before", "after"])
def test_an_interceptors_bug_costs_the_message_nothing(when, logged_failures):
    def broken(*arguments: Any) -> None:
        raise KeyError

    router, context = router_for(
        ping_handler(lambda message, context: Pong()), Interceptor(name="broken", **{when: broken})
    )

    assert router.route(Ping(), context) == Pong()
    assert ("failed", "test", "broken") in context.services.metrics.told
    assert len(logged_failures) == 1
    logged_failures.clear()
