"""What comes of the counts.  Nothing that happened never is an error: then there are zeros."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from itertools import pairwise
from typing import Any, Literal

from msgspec import UNSET

from mentra.channels.analytics.ranges import DAY, Range, label_of
from mentra.messages.channels.analytics import (
    CostSummary,
    Engagement,
    ErrorSummary,
    Filters,
    Granularity,
    ImageStats,
    Kinds,
    LifetimeTotals,
    ModelCount,
    ModelSwitch,
    ModelUsageData,
    Point,
    SessionStats,
    TokenStats,
    ToolCount,
    ToolUsageData,
)
from mentra.messages.stamps import iso
from mentra.stores.analytics import Tally
from mentra.stores.grains import start_of

MOST_LISTED = 10
"""Models and tools in a list."""

NOTABLE = 0.1
"""How much more or less errors must be for a trend."""

MILLION = 1_000_000

Tallies = Sequence[Tally]
Value = Callable[[Tally], float]


def cost(one: Tally) -> float:
    """US dollars."""
    return one.cost / MILLION


def tokens(one: Tally) -> float:
    """In and out."""
    return one.input_tokens + one.output_tokens if one.kind == "ai" else 0


def errors(one: Tally) -> float:
    """Requests that failed."""
    return one.count if one.kind == "error" else 0


def images(one: Tally) -> float:
    """Pictures."""
    return one.images if one.kind == "images" else 0


def series(
    found: Tallies, value: Value, granularity: Granularity, filters: Filters | None
) -> list[Point]:
    """Values over time, the oldest first; pieces of time without any are left out."""
    sums: defaultdict[float, float] = defaultdict(float)
    for one in found:
        if _fits(one, filters) and value(one):
            sums[start_of(granularity, one.start)] += value(one)
    return [
        Point(timestamp=label_of(granularity, start), value=round(amount, 6))
        for start, amount in sorted(sums.items())
    ]


def lifetime(totals: dict[str, Any]) -> LifetimeTotals:
    """Since ever."""
    named = {
        "total_ai_requests": "ai_requests", "total_input_tokens": "input_tokens",
        "total_output_tokens": "output_tokens", "total_cost_microcents": "cost",
        "total_images_generated": "images", "total_imagegen_batches": "batches",
        "total_messages_sent": "messages", "total_chats_created": "chats",
        "total_searches": "searches", "total_tool_invocations": "tools",
        "total_session_count": "sessions",
    }  # fmt: skip
    return LifetimeTotals(
        **{name: int(totals.get(column, 0)) for name, column in named.items()},
        total_active_seconds=float(totals.get("active_seconds", 0.0)),
        first_event_at=iso(totals["first_at"]) if totals else UNSET,
        last_event_at=iso(totals["last_at"]) if totals else UNSET,
    )


def cost_summary(
    totals: dict[str, Any], recent: Tallies, found: Tallies, now: float
) -> CostSummary:
    """What it cost.

    :param recent: days of this week and this month.
    :param found: the time that providers and models are asked about.
    """
    return CostSummary(
        today=_dollars(_since(recent, start_of("day", now))),
        this_week=_dollars(_since(recent, start_of("week", now))),
        this_month=_dollars(_since(recent, start_of("month", now))),
        lifetime=round(totals.get("cost", 0) / MILLION, 6),
        by_provider=_by(found, lambda one: one.provider, cost),
        by_model=_by(found, lambda one: one.model, cost),
    )


def error_summary(weeks: Tallies, found: Tallies, now: float) -> ErrorSummary:
    """What failed.

    :param weeks: the last fourteen days, by day.
    """
    failed = [one for one in found if one.kind == "error"]
    done = sum(one.ok for one in found if _was_asked(one))
    count, retryable = _count(failed), sum(one.retryable for one in failed)
    codes: Counter[str] = Counter()
    for one in failed:
        codes[one.code] += one.count
    return ErrorSummary(
        total_today=int(_sum(_since(weeks, start_of("day", now)), errors)),
        total_this_week=int(_sum(_since(weeks, start_of("week", now)), errors)),
        error_rate=_percent(count, count + done),
        by_code=dict(codes.most_common()),
        retryable_vs_fatal=Kinds(retryable=retryable, fatal=count - retryable),
        trend=_trend(weeks, now),
    )


def model_usage(found: Tallies, asked: Sequence[tuple[float, str]]) -> ModelUsageData:
    """Which models were asked.

    :param asked: when which, the newest first.
    """
    counts: Counter[str] = Counter()
    for one in found:
        if one.kind == "ai" and one.model:
            counts[one.model] += one.count
    total = counts.total()
    ordered = [
        ModelCount(model=model, count=count, percentage=_percent(count, total))
        for model, count in sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    ]
    switches = [
        ModelSwitch(timestamp=iso(at), from_model=before, to_model=model)
        for (at, model), (_, before) in pairwise(asked)
        if model != before
    ]
    return ModelUsageData(
        most_used=ordered[:MOST_LISTED],
        least_used=ordered[::-1][:MOST_LISTED],
        recent_switches=switches[:MOST_LISTED],
    )


def tool_usage(found: Tallies) -> ToolUsageData:
    """Which tools were called."""
    groups: defaultdict[str, list[Tally]] = defaultdict(list)
    for one in found:
        if one.kind == "tool":
            groups[one.name].append(one)
    ordered = sorted(groups.items(), key=lambda item: (-_count(item[1]), item[0]))
    return ToolUsageData(
        most_used=[ToolCount(tool=name, count=_count(theirs)) for name, theirs in ordered],
        success_rates={
            name: _percent(sum(one.ok for one in theirs), _count(theirs))
            for name, theirs in ordered
        },
        avg_durations={
            name: round(1000 * _ratio(_sum(theirs, lambda one: one.seconds), _count(theirs)), 3)
            for name, theirs in ordered
        },
    )


def session_stats(found: Tallies, recent: Tallies, now: float) -> SessionStats:
    """Pages that were connected.

    :param recent: days of this week.
    """
    ended = [one for one in found if one.kind == "session" and one.name == "end"]
    begun = [one for one in recent if one.kind == "session" and one.name == "start"]
    seconds = _ratio(_sum(ended, lambda one: one.seconds), _count(ended))
    active = min(seconds, _ratio(_sum(ended, lambda one: one.active_seconds), _count(ended)))
    return SessionStats(
        avg_session_duration=round(seconds, 3),
        avg_active_time=round(active, 3),
        avg_idle_time=round(seconds - active, 3),
        sessions_today=_count(_since(begun, start_of("day", now))),
        sessions_this_week=_count(_since(begun, start_of("week", now))),
    )


def token_stats(totals: dict[str, Any], found: Tallies) -> TokenStats:
    """Tokens of language models."""
    asked = [one for one in found if one.kind == "ai"]
    by_model = _by(asked, lambda one: one.model, tokens)
    return TokenStats(
        avg_input_per_request=_ratio(sum(one.input_tokens for one in asked), _count(asked)),
        avg_output_per_request=_ratio(sum(one.output_tokens for one in asked), _count(asked)),
        total_lifetime=int(totals.get("input_tokens", 0) + totals.get("output_tokens", 0)),
        by_model={model: int(count) for model, count in by_model.items()},
    )


def image_stats(found: Tallies) -> ImageStats:
    """Pictures."""
    batches = [one for one in found if one.kind == "images"]
    by_model = _by(batches, lambda one: one.model, images)
    return ImageStats(
        total_generated=int(_sum(batches, images)),
        success_rate=_percent(sum(one.ok for one in batches), _count(batches)),
        by_model={model: int(count) for model, count in by_model.items()},
        avg_duration_ms=round(
            1000 * _ratio(_sum(batches, lambda one: one.seconds), _count(batches)), 3
        ),
    )


def engagement(found: Tallies, span: Range, liked: tuple[int, int]) -> Engagement:
    """How much somebody does.

    :param liked: messages that are liked, and all that there are.
    """
    counts = Counter({one: 0 for one in ("message", "chat", "search")})
    for one in found:
        counts[one.kind] += one.count
    days = _days(found, span)
    return Engagement(
        messages_per_day=_ratio(counts["message"], days),
        avg_messages_per_chat=_ratio(counts["message"], counts["chat"]),
        liked_messages_ratio=_ratio(*liked),
        searches_per_day=_ratio(counts["search"], days),
        chat_creation_rate=_ratio(counts["chat"], days),
    )


def _days(found: Tallies, span: Range) -> float:
    """Days of the span, but none before anything happened."""
    if not span.is_all:
        return span.days
    starts = [one.start for one in found]
    return max(1.0, (max(starts) - min(starts)) / DAY + 1) if starts else 1.0


def _was_asked(one: Tally) -> bool:
    """Whether it is something that somebody asked; a model's calls of tools are not."""
    return one.kind not in ("error", "session") and not (one.kind == "tool" and one.model)


