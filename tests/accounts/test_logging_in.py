"""Logging in over HTTP: by password, by code, by a token of somebody else's."""

import pytest
from twisted.logger import globalLogPublisher
from zope.interface.verify import verifyObject

from mentra.accounts.manager import network_of
from mentra.accounts.routes import exchange_token, login
from mentra.errors import Refused
from mentra.interfaces.accounts import IAccounts, IAccountStore, ILoginTokens, IPasswords
from mentra.interfaces.services import IAuthRules, ITokens
from mentra.interfaces.stores import IUserStore
from mentra.testing.house import FakeAuthRules, house_with, success_of
from mentra.web.site import make_site
from tests.accounts.conftest import ANN, CODE, PASSWORD

LOGIN, PAIR, EXCHANGE = "/api/auth/login", "/api/auth/pair", "/api/auth/exchange-token"
WRONG = {"email": ANN, "password": "incorrect"}


def test_the_collaborators_keep_their_promises(port):
    for interface in (IAccounts, IAccountStore, IPasswords, ILoginTokens):
        assert verifyObject(interface, interface(port.house))


@pytest.mark.parametrize("path", [LOGIN, "/auth/login"])
def test_a_password_is_answered_with_a_token(port, path):
    reply = port.ask(path, email=" Ann@X.org", password=PASSWORD).reply()

    assert reply.status == 200
    assert reply.json["token"] == reply.json["coreToken"]
    assert ITokens(port.house).verify_user(reply.json["token"]) == ANN
    assert (reply.json["userId"], reply.json["expiresIn"]) == (ANN, 2_592_000)


@pytest.mark.parametrize("code", [CODE, "0123 4567", "0123-4567"])
@pytest.mark.parametrize("path", [PAIR, "/auth/pair"])
def test_a_code_is_answered_with_a_token_once(port, path, code):
    first = port.told(path, email=ANN, code=code)
    second = port.told(path, email=ANN, code=code)

    assert (first.status, first.json["userId"]) == (200, ANN)
    assert second.status == 401


def test_a_code_is_worth_nothing_after_its_time(port):
    port.clock.advance(300.0)

    assert port.told(PAIR, email=ANN, code=CODE).status == 401


def test_a_code_is_worth_nothing_to_somebody_else(port):
    assert port.told(PAIR, email="bob@x.org", code=CODE).status == 401
    assert port.told(PAIR, email=ANN, code=CODE).status == 200


@pytest.mark.parametrize("body", [
    {"email": ANN}, {"email": ANN, "password": 5}, {"email": ANN, "password": "x" * 1025},
    {"email": "", "password": "x"}, {"email": "x" * 321, "password": "x"},
])  # fmt: skip
def test_a_body_that_is_none_is_no_attempt(port, body):
    reply = port.ask(LOGIN, **body).reply()

    assert (reply.status, reply.json["code"]) == (400, "INVALID_BODY")
    assert port.passwords.compared == []


@pytest.mark.parametrize("code", ["1234567", "123456789", "0123 456", "abcdefgh", "١٢٣٤٥٦٧٨"])
def test_a_code_that_cannot_be_one_is_no_attempt(port, code):
    assert port.ask(PAIR, email=ANN, code=code).reply().json["code"] == "INVALID_BODY"


# -- what is wrong -----------------------------------------------------------------------------


def test_an_account_that_is_not_there_is_told_the_same_at_the_same_time(port):
    known, unknown = port.ask(LOGIN, **WRONG), port.ask(LOGIN, **{**WRONG, "email": "bob@x.org"})
    port.clock.advance(0.99)
    assert known.transport.value() == unknown.transport.value() == b""

    port.clock.advance(0.01)

    assert known.reply().status == unknown.reply().status == 401
    assert known.reply().said == unknown.reply().said
    assert known.reply().json["code"] == "INVALID_CREDENTIALS"
    assert port.passwords.compared == [f"hash of {PASSWORD}", None]


def test_how_long_the_proof_took_does_not_show(port):
    port.passwords.slow = True
    known, unknown = port.ask(LOGIN, **WRONG), port.ask(LOGIN, **{**WRONG, "email": "bob@x.org"})
    (first, _), (second, _) = port.passwords.pending
    first.callback(False)
    port.clock.advance(0.7)
    second.callback(False)
    assert known.transport.value() == unknown.transport.value() == b""

    port.clock.advance(0.3)

    assert known.reply().said == unknown.reply().said


def test_too_many_wrong_passwords_close_an_account_for_a_while(port):
    for number in range(3):
        assert port.told(LOGIN, f"198.51.100.{number}", **WRONG).status == 401

    refused = port.ask(LOGIN, "198.51.100.9", email=ANN, password=PASSWORD).reply()

    assert (refused.status, refused.json["code"]) == (429, "TOO_MANY_ATTEMPTS")
    assert 0 < int(refused.headers["retry-after"]) <= 300
    assert len(port.passwords.compared) == 3
    port.clock.advance(float(refused.headers["retry-after"]))
    assert port.told(LOGIN, "198.51.100.9", email=ANN, password=PASSWORD).status == 200


