"""Each request through the bridge, in front of a fake OpenCode."""

import json

import pytest

from mentra.errors import Refused
from mentra.messages.opencode import (
    AgentInfo,
    AgentList,
    ApiKeyAuth,
    AuthInfo,
    CreateSession,
    DeleteSession,
    Done,
    ErrorResponse,
    GetAuth,
    GetProviderStatus,
    ListAgents,
    ListSessions,
    OAuthAuth,
    ProviderStatus,
    SessionInfo,
    SessionList,
    SetAuth,
)
from mentra.opencode.credentials import CredentialsFile, default_path
from mentra.testing.house import success_of
from mentra.testing.opencode import PAGE, FakeOpencode
from mentra.testing.opencode_prompts import Canned, error
from mentra.testing.threads import FakeThreads

READS = [
    (ListSessions(), "GET /session"),
    (CreateSession(), "POST /session"),
    (ListAgents(), "GET /agent"),
    (GetProviderStatus(), "GET /provider"),
]


def test_sessions_are_listed(scene):
    one = scene()
    one.server.new_session("first")
    one.server.new_session("second")

    answer = one.desktop().ask(ListSessions())

    assert answer == SessionList(
        sessions=(
            SessionInfo(id="ses_000002", title="second", created_at=1, updated_at=2),
            SessionInfo(id="ses_000001", title="first", created_at=1, updated_at=2),
        )
    )


def test_a_session_is_made_with_a_title_or_without(scene):
    one = scene()
    desktop = one.desktop()

    titled = desktop.ask(CreateSession(title="plans"))
    desktop.ask(CreateSession())
    desktop.ask(CreateSession(title=""))

    assert (titled.id, titled.title) == ("ses_000001", "plans")
    assert one.server.bodies[-3:] == [{"title": "plans"}, {}, {"title": ""}]


def test_times_of_older_servers_are_understood(scene):
    one = scene()
    session = {"id": "ses_1", "title": None, "createdAt": 5, "updatedAt": 1e300}
    one.server.canned["GET /session"] = Canned(200, json.dumps([session]).encode())

    (found,) = one.desktop().ask(ListSessions()).sessions

    assert found == SessionInfo(id="ses_1", created_at=5, updated_at=2**63 - 1)


def test_more_than_a_hundred_sessions_are_listed(scene):
    one = scene()
    for _ in range(150):
        one.session()

    assert len(one.desktop().ask(ListSessions()).sessions) == 150


def test_agents_are_listed_with_what_is_known_of_them(scene):
    answer = scene().desktop().ask(ListAgents())

    assert answer == AgentList(
        agents=(
            AgentInfo(
                name="build", mode="primary", built_in=True, description="The default agent."
            ),
            AgentInfo(name="title", mode="primary", built_in=True),
            AgentInfo(name="mine", mode="subagent", color="#ff0000"),
        )
    )


def test_built_in_agents_of_older_servers_are_understood(scene):
    one = scene()
    one.server.canned["GET /agent"] = Canned(200, b'[{"name":"build","builtIn":true}]')

    assert one.desktop().ask(ListAgents()).agents == (AgentInfo(name="build", built_in=True),)


def test_providers_that_can_be_used_are_told(scene):
    one = scene()
    one.server.providers = {"all": [{"id": "x"}], "connected": ["local", "a/b"]}

    assert one.desktop().ask(GetProviderStatus()) == ProviderStatus(connected=("local", "a/b"))


def test_a_key_is_remembered(scene):
    one = scene()

    answer = one.desktop().ask(
        SetAuth(provider_id="open/ai", auth=AuthInfo(api_key=ApiKeyAuth(key="sesame")))
    )

    assert answer == Done()
    assert one.server.requests[-1] == "PUT /auth/open%2Fai"
    assert one.server.bodies[-1] == {"type": "api", "key": "sesame"}


def test_a_grant_is_remembered(scene):
    one = scene()
    grant = OAuthAuth(access_token="in", refresh_token="again", expires_at=7)

    assert one.desktop().ask(SetAuth(provider_id="x", auth=AuthInfo(oauth=grant))) == Done()

    assert one.server.bodies[-1] == {
        "type": "oauth", "access": "in", "refresh": "again", "expires": 7
    }  # fmt: skip


