"""Log lines: readable, one per event, repeated errors folded, nothing secret in them."""

import gc
import io
import json
import threading
import weakref
from typing import Any

import attrs
import pytest
from twisted.internet.task import Clock
from twisted.logger import Logger, LogLevel, LogPublisher
from twisted.python import log as old_log
from twisted.python.failure import Failure
from zope.interface.verify import verifyObject

from mentra.correlation import current
from mentra.logs import Observer, make_observer
from mentra.logs.folding import MAX_FOLDED, WINDOW
from mentra.logs.lines import MAX_TEXT
from mentra.logs.redaction import redact

NOON = 1_748_779_200.0
JWT = "eyJhbGciOiJIUzI1NiJ9.eyJlbWFpbCI6ImFubkB4Lm9yZyJ9.c2lnbmF0dXJl"


class Bench:
    """An observer on a fake clock, and loggers in front of it."""

    def __init__(self, format: str = "text", level: str = "info") -> None:
        self.clock = Clock()
        self.stream = io.StringIO()
        self.observer = make_observer(format, level, self.stream, self.clock, lambda: NOON)
        self.publisher = LogPublisher(self.observer)
        self.speaker = self.logger("acme.weather")

    def logger(self, namespace: str) -> Logger:
        return Logger(namespace, observer=self.publisher)

    def lines(self) -> list[str]:
        return self.stream.getvalue().splitlines()

    def records(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.lines()]


def failure_of(text: str = "broken") -> Failure:
    try:
        raise ValueError(text)
    except ValueError:
        return Failure()


def another_failure() -> Failure:
    try:
        raise ValueError("broken")
    except ValueError:
        return Failure()


def event(**fields: Any) -> dict[str, Any]:
    return {
        "log_level": LogLevel.info,
        "log_namespace": "acme",
        "log_time": NOON,
        "log_format": "hello",
    } | fields


# -- lines -----------------------------------------------------------------------------------


def test_the_observer_is_one():
    from twisted.logger import ILogObserver

    verifyObject(ILogObserver, Bench().observer)


def test_a_text_line_has_time_namespace_level_and_sentence():
    bench = Bench()

    bench.observer(event(log_format="{peer} left", peer="p1"))

    assert bench.lines() == ["2025-06-01T12:00:00.000Z [acme#info] p1 left"]


def test_a_json_line_has_the_fields_too():
    bench = Bench("json")

    bench.observer(event(log_format="{peer} left", peer="p1", code=1001, ok=True, lag=0.5, no=None))

    assert bench.records() == [
        {
            "time": "2025-06-01T12:00:00.000Z",
            "level": "info",
            "namespace": "acme",
            "text": "p1 left",
            "peer": "p1",
            "code": 1001,
            "ok": True,
            "lag": 0.5,
            "no": None,
        }
    ]


def test_an_event_without_a_time_gets_the_wall_time():
    bench = Bench("json")

    bench.observer({name: value for name, value in event().items() if name != "log_time"})

    assert bench.records()[0]["time"] == "2025-06-01T12:00:00.000Z"


@pytest.mark.parametrize("format", ["text", "json"])
def test_a_failure_brings_its_traceback(format):
    bench = Bench(format)

    bench.speaker.failure("it failed", failure_of("no rain"))

    text = bench.records()[0]["traceback"] if format == "json" else bench.stream.getvalue()
    assert "ValueError: no rain" in text
    assert "in failure_of" in text


def test_a_json_record_is_one_line_whatever_is_in_it():
    bench = Bench("json")

    bench.speaker.info("a\nb {odd} {nan} {thing}", odd="\ud800", nan=float("nan"), thing=object())

    assert len(bench.lines()) == 1
    assert bench.records()[0]["odd"] == "\\ud800"


def test_a_line_break_in_a_field_forges_no_line():
    bench = Bench()

    bench.observer(event(log_format="{name}", name="x\r2025 [acme#info] forged\nagain"))

    assert bench.lines() == [
        "2025-06-01T12:00:00.000Z [acme#info] x\\r2025 [acme#info] forged",
        "\tagain",
    ]


def test_a_field_named_like_one_of_ours_does_not_replace_it():
    bench = Bench("json")

    bench.observer(event(level="loud", text="other"))

    assert (bench.records()[0]["level"], bench.records()[0]["text"]) == ("info", "hello")


def test_a_field_that_cannot_be_shown_does_not_cost_the_line():
    class Sulky:
        def __str__(self) -> str:
            raise RuntimeError

    bench = Bench("json")

    bench.observer(event(thing=Sulky()))

    assert bench.records()[0]["thing"] == "<unprintable Sulky>"


def test_an_endless_text_loses_its_middle():
    bench = Bench("json")

    bench.observer(event(log_format="{x}", x="a" * 1_000_000 + "z"))

    assert len(bench.records()[0]["text"]) < MAX_TEXT + 10
    assert " [...] " in bench.records()[0]["text"]
    # nor is the whole of it ever searched for secrets
    assert bench.records()[0]["text"].endswith("a")


