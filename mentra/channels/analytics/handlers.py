"""The analytics channels."""

from collections.abc import Callable
from typing import Any

import attrs

from mentra.channels.analytics import figures
from mentra.channels.analytics.ranges import DAY, Range, grain_for, grain_of, range_of, week_of
from mentra.extension import Answer, handler
from mentra.interfaces.analytics import IAnalytics, ICounts
from mentra.interfaces.channel_stores import IChats
from mentra.interfaces.channels import IPageSettings
from mentra.interfaces.messaging import IContext
from mentra.interfaces.services import IServices
from mentra.messages.channels import PATH, Reply
from mentra.messages.channels.analytics import (
    Aggregated,
    AnalyticsCostSeries,
    AnalyticsCostSummary,
    AnalyticsDashboard,
    AnalyticsErrorSeries,
    AnalyticsErrorSummary,
    AnalyticsImageSeries,
    AnalyticsLifetimeTotals,
    AnalyticsModelUsage,
    AnalyticsRunAggregation,
    AnalyticsRunCleanup,
    AnalyticsSessionStats,
    AnalyticsTokenSeries,
    AnalyticsToolUsage,
    CostSummary,
    DashboardData,
    Deleted,
    ErrorSummary,
    ModelUsageData,
    Series,
    SessionStats,
    TimeRange,
)
from mentra.stores.analytics import Tally
from mentra.stores.grains import start_of

SWITCHES_AMONG = 500
"""The last questions to models that are looked through for switches."""


@attrs.frozen
class Question:
    """Somebody wants to know something about themselves, now."""

    services: IServices
    user_id: str
    now: float

    async def totals(self) -> dict[str, Any]:
        """Since ever."""
        found: dict[str, Any] = await ICounts(self.services).totals(self.user_id)
        return found

    async def within(self, span: Range) -> list[Tally]:
        """What a sum over *span* is made of."""
        kept = await _retention(self.user_id, self.services)
        hourly, daily = kept["hourlyDays"] * DAY, kept["dailyDays"] * DAY
        return await self.at(grain_of(span, self.now, hourly, daily), span)

    async def at(self, grain: str, span: Range) -> list[Tally]:
        """What happened in *span*, by *grain*."""
        whole = span.aligned(grain)
        found: list[Tally] = await ICounts(self.services).tallies(
            self.user_id, grain, whole.since, whole.until
        )
        return found

    async def named(self, time_range: TimeRange) -> list[Tally]:
        """The same for a range as pages name it."""
        return await self.within(range_of(time_range, self.now))

    async def cost(self, time_range: TimeRange) -> CostSummary:
        """What it cost."""
        begin = min(start_of("week", self.now), start_of("month", self.now))
        recent = await self.at("day", Range(begin, self.now + DAY))
        found = await self.named(time_range)
        return figures.cost_summary(await self.totals(), recent, found, self.now)

    async def errors(self, time_range: TimeRange) -> ErrorSummary:
        """What failed."""
        today = start_of("day", self.now)
        weeks = await self.at("day", Range(today - 13 * DAY, today + DAY))
        return figures.error_summary(weeks, await self.named(time_range), self.now)

    async def models(self, time_range: TimeRange) -> ModelUsageData:
        """Which models."""
        asked = await ICounts(self.services).models(self.user_id, SWITCHES_AMONG)
        return figures.model_usage(await self.named(time_range), asked)

    async def sessions(self, time_range: TimeRange) -> SessionStats:
        """How long pages were there."""
        recent = await self.at("day", week_of(self.now))
        return figures.session_stats(await self.named(time_range), recent, self.now)


async def _question(context: IContext) -> Question:
    """With everything counted that has happened until now."""
    analytics = IAnalytics(context.services)
    await analytics.flush()
    return Question(context.services, context.session.user_id, context.services.now())


@handler(PATH, AnalyticsLifetimeTotals)
async def analytics_lifetime_totals(message: AnalyticsLifetimeTotals, context: IContext) -> Answer:
    """Since ever."""
    question = await _question(context)
    return Reply(payload=figures.lifetime(await question.totals()))


@handler(PATH, AnalyticsCostSummary)
async def analytics_cost_summary(message: AnalyticsCostSummary, context: IContext) -> Answer:
    """What it cost."""
    return Reply(payload=await (await _question(context)).cost(message.time_range))


