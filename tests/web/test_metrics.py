"""What is counted, and who gets to see it."""

import gc

import pytest
from prometheus_client import generate_latest
from twisted.internet.task import Clock
from zope.interface.verify import verifyObject

import mentra
from mentra.interfaces.services import IMetrics, IObserved, IReadiness
from mentra.messages import Unknown
from mentra.messages.audio import AudioChunk
from mentra.messages.display import DisplayRequest
from mentra.testing.house import house_with, session_in
from mentra.web.histograms import BOUNDS, Histogram
from mentra.web.metrics import STAGES, Metrics
from mentra.web.readiness import Readiness
from mentra.web.site import make_site

LOOPBACK = "127.0.0.1"


def figures_of(metrics):
    """Sample name with its labels, as Prometheus reads it, to value."""
    lines = generate_latest(metrics.registry).decode().splitlines()
    return dict(line.rsplit(" ", 1) for line in lines if not line.startswith("#"))


def observed_house(clock=None):
    """A house with real metrics; readiness is one of its parts."""
    house = house_with(clock=clock, parts={IReadiness: Readiness()})
    house.metrics = Metrics(house.clock)
    return house


def test_metrics_and_readiness_keep_their_promises():
    assert verifyObject(IMetrics, Metrics(Clock()))
    assert verifyObject(IObserved, Metrics(Clock()))
    assert verifyObject(IReadiness, Readiness())


def test_connections_are_counted_by_path_and_closes_by_code():
    metrics = Metrics(Clock())
    for path in ("glasses", "glasses", "app"):
        metrics.opened(path)
    metrics.closed("glasses", 1001)

    figures = figures_of(metrics)

    assert figures['mentra_connections_total{path="glasses"}'] == "2.0"
    assert figures['mentra_connections_open{path="glasses"}'] == "1.0"
    assert figures['mentra_connections_open{path="app"}'] == "1.0"
    assert figures['mentra_closes_total{code="1001",path="glasses"}'] == "1.0"


def test_close_codes_that_peers_invent_share_one_figure():
    metrics = Metrics(Clock())
    for code in range(3000, 5000):
        metrics.closed("app", code)

    closes = {key: value for key, value in figures_of(metrics).items() if "closes_total" in key}

    assert closes == {
        'mentra_closes_total{code="3xxx",path="app"}': "1000.0",
        'mentra_closes_total{code="4xxx",path="app"}': "1000.0",
    }


def test_messages_are_counted_by_registered_type():
    metrics = Metrics(Clock())
    metrics.received("app", DisplayRequest)
    metrics.received("glasses", AudioChunk)
    metrics.received("glasses", Unknown)
    metrics.received("glasses", Unknown)

    figures = figures_of(metrics)

    assert figures['mentra_messages_total{path="app",type="display_event"}'] == "1.0"
    assert figures['mentra_messages_total{path="glasses",type="audio_chunk"}'] == "1.0"
    assert figures['mentra_messages_total{path="glasses",type="unknown"}'] == "2.0"


def test_handler_failures_are_counted_by_handler():
    metrics = Metrics(Clock())
    metrics.failed("app", "acme:weather")

    key = 'mentra_handler_failures_total{handler="acme:weather",path="app"}'

    assert figures_of(metrics)[key] == "1.0"


@pytest.mark.parametrize("stage", STAGES)
def test_every_stage_has_its_histogram_from_the_start(stage):
    figures = figures_of(Metrics(Clock()))

    assert figures[f'mentra_stage_seconds_count{{stage="{stage}"}}'] == "0.0"


def test_a_duration_lands_in_its_bucket_and_all_wider_ones():
    metrics = Metrics(Clock())
    metrics.observe("relay", 0.0001)
    metrics.observe("relay", 0.3)
    metrics.observe("relay", 99.0)

    figures = figures_of(metrics)

    def bucket(bound):
        return figures[f'mentra_stage_seconds_bucket{{le="{bound}",stage="relay"}}']

    assert (bucket("5e-05"), bucket("0.0001"), bucket("0.25")) == ("0.0", "1.0", "1.0")
    assert (bucket("0.5"), bucket("10.0"), bucket("+Inf")) == ("2.0", "2.0", "3.0")
    assert figures['mentra_stage_seconds_sum{stage="relay"}'] == "99.3001"


