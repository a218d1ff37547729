"""Changes of what an itinerary says: each is one statement, and makes a new version.

Whoever changes takes the lock of the itinerary's row first, so versions have no gaps; of two who
change the same version one is told that it has changed. What changes nothing makes no version.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import Any
from uuid import UUID

from sqlmodel import SQLModel
from uuid_utils.compat import uuid7

from json_rows import ownership
from json_rows.changing import has_changed
from json_rows.frame import judge, unless_read_only, where, written
from json_rows.members import CACHED_CHOICES
from json_rows.statement import Query, Statement
from service.domain.itineraries import itineraries, shown_of
from service.domain.itinerary_items import COLUMNS, columns_of
from service.models.itinerary_edit import MOST_VERSIONS
from smorest_sqlmodel.errors import ApiError, ConflictError


@dataclass(frozen=True, slots=True)
class Refusal:
    """A change that can't be made: SQL that finds it, and the error, by what the client sent."""

    when: str
    error: Callable[[Any], ApiError]


def _full(_: object) -> ApiError:
    message = f"An itinerary has at most {MOST_VERSIONS} versions; go on with a duplicate of it."
    return ConflictError(message)


_FULL = Refusal(f"seen.current_version >= {MOST_VERSIONS}", _full)

_WRITABLE = where(itineraries.is_one(), itineraries.writable, itineraries.is_current())

_DONE = """EXISTS (
    SELECT FROM itinerary_versions
    WHERE itinerary_versions.id = %(version_id)s
        AND itinerary_versions.itinerary_id = itineraries.id)"""

_SEEN = {
    "given": "SELECT %(json)s::jsonb AS json",
    "seen": f"SELECT itineraries.* FROM itineraries WHERE {_WRITABLE}",
    # Of whatever version: an answer that changes nothing shows them.
    "had": f"""
        SELECT itinerary_items.* FROM itinerary_items, itinerary_versions, itineraries
        WHERE {itineraries.is_one()} AND itinerary_versions.itinerary_id = itineraries.id
            AND itinerary_versions.number = itineraries.current_version
            AND itinerary_items.version_id = itinerary_versions.id""",
}

# What the itinerary says after all, changed or not.
_AFTER = {
    "plan_after": f"""
        SELECT changed.* FROM changed UNION ALL SELECT itineraries.* FROM itineraries
        WHERE {itineraries.is_one()} AND NOT EXISTS (SELECT FROM changed)""",
    "items_after": """
        SELECT kept.* FROM kept UNION ALL SELECT had.* FROM had
        WHERE NOT EXISTS (SELECT FROM changed)""",
}

_SAME_PLAN = """
    SELECT patched.title, patched.plan_date, patched.timezone
    FROM seen, given, LATERAL jsonb_populate_record(
        NULL::itineraries, to_jsonb(seen) || given.json) AS patched"""

_CHANGED = f"""
    UPDATE itineraries SET {
    itineraries.touched(
        {
            "title": "plan.title",
            "plan_date": "plan.plan_date",
            "timezone": "plan.timezone",
            "current_version": "itineraries.current_version + 1",
        }
    )
}
    FROM plan, verdict
    WHERE {_WRITABLE} AND verdict.said IS NULL AND NOT {_DONE} AND (
        (itineraries.title, itineraries.plan_date, itineraries.timezone)
            IS DISTINCT FROM (plan.title, plan.plan_date, plan.timezone)
        OR (SELECT count(*) FROM fresh) <> (SELECT count(*) FROM had)
        OR EXISTS (SELECT {columns_of("fresh")} FROM fresh
            EXCEPT SELECT {columns_of("had")} FROM had))
    RETURNING itineraries.*"""


def _kept(restored_from: str) -> dict[str, str]:
    """Write what keeps the new version."""
    return {
        "version": f"""
            INSERT INTO itinerary_versions (id, itinerary_id, number, title, plan_date, timezone,
                author_id, note, restored_from, item_count)
            SELECT %(version_id)s::uuid, changed.id, changed.current_version, changed.title,
                changed.plan_date, changed.timezone, %(owner)s::uuid, given.json ->> 'note',
                {restored_from}, (SELECT count(*) FROM fresh)
            FROM changed, given RETURNING itinerary_versions.*""",
        "kept": f"""
            INSERT INTO itinerary_items (version_id, {", ".join(COLUMNS)})
            SELECT version.id, {columns_of("fresh")} FROM version, fresh
            RETURNING itinerary_items.*""",
    }


class Edit:
    """A change of what an itinerary says, and so a new version of it.

    In its SQL `seen` is the itinerary's row, `had` its items, `given` the body as `json`; `before`
    are further CTEs. `plan` is its new title, day and zone, `new` its new items: all of them,
    with their positions. What it is refused for is looked at in order.

    A request that is sent again, as its reply was lost, is known by the id of its version.
    """

    def __init__(
        self,
        *refusals: Refusal,
        new: str = f"SELECT {columns_of('had')} FROM had",
        plan: str = _SAME_PLAN,
        before: Mapping[str, str] | None = None,
        restored_from: str = "NULL::int",
    ) -> None:
        self._refusals = {str(number): each for number, each in enumerate([_FULL, *refusals])}
        cases = " ".join(f"WHEN {each.when} THEN '{at}'" for at, each in self._refusals.items())
        self._ctes = {
            **_SEEN,
            **(before or {}),
            "plan": plan,
            "fresh": new,
            "verdict": f"SELECT CASE {cases} END AS said FROM seen, given",
            "changed": _CHANGED,
            **_kept(restored_from),
            **_AFTER,
        }
        self._statement = lru_cache(CACHED_CHOICES)(self._written)
        ownership.declare(lambda: self._statement(itineraries.members.all))

    def query(
        self,
        key: UUID,
        body: SQLModel | None,
        versions: Sequence[int] | None,
        fields: Sequence[str] | None = None,
        **parameters: Any,
    ) -> Query:
        """Make the change in one of the versions that If-Match names, or in any.

        PreconditionFailedError for another one.
        """
        names = itineraries.members.chosen(fields, itineraries.members.all)
        sent = {
            "key": key,
            "versions": versions,
            "version_id": uuid7(),
            "json": written(body) if body else "{}",
        }
        return Query(
            self._statement(names),
            {**sent, **parameters},
            judge(itineraries.noun, partial(self._refusal, body)),
            about=itineraries.subject(key, names),
        )

    def _written(self, names: tuple[str, ...]) -> Statement:
        state = f"""CASE WHEN NOT {itineraries.is_current()} THEN 'stale'
            ELSE coalesce(verdict.said, 'same') END"""
        after = itineraries.row("plan_after", names, shown_of("plan_after", "items_after"))
        return Statement(
            f"SELECT row_to_json(shown), plan_after.version, "
            f"EXISTS (SELECT FROM changed) OR {_DONE}, "
            f"{unless_read_only(state, itineraries.writable)}\n"
            f"FROM itineraries LEFT JOIN verdict ON true, plan_after, {after}\n"
            f"WHERE {itineraries.is_one()}",
            first=[itineraries.lock_to_write()],
            ctes=self._ctes,
        )

    def _refusal(self, body: SQLModel | None, version: object, state: str) -> ApiError | None:
        if state == "stale":
            return has_changed(itineraries.noun, version, None)
        refused = self._refusals.get(state)
        return refused.error(body) if refused else None
