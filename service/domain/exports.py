"""Versions of itineraries as plans that leave as something else."""

from uuid import UUID

from json_rows.statement import Query, Row, Rows, Statement
from service.domain.itineraries import itineraries, versions
from service.exports.plan import Plan
from smorest_sqlmodel.errors import NotFoundError

_MEMBERS = ("title", "plan_date", "timezone", "items", "number", "made_at")

_SHOWN = versions.row("itinerary_versions", _MEMBERS, {"made_at": "itinerary_versions.created_at"})

_PLAN = Statement(f"""
    SELECT (
        SELECT row_to_json(shown) FROM itinerary_versions, {_SHOWN}
        WHERE itinerary_versions.itinerary_id = itineraries.id AND {versions.owned}
            AND itinerary_versions.number = coalesce(%(number)s, itineraries.current_version)
    )
    FROM itineraries WHERE {itineraries.is_one()}""")


class VersionPlan(Plan):
    """What a version says, and its number."""

    number: int


def plan_of(itinerary: UUID, number: int | None = None) -> Query:
    """Ask for the plan of an itinerary's version, by default the current one."""
    return _PLAN.query({"key": itinerary, "number": number}, _judged)


def _judged(rows: Rows) -> Row:
    for noun, found in (("itinerary", rows), ("version", rows and rows[0][0])):
        if not found:
            message = f"There is no such {noun}."
            raise NotFoundError(message)
    return Row(rows[0][0])
