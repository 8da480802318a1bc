"""The analytics channels: from what happens to what is shown."""

import math

import pytest
from twisted.internet.defer import fail

from mentra.channels.analytics.ranges import DAY, Range, grain_of, label_of, range_of
from mentra.engines import engines
from mentra.errors import StoreError
from mentra.interfaces.analytics import IAnalytics, ICounts
from mentra.interfaces.channels import IChannelKeeper
from mentra.llm.echo import echo
from mentra.llm.prices import prices
from mentra.messages.channels import analytics as said
from mentra.messages.channels.analytics import Span
from mentra.records import Happened
from mentra.testing.channels import checked, page_at_door, page_of
from mentra.testing.house import WALL_TIME, success_of

TODAY = WALL_TIME - DAY / 2  # Sunday, June 1st 2025
CALLS = {
    "analytics:lifetime-totals": said.AnalyticsLifetimeTotals,
    "analytics:dashboard": said.AnalyticsDashboard,
    "analytics:cost-summary": said.AnalyticsCostSummary,
    "analytics:error-summary": said.AnalyticsErrorSummary,
    "analytics:model-usage": said.AnalyticsModelUsage,
    "analytics:tool-usage": said.AnalyticsToolUsage,
    "analytics:session-stats": said.AnalyticsSessionStats,
    "analytics:run-aggregation": said.AnalyticsRunAggregation,
    "analytics:run-cleanup": said.AnalyticsRunCleanup,
}
SERIES = {
    f"analytics:{name}-timeseries": kind
    for name, kind in (
        ("cost", said.AnalyticsCostSeries), ("error", said.AnalyticsErrorSeries),
        ("token", said.AnalyticsTokenSeries), ("imagegen", said.AnalyticsImageSeries),
    )
}  # fmt: skip
RANGES = (
    "today", "yesterday", "last_7_days", "last_30_days", "this_month", "last_month", "this_year",
    "all_time",
)  # fmt: skip


def asked(model="echo-1", cost=1_000_000, **fields):
    return Happened(
        kind="ai",
        provider="echo",
        model=model,
        input_tokens=30,
        output_tokens=10,
        cost=cost,
        **fields,
    )  # fmt: skip


@pytest.fixture
def house_and_port(open_port, kept_parts):
    return open_port(parts=kept_parts)


@pytest.fixture
def house(house_and_port):
    return house_and_port[0]


@pytest.fixture
def page(house_and_port):
    house, port = house_and_port
    IAnalytics(house)
    page = page_at_door(port)
    page.take()
    return page


def happen(house, *happened, user_id="local"):
    for one in happened:
        IAnalytics(house).record(user_id, one)


def numbers(value):
    if isinstance(value, dict):
        return [number for one in value.values() for number in numbers(one)]
    if isinstance(value, list):
        return [number for one in value for number in numbers(one)]
    return [value] if isinstance(value, (int, float)) else []


@pytest.mark.parametrize("channel", CALLS)
def test_where_nothing_happened_there_are_zeros(open_port, kept_parts, channel):
    page = page_at_door(open_port(parts=kept_parts)[1])

    answer = checked(CALLS[channel], page.ask(channel))

    # that the page came is all that has happened, if it was counted
    assert all(not math.isnan(one) for one in numbers(answer))
    assert set(numbers(answer)) <= {0, 1}


@pytest.mark.parametrize("channel", SERIES)
@pytest.mark.parametrize("time_range", RANGES)
def test_nothing_over_time_is_an_empty_list(page, channel, time_range):
    payload = {"timeRange": time_range, "granularity": "week"}

    assert checked(SERIES[channel], page.ask(channel, payload)) == []


