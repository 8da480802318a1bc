"""Tokens are HS256 and nothing else; the quick way agrees with PyJWT; the secret is private."""

import base64
import hmac
import json
import os
import threading
from pathlib import Path
from typing import Any

import jwt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from zope.interface.verify import verifyObject

from mentra.errors import ConfigError, Refused
from mentra.interfaces.services import ITokens
from mentra.tokens import (
    MAX_TOKEN,
    MAX_USER_ID,
    LoginTokens,
    Tokens,
    load_or_make_secret,
    load_secret,
)

NOON = 1_748_779_200.0
SECRET = "0123456789abcdef" * 4
tokens = Tokens(SECRET, now=lambda: NOON)


def signed(claims: Any, secret: str = SECRET, header: str = '{"alg":"HS256","typ":"JWT"}') -> str:
    """A token with exactly this header and these claims (an object, or bytes as they are)."""
    payload = claims if isinstance(claims, bytes) else json.dumps(claims).encode()
    text = f"{segment(header.encode())}.{segment(payload)}"
    return f"{text}.{segment(hmac.digest(secret.encode(), text.encode(), 'sha256'))}"


def segment(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def refusal(token: str, judge: ITokens = tokens) -> str:
    with pytest.raises(Refused) as caught:
        judge.verify_user(token)
    return caught.value.code


# -- tokens of others ------------------------------------------------------------------------


THEIRS = "their secret, which is long enough too"
login = LoginTokens(tokens, Tokens(THEIRS, now=lambda: NOON, foreign=True))


@pytest.mark.parametrize("secret", [SECRET, THEIRS])
def test_a_login_token_is_believed_by_whoever_signed_it(secret):
    assert login.verify_user(signed({"email": "Ann@x.org", "iat": NOON}, secret)) == "ann@x.org"


def test_only_somebody_elses_token_may_name_an_audience():
    claims = {"email": "ann@x.org", "aud": "authenticated", "exp": NOON + 1}

    assert login.verify_user(signed(claims, THEIRS)) == "ann@x.org"
    assert refusal(signed(claims), login) == "INVALID_TOKEN"


@pytest.mark.parametrize(
    ("claims", "secret"),
    [
        ({"email": "ann@x.org"}, "nobody's secret, though it is long"),
        ({"email": "ann@x.org", "exp": NOON - 1, "aud": "authenticated"}, THEIRS),
        ({"role": "anon", "aud": "anon"}, THEIRS),
    ],
)
def test_other_login_tokens_are_refused(claims, secret):
    assert refusal(signed(claims, secret), login) in ("INVALID_TOKEN", "NO_USER_ID")


def test_a_secret_of_others_is_never_made(tmp_path):
    with pytest.raises(ConfigError, match="must be a file we can read"):
        load_secret(tmp_path / "none")

    assert list(tmp_path.iterdir()) == []


# -- issuing ---------------------------------------------------------------------------------


def test_the_service_is_one():
    verifyObject(ITokens, tokens)


def test_a_user_token_has_the_claims_of_the_protocol():
    claims = jwt.decode(
        tokens.issue_user("ann@x.org", 60), SECRET, ["HS256"], options={"verify_exp": False}
    )

    assert claims == {
        "sub": "ann@x.org",
        "userId": "ann@x.org",
        "email": "ann@x.org",
        "organizations": [],
        "defaultOrg": None,
        "iat": NOON,
        "exp": int(NOON) + 60,
    }


def test_what_was_issued_is_verified():
    assert tokens.verify_user(tokens.issue_user("ann@x.org", 60)) == "ann@x.org"
    assert tokens.verify_app(tokens.issue_app("com.acme.app", "k3y")) == ("com.acme.app", "k3y")


# -- users -----------------------------------------------------------------------------------


def test_the_user_id_is_the_canonical_address():
    assert tokens.verify_user(signed({"email": "  Ann@X.org "})) == "ann@x.org"


@pytest.mark.parametrize("claims", [{}, {"email": None}, {"email": ""}, {"email": " "},
                                    {"sub": "ann@x.org"}, {"userId": "ann@x.org"}])  # fmt: skip
def test_nothing_but_the_address_names_a_user(claims):
    assert refusal(signed(claims)) == "NO_USER_ID"


@pytest.mark.parametrize("email", [7, ["ann@x.org"], {"a": 1}, True, "ann\n@x.org", "\ud800@x.org",
                                   "a" * MAX_USER_ID + "@x.org"])  # fmt: skip
def test_an_address_that_cannot_be_one_is_refused(email):
    assert refusal(signed({"email": email})) == "INVALID_TOKEN"


def test_a_token_without_an_end_is_good():
    assert tokens.verify_user(signed({"email": "ann@x.org"})) == "ann@x.org"


@pytest.mark.parametrize(
    ("exp", "good"),
    [(NOON + 1, True), (NOON, False), (NOON - 1, False), (NOON + 0.5, False), (0, False)],
)
def test_an_end_that_is_there_is_honoured(exp, good):
    token = signed({"email": "ann@x.org", "exp": exp})

    if good:
        assert tokens.verify_user(token) == "ann@x.org"
    else:
        assert refusal(token) == "INVALID_TOKEN"


@pytest.mark.parametrize("exp", [None, "tomorrow", "99999999999", [], {}, True])
def test_an_end_that_is_no_number_is_refused(exp):
    assert refusal(signed({"email": "ann@x.org", "exp": exp})) == "INVALID_TOKEN"


@pytest.mark.parametrize("exp", [b"NaN", b"Infinity", b"-Infinity", b"1e999"])
def test_an_end_that_is_beyond_numbers_is_refused(exp):
    assert refusal(signed(b'{"email":"ann@x.org","exp":' + exp + b"}")) == "INVALID_TOKEN"


def test_a_token_is_not_good_before_its_time():
    assert refusal(signed({"email": "ann@x.org", "nbf": NOON + 1})) == "INVALID_TOKEN"
    assert tokens.verify_user(signed({"email": "ann@x.org", "nbf": NOON})) == "ann@x.org"


@pytest.mark.parametrize(
    ("issued", "good"),
    [
        ({"iat": NOON - 1}, False),
        ({"iat": NOON}, False),
        ({"iat": NOON + 0.001}, True),
        ({}, False),
    ],
)
def test_a_revoked_user_needs_a_token_issued_later(issued, good):
    judge = Tokens(SECRET, now=lambda: NOON, revoked_before={"ann@x.org": NOON}.get)
    token = signed({"email": "Ann@x.org"} | issued)

    if good:
        assert judge.verify_user(token) == "ann@x.org"
    else:
        assert refusal(token, judge) == "INVALID_TOKEN"


def test_a_time_of_issue_that_is_no_number_is_not_later_than_a_revocation():
    judge = Tokens(SECRET, now=lambda: NOON, revoked_before={"ann@x.org": NOON}.get)

    assert refusal(signed(b'{"email":"ann@x.org","iat":NaN}'), judge) == "INVALID_TOKEN"


def test_others_are_not_touched_by_a_revocation():
    judge = Tokens(SECRET, now=lambda: NOON, revoked_before={"ann@x.org": NOON}.get)

    assert judge.verify_user(signed({"email": "bob@x.org"})) == "bob@x.org"


def test_a_token_issued_just_after_a_revocation_is_good():
    judge = Tokens(SECRET, now=lambda: NOON + 0.9, revoked_before=lambda user_id: NOON + 0.7)

    assert judge.verify_user(judge.issue_user("ann@x.org", 60)) == "ann@x.org"


# -- apps ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "claims",
    [
        {"email": "ann@x.org"},
        {"packageName": "com.acme.app"},
        {"apiKey": "k"},
        {"packageName": "", "apiKey": "k"},
        {"packageName": "com.acme.app", "apiKey": None},
        {"packageName": 7, "apiKey": "k"},
        {"packageName": "com.acme.app", "apiKey": "k", "exp": NOON - 1},
    ],
)
def test_a_token_that_is_no_apps_is_refused(claims):
    with pytest.raises(Refused) as caught:
        tokens.verify_app(signed(claims))

    assert caught.value.code == "JWT_INVALID"


