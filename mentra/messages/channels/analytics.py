"""What a person did, in figures.  Days begin at midnight UTC, weeks on Mondays."""

from typing import Annotated, Any, ClassVar, Literal

from msgspec import UNSET, Meta, UnsetType

from mentra.messages.channels import Record, Request
from mentra.messages.stamps import FAR, moment_of

Named = Literal[
    "today",
    "yesterday",
    "last_7_days",
    "last_30_days",
    "this_month",
    "last_month",
    "this_year",
    "all_time",
]
Granularity = Literal["hour", "day", "week", "month"]


class Span(Record, frozen=True, kw_only=True):
    """From when until when, ISO 8601; the end is not part of it."""

    start: Annotated[str, Meta(max_length=40)]
    end: Annotated[str, Meta(max_length=40)]

    def __post_init__(self) -> None:
        """Both are moments, one after the other.

        :raises ValueError: they are not.
        """
        if _moment(self.start, "start") > _moment(self.end, "end"):
            raise ValueError("the start is after the end")


def _moment(text: str, which: str) -> float:
    try:
        moment = moment_of(text)
    except ValueError:
        raise ValueError(f"the {which} is no ISO 8601 moment") from None
    if not 0 <= moment <= FAR:
        raise ValueError(f"the {which} is out of range")
    return moment


TimeRange = Named | Span


class Filters(Record, frozen=True, kw_only=True):
    """What is counted."""

    provider: str | None = None
    model: str | None = None


class Point(Record, frozen=True, kw_only=True):
    """A piece of time.

    :ivar timestamp: when it begins: an hour's ``2025-06-01T12:00:00.000Z``, a day's or a week's
        ``2025-06-01``, a month's ``2025-06``.
    """

    timestamp: str
    value: float


class LifetimeTotals(Record, frozen=True, kw_only=True):
    """Everything, since ever.

    :ivar total_cost_microcents: millionths of a US dollar, whatever the name says.
    """

    total_ai_requests: int
    total_input_tokens: int
    total_output_tokens: int
    total_cost_microcents: int
    total_images_generated: int
    total_imagegen_batches: int
    total_messages_sent: int
    total_chats_created: int
    total_searches: int
    total_tool_invocations: int
    total_session_count: int
    total_active_seconds: float
    first_event_at: str | UnsetType = UNSET
    last_event_at: str | UnsetType = UNSET


class CostSummary(Record, frozen=True, kw_only=True):
    """US dollars."""

    today: float
    this_week: float
    this_month: float
    lifetime: float
    by_provider: dict[str, float]
    by_model: dict[str, float]


class Kinds(Record, frozen=True, kw_only=True):
    """Errors after which trying again made sense, and others."""

    retryable: int
    fatal: int


class ErrorSummary(Record, frozen=True, kw_only=True):
    """Requests that failed.

    :ivar error_rate: percent of everything that was asked.
    :ivar trend: of the last seven days, beside the seven before.
    """

    total_today: int
    total_this_week: int
    error_rate: float
    by_code: dict[str, int]
    retryable_vs_fatal: Kinds
    trend: Literal["increasing", "decreasing", "stable"]


class ModelCount(Record, frozen=True, kw_only=True):
    """How often a model was asked, and how many percent of all that is."""

    model: str
    count: int
    percentage: float


class ModelSwitch(Record, frozen=True, kw_only=True):
    """Somebody went on with another model."""

    timestamp: str
    from_model: str
    to_model: str


class ModelUsageData(Record, frozen=True, kw_only=True):
    """Models.

    :ivar recent_switches: the newest first.
    """

    most_used: list[ModelCount]
    least_used: list[ModelCount]
    recent_switches: list[ModelSwitch]


class ToolCount(Record, frozen=True, kw_only=True):
    """How often a tool was called."""

    tool: str
    count: int


class ToolUsageData(Record, frozen=True, kw_only=True):
    """Tools that models asked for or coding assistants called, and artifacts.

    :ivar success_rates: percent, by tool.
    :ivar avg_durations: milliseconds, by tool.
    """

    most_used: list[ToolCount]
    success_rates: dict[str, float]
    avg_durations: dict[str, float]


class SessionStats(Record, frozen=True, kw_only=True):
    """Pages that were connected; seconds.

    :ivar avg_active_time: in which something was asked at least once a minute.
    """

    avg_session_duration: float
    avg_active_time: float
    avg_idle_time: float
    sessions_today: int
    sessions_this_week: int