GRANT = OAuthAuth(access_token="in", refresh_token="again", expires_at=-1)


@pytest.mark.parametrize(
    "request_",
    [
        SetAuth(provider_id="x"),
        SetAuth(provider_id="x", auth=AuthInfo()),
        SetAuth(provider_id="x", auth=AuthInfo(api_key=ApiKeyAuth())),
        SetAuth(provider_id="x", auth=AuthInfo(oauth=OAuthAuth())),
        SetAuth(provider_id="x", auth=AuthInfo(oauth=GRANT)),
        SetAuth(auth=AuthInfo(api_key=ApiKeyAuth(key="k"))),
        SetAuth(provider_id="..", auth=AuthInfo(api_key=ApiKeyAuth(key="k"))),
        SetAuth(provider_id="a\nb", auth=AuthInfo(api_key=ApiKeyAuth(key="k"))),
        SetAuth(provider_id="x" * 201, auth=AuthInfo(api_key=ApiKeyAuth(key="k"))),
        GetAuth(),
        DeleteSession(),
        DeleteSession(session_id="../auth/openai"),
        DeleteSession(session_id="ses_1/../../auth/openai"),
        DeleteSession(session_id="ses_1?x=1"),
        DeleteSession(session_id="ses_%2e"),
        DeleteSession(session_id="msg_1"),
        DeleteSession(session_id="ses_" + "1" * 201),
    ],
    ids=repr,
)
def test_what_lacks_something_or_leads_elsewhere_is_refused(scene, request_):
    one = scene()

    answer = one.desktop().ask(request_)

    assert answer.code == "INVALID_REQUEST"
    assert [line for line in one.server.requests if "/session/status" not in line] == []


@pytest.mark.parametrize(("request_", "place"), READS, ids=lambda one: str(one)[:20])
def test_a_web_page_is_no_answer(scene, request_, place):
    one = scene()
    one.server.canned[place] = Canned(200, PAGE, "text/html;charset=UTF-8")

    answer = one.desktop().ask(request_)

    assert answer == ErrorResponse(
        code="PARSE_ERROR", message="the OpenCode server answers text/html, not application/json"
    )


@pytest.mark.parametrize(("request_", "place"), READS, ids=lambda one: str(one)[:20])
@pytest.mark.parametrize("body", [b"", b"{", b"null", b'"x"', b"7", b"[[]]", b"[" * 100_000])
def test_json_of_another_shape_is_no_answer(scene, request_, place, body):
    one = scene()
    one.server.canned[place] = Canned(200, body)

    assert one.desktop().ask(request_).code == "PARSE_ERROR"


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (error(404, "NotFoundError", "Session not found: ses_x"), "404: Session not found: ses_x"),
        (error(400, "BadRequest", "Missing key"), "400: Missing key"),
        (Canned(400, b'{"_tag":"BadRequest"}'), "400: BadRequest"),
        (
            Canned(404, b'{"_tag":"PermissionNotFoundError","message":"Not there"}'),
            "404: Not there",
        ),
        (Canned(500, b'{"name":"UnknownError"}'), "500: UnknownError"),
        (Canned(502, b"<html>", "text/html"), "502: Bad Gateway"),
        (Canned(500, b"[]"), "500: Internal Server Error"),
        (Canned(302, b""), "302: Found"),
        (Canned(599, b""), "599: no reason given"),
    ],
    ids=lambda one: one if isinstance(one, str) else "",
)
def test_statuses_and_what_they_say_are_passed_on(scene, answer, message):
    one = scene()
    one.server.canned["GET /agent"] = answer

    assert one.desktop().ask(ListAgents()) == ErrorResponse(code="HTTP_ERROR", message=message)


def test_half_a_character_is_marked_as_such(scene):
    one = scene()
    one.server.canned["GET /agent"] = Canned(200, b'[{"name":"\\ud83d"}]')

    assert one.desktop().ask(ListAgents()).agents[0].name == "\ufffd"


