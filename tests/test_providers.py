"""Asking a provider over HTTP: what is tried again, when, and what is said in the end."""

import pytest
from twisted.internet.defer import CancelledError, Deferred
from zope.interface.verify import verifyObject

from mentra.errors import Refused
from mentra.interfaces.services import ISecretFiles
from mentra.providers import LONGEST_REST, Provider, Rest, read_key, seconds_of
from mentra.testing.house import WALL_TIME, house_with, success_of
from mentra.testing.http import FakeAnswer
from mentra.testing.secret_files import FakeSecretFiles

URL = "http://127.0.0.1:5000/x"


@pytest.fixture
def house(clock):
    return house_with(clock=clock)


@pytest.fixture
def provider(house):
    return Provider("acme", house, jitter=lambda: 1.0)


def ask(provider, within=10.0):
    return Deferred.fromCoroutine(provider.ask("GET", URL, within=within))


def refusal_of(asked):
    with pytest.raises(Refused) as refused:
        success_of(asked)
    return refused.value


def test_an_answer_is_handed_on_as_it_came(provider, house, clock):
    asked = ask(provider)

    house.http.requests[0].succeed(200, b"yes")

    assert success_of(asked).body == b"yes"
    assert clock.getDelayedCalls() == []


@pytest.mark.parametrize("status", [429, 500, 503, 408])
def test_what_may_pass_is_tried_again_after_a_growing_pause(provider, house, clock, status):
    asked = ask(provider)

    house.http.requests[0].succeed(status)
    clock.advance(0.5)
    house.http.requests[1].succeed(status)
    clock.advance(0.5)
    assert len(house.http.requests) == 2
    clock.advance(0.5)
    house.http.requests[2].succeed(200, b"at last")

    assert success_of(asked).body == b"at last"


def test_it_is_given_up_after_three_attempts(provider, house, clock):
    asked = ask(provider)

    for number in range(3):
        house.http.requests[number].fail("UNREACHABLE", "the connection was refused")
        clock.advance(1.0)

    refusal = refusal_of(asked)
    assert (refusal.code, refusal.where, refusal.retryable) == ("NETWORK_ERROR", "provider", True)
    assert refusal.message == "acme: the connection was refused"
    assert len(house.http.requests) == 3
    assert clock.getDelayedCalls() == []


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (400, "INVALID_REQUEST"),
        (401, "AUTHENTICATION_ERROR"),
        (403, "PERMISSION_DENIED"),
        (404, "NOT_FOUND"),
        (302, "INVALID_REQUEST"),
    ],
)
def test_what_will_not_pass_is_not_tried_again(provider, house, clock, status, code):
    asked = ask(provider)

    house.http.requests[0].succeed(status, b"the key was s3cret")

    refusal = refusal_of(asked)
    assert (refusal.code, refusal.retryable) == (code, False)
    assert "s3cret" not in refusal.message
    assert clock.getDelayedCalls() == []


def test_retry_after_is_waited_for(provider, house, clock):
    asked = ask(provider)

    house.http.requests[0].succeed(429, headers={"retry-after": "3"})
    clock.advance(2.9)
    assert len(house.http.requests) == 1
    clock.advance(0.1)
    house.http.requests[1].succeed(200, b"now")

    assert success_of(asked).body == b"now"


def test_a_longer_retry_after_than_there_is_time_is_a_refusal_now_and_kept_to(
    provider, house, clock
):
    asked = ask(provider)

    house.http.requests[0].succeed(429, headers={"retry-after": "30"})

    assert refusal_of(asked).code == "RATE_LIMITED"
    assert refusal_of(ask(provider)).code == "RATE_LIMITED"
    assert len(house.http.requests) == 1
    clock.advance(30)
    ask(provider).addErrback(lambda _: None)
    assert len(house.http.requests) == 2


def test_all_attempts_together_end_in_time(provider, house, clock):
    asked = ask(provider, within=2.0)

    clock.advance(1.8)
    house.http.requests[0].succeed(500)

    assert refusal_of(asked).code == "SERVER_ERROR"
    assert house.http.requests[0].timeout == 2.0


def test_giving_up_ends_the_exchange_and_the_pause(provider, house, clock):
    asked = ask(provider)
    paused = ask(provider)
    house.http.requests[1].succeed(500)

    asked.cancel()
    paused.cancel()

    for one in (asked, paused):
        with pytest.raises(CancelledError):
            success_of(one)
    assert house.http.requests[0].cancelled
    assert clock.getDelayedCalls() == []


def test_a_refusal_of_our_own_is_not_tried_again(provider, house):
    asked = ask(provider)

    house.http.requests[0].answer.errback(Refused("AIR_GAP", "8.8.8.8 is public"))

    refusal = refusal_of(asked)
    assert (refusal.code, refusal.message) == ("AIR_GAP", "acme: 8.8.8.8 is public")
    assert len(house.http.requests) == 1


def test_whoever_asks_says_whether_to_ask_again(provider, clock):
    asked = []

    async def once(left):
        asked.append(left)
        raise Refused("UNREACHABLE", "broken off", where="app", retryable=True)

    tried = Deferred.fromCoroutine(provider.trying(once, 10.0, may_again=lambda: False))

    refusal = refusal_of(tried)
    assert (refusal.code, refusal.where) == ("NETWORK_ERROR", "provider")
    assert asked == [10.0]


def test_what_the_provider_says_may_be_passed_on(provider):
    with pytest.raises(Refused, match="acme answered 404: no such model"):
        provider.judge(FakeAnswer(404), "no such model")


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        (None, None),
        ("", None),
        ("soon", None),
        ("7", 7.0),
        ("0.5", 0.5),
        ("-4", 0.0),
        ("nan", 0.0),
        ("1e9", LONGEST_REST),
        ("Sun, 01 Jun 2025 12:00:20 GMT", 20.0),
        ("Sun, 01 Jun 2025 11:00:00 GMT", 0.0),
        ("Sun, 01 Jun 99999 11:00:00 GMT", None),
    ],
)
def test_retry_after_is_read_in_both_its_forms(header, seconds):
    assert seconds_of(header, WALL_TIME) == seconds


def test_a_rest_is_never_longer_than_its_bound(clock):
    rest = Rest("acme", clock)

    rest.begin(86_400)

    clock.advance(LONGEST_REST)
    assert rest.left == 0.0
    rest.refuse()


def test_a_key_comes_from_its_file_before_the_environment(clock):
    files = FakeSecretFiles({"keys/acme": "from the file"})
    house = house_with(clock=clock, parts={ISecretFiles: files})

    assert verifyObject(ISecretFiles, files)
    assert read_key(house, "keys/acme", "the key", given="given").value == "from the file"
    assert read_key(house, "", "the key", given=" given\n").value == "given"
    missing = read_key(house, "elsewhere", "the key of Acme", given="given")
    assert missing.value == ""
    assert "the key of Acme" in (missing.problem or "")


def test_a_key_is_not_shown_by_accident(clock):
    assert "s3cret" not in repr(read_key(house_with(clock=clock), "", "the key", given="s3cret"))
