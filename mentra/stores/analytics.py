"""What people did, counted: each function is one act within a transaction."""

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

import attrs
import msgspec
from sqlalchemy import Connection, delete, select, update

from mentra.records import Happened
from mentra.stores.channel_tables import analytics_buckets as _buckets
from mentra.stores.channel_tables import analytics_events as _events
from mentra.stores.channel_tables import analytics_totals as _totals
from mentra.stores.experiences import storable
from mentra.stores.grains import GRAINS, start_of
from mentra.stores.names import is_name
from mentra.stores.rows import insert
from mentra.stores.schema import users as _users

KEY = ("kind", "name", "provider", "model", "code")
"""What is counted apart."""

SUMS = (
    "count", "ok", "retryable", "input_tokens", "output_tokens", "cost", "seconds",
    "active_seconds", "tools", "images",
)  # fmt: skip
"""What is added up."""

LONGEST_WORD = 200
"""Characters of a name, provider, model or code."""

_TOTALS = {
    "ai_requests": "ai", "batches": "images", "messages": "message", "chats": "chat",
    "searches": "search", "tools": "tool",
}  # fmt: skip
"""Totals that count one kind of events."""


@attrs.frozen
class Dated:
    """Something that happened to somebody.

    :ivar at: POSIX seconds.
    """

    user_id: str
    at: float
    happened: Happened


@attrs.frozen(kw_only=True)
class Tally:
    """What is known of one piece of time and one kind of thing.

    :ivar start: POSIX seconds.
    :ivar ok: how many of them went well.
    """

    start: float
    kind: str
    name: str
    provider: str
    model: str
    code: str
    count: int
    ok: int
    retryable: int
    input_tokens: int
    output_tokens: int
    cost: int
    seconds: float
    active_seconds: float
    tools: int
    images: int


def record(connection: Connection, dated: Sequence[Dated]) -> int:
    """Remember what happened, and count it in the totals; how much of it was somebody's."""
    known = _known(connection, {one.user_id for one in dated})
    mine: defaultdict[str, list[Dated]] = defaultdict(list)
    for one in dated:
        if one.user_id in known:
            mine[one.user_id].append(one)
    for user_id, theirs in mine.items():
        connection.execute(_events.insert(), [_row_of(one) for one in theirs])
        _add_totals(connection, user_id, theirs)
    return sum(map(len, mine.values()))


def totals(connection: Connection, user_id: str) -> dict[str, Any]:
    """A person's, by column; empty where nothing has happened."""
    if not is_name(user_id):
        return {}
    row = connection.execute(select(_totals).where(_totals.c.user_id == user_id)).one_or_none()
    return {} if row is None else dict(row._mapping)


def tallies(
    connection: Connection, user_id: str, grain: str, since: float, until: float
) -> list[Tally]:
    """What is known of the pieces of time that begin from *since* on and before *until*; what was
    not put together yet included."""
    if not is_name(user_id):
        return []
    wanted = select(_buckets).where(
        _buckets.c.user_id == user_id,
        _buckets.c.grain == grain,
        _buckets.c.start >= since,
        _buckets.c.start < until,
    )
    found = [_tally(row._mapping) for row in connection.execute(wanted)]
    fresh = select(_events).where(_events.c.user_id == user_id, ~_events.c.rolled)
    sums = _summed(grain, [row._mapping for row in connection.execute(fresh)])
    made = [Tally(start=start, **dict(zip(KEY, key, strict=True)), **values)
            for (start, *key), values in sums.items()]  # fmt: skip
    return found + [one for one in made if since <= one.start < until]


def roll(connection: Connection, user_id: str, most: int) -> int:
    """Put events together that were not yet, at most so many; how many.

    It is the same transaction that marks them, so that nothing is counted twice.
    """
    if not is_name(user_id):
        return 0
    fresh = select(_events).where(_events.c.user_id == user_id, ~_events.c.rolled)
    rows = connection.execute(fresh.order_by(_events.c.id).limit(most).with_for_update()).all()
    if not rows:
        return 0
    for grain in GRAINS:
        sums = _summed(grain, [row._mapping for row in rows])
        for (start, *key), values in sorted(sums.items()):
            _add_to_bucket(connection, user_id, grain, start, key, values)
    done = (_events.c.user_id == user_id) & ~_events.c.rolled & (_events.c.id <= rows[-1].id)
    connection.execute(update(_events).where(done).values(rolled=True))
    return len(rows)


