"""Who a token says that its bearer is."""

import base64
import hmac
import json

import jwt
import pytest
from zope.interface.verify import verifyObject

from mentra.assistant_tokens import AssistantTokens
from mentra.errors import Refused
from mentra.identity import Speaker
from mentra.interfaces.services import IAssistantTokens
from mentra.tokens import Tokens

NOW = 1_748_779_200.0
SECRET = "correct horse battery staple and then some"
SOON = int(NOW) + 60

tokens = AssistantTokens(SECRET, now=lambda: NOW)


def signed(secret: str = SECRET, algorithm: str = "HS256", **claims) -> str:
    return jwt.encode(claims, secret, algorithm)


def code_of(token: str, judge: AssistantTokens = tokens) -> str:
    with pytest.raises(Refused) as refusal:
        judge.verify(token)
    return refusal.value.code


def test_it_keeps_its_promise():
    assert verifyObject(IAssistantTokens, tokens)


def test_a_token_for_glasses_opens_the_assistant_as_the_same_person():
    token = Tokens(SECRET, now=lambda: NOW).issue_user("ann@x.org", 60)

    assert tokens.verify(token) == Speaker("ann@x.org", "ann@x.org")


@pytest.mark.parametrize(
    ("claims", "speaker"),
    [
        ({"userId": " Ann@X.org "}, Speaker("ann@x.org", "ann@x.org")),
        ({"sub": "Ann@X.org"}, Speaker("ann@x.org", "ann@x.org")),
        ({"userId": "Bob", "sub": "ann@x.org"}, Speaker("Bob", None)),
        ({"userId": "u-7", "email": "Ann@X.org"}, Speaker("u-7", "ann@x.org")),
        ({"userId": None, "sub": "u-7", "roles": ["x"]}, Speaker("u-7", None)),
    ],
)
def test_the_user_is_who_the_claims_say(claims, speaker):
    assert tokens.verify(signed(exp=SOON, **claims)) == speaker


@pytest.mark.parametrize(
    "claims",
    [
        {}, {"userId": ""}, {"sub": " "}, {"email": "ann@x.org"}, {"userId": 7},
        {"userId": "guest-3f2504e0-4f89-41d3-9a0c-0305e82c3301"}, {"userId": "a\nb"},
        {"userId": "a" * 400}, {"userId": "u", "nbf": SOON}, {"userId": "u", "exp": "soon"},
        {"userId": "u", "exp": None}, {"userId": "u", "iat": "then"},
    ],
)  # fmt: skip
def test_claims_that_name_nobody_are_invalid(claims):
    assert code_of(signed(**{"exp": SOON, **claims})) == "AUTH_INVALID"


def test_a_token_that_never_expires_is_invalid():
    assert code_of(signed(userId="u")) == "AUTH_INVALID"


@pytest.mark.parametrize("exp", [int(NOW), int(NOW) - 1, 0, NOW - 0.5])
def test_a_token_whose_time_is_over_has_expired(exp):
    assert code_of(signed(userId="u", exp=exp)) == "AUTH_EXPIRED"


def test_a_token_of_another_secret_is_invalid():
    assert code_of(signed("another secret of the right length", userId="u", exp=SOON)) == (
        "AUTH_INVALID"
    )


@pytest.mark.parametrize("algorithm", ["HS384", "HS512"])
def test_no_other_algorithm_is_taken(algorithm):
    assert code_of(signed(SECRET * 2, algorithm, userId="u", exp=SOON)) == "AUTH_INVALID"


def part(value: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


@pytest.mark.parametrize("header", [{"alg": "none"}, {"alg": "RS256"}, {"alg": "NONE"}, {}])
def test_a_header_cannot_choose_how_it_is_verified(header):
    body = f"{part(header)}.{part({'userId': 'u', 'exp': SOON})}"
    signature = hmac.digest(SECRET.encode(), body.encode(), "sha256")

    assert code_of(f"{body}.") == "AUTH_INVALID"
    assert code_of(f"{body}.{base64.urlsafe_b64encode(signature).rstrip(b'=').decode()}") == (
        "AUTH_INVALID"
    )


@pytest.mark.parametrize("token", ["x", "a.b.c", "é" * 20, "x" * 10_000, "mock-token", "..", "{}"])
def test_what_is_no_token_is_invalid(token):
    assert code_of(token) == "AUTH_INVALID"


@pytest.mark.parametrize("claims", [{"userId": "ann@x.org"}, {"userId": "u", "email": "ann@x.org"}])
def test_tokens_from_before_a_person_was_removed_are_invalid(claims):
    judge = AssistantTokens(SECRET, now=lambda: NOW, revoked_before={"ann@x.org": NOW - 10}.get)

    assert code_of(signed(exp=SOON, iat=NOW - 10, **claims), judge) == "AUTH_INVALID"
    assert code_of(signed(exp=SOON, **claims), judge) == "AUTH_INVALID"
    assert judge.verify(signed(exp=SOON, iat=NOW - 9, **claims)).person == "ann@x.org"