def test_what_is_done_on_channels_is_counted_at_once(page):
    chat = page.ask("chat:create")
    for content in ("one", "two"):
        page.ask("chat:add-message", {"chatId": chat["id"], "role": "user", "content": content})
    page.ask("chat:search", {"query": "one"})
    page.refusal("chat:update", {"id": "none", "title": "x"})
    page.refusal("chat:get", {})
    page.refusal("chat:never")

    totals = page.ask("analytics:lifetime-totals")
    errors = page.ask("analytics:error-summary")

    assert (totals["totalChatsCreated"], totals["totalMessagesSent"]) == (1, 2)
    assert (totals["totalSearches"], totals["totalSessionCount"]) == (1, 1)
    assert totals["firstEventAt"] == totals["lastEventAt"] == "2025-06-01T12:00:00.000Z"
    assert (errors["totalToday"], errors["byCode"]) == (1, {"NOT_FOUND": 1})
    assert errors["errorRate"] == 20.0
    assert errors["trend"] == "increasing"


def test_what_it_cost(house, page, clock):
    happen(house, asked(cost=3_000_000), asked("echo-2", cost=500_000))
    page.ask("analytics:run-aggregation")
    clock.advance(3600)
    happen(
        house, asked(cost=1_000_000), Happened(kind="images", provider="sketch", images=2, cost=5)
    )
    page = page_of_now(house)

    cost = page.ask("analytics:cost-summary", {"timeRange": "today"})
    by_hour = page.ask(
        "analytics:cost-timeseries",
        {"timeRange": "today", "granularity": "hour", "filters": {"model": "echo-1"}},
    )
    by_month = page.ask(
        "analytics:cost-timeseries", {"timeRange": "this_year", "granularity": "month"}
    )

    assert cost == {
        "today": 4.500005, "thisWeek": 4.500005, "thisMonth": 4.500005, "lifetime": 4.500005,
        "byProvider": {"echo": 4.5, "sketch": 5e-06}, "byModel": {"echo-1": 4.0, "echo-2": 0.5},
    }  # fmt: skip
    assert by_hour == [
        {"timestamp": "2025-06-01T12:00:00.000Z", "value": 3.0},
        {"timestamp": "2025-06-01T13:00:00.000Z", "value": 1.0},
    ]
    assert by_month == [{"timestamp": "2025-06", "value": 4.500005}]


def test_values_over_time(house, page, clock):
    happen(house, asked(), Happened(kind="images", model="sketch", images=3))
    clock.advance(DAY)
    happen(house, asked(), Happened(kind="error", ok=False, code="TIMEOUT"))
    page.line.lose()

    def ask(name, granularity):
        again = page_of_now(house)
        payload = {"timeRange": "last_7_days", "granularity": granularity}
        return again.ask(f"analytics:{name}-timeseries", payload)

    assert ask("token", "day") == [
        {"timestamp": "2025-06-01", "value": 40}, {"timestamp": "2025-06-02", "value": 40}
    ]  # fmt: skip
    # the first of June is a Sunday
    assert ask("token", "week") == [
        {"timestamp": "2025-05-26", "value": 40}, {"timestamp": "2025-06-02", "value": 40}
    ]  # fmt: skip
    assert ask("imagegen", "day") == [{"timestamp": "2025-06-01", "value": 3}]
    assert ask("error", "day") == [{"timestamp": "2025-06-02", "value": 1}]


def page_of_now(house):
    from mentra.testing.wire import MemoryPort

    return page_at_door(MemoryPort(house))


def test_models_and_tools(house, page, clock):
    for model in ("a", "a", "b", "a"):
        happen(house, asked(model))
        clock.advance(1)
    happen(
        house, Happened(kind="tool", name="read", seconds=0.5),
        Happened(kind="tool", name="read", seconds=1.5, ok=False), Happened(kind="tool", name="go"),
    )  # fmt: skip

    models = page.ask("analytics:model-usage")
    tools = page.ask("analytics:tool-usage")

    assert models["mostUsed"] == [
        {"model": "a", "count": 3, "percentage": 75.0},
        {"model": "b", "count": 1, "percentage": 25.0},
    ]
    assert models["leastUsed"] == models["mostUsed"][::-1]
    assert [(one["fromModel"], one["toModel"]) for one in models["recentSwitches"]] == [
        ("b", "a"), ("a", "b")
    ]  # fmt: skip
    assert models["recentSwitches"][0]["timestamp"] == "2025-06-01T12:00:03.000Z"
    assert tools == {
        "mostUsed": [{"tool": "read", "count": 2}, {"tool": "go", "count": 1}],
        "successRates": {"read": 50.0, "go": 100.0},
        "avgDurations": {"read": 1000.0, "go": 0.0},
    }


