"""People log in to a real server, with real hashes, and their tokens open doors."""

import http.client
import json
import subprocess
import time

import jwt
import pytest

from tests.server.conftest import PATIENCE, SocketLine, program

pytestmark = pytest.mark.slow

ANN, PASSWORD = "ann@x.org", "correct horse battery"
SUPABASE = "a secret of theirs that is long enough"


def post(server, path, **body):
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=PATIENCE)
    connection.request("POST", path, json.dumps(body))
    answer = connection.getresponse()
    told = answer.status, json.loads(answer.read())
    connection.close()
    return told


def give_password(server, email, password):
    words = [program("mentra"), "user", "add", email, "--password-stdin"]
    words += ["--config", str(server.config), "--state-dir", str(server.state)]
    subprocess.run(words, input=f"{password}\n", text=True, check=True, capture_output=True)


def test_a_password_a_code_and_a_token_of_theirs_let_people_in(start):
    server = start(environ={"SUPABASE_JWT_SECRET": SUPABASE})
    give_password(server, ANN, PASSWORD)
    code = server.command("user", "pair", ANN).stdout.strip()
    theirs = jwt.encode(
        {"email": "bob@x.org", "aud": "authenticated", "exp": time.time() + 60},  # noqa: TID251 - a real server looks at the real time
        SUPABASE,
        "HS256",
    )

    by_password = post(server, "/api/auth/login", email=ANN, password=PASSWORD)
    by_code = post(server, "/auth/pair", email=ANN, code=code)
    again = post(server, "/auth/pair", email=ANN, code=code)
    exchanged = post(server, "/auth/exchange-token", supabaseToken=theirs)

    assert [by_password[0], by_code[0], again[0], exchanged[0]] == [200, 200, 401, 200]
    for token in (by_password[1]["token"], by_code[1]["coreToken"], exchanged[1]["coreToken"]):
        assert SocketLine(server.port).upgrade(f"/glasses-ws?token={token}") == 101
    said = server.log.read_text() + str(again)
    assert not any(secret in said for secret in (PASSWORD, code, theirs, ANN))


def test_the_secret_of_a_provider_may_lie_in_a_file(start, tmp_path):
    file = tmp_path / "theirs"
    file.write_text(f"{SUPABASE}\n")
    file.chmod(0o600)
    server = start(f'[auth]\nsupabase_secret_file = "{file}"\ncreate_users = false\n')
    server.command("user", "add", "bob@x.org")

    bob = jwt.encode({"email": "bob@x.org"}, SUPABASE, "HS256")
    stranger = jwt.encode({"email": "eve@x.org"}, SUPABASE, "HS256")

    assert post(server, "/auth/exchange-token", supabaseToken=bob)[0] == 200
    assert post(server, "/auth/exchange-token", supabaseToken=stranger)[0] == 401


def test_a_wrong_password_is_slow_and_soon_not_looked_at(start):
    server = start("[accounts]\nattempts_per_account = 2\n")
    give_password(server, ANN, PASSWORD)

    begun = time.monotonic()
    first = post(server, "/api/auth/login", email=ANN, password="incorrect")
    took = time.monotonic() - begun
    unknown = post(server, "/api/auth/login", email="bob@x.org", password="incorrect")
    post(server, "/api/auth/login", email=ANN, password="incorrect")
    refused = post(server, "/api/auth/login", email=ANN, password=PASSWORD)

    assert took >= 0.99
    assert (first[0], first[1]["error"]) == (unknown[0], unknown[1]["error"])
    assert (refused[0], refused[1]["code"]) == (429, "TOO_MANY_ATTEMPTS")
    assert "login from 127.0.0.1 failed" in server.log.read_text()


def test_an_app_that_does_not_start_says_at_which_stage(start):
    server = start()
    server.command("user", "add", ANN)
    server.command("app", "add", "org.example.notes", "--url", "http://127.0.0.1:9")
    line = server.glasses(ANN)

    failed = server.command("app", "start", "org.example.notes", "--user", ANN, check=False)
    stopped = server.command("app", "stop", "org.example.notes", "--user", ANN)
    away = server.command("app", "start", "org.example.notes", "--user", "bob@x.org", check=False)

    assert failed.returncode == 1
    assert "org.example.notes did not start: WEBHOOK: " in failed.stderr
    assert stopped.stdout == f"org.example.notes is stopped for {ANN}\n"
    assert "bob@x.org is not on" in away.stderr
    line.say(type="ping")
    assert line.message("pong")


def test_the_documents_are_served(start):
    server = start()

    status, api = server.get("/openapi.json")
    also, messages = server.get("/asyncapi.json")

    assert (status, json.loads(api)["openapi"]) == (200, "3.1.0")
    assert (also, json.loads(messages)["asyncapi"]) == (200, "3.0.0")