def test_what_is_below_the_level_is_not_written():
    bench = Bench(level="warn")

    bench.speaker.info("quiet")
    bench.speaker.warn("loud")

    assert [line.partition("] ")[2] for line in bench.lines()] == ["loud"]


def test_the_old_logging_api_is_written_too():
    bench = Bench("json")
    old = old_log.LogPublisher(publishPublisher=bench.publisher, observerPublisher=LogPublisher())

    old.msg("an old word")

    assert bench.records()[0]["text"] == "an old word"
    assert "isError" not in bench.records()[0]


# -- folding ---------------------------------------------------------------------------------


def test_the_same_error_is_written_once_and_then_counted():
    bench = Bench()

    for number in range(1000):
        bench.speaker.error("{app} cannot be reached", app=f"app{number}")
    bench.clock.advance(WINDOW)

    texts = [line.partition("] ")[2] for line in bench.lines()]
    assert texts == ["app0 cannot be reached", "999 more in 60 s: app0 cannot be reached"]
    assert bench.clock.getDelayedCalls() == []


def test_a_count_has_the_level_and_namespace_of_its_error():
    bench = Bench("json")

    bench.speaker.warn("low")
    bench.speaker.warn("low")
    bench.clock.advance(WINDOW)

    told = bench.records()[1]
    assert (told["level"], told["namespace"], told["repeats"]) == ("warn", "acme.weather", 1)


def test_an_error_that_came_once_is_not_counted():
    bench = Bench()

    bench.speaker.error("once")
    bench.clock.advance(WINDOW)

    assert len(bench.lines()) == 1


def test_after_the_window_the_error_is_written_anew():
    bench = Bench()

    bench.speaker.error("again")
    bench.clock.advance(WINDOW)
    bench.speaker.error("again")

    assert len(bench.lines()) == 2
    bench.observer.close()


def test_an_error_late_for_its_sweep_is_written_anew_with_the_count_before_it():
    bench = Bench()
    bench.speaker.error("again")
    bench.speaker.error("again")

    # the reactor was busy: time went by, but the timer has not run yet
    bench.clock.rightNow += WINDOW
    bench.speaker.error("again")

    texts = [line.partition("] ")[2] for line in bench.lines()]
    assert texts == ["again", "1 more in 60 s: again", "again"]
    bench.observer.close()


def test_different_errors_are_each_written():
    bench = Bench()

    bench.speaker.error("one")
    bench.speaker.error("two")
    bench.speaker.warn("one")
    bench.logger("acme.other").error("one")

    assert len(bench.lines()) == 4
    bench.observer.close()


def test_failures_fold_by_type_and_line():
    bench = Bench("json")

    for number in range(3):
        bench.speaker.failure("it failed", failure_of(f"text {number}"))
    bench.speaker.failure("it failed", another_failure())

    assert len(bench.records()) == 2
    bench.observer.close()


def test_failures_logged_the_old_way_fold_as_well():
    bench = Bench("json")
    old = old_log.LogPublisher(publishPublisher=bench.publisher, observerPublisher=LogPublisher())

    for number in range(3):
        problem = failure_of(f"text {number}")
        old.msg(failure=problem, why="it failed", isError=1)

    assert len(bench.records()) == 1
    assert "ValueError: text 0" in bench.records()[0]["traceback"]
    bench.observer.close()


def test_old_messages_with_different_texts_are_different_errors():
    bench = Bench()
    old = old_log.LogPublisher(publishPublisher=bench.publisher, observerPublisher=LogPublisher())

    old.msg("one", isError=1)
    old.msg("two", isError=1)
    old.msg("two", isError=1)

    assert len(bench.lines()) == 2
    bench.observer.close()


def test_what_is_no_error_is_never_folded():
    bench = Bench()

    bench.speaker.info("hello")
    bench.speaker.info("hello")

    assert len(bench.lines()) == 2
    assert bench.clock.getDelayedCalls() == []


def test_closing_tells_the_counts_and_leaves_no_timer():
    bench = Bench()
    bench.speaker.error("again")
    bench.speaker.error("again")

    bench.observer.close()

    assert bench.lines()[-1].endswith("1 more in 60 s: again")
    assert bench.clock.getDelayedCalls() == []


def test_only_so_many_different_errors_are_remembered():
    bench = Bench()
    bench.speaker.error("first")
    bench.speaker.error("first")
    for number in range(MAX_FOLDED):
        bench.logger(f"acme.{number}").error("broken")

    assert bench.lines()[-2].endswith("1 more in 60 s: first")
    assert len(bench.clock.getDelayedCalls()) == 1
    bench.observer.close()


def test_a_folded_error_keeps_nothing_alive():
    class Session:
        """Something that must be able to die."""

    bench = Bench()
    session = Session()
    dead = weakref.ref(session)

    bench.speaker.error("{session} is in trouble", session=session)
    del session
    gc.collect()

    assert dead() is None
    bench.observer.close()