def test_a_models_calls_of_tools_do_not_make_the_rate_of_errors_look_better(house, page):
    call = Happened(kind="tool", name="weather", provider="echo", model="echo-1")
    happen(house, asked(tools=3), call, call, call)
    page.refusal("chat:update", {"id": "none", "title": "x"})

    assert page.ask("analytics:error-summary")["errorRate"] == 50.0
    assert page.ask("analytics:lifetime-totals")["totalToolInvocations"] == 3


@pytest.mark.parametrize(
    ("data", "told"),
    [
        ({"name": "bash", "input": {}, "status": "completed", "duration": 1500}, (100.0, 1500.0)),
        ({"name": "bash", "input": {}, "status": "error"}, (0.0, 0.0)),
        ({"name": "bash", "input": {}, "status": "completed", "duration": -5}, (100.0, 0.0)),
    ],
)
def test_the_calls_of_coding_assistants_are_counted(page, data, told):
    session = page.ask("code:create-session", {"projectPath": "/tea"})
    entry = {"sessionId": session["id"], "content": "ls"}
    page.ask("code:add-entry", {**entry, "type": "tool_call", "toolCallData": data})
    page.ask("code:add-entry", {**entry, "type": "tool_result", "toolCallData": data})

    tools = page.ask("analytics:tool-usage")

    assert tools["mostUsed"] == [{"tool": "bash", "count": 1}]
    assert (tools["successRates"]["bash"], tools["avgDurations"]["bash"]) == told


def test_pictures_that_a_model_is_shown_were_not_made(house, page):
    happen(house, asked(images=3), Happened(kind="images", model="sketch", images=2))

    assert page.ask("analytics:lifetime-totals")["totalImagesGenerated"] == 2


def test_pages_that_were_there(house, house_and_port, clock):
    IAnalytics(house)
    page = page_at_door(house_and_port[1])
    page.ask("settings:get-all")
    clock.advance(40)
    page.ask("settings:get-all")
    clock.advance(60)
    page.line.lose()
    other = page_at_door(house_and_port[1])

    stats = other.ask("analytics:session-stats")

    assert stats == {
        "avgSessionDuration": 100.0, "avgActiveTime": 40.0, "avgIdleTime": 60.0,
        "sessionsToday": 2, "sessionsThisWeek": 2,
    }  # fmt: skip
    assert other.ask("analytics:lifetime-totals")["totalActiveSeconds"] == 40.0


def test_all_of_it_at_once(house, page):
    chat = page.ask("chat:create")
    page.ask("chat:add-message", {"chatId": chat["id"], "role": "user", "content": "x"})
    happen(house, asked(), Happened(kind="images", model="sketch", images=2, seconds=0.25))

    data = checked(said.AnalyticsDashboard, page.ask("analytics:dashboard", {"timeRange": "today"}))

    assert data["tokens"] == {
        "avgInputPerRequest": 30.0, "avgOutputPerRequest": 10.0, "totalLifetime": 40,
        "byModel": {"echo-1": 40},
    }  # fmt: skip
    assert data["imageGen"] == {
        "totalGenerated": 2, "successRate": 100.0, "byModel": {"sketch": 2}, "avgDurationMs": 250.0
    }  # fmt: skip
    assert data["engagement"] == {
        "messagesPerDay": 1.0, "avgMessagesPerChat": 1.0, "likedMessagesRatio": 0.0,
        "searchesPerDay": 0.0, "chatCreationRate": 1.0,
    }  # fmt: skip
    assert data["lifetime"] == page.ask("analytics:lifetime-totals")