class TokenStats(Record, frozen=True, kw_only=True):
    """Tokens of language models."""

    avg_input_per_request: float
    avg_output_per_request: float
    total_lifetime: int
    by_model: dict[str, int]


class ImageStats(Record, frozen=True, kw_only=True):
    """Pictures.

    :ivar success_rate: percent of batches.
    :ivar avg_duration_ms: of a batch.
    """

    total_generated: int
    success_rate: float
    by_model: dict[str, int]
    avg_duration_ms: float


class Engagement(Record, frozen=True, kw_only=True):
    """How much somebody does.

    :ivar liked_messages_ratio: 0 to 1.
    :ivar chat_creation_rate: a day.
    """

    messages_per_day: float
    avg_messages_per_chat: float
    liked_messages_ratio: float
    searches_per_day: float
    chat_creation_rate: float


class DashboardData(Record, frozen=True, kw_only=True):
    """All of it."""

    lifetime: LifetimeTotals
    cost: CostSummary
    errors: ErrorSummary
    models: ModelUsageData
    tokens: TokenStats
    image_gen: ImageStats
    tools: ToolUsageData
    engagement: Engagement
    sessions: SessionStats


class Aggregated(Record, frozen=True, kw_only=True):
    """How many events were put together."""

    aggregated: int


class Deleted(Record, frozen=True, kw_only=True):
    """How many rows are gone."""

    deleted: int


# -- channels --------------------------------------------------------------------------------


class AnalyticsDashboard(Request, frozen=True, kw_only=True, tag="analytics:dashboard"):
    """Everything at once."""

    answers: ClassVar[Any] = DashboardData
    time_range: TimeRange = "last_30_days"
    granularity: Granularity = "day"


class AnalyticsLifetimeTotals(Request, frozen=True, kw_only=True, tag="analytics:lifetime-totals"):
    """Everything since ever; counted at once."""

    answers: ClassVar[Any] = LifetimeTotals


class AnalyticsCostSummary(Request, frozen=True, kw_only=True, tag="analytics:cost-summary"):
    """What it cost; the time range is that of providers and models."""

    answers: ClassVar[Any] = CostSummary
    time_range: TimeRange = "all_time"


class AnalyticsErrorSummary(Request, frozen=True, kw_only=True, tag="analytics:error-summary"):
    """What failed; the time range is that of rate, codes and kinds."""

    answers: ClassVar[Any] = ErrorSummary
    time_range: TimeRange = "last_7_days"


class AnalyticsModelUsage(Request, frozen=True, kw_only=True, tag="analytics:model-usage"):
    """Which models were asked."""

    answers: ClassVar[Any] = ModelUsageData
    time_range: TimeRange = "last_30_days"


class AnalyticsToolUsage(Request, frozen=True, kw_only=True, tag="analytics:tool-usage"):
    """Which tools were called."""

    answers: ClassVar[Any] = ToolUsageData
    time_range: TimeRange = "last_30_days"


class AnalyticsSessionStats(Request, frozen=True, kw_only=True, tag="analytics:session-stats"):
    """How long pages were there; the time range is that of the averages."""

    answers: ClassVar[Any] = SessionStats
    time_range: TimeRange = "last_30_days"


class Series(Request, frozen=True, kw_only=True):
    """What the requests for values over time have in common; empty pieces are left out."""

    answers: ClassVar[Any] = list[Point]
    time_range: TimeRange
    granularity: Granularity
    filters: Filters | None = None


class AnalyticsCostSeries(Series, frozen=True, kw_only=True, tag="analytics:cost-timeseries"):
    """US dollars over time."""


class AnalyticsErrorSeries(Series, frozen=True, kw_only=True, tag="analytics:error-timeseries"):
    """Errors over time."""


class AnalyticsTokenSeries(Series, frozen=True, kw_only=True, tag="analytics:token-timeseries"):
    """Tokens in and out over time."""


class AnalyticsImageSeries(Series, frozen=True, kw_only=True, tag="analytics:imagegen-timeseries"):
    """Pictures over time."""


class AnalyticsRunAggregation(Request, frozen=True, kw_only=True, tag="analytics:run-aggregation"):
    """Put single events together by hours, days and months, as happens now and then anyway."""

    answers: ClassVar[Any] = Aggregated


class AnalyticsRunCleanup(Request, frozen=True, kw_only=True, tag="analytics:run-cleanup"):
    """Delete what is older than the settings say (``analytics.retention``), as happens now and then
    anyway."""

    answers: ClassVar[Any] = Deleted