def test_a_new_stage_is_a_new_histogram():
    metrics = Metrics(Clock())
    metrics.observe("webhook", 0.1)

    assert figures_of(metrics)['mentra_stage_seconds_count{stage="webhook"}'] == "1.0"
    assert len(Histogram().counts) == len(BOUNDS) + 1


def test_of_the_newest_durations_half_and_95_in_100_are_told():
    metrics = Metrics(Clock())
    for milliseconds in (*[9000] * 2000, *range(1024)):
        metrics.observe("caption", milliseconds / 1000)

    figures = figures_of(metrics)

    latency = 'mentra_stage_latency_seconds{quantile="%s",stage="caption"}'
    assert (figures[latency % "0.5"], figures[latency % "0.95"]) == ("0.512", "0.972")
    assert not any('stage="relay"' in key for key in figures if "latency" in key)


def test_a_watched_gauge_is_read_when_asked_and_its_bug_hides_no_other(logged_failures):
    metrics = Metrics(Clock())
    metrics.watch("mentra_broken", "Never works.", lambda: 1 // 0)
    metrics.watch("mentra_queue_bytes", "Bytes queued.", lambda: 7)

    figures = figures_of(metrics)

    assert figures["mentra_queue_bytes"] == "7.0"
    assert "mentra_broken" not in figures
    logged_failures.pop()


def test_what_runs_here_is_told():
    key = f'mentra_build_info{{version="{mentra.__version__}"}}'

    assert figures_of(Metrics(Clock()))[key] == "1.0"


def test_a_late_event_loop_shows_and_is_forgotten():
    clock = Clock()
    metrics = Metrics(clock)
    metrics.startService()
    clock.advance(1.0)
    assert metrics.lag.worst() == 0.0

    clock.advance(3.5)
    assert metrics.lag.worst() == 2.5
    assert figures_of(metrics)["mentra_loop_lag_seconds"] == "2.5"
    clock.pump([1.0] * 15)

    assert metrics.lag.worst() == 0.0
    metrics.stopService()
    assert clock.getDelayedCalls() == []


def test_health_has_the_shape_that_was_published(dial):
    house = observed_house()
    session_in(house)
    house.metrics.opened("glasses")
    house.metrics.received("glasses", Unknown)
    house.metrics.received("app", DisplayRequest)
    house.metrics.failed("app", "acme:weather")
    for hundredths in range(100):
        house.metrics.observe("caption", hundredths / 100)

    reply = dial(make_site(house)).ask("GET", "/health").reply()

    assert reply.status == 200
    assert reply.json == {
        "status": "ok",
        "timestamp": "2025-06-01T12:00:00.000Z",
        "version": mentra.__version__,
        "connections": {"glassesConnections": 1, "appConnections": 0, "totalSessions": 1},
        "messages": {
            "glassesTypes": {"unknown": 1},
            "appTypes": {"display_event": 1},
            "processed": 2,
            "errors": 1,
        },
        "loopLag": 0.0,
        "latency": {"caption": {"p50": 0.5, "p95": 0.95}},
    }


def test_liveness_looks_at_nothing(dial):
    house = observed_house()
    IReadiness(house).lacks("stores", "the database is away")

    reply = dial(make_site(house)).ask("GET", "/livez").reply()

    assert (reply.status, reply.body) == (200, b"ok")


def test_readiness_says_what_is_missing(dial):
    house = observed_house()
    readiness = IReadiness(house)
    readiness.lacks("stores", "not loaded yet")
    readiness.lacks("listening", "not listening yet")
    site = make_site(house)
    readiness.has("listening")

    missing = dial(site).ask("GET", "/readyz").reply()
    readiness.has("stores")
    ready = dial(site).ask("GET", "/readyz").reply()

    assert (missing.status, missing.json["missing"]) == (503, {"stores": "not loaded yet"})
    assert (ready.status, ready.json) == (200, {"status": "ready", "missing": {}})


def test_metrics_are_for_operators(dial):
    site = make_site(observed_house())

    outside = dial(site).ask("GET", "/metrics").reply()
    inside = dial(site, LOOPBACK).ask("GET", "/metrics").reply()

    assert outside.status == 403
    assert b"mentra_build_info" in inside.body
    assert inside.headers["content-type"].startswith("text/plain")


def test_metrics_are_not_kept_alive_by_anything():
    import weakref

    metrics = Metrics(Clock())
    metrics.startService()
    metrics.stopService()
    gone = weakref.ref(metrics)

    del metrics
    gc.collect()

    assert gone() is None