def test_putting_together_twice_counts_once_and_cleaning_leaves_the_totals(house, page, clock):
    happen(house, asked(), asked())

    # the page came, too
    rolled = [page.ask("analytics:run-aggregation")["aggregated"] for _ in range(2)]
    fresh = page.ask("analytics:run-cleanup")["deleted"]
    clock.advance(400 * DAY)
    later = page_of_now(house)
    old = later.ask("analytics:run-cleanup")["deleted"]

    assert rolled == [3, 0]
    # three events; an hour and a day of each kind
    assert (fresh, old) == (0, 3 + 2 + 2)
    assert later.ask("analytics:cost-summary")["byModel"] == {"echo-1": 2.0}
    assert later.ask("analytics:lifetime-totals")["totalAiRequests"] == 2


def test_how_long_it_is_kept_is_a_setting(house, page, clock):
    happen(house, asked())
    page.ask("analytics:run-aggregation")
    page.ask("settings:set", {"key": "analytics.retention.rawDays", "value": 500})
    clock.advance(400 * DAY)

    assert page_of_now(house).ask("analytics:run-cleanup")["deleted"] == 2 + 2


@pytest.mark.parametrize(
    ("channel", "payload"),
    [
        ("analytics:cost-summary", {"timeRange": "tomorrow"}),
        ("analytics:cost-summary", {"timeRange": {"start": "2025-01-01"}}),
        ("analytics:cost-summary", {"timeRange": {"start": "then", "end": "now"}}),
        ("analytics:cost-summary", {"timeRange": {"start": "2025-02-01", "end": "2025-01-01"}}),
        ("analytics:cost-summary", {"timeRange": {"start": "0001-01-01", "end": "9999-12-31"}}),
        ("analytics:cost-timeseries", {"timeRange": "today"}),
        ("analytics:cost-timeseries", {"timeRange": "today", "granularity": "minute"}),
        ("analytics:dashboard", {"granularity": 5}),
    ],
)
def test_what_is_no_range_or_granularity_is_said_to_be_wrong(page, channel, payload):
    error = page.answer(page.request(channel, payload))["error"]

    assert error["code"] == "INVALID_MESSAGE"
    assert [set(one) for one in error["details"]] == [{"path", "message"}]


def test_a_span_that_cannot_be_is_told_with_its_place(page):
    span = {"start": "2025-02-01", "end": "2025-01-01"}

    error = page.answer(page.request("analytics:cost-summary", {"timeRange": span}))["error"]

    assert error["details"] == [{"path": "timeRange", "message": "the start is after the end"}]


def test_everybody_sees_their_own(house_and_port):
    house, port = house_and_port
    ann, bob = page_of(port, "ann@x.org"), page_of(port, "bob@x.org")
    happen(house, asked(), user_id="ann@x.org")

    assert ann.ask("analytics:lifetime-totals")["totalAiRequests"] == 1
    assert bob.ask("analytics:lifetime-totals")["totalAiRequests"] == 0
    assert bob.ask("analytics:cost-summary")["byModel"] == {}


# -- ranges ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("named", "since", "until"),
    [
        ("today", TODAY, TODAY + DAY), ("yesterday", TODAY - DAY, TODAY),
        ("last_7_days", TODAY - 6 * DAY, TODAY + DAY),
        ("last_30_days", TODAY - 29 * DAY, TODAY + DAY),
        ("this_month", TODAY, TODAY + DAY), ("last_month", TODAY - 31 * DAY, TODAY),
        ("this_year", TODAY - 151 * DAY, TODAY + DAY),
        (Span(start="2025-06-01", end="2025-06-01T01:00:00+01:00"), TODAY, TODAY),
    ],
)  # fmt: skip
def test_a_range_begins_and_ends_where_it_says(named, since, until):
    span = range_of(named, WALL_TIME)

    assert (span.since, span.until, span.is_all) == (since, until, False)


def test_sums_are_made_of_what_is_kept_that_long():
    def grain(since, until):
        return grain_of(Range(since, until), WALL_TIME, 30 * DAY, 365 * DAY)

    assert grain_of(range_of("all_time", WALL_TIME), WALL_TIME, 30 * DAY, 365 * DAY) == "month"
    assert grain(TODAY, TODAY + DAY) == "day"
    assert grain(TODAY + 60, TODAY + DAY) == "hour"
    assert grain(TODAY - 100 * DAY + 60, TODAY) == "day"
    assert grain(TODAY - 400 * DAY, TODAY) == "month"
    assert label_of("week", WALL_TIME) == "2025-05-26"