def test_an_apps_token_names_no_user():
    assert refusal(tokens.issue_app("com.acme.app", "k")) == "NO_USER_ID"


# -- attacks ---------------------------------------------------------------------------------

ANN = {"email": "ann@x.org"}
GOOD = signed(ANN)
HEAD, BODY, SIGNATURE = GOOD.split(".")


def with_alg(alg: str | None, key: str = SECRET) -> str:
    return jwt.encode(ANN, key if alg else None, alg)  # type: ignore[arg-type] # None is what "none" wants


BAD = {
    "empty": "",
    "no dots": "hello",
    "dots": "..",
    "two segments": f"{HEAD}.{BODY}",
    "four segments": f"{GOOD}.x",
    "no signature": f"{HEAD}.{BODY}.",
    "no payload": f"{HEAD}..{SIGNATURE}",
    "tampered payload": f"{HEAD}.{segment(b'{}')}.{SIGNATURE}",
    "tampered signature": f"{HEAD}.{BODY}.{'A' * len(SIGNATURE)}",
    "cut signature": GOOD[:-1],
    "padded signature": f"{GOOD}==",
    "junk in the signature": f"{GOOD}!",
    "blank at the end": f"{GOOD} ",
    "another secret": signed(ANN, secret="x" * 64),
    "alg none": with_alg(None),
    "alg none, signed": signed(ANN, header='{"alg":"none","typ":"JWT"}'),
    "alg None": signed(ANN, header='{"alg":"None","typ":"JWT"}'),
    "alg missing": signed(ANN, header='{"typ":"JWT"}'),
    "alg null": signed(ANN, header='{"alg":null}'),
    "alg list": signed(ANN, header='{"alg":["HS256"]}'),
    "HS384": with_alg("HS384"),
    "HS512": with_alg("HS512"),
    "HS512 with our signature": signed(ANN, header='{"alg":"HS512","typ":"JWT"}'),
    "RS256 header": signed(ANN, header='{"alg":"RS256","typ":"JWT"}'),
    "critical header": signed(ANN, header='{"alg":"HS256","crit":["b64"],"b64":false}'),
    "header no object": signed(ANN, header="[]"),
    "header no JSON": signed(ANN, header="{"),
    "deep header": signed(ANN, header="[" * 5000),
    "payload no object": signed([1]),
    "payload no JSON": signed(b"{"),
    "payload not UTF-8": signed(b'{"email":"ann@x.org","x":"\xff"}'),
    "deep payload": signed(b'{"email":"ann@x.org","x":' + b"[" * 5000),
    "audience": signed(ANN | {"aud": "others"}),
    "sub no text": signed(ANN | {"sub": 7}),
    "jti null": signed(ANN | {"jti": None}),
    "not ASCII": GOOD + "é",
    "lone surrogate": GOOD + "\ud800",
    "null byte": GOOD + "\0",
    "huge": signed(ANN | {"x": "y" * MAX_TOKEN}),
}