def test_a_server_that_is_not_there_is_named(scene):
    one = scene()
    one.house.http.request = nobody_answers

    answer = one.desktop().ask(ListAgents())

    assert answer == ErrorResponse(
        code="HTTP_ERROR",
        message="the OpenCode server at http://127.0.0.1:4096 cannot be reached: refused",
    )


def test_a_server_that_does_not_answer_is_given_up(scene):
    one = scene()
    one.server.silent.add("GET /agent")
    desktop = one.desktop()

    desktop.say(1, ListAgents())
    one.clock.advance(29.9)
    before = desktop.heard()
    one.clock.advance(0.3)

    assert before == []
    ((_, answer),) = desktop.heard()
    assert answer.code == "HTTP_ERROR"
    assert answer.message.endswith("cannot be reached: no answer within 30 s")


def test_what_changes_something_is_not_asked_twice(scene):
    one = scene()
    one.server.silent.add("POST /session")
    desktop = one.desktop()
    desktop.say(1, CreateSession())

    one.server.silent.clear()
    one.clock.advance(30.1)

    assert [answer.code for _, answer in desktop.heard()] == ["HTTP_ERROR"]
    assert one.server.requests.count("POST /session") == 1


@pytest.mark.slow
def test_an_answer_of_sixteen_mebibytes_comes_whole(scene):
    one = scene()
    title = "x" * (16 * 1024 * 1024)
    session = json.dumps([{"id": "ses_1", "title": title}]).encode()
    one.server.canned["GET /session"] = Canned(200, session)

    (found,) = one.desktop().ask(ListSessions()).sessions

    assert found.title == title


@pytest.mark.slow
def test_a_request_of_four_mebibytes_is_taken(scene):
    one = scene()
    title = "x" * (4 * 1024 * 1024)

    assert one.desktop().ask(CreateSession(title=title)).title == title


def test_a_server_that_wants_a_password_gets_it(scene):
    one = scene(FakeOpencode(password="open sesame"), password_file="password")

    assert isinstance(one.desktop().ask(ListAgents()), AgentList)


def test_without_the_password_it_is_said_where_to_set_it(scene):
    answer = scene(FakeOpencode(password="open sesame")).desktop().ask(ListAgents())

    assert answer.message == "401: Unauthorized; see username and password_file in [opencode]"


def test_every_call_names_the_directory(scene):
    one = scene(directory="/home/ann/my project")

    one.desktop().ask(ListSessions())

    assert one.server.requests == ["GET /session?directory=%2Fhome%2Fann%2Fmy+project&limit=10000"]


@pytest.mark.parametrize(
    "told",
    [
        "the key sesame-12345 is wrong",
        "Incorrect API key provided: sk-proj-abcdefghijklmnop1234",
        "Authorization: Bearer abcdefghijklmnop",
    ],
)
def test_secrets_do_not_get_into_an_error(scene, told):
    one = scene()
    one.server.canned["PUT /auth/openai"] = error(400, "BadRequest", told)
    key = AuthInfo(api_key=ApiKeyAuth(key="sesame-12345"))

    answer = one.desktop().ask(SetAuth(provider_id="openai", auth=key))

    assert answer.message.startswith("400: ")
    assert "[secret]" in answer.message
    for secret in ("sesame-12345", "sk-proj", "abcdefghijklmnop"):
        assert secret not in answer.message


def test_a_session_that_is_idle_is_deleted(scene):
    one = scene()
    session_id = one.session()

    assert one.desktop().ask(DeleteSession(session_id=session_id)) == Done()

    assert one.server.sessions == {}
    assert not any("abort" in line for line in one.server.requests)


def test_a_session_that_is_not_there_cannot_be_deleted(scene):
    answer = scene().desktop().ask(DeleteSession(session_id="ses_x"))

    assert answer == ErrorResponse(code="HTTP_ERROR", message="404: Session not found: ses_x")