@handler(PATH, AnalyticsErrorSummary)
async def analytics_error_summary(message: AnalyticsErrorSummary, context: IContext) -> Answer:
    """What failed."""
    return Reply(payload=await (await _question(context)).errors(message.time_range))


@handler(PATH, AnalyticsModelUsage)
async def analytics_model_usage(message: AnalyticsModelUsage, context: IContext) -> Answer:
    """Which models."""
    return Reply(payload=await (await _question(context)).models(message.time_range))


@handler(PATH, AnalyticsToolUsage)
async def analytics_tool_usage(message: AnalyticsToolUsage, context: IContext) -> Answer:
    """Which tools."""
    found = await (await _question(context)).named(message.time_range)
    return Reply(payload=figures.tool_usage(found))


@handler(PATH, AnalyticsSessionStats)
async def analytics_session_stats(message: AnalyticsSessionStats, context: IContext) -> Answer:
    """How long pages were there."""
    return Reply(payload=await (await _question(context)).sessions(message.time_range))


@handler(PATH, AnalyticsDashboard)
async def analytics_dashboard(message: AnalyticsDashboard, context: IContext) -> Answer:
    """All of it."""
    question = await _question(context)
    span = range_of(message.time_range, question.now)
    found, totals = await question.within(span), await question.totals()
    liked = await IChats(context.services).liked(question.user_id)
    data = DashboardData(
        lifetime=figures.lifetime(totals),
        cost=await question.cost(message.time_range),
        errors=await question.errors(message.time_range),
        models=await question.models(message.time_range),
        tokens=figures.token_stats(totals, found),
        image_gen=figures.image_stats(found),
        tools=figures.tool_usage(found),
        engagement=figures.engagement(found, span, liked),
        sessions=await question.sessions(message.time_range),
    )
    return Reply(payload=data)


async def _series(value: Callable[[Tally], float], message: Series, context: IContext) -> Answer:
    question = await _question(context)
    span = range_of(message.time_range, question.now).aligned(message.granularity)
    found = await question.at(grain_for(message.granularity), span)
    return Reply(payload=figures.series(found, value, message.granularity, message.filters))


@handler(PATH, AnalyticsCostSeries)
async def analytics_cost_timeseries(message: AnalyticsCostSeries, context: IContext) -> Answer:
    """What it cost, over time."""
    return await _series(figures.cost, message, context)


@handler(PATH, AnalyticsErrorSeries)
async def analytics_error_timeseries(message: AnalyticsErrorSeries, context: IContext) -> Answer:
    """What failed, over time."""
    return await _series(figures.errors, message, context)


@handler(PATH, AnalyticsTokenSeries)
async def analytics_token_timeseries(message: AnalyticsTokenSeries, context: IContext) -> Answer:
    """Tokens, over time."""
    return await _series(figures.tokens, message, context)


@handler(PATH, AnalyticsImageSeries)
async def analytics_imagegen_timeseries(message: AnalyticsImageSeries, context: IContext) -> Answer:
    """Pictures, over time."""
    return await _series(figures.images, message, context)


@handler(PATH, AnalyticsRunAggregation)
async def analytics_run_aggregation(message: AnalyticsRunAggregation, context: IContext) -> Answer:
    """Put single events together."""
    question = await _question(context)
    rolled = await ICounts(context.services).roll(question.user_id)
    return Reply(payload=Aggregated(aggregated=rolled))


@handler(PATH, AnalyticsRunCleanup)
async def analytics_run_cleanup(message: AnalyticsRunCleanup, context: IContext) -> Answer:
    """Delete what is past its time."""
    question = await _question(context)
    deleted = await clean(question.user_id, context.services)
    return Reply(payload=Deleted(deleted=deleted))


async def clean(user_id: str, services: IServices) -> int:
    """Delete what is older than the person's settings say; how many rows."""
    kept = await _retention(user_id, services)
    now = services.now()
    before = {
        grain: now - kept[name] * DAY
        for grain, name in (("raw", "rawDays"), ("hour", "hourlyDays"), ("day", "dailyDays"))
    }
    deleted: int = await ICounts(services).clean(user_id, before)
    return deleted


async def _retention(user_id: str, services: IServices) -> dict[str, float]:
    """How many days what is kept."""
    kept: dict[str, float] = await IPageSettings(services).get(user_id, "analytics.retention")
    return kept