@pytest.mark.parametrize("name", BAD)
def test_a_bad_token_is_refused(name):
    assert refusal(BAD[name]) == "INVALID_TOKEN"
    with pytest.raises(Refused) as caught:
        tokens.verify_app(BAD[name])
    assert caught.value.code == "JWT_INVALID"


def test_a_payload_that_is_spelt_in_another_way_is_refused():
    # the last character's spare bits are set, which decodes to the same bytes
    text = f"{HEAD}.{segment(b'{}')[:-1]}1"
    token = f"{text}.{segment(hmac.digest(SECRET.encode(), text.encode(), 'sha256'))}"

    assert refusal(token) == "INVALID_TOKEN"


def test_a_token_of_the_greatest_length_is_still_read():
    filler = MAX_TOKEN
    while len(token := signed(ANN | {"x": "y" * filler})) > MAX_TOKEN:
        filler -= 1

    assert tokens.verify_user(token) == "ann@x.org"


@pytest.mark.parametrize(
    "header",
    [
        '{"alg":"HS256","typ":"JWT"}',
        '{"typ":"JWT","alg":"HS256"}',
        '{"alg":"HS256"}',
        '{"alg":"HS256","typ":"JWT","kid":"1"}',
        '{ "alg": "HS256" }',
    ],
)
def test_every_spelling_of_a_good_header_is_read(header):
    assert tokens.verify_user(signed(ANN, header=header)) == "ann@x.org"


# -- the quick way and PyJWT -----------------------------------------------------------------


def pyjwt_accepts(token: str) -> dict[str, Any] | None:
    """The claims as PyJWT alone finds them, time apart."""
    options: Any = {"verify_exp": False, "verify_nbf": False, "verify_iat": False}
    try:
        return jwt.decode(token, SECRET, ["HS256"], options=options)
    except (jwt.PyJWTError, ValueError, TypeError, RecursionError):
        return None


def verdict(token: str) -> str | None:
    try:
        return tokens.verify_user(token)
    except Refused:
        return None


@pytest.mark.parametrize("name", [*BAD, "good"])
def test_the_quick_way_accepts_nothing_that_pyjwt_refuses(name):
    token = BAD.get(name, GOOD)

    quick = tokens._quickly(token.encode("utf-8", "replace"))

    assert quick is None or pyjwt_accepts(token) is not None
    assert (quick is not None) == (name in ("good", "huge"))


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner),
    max_leaves=6,
)
claim_sets = st.fixed_dictionaries(
    {},
    optional={
        "email": st.sampled_from(["ann@x.org", "Bob@Y.org"]) | json_values,
        "sub": st.just("ann@x.org") | json_values,
        "jti": json_values,
        "aud": json_values,
        "iss": json_values,
        "x": json_values,
    },
)


