"""What the clients do: the cases of the benchmark and the load generator's plan for each."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace

import jwt

AUDIO_FRAME = 3200
STREAMS = ["phone_notification", "audio_chunk"]
NOTIFICATION = {
    "type": "phone_notification",
    "notificationId": "b3f0-11",
    "app": "Messages",
    "title": "Ann",
    "content": "%STAMP% the quick brown fox jumps over the lazy dog",
    "priority": "normal",
    "timestamp": 1764000000000,
}
"""About 200 bytes on the wire, and of a type that is passed on to its subscribers as it came."""


@dataclass(frozen=True)
class Case:
    """One thing to measure.

    :ivar payload: the plan's line for what the glasses send; None when they only sit there.
    :ivar arguments: of the load generator.
    """

    name: str
    what: str
    sessions: int
    apps: int
    payload: str | None
    arguments: tuple[str, ...]

    def scaled_down(self) -> "Case":
        """The same with a handful of sessions: enough to prove that it works."""
        return replace(self, sessions=min(self.sessions, 20 if self.payload is None else 5))


def _compact(value: object) -> str:
    return json.dumps(value, separators=(",", ":"))


_TEXT = "text " + _compact(NOTIFICATION)
_WINDOW = ("--mode", "window", "--window")
CASES = {
    case.name: case
    for case in (
        Case("json200x1", "JSON of 200 bytes to 1 app", 100, 1, _TEXT, (*_WINDOW, "1")),
        Case("json200x5", "JSON of 200 bytes to 5 apps", 100, 5, _TEXT, (*_WINDOW, "1")),
        Case("json200x5b", "bursts of 32 to 5 apps", 10, 5, _TEXT, (*_WINDOW, "32")),
        Case(
            "bin3200x1",
            "audio of 3,200 bytes to 1 app",
            100,
            1,
            f"binary {AUDIO_FRAME}",
            (*_WINDOW, "1"),
        ),
        Case("lat2k", "2,000 messages/s to 1 app", 100, 1, _TEXT, ("--mode", "rate")),
        Case("idle", "idle connections", 2500, 1, None, ("--mode", "idle", "--at-once", "64")),
        Case("accept", "upgrades", 200, 0, None, ("--mode", "accept")),
    )
}


@dataclass(frozen=True)
class App:
    """An app as the server knows it."""

    package_name: str
    api_key: str


def apps(count: int) -> list[App]:
    """*count* apps with keys nobody else has."""
    return [App(f"org.example.bench{n}", f"bench-key-{n}-" + "k" * 48) for n in range(count)]


def user(number: int) -> str:
    """The address of one of the benchmark's users."""
    return f"user{number}@bench.example"


def token(email: str, secret: str) -> str:
    """A token as the server issues it."""
    claims = {"sub": email, "email": email, "organizations": [], "defaultOrg": None}
    return jwt.encode({**claims, "iat": 1764000000}, secret, algorithm="HS256")


def plan(case: Case, secret: str, *, by_webhook: bool, first: int = 0) -> str:
    """The load generator's plan.

    :param by_webhook: the glasses ask for each app to be started, and the app connects when its
        webhook is called; otherwise the apps just connect.
    :param first: the number of the first user.
    """
    lines: list[str] = []
    for number in range(first, first + case.sessions):
        lines += _session(number, case, secret, by_webhook=by_webhook)
    return "\n".join(lines) + "\n"


def _session(number: int, case: Case, secret: str, *, by_webhook: bool) -> Iterator[str]:
    email = user(number)
    started = apps(case.apps)
    yield "session"
    yield "glasses /glasses-ws"
    yield f"header Authorization: Bearer {token(email, secret)}"
    yield 'await "type":"connection_ack"'
    if by_webhook:
        for app in started:
            yield "say " + _compact({"type": "start_app", "packageName": app.package_name})
    if case.payload is not None:
        yield case.payload
    for app in started:
        yield from _app(email, app, by_webhook=by_webhook)


def _app(email: str, app: App, *, by_webhook: bool) -> Iterator[str]:
    session_id = f"{email}-{app.package_name}"
    named = {"sessionId": session_id, "packageName": app.package_name}
    yield "app /app-ws"
    if by_webhook:
        yield f"key {session_id}"
    yield "say " + _compact({"type": "tpa_connection_init", **named, "apiKey": app.api_key})
    yield 'await "type":"tpa_connection_ack"'
    yield "say " + _compact({"type": "subscription_update", **named, "subscriptions": STREAMS})
    # the answer to a ping tells that what was sent before it has been done
    yield "say " + _compact({"type": "ping"})
    yield 'await "type":"pong"'