def _trend(weeks: Tallies, now: float) -> Literal["increasing", "decreasing", "stable"]:
    border = start_of("day", now) - 6 * DAY
    late = _sum(_since(weeks, border), errors)
    early = _sum([one for one in weeks if one.start < border], errors)
    if late > early * (1 + NOTABLE):
        return "increasing"
    return "decreasing" if late < early * (1 - NOTABLE) else "stable"


def _fits(one: Tally, filters: Filters | None) -> bool:
    if filters is None:
        return True
    return filters.provider in (None, one.provider) and filters.model in (None, one.model)


def _by(found: Tallies, name: Callable[[Tally], str], value: Value) -> dict[str, float]:
    sums: defaultdict[str, float] = defaultdict(float)
    for one in found:
        if name(one) and value(one):
            sums[name(one)] += value(one)
    return {key: round(amount, 6) for key, amount in sorted(sums.items())}


def _since(found: Tallies, moment: float) -> list[Tally]:
    return [one for one in found if one.start >= moment]


def _sum(found: Iterable[Tally], value: Value) -> float:
    return sum(value(one) for one in found)


def _count(found: Iterable[Tally]) -> int:
    return sum(one.count for one in found)


def _dollars(found: Tallies) -> float:
    return round(_sum(found, cost), 6)


def _ratio(part: float, whole: float) -> float:
    return part / whole if whole else 0.0


def _percent(part: float, whole: float) -> float:
    return round(100 * _ratio(part, whole), 3)
