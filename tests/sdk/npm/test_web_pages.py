"""Web pages of apps of the npm SDK: whom it takes their visitors for."""

import json
import urllib.request
from urllib.parse import urlencode

import pytest

from tests.server.conftest import PATIENCE

pytestmark = pytest.mark.slow
STRANGER = {"userId": None, "isOn": False}


def visit(app, **query):
    url = f"http://127.0.0.1:{app.port}/whoami?{urlencode(query)}"
    with urllib.request.urlopen(url, timeout=PATIENCE) as answer:
        return json.load(answer)


def ask(phone, session, route, **body):
    body = {"packageName": session.app.package, **body}
    status, answer = phone.request("POST", f"/api/auth/{route}", body)
    assert status == 200, answer
    return answer


def test_a_frontend_token(session, phone):
    made = ask(phone, session, "hash-with-api-key", stringToHash=phone.user_id)

    known = visit(session.app, aos_frontend_token=f"{phone.user_id}:{made['hash']}")
    other = visit(session.app, aos_frontend_token=f"bo@ex-ample.org:{made['hash']}")

    assert known == {"userId": phone.user_id, "isOn": True}
    assert other == STRANGER


def test_a_temporary_token_is_good_once(session, phone, cloud):
    url = f"http://127.0.0.1:{cloud.port}"
    checksum = ask(phone, session, "hash-with-api-key", stringToHash=url)["hash"]
    token = ask(phone, session, "generate-webview-token")["token"]
    query = {"aos_temp_token": token, "cloudApiUrl": url, "cloudApiUrlChecksum": checksum}

    first, second = visit(session.app, **query), visit(session.app, **query)

    assert first == {"userId": phone.user_id, "isOn": True}
    assert second == STRANGER


def test_a_signed_token(session, phone):
    token = ask(phone, session, "generate-webview-signed-user-token")["token"]

    known = visit(session.app, aos_signed_user_token=token)
    bent = visit(session.app, aos_signed_user_token=token[:-9] + "AAAAAAAAA")

    assert known == {"userId": phone.user_id, "isOn": True}
    assert bent == STRANGER