@given(claim_sets)
def test_both_ways_agree_on_any_claims(claims):
    token = signed(claims)
    found = pyjwt_accepts(token)

    quick, thorough = tokens._quickly(token.encode()), tokens._thoroughly(token)

    assert quick in (None, thorough)
    if found is None:
        assert thorough is None


@given(st.binary(max_size=60))
def test_both_ways_agree_on_any_payload(payload):
    token = signed(payload)

    if tokens._quickly(token.encode()) is not None:
        assert pyjwt_accepts(token) is not None


@given(st.integers(0, len(GOOD) - 1), st.characters())
def test_changing_any_character_makes_a_good_token_bad(place, character):
    token = GOOD[:place] + character + GOOD[place + 1 :]

    assert verdict(token) == ("ann@x.org" if token == GOOD else None)
    assert (verdict(token) is None) == (pyjwt_accepts(token) is None)


@given(st.text(max_size=200) | st.text('eyJ.=-_A{"}', max_size=200))
def test_nonsense_is_refused_and_nothing_else(text):
    assert verdict(text) is None


# -- the secret ------------------------------------------------------------------------------


@pytest.mark.parametrize("secret", ["", " ", "\n"])
def test_an_empty_secret_is_refused(secret):
    with pytest.raises(ConfigError, match="empty"):
        Tokens(secret, now=lambda: NOON)


def test_a_key_of_another_kind_is_refused():
    with pytest.raises(ConfigError, match="cannot be one"):
        Tokens("-----BEGIN PUBLIC KEY-----\nx\n-----END PUBLIC KEY-----", now=lambda: NOON)


def test_a_short_secret_works_as_everybody_else_understands_it():
    short = Tokens("short", now=lambda: NOON)

    assert short.verify_user(signed(ANN, secret="short")) == "ann@x.org"
    assert short.verify_user(signed(ANN, "short", '{"alg":"HS256"}')) == "ann@x.org"
    assert refusal(signed(ANN, secret="shore"), short) == "INVALID_TOKEN"


def test_a_secret_is_made_private_and_kept(tmp_path):
    path = tmp_path / "state" / "secrets" / "jwt"

    secret = load_or_make_secret(path)

    assert len(bytes.fromhex(secret)) == 32
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700
    assert load_or_make_secret(path) == secret
    assert os.listdir(path.parent) == ["jwt"]


def test_two_who_make_the_secret_at_once_have_the_same(tmp_path):
    path = tmp_path / "jwt"
    found: list[str] = []
    start = threading.Barrier(8)

    def make() -> None:
        start.wait()
        found.append(load_or_make_secret(path))

    workers = [threading.Thread(target=make) for _ in range(8)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()

    assert len(found) == 8
    assert len(set(found)) == 1
    assert os.listdir(tmp_path) == ["jwt"]


def test_a_given_secret_is_taken_without_the_line_break(tmp_path):
    path = tmp_path / "jwt"
    path.write_text("given\n")
    path.chmod(0o400)

    assert load_or_make_secret(path) == "given"


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604, 0o660, 0o602, 0o601])
def test_a_secret_that_others_can_read_is_refused_with_the_command_that_helps(tmp_path, mode):
    path = tmp_path / "jwt"
    path.write_text("given")
    path.chmod(mode)

    with pytest.raises(ConfigError, match=f"chmod 600 {path}"):
        load_or_make_secret(path)


@pytest.mark.parametrize(("mode", "good"), [(0o440, True), (0o444, False), (0o460, False)])
def test_root_may_hand_a_secret_to_our_group(tmp_path, monkeypatch, mode, good):
    path = tmp_path / "jwt"
    path.write_text("given")
    path.chmod(mode)
    ours = os.stat_result
    monkeypatch.setattr(os, "geteuid", lambda: 12345)
    monkeypatch.setattr(
        os, "fstat", lambda descriptor: ours((*path.stat()[:4], 0, *path.stat()[5:10]))
    )

    if good:
        assert load_or_make_secret(path) == "given"
    else:
        with pytest.raises(ConfigError, match="chmod 600"):
            load_or_make_secret(path)


@pytest.mark.parametrize("content", [b"", b" \n", b"\xff\xfe"])
def test_a_secret_file_without_a_secret_is_refused(tmp_path, content):
    path = tmp_path / "jwt"
    path.write_bytes(content)
    path.chmod(0o600)

    with pytest.raises(ConfigError, match=str(path)):
        load_or_make_secret(path)


def test_a_secret_that_is_a_folder_or_cannot_be_made_is_a_sentence(tmp_path):
    (tmp_path / "file").write_text("")

    for path in (tmp_path, tmp_path / "file" / "jwt", Path("/proc/no/such/jwt")):
        with pytest.raises(ConfigError, match="the secret that signs tokens"):
            load_or_make_secret(path)
