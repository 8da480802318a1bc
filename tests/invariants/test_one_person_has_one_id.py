"""Invariant 4: however an address is spelt, it is one person."""

import jwt

from mentra.interfaces.services import ITokens
from mentra.interfaces.session import ISessions
from mentra.interfaces.stores import IUserStore
from mentra.testing.house import WALL_TIME, success_of
from mentra.tokens import Tokens
from tests.invariants.conftest import ANN, CAPTIONS

SECRET = "s" * 40
SPELLINGS = ["ann@x.org", "Ann@X.org", "  ANN@x.ORG \n"]


def test_tokens_apps_and_sessions_agree_on_who_is_who(set_stage):
    tokens = Tokens(SECRET, now=lambda: WALL_TIME, revoked_before=lambda user_id: None)
    stage = set_stage(parts={ITokens: tokens})
    lines = []
    for address in SPELLINGS:
        token = jwt.encode({"email": address}, SECRET, algorithm="HS256")
        lines.append(stage.port.call().upgrade(f"/glasses-ws?token={token}"))
        sessions = ISessions(stage.house).all()
        assert [one.user_id for one in sessions] == [ANN]
        assert success_of(IUserStore(stage.house).all()) == (ANN,)
    told = stage.started(lines[-1])

    app = stage.app(f"ANN@X.ORG-{CAPTIONS}")

    assert told["sessionId"] == f"{ANN}-{CAPTIONS}"
    assert told["userId"] == ANN
    assert app.messages()[0]["type"] == "tpa_connection_ack"