def clean(connection: Connection, user_id: str, before: dict[str, float]) -> int:
    """Delete events that were put together, and buckets, older than the moment of their grain; how
    many rows.

    :param before: grain (``raw``, ``hour``, ``day``) to POSIX seconds.
    """
    if not is_name(user_id):
        return 0
    old = (_events.c.user_id == user_id) & _events.c.rolled & (_events.c.at < before["raw"])
    gone = connection.execute(delete(_events).where(old)).rowcount
    for grain in ("hour", "day"):
        past = (
            (_buckets.c.user_id == user_id)
            & (_buckets.c.grain == grain)
            & (_buckets.c.start < before[grain])
        )
        gone += connection.execute(delete(_buckets).where(past)).rowcount
    return gone


def models(connection: Connection, user_id: str, most: int) -> list[tuple[float, str]]:
    """When which model was asked, the newest first."""
    if not is_name(user_id):
        return []
    asked = select(_events.c.at, _events.c.model).where(
        _events.c.user_id == user_id, _events.c.kind == "ai"
    )
    rows = connection.execute(asked.order_by(_events.c.at.desc(), _events.c.id.desc()).limit(most))
    return [(row.at, row.model) for row in rows]


def people(connection: Connection) -> list[str]:
    """Of whom there is anything."""
    return list(connection.execute(select(_totals.c.user_id)).scalars())


def _known(connection: Connection, user_ids: set[str]) -> set[str]:
    names = [one for one in user_ids if is_name(one)]
    # locked, so that none of them goes before the transaction ends
    rows = select(_users.c.user_id).where(_users.c.user_id.in_(names)).with_for_update(read=True)
    return set(connection.execute(rows).scalars())


def _row_of(one: Dated) -> dict[str, Any]:
    row = msgspec.structs.asdict(one.happened)
    row |= {name: storable(row[name])[:LONGEST_WORD] for name in KEY if name != "kind"}
    return {**row, "user_id": one.user_id, "at": one.at, "rolled": False}


def _add_totals(connection: Connection, user_id: str, theirs: Sequence[Dated]) -> None:
    happened = [one.happened for one in theirs]
    counts: dict[str, Any] = {
        column: sum(one.kind == kind for one in happened) for column, kind in _TOTALS.items()
    }
    counts["sessions"] = sum(one.kind == "session" and one.name == "start" for one in happened)
    # a model is shown pictures as well, which were not made here
    counts["images"] = sum(one.images for one in happened if one.kind == "images")
    for name in ("input_tokens", "output_tokens", "cost", "active_seconds"):
        counts[name] = sum(getattr(one, name) for one in happened)
    first, last = min(one.at for one in theirs), max(one.at for one in theirs)
    row = {"user_id": user_id, "first_at": first, "last_at": last, **counts}
    adding = insert(connection, _totals, row)
    changed = {name: _totals.c[name] + value for name, value in counts.items()}
    changed["last_at"] = adding.excluded.last_at
    connection.execute(adding.on_conflict_do_update(index_elements=["user_id"], set_=changed))


def _add_to_bucket(
    connection: Connection,
    user_id: str,
    grain: str,
    start: float,
    key: Sequence[str],
    values: dict[str, Any],
) -> None:
    row = {"user_id": user_id, "grain": grain, "start": start, **dict(zip(KEY, key, strict=True))}
    adding = insert(connection, _buckets, {**row, **values})
    changed = {name: _buckets.c[name] + value for name, value in values.items()}
    connection.execute(adding.on_conflict_do_update(index_elements=list(row), set_=changed))


def _summed(grain: str, rows: Sequence[Any]) -> dict[tuple[Any, ...], dict[str, Any]]:
    sums: dict[tuple[Any, ...], dict[str, Any]] = {}
    for row in rows:
        key = (start_of(grain, row["at"]), *(row[name] for name in KEY))
        values = sums.setdefault(key, dict.fromkeys(SUMS, 0))
        values["count"] += 1
        for name in SUMS[1:]:
            # a bool counts as one
            values[name] += int(row[name]) if isinstance(row[name], bool) else row[name]
    return sums


def _tally(row: Any) -> Tally:
    return Tally(**{name: row[name] for name in ("start", *KEY, *SUMS)})