def test_a_session_at_work_is_stopped_before_it_is_deleted(scene):
    one = scene()
    session_id = one.session()
    one.server.busy[session_id] = {"type": "busy"}
    desktop = one.desktop()

    desktop.say(1, DeleteSession(session_id=session_id))
    one.clock.advance(0.2)

    assert desktop.heard() == [(1, Done())]
    calls = [line.split("/")[-1] for line in one.server.requests]
    assert calls.index("abort") < calls.index(session_id)


def test_a_session_that_does_not_stop_is_not_deleted(scene):
    one = scene()
    session_id = one.session()
    one.server.busy[session_id] = {"type": "busy"}
    one.server.deaf = 1000
    desktop = one.desktop()

    desktop.say(1, DeleteSession(session_id=session_id))
    for _ in range(200):
        one.clock.advance(0.1)

    assert [answer.code for _, answer in desktop.heard()] == ["BUSY"]
    assert session_id in one.server.sessions


def nobody_answers(*_: object, **__: object):
    raise Refused("UNREACHABLE", "refused", where="app", retryable=True)


# -- the file with credentials ---------------------------------------------------------------------


def find(tmp_path, text, provider_id="openai"):
    file = tmp_path / "auth.json"
    if text is not None:
        file.write_bytes(text)
    return success_of(CredentialsFile(file, FakeThreads()).find(provider_id))


def test_a_key_is_found_in_the_file(tmp_path):
    text = b'{"openai":{"type":"api","key":"sesame","metadata":{}},"x":7}'

    assert find(tmp_path, text) == AuthInfo(api_key=ApiKeyAuth(key="sesame"))


def test_a_grant_is_found_in_the_file(tmp_path):
    text = b'{"openai":{"type":"oauth","access":"in","refresh":"again","expires":7}}'

    assert find(tmp_path, text) == AuthInfo(
        oauth=OAuthAuth(access_token="in", refresh_token="again", expires_at=7)
    )


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (None, "NOT_FOUND"),
        (b"{}", "NOT_FOUND"),
        (b'{"openai":{"type":"wellknown","key":"k","token":"t"}}', "NOT_IMPLEMENTED"),
        (b'{"openai":{"type":"passkey"}}', "NOT_IMPLEMENTED"),
        (b"", "PARSE_ERROR"),
        (b"[]", "PARSE_ERROR"),
        (b"{", "PARSE_ERROR"),
        (b"\xff\xfe", "PARSE_ERROR"),
        (b'{"openai":{"type":"api"}}', "PARSE_ERROR"),
        (b'{"openai":{"type":"oauth","access":"a","refresh":"b","expires":1e400}}', "PARSE_ERROR"),
        (
            b'{"openai":{"type":"oauth","access":"a","refresh":"b","expires":1%s}}' % (b"0" * 30),
            "PARSE_ERROR",
        ),
        (b'{"openai":7}', "PARSE_ERROR"),
    ],
)
def test_what_is_not_in_the_file_has_a_code(tmp_path, text, code):
    with pytest.raises(Refused) as refusal:
        find(tmp_path, text)

    assert refusal.value.code == code
    assert "sesame" not in refusal.value.message


def test_a_credential_comes_through_the_bridge(scene, tmp_path):
    file = tmp_path / "auth.json"
    file.write_text('{"openai":{"type":"api","key":"sesame"}}')
    one = scene(auth_file=str(file))

    answer = one.desktop().ask(GetAuth(provider_id="openai"))

    assert answer == AuthInfo(api_key=ApiKeyAuth(key="sesame"))
    assert one.server.requests == []


def test_a_folder_is_no_file(tmp_path):
    with pytest.raises(Refused, match="Is a directory") as refusal:
        success_of(CredentialsFile(tmp_path, FakeThreads()).find("openai"))

    assert refusal.value.code == "PARSE_ERROR"


def test_the_file_is_where_a_server_of_the_same_user_keeps_it(monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path))

    assert default_path({}) == tmp_path / ".local" / "share" / "opencode" / "auth.json"
    assert default_path({"XDG_DATA_HOME": "relative"}) == default_path({})
    assert str(default_path({"XDG_DATA_HOME": "/data"})) == "/data/opencode/auth.json"