def test_an_account_that_is_not_there_is_closed_as_well(port):
    bob = {**WRONG, "email": "bob@x.org"}
    for number in range(3):
        port.told(LOGIN, f"198.51.100.{number}", **bob)

    assert port.ask(LOGIN, **bob).reply().status == 429


def test_many_at_once_are_counted_before_they_are_looked_at(port):
    port.passwords.slow = True

    lines = [port.ask(LOGIN, **WRONG) for _ in range(5)]

    assert [line.transport.value()[:12] for line in lines[3:]] == [b"HTTP/1.1 429"] * 2
    assert len(port.passwords.pending) == 3
    for pending, outcome in port.passwords.pending:
        pending.callback(outcome)
    port.clock.advance(1.0)


def test_one_address_cannot_try_many_accounts(port):
    for number in range(6):
        port.told(LOGIN, email=f"user{number}@x.org", password="guess")

    assert port.ask(LOGIN, email=ANN, password=PASSWORD).reply().status == 429
    assert port.ask(LOGIN, "198.51.100.1", email=ANN, password=PASSWORD).reply().status == 200


def test_who_knows_the_password_is_not_counted(port):
    for _ in range(10):
        assert port.told(LOGIN, email=ANN, password=PASSWORD).status == 200


def test_codes_and_passwords_are_counted_apart(port):
    for number in range(3):
        port.told(LOGIN, f"198.51.100.{number}", **WRONG)

    assert port.told(PAIR, email=ANN, code=CODE).status == 200


def test_a_failure_is_logged_without_the_account(port):
    events = []
    globalLogPublisher.addObserver(events.append)
    try:
        port.told(LOGIN, **WRONG)
    finally:
        globalLogPublisher.removeObserver(events.append)

    loud = [one for one in events if one["log_level"].name != "debug"]
    assert [one["address"] for one in loud] == ["203.0.113.9"]
    assert ANN not in str(loud)
    assert "incorrect" not in str(events)


def test_who_hangs_up_is_waited_for_no_longer(port):
    line = port.ask(LOGIN, **WRONG)

    line.hang_up()

    assert [call for call in port.clock.getDelayedCalls() if call.active()] == []


def test_a_crowd_is_asked_to_come_back_and_nobody_is_blamed(port, monkeypatch):
    def busy(password, password_hash):
        raise Refused("BUSY", "Too many", retryable=True)

    for _ in range(5):
        monkeypatch.setattr(type(port.passwords), "fits", lambda self, *args: busy(*args))
        assert port.told(LOGIN, email=ANN, password=PASSWORD).status == 503
    monkeypatch.undo()

    assert port.told(LOGIN, email=ANN, password=PASSWORD).status == 200


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("203.0.113.9", "203.0.113.9"),
        ("2001:db8:1:2:3::9", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("::ffff:203.0.113.9", "203.0.113.9"),
        ("", ""),
    ],
)
def test_a_network_of_one_machine_is_counted_as_one(address, network):
    assert network_of(address) == network


# -- tokens for tokens -------------------------------------------------------------------------


@pytest.mark.parametrize("field", ["supabaseToken", "authingToken"])
@pytest.mark.parametrize("path", [EXCHANGE, "/auth/exchange-token"])
def test_a_good_token_is_exchanged_and_makes_its_user(port, path, field):
    reply = port.ask(path, **{field: "user:bob@x.org"}).reply()

    assert reply.json == {"coreToken": "user:bob@x.org"}
    assert success_of(IUserStore(port.house).load("bob@x.org")) is not None


@pytest.mark.parametrize("body", [{}, {"supabaseToken": ""}, {"supabaseToken": None}])
def test_no_token_is_said_to_be_missing(port, body):
    reply = port.ask(EXCHANGE, **body).reply()

    assert (reply.status, reply.said) == (400, {"error": "No token provided"})


def test_a_bad_token_is_refused(port):
    reply = port.ask(EXCHANGE, supabaseToken="nonsense").reply()

    assert (reply.status, reply.said) == (401, {"error": "Invalid token"})


def test_a_user_who_is_not_known_stays_out_where_nobody_is_added(dial):
    house = house_with(login, exchange_token, parts={IAuthRules: FakeAuthRules(create_users=False)})
    line = dial(make_site(house)).ask("POST", EXCHANGE, b'{"supabaseToken":"user:bob@x.org"}')

    assert (line.reply().status, line.reply().said) == (401, {"error": "Invalid token"})
    assert success_of(IUserStore(house).load("bob@x.org")) is None