def test_an_error_from_another_thread_arranges_its_timer_in_the_reactors():
    from twisted.internet.interfaces import IReactorFromThreads
    from zope.interface import directlyProvides

    bench = Bench()
    asked: list[Any] = []
    bench.clock.callFromThread = lambda function: asked.append(function)
    directlyProvides(bench.clock, IReactorFromThreads)
    worker = threading.Thread(target=lambda: bench.speaker.error("from a worker"))

    worker.start()
    worker.join()

    assert bench.clock.getDelayedCalls() == []
    asked[0]()
    assert len(bench.clock.getDelayedCalls()) == 1
    bench.observer.close()


# -- redaction -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        f"GET /glasses-ws?token={JWT}&livekit=true",
        "GET /glasses-ws?token=hunter2&livekit=true",
        "GET /x?a=1&aos_temp_token=hunter2",
        "GET /x?apiKey=hunter2&packageName=com.acme",
        "GET /x?redirect=%3Ftoken%3Dhunter2",
        "Authorization: Bearer hunter2",
        "authorization: bearer hunter2",
        "Authorization: hunter2",
        "Authorization%3A Bearer%20hunter2",
        "Cookie: a=hunter1; session=hunter2",
        "X-Api-Key: hunter2",
        '{"type":"tpa_connection_init","apiKey":"hunter2"}',
        '{"coreToken": "hunter2 with blanks"}',
        r"{\"apiKey\":\"hunter2\"}",
        "{'api_key': 'hunter2'}",
        "headers: {b'x-api-key': [b'hunter2']}",
        "Headers({b'authorization': [b'Bearer hunter2']})",
        "[(b'x-api-key', b'hunter2')]",
        "postgresql://mentra:hunter2@db/mentra",
        "password=hunter2",
        "client_secret = 'hunter2'",
        f"the odd token {JWT} was refused",
    ],
)
@pytest.mark.parametrize("format", ["text", "json"])
def test_no_token_or_key_passes(text, format):
    bench = Bench(format)

    bench.speaker.error("{line}", line=text)
    bench.speaker.error("twice")
    bench.speaker.failure("failed", failure_of(text))
    bench.speaker.error("{line}", line=text)
    bench.observer.close()

    written = bench.stream.getvalue()
    assert "hunter" not in written
    assert "eyJ" not in written
    assert "[redacted]" in written


@pytest.mark.parametrize("name", ["token", "apiKey", "api_key", "coreToken", "password", "secret"])
def test_a_field_with_a_secret_name_is_blank_whatever_it_holds(name):
    bench = Bench("json")

    bench.observer(event(**{name: "hunter2"}))
    bench.observer(event(**{name: {"nested": ["hunter2"]}}))

    assert [record[name] for record in bench.records()] == ["[redacted]", "[redacted]"]


@pytest.mark.parametrize("level", ["info", "warn", "error", "critical"])
def test_no_address_passes_above_debug(level):
    bench = Bench()

    getattr(bench.speaker, level)("{who} left", who="ann.b+c@mail.example.org")
    bench.observer.close()

    assert bench.lines()[0].endswith("[address] left")


def test_an_address_may_be_seen_at_debug():
    bench = Bench(level="debug")

    bench.speaker.debug("{who} left", who="ann@x.org")

    assert bench.lines()[0].endswith("ann@x.org left")


@pytest.mark.parametrize(
    "text",
    [
        "the token is missing",
        "3 tokens = 3 users",
        "[auth] secret_file",
        "a bearer",
        "tcp:8002:interface=127.0.0.1",
        "10.0.0.1:8002 connected to ws://127.0.0.1:8002/app-ws",
    ],
)
def test_innocent_words_stay(text):
    assert redact(text) == text


def test_redacting_twice_changes_nothing_more():
    once = redact("token=hunter2 Authorization: Bearer hunter2 {'apiKey': 'hunter2'}")

    assert redact(once) == once


def test_a_secret_at_the_place_of_the_cut_is_not_left_over_in_part():
    text = "a " * (MAX_TEXT // 2) + f"token={'hunter2' * 5000}" + " b" * MAX_TEXT
    bench = Bench("json")

    bench.observer(event(log_format="{x}", x=text))

    assert "hunter" not in bench.stream.getvalue()


def test_an_observer_that_filters_all_writes_nothing():
    bench = Bench(level="critical")

    bench.speaker.error("token=hunter2")

    assert isinstance(bench.observer, Observer)
    assert bench.lines() == []


def test_lines_of_a_traceback_that_was_printed_are_all_written():
    bench = Bench()

    for line in ("Traceback (most recent call last):", '  File "x.py"', "KeyError: 1"):
        bench.publisher(
            event(log_level=LogLevel.error, log_namespace="stderr", log_format="{log_io}",
                  log_io=line)
        )  # fmt: skip

    assert len(bench.lines()) == 3
    bench.observer.close()


@attrs.frozen
class Message:
    """Something that is being handled."""

    correlation_id: str = "app-1.7"


@pytest.mark.parametrize("format", ["text", "json"])
def test_lines_name_the_message_that_caused_them_and_no_others(format):
    bench = Bench(format)

    before = current.set(Message())
    bench.speaker.info("while it was handled")
    current.reset(before)
    bench.speaker.info("afterwards")

    first, second = bench.lines()
    assert "app-1.7" in first
    assert "app-1.7" not in second
