"""What the benchmark has its clients do."""

import json

import jwt
from plans import CASES, NOTIFICATION, plan, token, user

SECRET = "s" * 64


def lines_of(name: str, *, by_webhook: bool, first: int = 0) -> list[str]:
    case = CASES[name].scaled_down()
    return plan(case, SECRET, by_webhook=by_webhook, first=first).splitlines()


def test_the_message_has_about_200_bytes_on_the_wire() -> None:
    sent = json.dumps(NOTIFICATION, separators=(",", ":")).replace("%STAMP%", "~~" + "0" * 16)

    assert 190 <= len(sent) <= 225


def test_tokens_are_as_the_server_issues_them() -> None:
    claims = jwt.decode(token(user(1), SECRET), SECRET, algorithms=["HS256"])

    assert claims["sub"] == claims["email"] == user(1)


def test_every_session_has_its_glasses_and_its_apps() -> None:
    lines = lines_of("json200x5", by_webhook=False)

    assert lines.count("session") == lines.count("glasses /glasses-ws") == 5
    assert lines.count("app /app-ws") == 25
    assert sum(line.startswith("text ") for line in lines) == 5


def test_apps_connect_only_when_their_webhook_was_called() -> None:
    lines = lines_of("json200x5", by_webhook=True)

    keys = [line.removeprefix("key ") for line in lines if line.startswith("key ")]
    starts = [json.loads(line[4:]) for line in lines if "start_app" in line]
    inits = [json.loads(line[4:]) for line in lines if "tpa_connection_init" in line]
    assert len(set(keys)) == 25
    assert [init["sessionId"] for init in inits] == keys
    assert [init["packageName"] for init in inits] == [start["packageName"] for start in starts]


def test_peers_are_asked_for_no_starts() -> None:
    lines = lines_of("json200x1", by_webhook=False)

    assert not [line for line in lines if "start_app" in line or line.startswith("key ")]


def test_users_can_be_numbered_from_anywhere() -> None:
    ones = lines_of("accept", by_webhook=True)
    others = lines_of("accept", by_webhook=True, first=20)

    headers = [line for line in ones + others if line.startswith("header ")]
    assert len(set(headers)) == len(headers) == 40