# -- writing in the background ---------------------------------------------------------------------


def test_what_happens_is_written_soon_and_together(house, page, clock):
    page.ask("analytics:lifetime-totals")
    happen(house, asked(), asked())
    before = success_of(ICounts(house).totals("local"))["ai_requests"]

    clock.advance(0.5)

    assert before == 0
    assert success_of(ICounts(house).totals("local"))["ai_requests"] == 2


def test_many_are_written_without_waiting(house, page):
    happen(house, *[asked()] * 250)

    assert success_of(ICounts(house).totals("local"))["ai_requests"] >= 199


def test_what_waits_is_written_at_the_end(house, page, clock):
    happen(house, asked())
    counts = ICounts(house)

    house.stopService()

    assert success_of(counts.totals("local"))["ai_requests"] == 1
    assert [one for one in clock.getDelayedCalls() if "flush" in repr(one.func)] == []


def test_a_store_that_fails_costs_the_counts_alone(
    house, page, clock, logged_failures, monkeypatch
):
    monkeypatch.setattr(ICounts(house), "record", lambda dated: fail(StoreError("full")))
    happen(house, asked())

    totals = page.ask("analytics:lifetime-totals")

    assert totals["totalAiRequests"] == 0
    assert len(logged_failures) >= 1
    logged_failures.clear()


def test_the_metrics_count_as_well(house, page):
    happen(house, asked(), Happened(kind="error", ok=False))

    found = house.metrics.registry.get_sample_value(
        "mentra_happenings_total", {"kind": "error", "ok": "false"}
    )
    assert found == 1


def test_housekeeping_puts_together_cleans_and_sweeps(house, page, clock):
    happen(house, asked())
    success_of(IAnalytics(house).flush())
    keeper = IChannelKeeper(house)

    clock.advance(3600)

    assert success_of(ICounts(house).roll("local")) == 0
    assert success_of(keeper.work()) is None


@pytest.mark.parametrize("start", ["1969-12-31", "then", "9999-12-31T23:59:59-12:00"])
def test_a_moment_out_of_range_is_none(start):
    with pytest.raises(ValueError, match="the start is"):
        Span(start=start, end="2025-01-01")


# -- what is kept for how long, and by whom it was asked -------------------------------------------


def test_sums_go_by_what_the_person_keeps(house, page, clock):
    happen(house, asked())
    page.ask("settings:set", {"key": "analytics.retention", "value": {
        "rawDays": 1, "hourlyDays": 1, "dailyDays": 2}})  # fmt: skip
    page.ask("analytics:run-aggregation")
    clock.advance(3 * DAY)
    later = page_of_now(house)
    later.ask("analytics:run-cleanup")

    by_days = later.ask("analytics:cost-summary", {"timeRange": "last_7_days"})
    by_hours = later.ask(
        "analytics:cost-summary",
        {"timeRange": {"start": "2025-06-01T11:00:00Z", "end": "2025-06-01T13:00:00Z"}},
    )

    assert by_days["byModel"] == by_hours["byModel"] == {"echo-1": 1.0}


def test_errors_of_models_are_found_by_provider_and_model(open_port, kept_parts):
    page = page_at_door(open_port(engines, echo, prices, parts=kept_parts)[1])
    asking = {"provider": "nobody", "model": "m", "messages": [{"role": "user", "content": "Hi"}]}
    page.refusal("ai:chat", asking)
    page.refusal("chat:update", {"id": "none", "title": "x"})

    def errors(**filters):
        payload = {"timeRange": "today", "granularity": "day", "filters": filters}
        return [one["value"] for one in page.ask("analytics:error-timeseries", payload)]

    assert errors() == [2]
    assert errors(provider="nobody") == errors(model="m") == [1]
    assert errors(provider="echo") == []
